"""Servers that lie to clients and workers."""

import pytest

from gearspec.fuzz.lie import client_case, lies, worker_case
from gearspec.property import Property

pytest_plugins = ["gearspec.property"]


@pytest.mark.under_test("client")
@pytest.mark.clause("any-bytes-survived")
def test_no_lie_of_its_server_hurts_a_client(gear_property: Property):
    """No lie of its server hurts a client."""
    gear_property.hold(client_case, lies("client", gear_property.permits), count=20)


@pytest.mark.under_test("worker")
@pytest.mark.clause("any-bytes-survived")
def test_no_lie_of_its_server_hurts_a_worker(gear_property: Property):
    """No lie of its server hurts a worker."""
    gear_property.hold(worker_case, lies("worker", gear_property.permits), count=20)
