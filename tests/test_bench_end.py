"""Adapters that misbehave, benches that are ended, and what is left of either: nothing."""

import os
import select
import threading
from pathlib import Path

import pytest

from gearspec.harness.kernel import family
from gearspec.script.action import Wait
from gearspec.script.scene import Ask, Listen
from gearspec.script.verdict import Verdict
from gearspec.wire import channel
from gearspec.wire.bench import Bench, Turn
from tests.benching import Embedded, Spawned, bench, one, passed, until
from tests.serving import LATE

HELLO = Ask({"servers": []})
CHILD = """
import subprocess
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)"])
say(str(child.pid))
"""


def files():
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def children():
    """This process, and all that it has started and not seen to their end."""
    return set(family(os.getpid()))


def ends(pid):
    """Whether a process ends, or has ended."""
    try:
        file = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(file, select.POLLIN)
        return bool(poll.poll(LATE * 1000))
    finally:
        os.close(file)


@pytest.fixture(autouse=True)
def _nothing_is_left():
    before, threads, programs = files(), threading.active_count(), children()
    yield
    assert files() == before
    assert threading.active_count() == threads
    assert children() <= programs


def listening(last):
    """A scene with a server, that goes on until something has come."""
    yield Listen("server")
    news = yield HELLO
    return passed((yield from until(news, last)))


def spawn(code):
    return lambda: Spawned(code)


def test_an_adapter_that_dies_is_heard_to_the_end():
    message = one(listening("exited with status 3"), spawn("say('last words'); sys.exit(3)")).message
    assert message == "last words, exited with status 3"


def test_an_adapter_that_closes_its_output_and_lives_on_has_ended(monkeypatch):
    monkeypatch.setattr(channel, "GRACE", 0.01)
    assert one(listening("closed its output"), spawn("os.close(1); next(asks); next(asks)")).message


def test_a_child_that_holds_the_output_does_not_hide_the_end_and_is_killed():
    message = one(listening("exited with status 0"), spawn(CHILD)).message
    child, ended = message.split(", ")
    assert ended == "exited with status 0"
    assert ends(int(child))


def test_an_adapter_that_floods_without_a_newline_is_an_error(monkeypatch):
    monkeypatch.setattr(channel, "LINE", 1_000_000)
    result = one(listening("nothing"), spawn("while True: os.write(1, b'spam' * 1000)"))
    assert result.verdict is Verdict.ERROR
    assert result.message.startswith("the adapter says a line that does not end: spamspam")


def test_an_adapter_that_floods_with_rubbish_is_an_error():
    result = one(listening("nothing"), spawn("while True: print('spam')"))
    assert (result.verdict, result.message) == (Verdict.ERROR, "the adapter says what is no JSON")


def test_an_adapter_that_never_reads_holds_nobody_up():
    def stuffing():
        news = yield Ask({"data": "x" * 5_000_000})
        return passed((yield from until(news, "deaf")))

    results = bench(
        (stuffing(), spawn("say('deaf'); import time; time.sleep(1000)")),
        (listening("hi"), spawn("next(asks); say('hi'); next(asks)")),
    )
    assert [result.message for result in results] == ["deaf", "hi"]


@pytest.mark.parametrize("start", [Embedded, Spawned])
def test_nothing_is_left_of_a_scene_that_ends_while_all_is_open(start):
    def scene():
        yield Listen("first")
        yield Listen("second")
        news = yield Ask({"servers": ["first"]})
        return passed((yield from until(news, "first#1 ACCEPTED")))

    assert {result.message for result in bench(*[(scene(), start) for _ in range(5)])} == {"first#1 ACCEPTED"}


@pytest.mark.parametrize("start", [Embedded, Spawned])
def test_nothing_is_left_when_who_is_told_of_a_result_fails(start):
    def fail(index, result):
        raise RuntimeError(f"{index}: {result.message}")

    closed = []
    turns = [Turn(asleep(closed), start), Turn(brief(), start), Turn(asleep(closed), start)]
    with pytest.raises(RuntimeError, match="1: brief"):
        Bench(turns, fail, most=2).play()
    assert closed == [True]


def asleep(closed):
    """A scene that goes on until it is closed, and says so."""
    try:
        yield Listen("server")
        news = yield HELLO
        while True:
            news = yield Wait(news.now + LATE)
    finally:
        closed.append(True)


def brief():
    yield HELLO
    return passed(["brief"])


@pytest.mark.parametrize("start", [Embedded, Spawned])
def test_an_interrupt_leaves_nothing(start):
    def interrupted():
        yield HELLO
        raise KeyboardInterrupt

    closed, results = [], []
    turns = [Turn(asleep(closed), start), Turn(interrupted(), start), Turn(asleep(closed), start)]
    with pytest.raises(KeyboardInterrupt):
        Bench(turns, lambda *result: results.append(result)).play()
    assert (closed, results) == ([True], [])


def test_a_bench_can_be_abandoned_from_another_thread():
    closed, results, ready = [], [], threading.Event()

    def start():
        ready.set()
        return Embedded(lambda asks, _: list(asks))

    many = Bench([Turn(asleep(closed), start) for _ in range(20)], lambda *told: results.append(told))
    thread = threading.Thread(target=many.play)
    thread.start()
    assert ready.wait(LATE)
    many.abandon()
    thread.join(LATE)
    assert not thread.is_alive()
    assert results == []
    assert 1 <= len(closed) <= 6
