"""One server to play against."""

import sys
import threading
from pathlib import Path

import pytest

from gearspec.errors import UsageError
from gearspec.harness.instance import Instance, begin
from gearspec.harness.locate import Located
from gearspec.harness.target import Target, resolve_target
from gearspec.script.action import Open, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.address import Address
from tests.small_server import running

COMMAND = (sys.executable, str(Path(__file__).with_name("small_server.py")), "{port}")


@pytest.fixture
def program():
    instance = begin(Target("mine", command=COMMAND), Located(COMMAND, {}, None), 0.1)
    yield instance
    instance.stop()


def waiting(seconds, opened=None):
    """A play that waits, and passes if nothing happens meanwhile."""
    moment = yield Open("client")
    if opened:
        opened.set()
    until = moment.now + seconds
    while moment.now < until:
        moment = yield Wait(until)
    return Result(Verdict.PASS)


def test_a_program_is_started_and_answers(program):
    assert program.ended is None
    assert program.loss("echo") is None
    assert program.notes == [f"started from {sys.executable}", *program.process.notes]


def test_a_program_that_turns_away_who_comes_first_is_ready_when_it_is_handed_out():
    command = (*COMMAND, "early")
    instance = begin(Target("mine", command=command), Located(command, {}, None), 0.1)
    assert instance.loss("echo") is None
    instance.stop()


def test_a_program_that_died_is_lost_with_how_it_ended(program):
    program.process.kill("was shot")
    assert (program.loss("echo").outcome, program.loss("echo").message) == ("CRASH", "the server was shot")


def test_the_death_of_a_program_ends_what_is_played(program):
    opened = threading.Event()
    threading.Thread(target=lambda: opened.wait() and program.process.kill("was shot"), daemon=True).start()
    (result,) = program.play([waiting(600, opened)])
    assert (result.verdict, result.message) == (Verdict.CRASH, "the server was shot")


def test_what_is_played_can_be_abandoned_from_another_thread():
    with running() as port:
        instance, opened = Instance(Address("127.0.0.1", port), "somewhere", 1.0), threading.Event()
        threading.Thread(target=lambda: opened.wait() and instance.abandon(), daemon=True).start()
        (result,) = instance.play([waiting(600, opened)])
        assert result.message == "the run has ended"


def test_a_server_of_somebody_is_not_ours_to_end():
    with running() as port:
        instance = begin(resolve_target(f"127.0.0.1:{port}"), None, 0.1)
        instance.stop()
        assert instance.loss("echo") is None
        assert instance.notes == [f"running at 127.0.0.1:{port}"]


def test_a_server_that_answers_no_fence_is_lost():
    with running("echo") as port:
        instance = begin(resolve_target(f"127.0.0.1:{port}"), None, 0.02)
        assert instance.loss("echo").outcome == "HANG"
        assert instance.loss("status") is None


def test_a_server_that_left_is_lost():
    with running() as port:
        instance = begin(resolve_target(f"127.0.0.1:{port}"), None, 0.1)
    assert instance.loss("echo").outcome == "CRASH"


def test_a_program_that_does_not_start_is_told():
    with pytest.raises(UsageError, match="there is no program /no/such"):
        begin(Target("mine", command=("/no/such",)), Located(("/no/such",), {}, None), 1.0)
