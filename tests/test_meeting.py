"""A client, a server and a worker that meet, and what is found when one of them is wrong."""

from contextlib import ExitStack

import pytest

from gearspec.harness.adapter import EmbeddedAdapter
from gearspec.harness.casting import Casting
from gearspec.harness.instance import Instance
from gearspec.harness.meeting import LARGE, Meeting
from gearspec.harness.testee import resolve_testee
from gearspec.model.dialect import Dialect
from gearspec.peers.server import ReferenceServer, run_in_thread
from gearspec.protocol.packet import Packet
from gearspec.script.trait import Traits


class Wrong(EmbeddedAdapter):
    """The reference peers, with a change to what their user is told."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def hear(self, line):
        return self.change(super().hear(line))


class Cast(Casting):
    """A session with the reference peers, or with wrong ones."""

    change = None

    def begin(self):
        return Wrong(self.change) if self.change else super().begin()


@pytest.fixture
def meet():
    """Lets the reference peers meet at a server with some dialect, the one or the other of them changed."""
    with ExitStack() as stack:

        def hold(client=None, worker=None, dialect=None, scale=1.0):
            dialect = dialect or Dialect()
            server = run_in_thread(ReferenceServer(dialect=dialect))
            stack.callback(server.stop)
            casts = [Cast(resolve_testee("reference")) for _ in range(2)]
            for cast, change in zip(casts, (client, worker), strict=True):
                cast.start()
                cast.change = change
                stack.callback(cast.close)
            instance = Instance(server.address, "inside", scale)
            return Meeting(instance, Traits(dialect=dialect), *casts, scale).hold()

        yield hold


def on(event, /, **changes):
    """A change to the events of that name."""
    return lambda said: {**said, **changes} if said.get("event") == event else said


def test_nothing_is_found_where_all_is_well_and_all_is_on_record(meet):
    outcome = meet()
    assert outcome.findings == []
    packets = [event for event in outcome.transcript.events if isinstance(event.what, Packet)]
    assert {event.sender for event in packets} == {"client", "server", "worker"}
    assert any(event.what.body.endswith(LARGE) for event in packets)
    assert {"WORK_FAIL", "WORK_EXCEPTION", "SUBMIT_JOB_BG"} <= {event.what.name for event in packets}


def test_a_client_that_tells_another_result_is_found(meet):
    findings = meet(client=on("complete", data=b"x")).findings
    assert findings[0] == "a small job: the client tells complete 'x'"


def test_a_client_that_tells_success_of_a_failure_is_found(meet):
    assert "a failure: the client tells complete" in meet(client=on("fail", event="complete")).findings


def test_a_worker_whose_function_gets_something_else_is_found(meet):
    findings = meet(worker=on("job", workload=b"x")).findings
    assert findings[0] == "a small job: the worker gets another function or workload"


def test_a_client_that_tells_nothing_is_found_in_time(meet):
    outcome = meet(client=on("complete", event="status", numerator="1", denominator="2"), scale=0.1)
    assert outcome.findings == ["a small job: the client tells nothing within 4 s"]


def test_a_server_that_sends_malformed_packets_is_found(meet):
    findings = meet(dialect=Dialect(exception_otherwise="fail-nul")).findings
    fault = "handle of WORK_FAIL ends with a NUL"
    assert findings == [
        f"the server sends a malformed WORK_FAIL: {fault}",
        rf"frame-last-argument-unterminated: client got WORK_FAIL handle=$job\0: {fault}",
    ]
