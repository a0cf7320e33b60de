"""Examples on a real program, which may die of them."""

from pathlib import Path

import pytest

from gearspec.fuzz import arena as module
from gearspec.fuzz.arena import ServerArena
from gearspec.fuzz.strategy import Piece, Sending
from gearspec.harness.performance import DEAD, TRIES
from gearspec.harness.target import load_target, resolve_target
from gearspec.protocol.packet import Line
from gearspec.script.action import Open, Send, Wait
from gearspec.script.verdict import Result, Verdict
from tests.small_server import running

PROGRAM = Path(__file__).with_name("small_server.py")


def line(text):
    return Sending((Piece(text + b"\n", Line(text + b"\n")),))


def ask(sending, _stage):
    """Send something, and pass if anything is answered."""
    yield Open("client")
    moment = yield Send("client", sending.data)
    arrivals = moment.arrivals or (yield Wait(moment.now + 5)).arrivals
    answered = any(isinstance(arrival.what, Line) for arrival in arrivals)
    return Result(Verdict.PASS if answered else Verdict.FAIL, "as the trial has it")


def playing(trial):
    """What goes through one play of an example."""
    return lambda sending: lambda instance, stage: instance.play([trial(sending, stage)])[0]


asking = playing(ask)


@pytest.fixture
def arena(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"command: ['{{python}}', {PROGRAM}, '{{port}}']\nclose-fence: none\n")
    arena = ServerArena(load_target(path), scale=0.1)
    yield arena
    arena.close()


def pid(arena):
    return arena._instance.process.pid


def test_what_passes_leaves_the_server_as_it_is(arena):
    first = pid(arena)
    assert arena.try_out(asking(line(b"version"))).verdict is Verdict.PASS
    assert pid(arena) == first


def test_a_server_does_not_serve_for_ever_for_its_status_grows(arena, monkeypatch):
    monkeypatch.setattr(module, "LIFE", 2)
    pids = []
    for _ in range(5):
        pids.append(pid(arena))
        assert arena.try_out(asking(line(b"version"))).verdict is Verdict.PASS
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


def test_an_ordeal_is_judged_like_an_example(arena):
    assert arena.try_out(lambda *_: Result(Verdict.PASS)).verdict is Verdict.PASS
    first = pid(arena)

    def kill(instance, _stage):
        instance.process.kill("was shot")
        return asking(line(b"version"))(instance, None)

    result = arena.try_out(kill)
    assert (result.verdict, result.message) == (Verdict.CRASH, "the server was shot")
    assert pid(arena) != first


def test_a_server_that_dies_is_a_crash_and_is_started_again(arena):
    first = pid(arena)
    assert arena.try_out(asking(line(b"die"))).verdict is Verdict.CRASH
    assert pid(arena) != first
    assert arena.try_out(asking(line(b"version"))).verdict is Verdict.PASS


def test_a_failure_after_which_nobody_is_answered_is_a_hang(arena):
    result = arena.try_out(asking(line(b"mute")))
    assert (result.verdict, result.clause) == (Verdict.HANG, "server-survives")
    assert arena.try_out(asking(line(b"version"))).verdict is Verdict.PASS


def test_a_failure_of_a_server_that_is_well_stays_one(arena):
    result = arena.try_out(playing(lambda *_: fails())(line(b"version")))
    assert (result.verdict, result.message) == (Verdict.FAIL, "a failure")


def fails():
    yield Open("client")
    return Result(Verdict.FAIL, "a failure")


def test_a_death_that_shows_late_is_that_of_the_example_before(arena):
    arena.try_out(asking(line(b"version")))
    arena._instance.process.kill("was shot")
    result = arena.try_out(asking(line(b"version")))
    assert result.verdict is Verdict.CRASH
    assert result.message == "server-survives: the server was shot, after the example before was over"
    assert arena.try_out(asking(line(b"version"))).verdict is Verdict.PASS


def test_what_cannot_be_told_is_tried_again(arena):
    tried = []

    def doubtful(*_):
        tried.append(1)
        yield Open("client")
        return Result(Verdict.INCONCLUSIVE if len(tried) < TRIES else Verdict.PASS)

    assert arena.try_out(playing(doubtful)(line(b"version"))).verdict is Verdict.PASS
    assert len(tried) == TRIES


def test_what_a_program_said_of_faults_inside_is_kept(arena):
    arena.try_out(asking(line(b"complain")))
    arena.try_out(asking(line(b"die")))
    assert arena.complaints == ["x.c:7: runtime error: null pointer"]


def test_a_server_that_is_not_ours_is_gone_when_it_dies():
    with running() as port:
        arena = ServerArena(resolve_target(f"127.0.0.1:{port}"), scale=0.1)
        assert arena.gone is None
        assert arena.try_out(asking(line(b"die"))).verdict in DEAD
        assert arena.gone.startswith(f"127.0.0.1:{port}: server-survives: ")
        arena.close()
