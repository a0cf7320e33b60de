import os
import selectors

import pytest

from gearspec.errors import TargetGone
from gearspec.script.action import Open, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.loop import START_EVERY, Loop
from gearspec.wire.run import EXTENSIONS
from gearspec.wire.vigil import ASK_EVERY
from tests.serving import LATE, ask, echo, mute, one, serving

CRASH = TargetGone("CRASH", "it died of signal 11")


@pytest.fixture
def watch():
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def test_a_death_is_thrown_into_every_play_at_once():
    def sleeping():
        moment = yield Open("client")
        try:
            yield Wait(moment.now + LATE)
        except TargetGone as gone:
            return Result(Verdict(gone.outcome), f"while asleep {gone.message}")
        return Result(Verdict.PASS)

    def careless():
        moment = yield Open("client")
        yield Wait(moment.now + LATE)
        return Result(Verdict.PASS)

    with serving(mute) as address:
        results = Loop(address, alive=lambda: CRASH).play([sleeping(), careless()])
    assert [(result.verdict, result.message) for result in results] == [
        (Verdict.CRASH, "while asleep it died of signal 11"),
        (Verdict.CRASH, "it died of signal 11"),
    ]


def test_a_close_that_was_the_first_sign_of_a_death_is_taken_for_the_death(monkeypatch, watch):
    monkeypatch.setattr("gearspec.wire.vigil.GRACE", LATE)

    def serve(sock):
        sock.recv(1)
        sock.close()
        os.write(watch[1], b"x")

    with serving(serve) as address:
        result = one(address, ask(), watch=watch[0], alive=lambda: CRASH if readable(watch[0]) else None)
    assert result.verdict is Verdict.CRASH


def readable(file):
    with selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        return bool(selector.select(0))


def test_a_close_of_a_program_that_lives_on_is_only_a_close(watch):
    def serve(sock):
        sock.recv(1 << 16)

    with serving(serve) as address:
        assert one(address, ask(), watch=watch[0]).message == "client:CLOSED"


def test_a_watch_that_proves_nothing_does_not_end_the_play(watch):
    os.write(watch[1], b"x")
    with serving(echo) as address:
        assert one(address, ask(), watch=watch[0]).message == "client:ECHO_REQ"


@pytest.fixture
def slept(monkeypatch):
    """The times that a loop slept, on a clock that moves only while it sleeps and by `slept.over` more."""

    class Slept(list):
        over = 0.0

    class Selector(selectors.DefaultSelector):
        def select(self, timeout=None):
            slept.append(timeout)
            return super().select(0)

    slept = Slept()
    monkeypatch.setattr("gearspec.wire.loop.DefaultSelector", Selector)
    monkeypatch.setattr("gearspec.wire.loop.monotonic", lambda: sum(slept) + slept.over * len(slept))
    return slept


def wait(seconds):
    moment = yield Open("client")
    after = yield Wait(moment.now + seconds)
    return Result(Verdict.PASS, f"lagged: {after.lagged}")


def test_no_sleep_is_longer_than_until_the_next_question_of_life(slept):
    with serving(mute) as address:
        assert one(address, wait(10)).message == "lagged: False"
    assert sum(slept) >= 10
    assert max(slept) == pytest.approx(ASK_EVERY)


def test_plays_start_one_after_the_other(slept):
    with serving(mute) as address:
        Loop(address).play([wait(10) for _ in range(5)])
    assert [timeout <= START_EVERY * 1.001 for timeout in slept[:5]] == [True] * 4 + [False]


def test_silence_while_we_were_held_up_too_often_proves_nothing(slept):
    slept.over = 1.0
    with serving(mute) as address:
        assert one(address, wait(0.01)).message == "lagged: True"
    assert len(slept) > EXTENSIONS
