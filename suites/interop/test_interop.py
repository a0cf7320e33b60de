"""A library and a server together: `--target=NAME --testee=NAME`, as client, as worker, and as both."""

from __future__ import annotations

import pytest

from gearspec.harness.acquaintance import Acquaintances
from gearspec.harness.casting import started
from gearspec.harness.instance import start_server
from gearspec.harness.meeting import Meeting

REFERENCE = "reference"


@pytest.mark.parametrize("role", ["client", "worker", "both"])
def test_a_library_works_with_a_server(request: pytest.FixtureRequest, role: str) -> None:
    if bool(request.config.option.target) != bool(request.config.option.testee):
        pytest.skip("a meeting takes both, --target and --testee")
    conduct = request.config.pluginmanager.get_plugin("gearspec.conduct")
    library, target = conduct.run_of("client").session, conduct.run_of("server").session.subject
    lacking = {"client", "worker"} & ({role} if role != "both" else {"client", "worker"}) - library.roles
    if lacking:
        pytest.skip(f"{library.subject.name} is no {' and no '.join(sorted(lacking))}")
    server = start_server(target)
    try:
        with started(REFERENCE) as other:
            client, worker = (library if role in {side, "both"} else other for side in ("client", "worker"))
            outcome = Meeting(server, target.traits, client, worker).hold()
    finally:
        server.stop()
    names = (target.name, client.subject.name, worker.subject.name)
    new = Acquaintances().strange(names, outcome.findings)
    if new:
        text = outcome.transcript.render(outcome.names)
        pytest.fail("\n".join([*new, "", "all that passed:", text]), pytrace=False)
    if outcome.findings:
        pytest.xfail("; ".join(outcome.findings))
