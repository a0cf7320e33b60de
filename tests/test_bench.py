import os
import re
import resource
import threading

import pytest

from gearspec.errors import AdapterError, TargetGone
from gearspec.script.action import Send, Wait
from gearspec.script.scene import Ask, Listen
from gearspec.script.verdict import Verdict
from gearspec.wire.bench import Bench, Turn
from tests.benching import Embedded, Spawned, bench, one, passed, until
from tests.serving import LATE

HELLO = Ask({"do": "hello"})


def echo(asks, say):
    for ask in asks:
        say(ask["do"])


def greeting(words="hello"):
    """A scene that is answered by `echo`."""
    news = yield Ask({"do": words})
    return passed((yield from until(news, words)))


def echoing():
    return Embedded(echo)


def failing():
    yield Listen("server")
    raise RuntimeError("a bug\nof ours")


def test_a_scene_talks_with_its_adapter():
    assert one(greeting(), echoing).message == "hello"


def test_a_scene_talks_with_a_process():
    assert one(greeting(), lambda: Spawned("for ask in asks: say(ask['do'])")).message == "hello"


def test_no_turns_have_no_results():
    assert bench() == []


def test_a_scene_may_end_at_once():
    def scene():
        return passed(["over"])
        yield

    assert one(scene(), echoing).message == "over"


def test_an_adapter_is_started_when_its_turn_comes():
    log = []

    def scene(number):
        log.append(f"begin {number}")
        result = yield from greeting()
        log.append(f"end {number}")
        return result

    def start(number):
        log.append(f"start {number}")
        return echoing()

    bench(*[(scene(number), lambda number=number: start(number)) for number in range(3)], most=1)
    assert log == [f"{word} {number}" for number in range(3) for word in ("start", "begin", "end")]


class Crowd:
    """Counts the adapters that are there at once, at most."""

    def __init__(self, kind):
        self.here = self.most = 0
        crowd = self

        class Counted(kind):
            def __init__(self, *args):
                super().__init__(*args)
                crowd.here += 1
                crowd.most = max(crowd.most, crowd.here)

            def stop(self):
                crowd.here -= not self.stopped
                super().stop()

        self.start = Counted


def conversation(number):
    """A scene with a server, a connection and an adapter."""
    yield Listen("server")
    news = yield Ask({"servers": ["server"]})
    came = yield from until(news, "server#1 ACCEPTED")
    news = yield Send("server#1", b"%d" % number)
    return passed(came + (yield from until(news, str(number))))


@pytest.mark.parametrize(("kind", "count"), [(Embedded, 200), (Spawned, 24)])
def test_many_scenes_are_played_and_no_more_at_once_than_allowed(kind, count):
    crowd = Crowd(kind)
    results = bench(*[(conversation(number), crowd.start) for number in range(count)], most=6)
    assert [result.message for result in results] == [
        f"server#1 ACCEPTED, {number}" for number in range(count)
    ]
    assert crowd.most <= 6
    assert crowd.here == 0


def test_as_many_scenes_are_played_at_once_as_allowed():
    barrier = threading.Barrier(6, timeout=LATE)

    def together(asks, say):
        barrier.wait()
        echo(asks, say)

    results = bench(*[(greeting(), lambda: Embedded(together)) for _ in range(12)], most=6)
    assert [result.message for result in results] == ["hello"] * 12


def test_of_all_scenes_only_so_many_are_still_starting_their_adapter():
    begun, seen, up = [], [], threading.Event()

    def slow(asks, say):
        up.wait(LATE)
        echo(asks, say)

    def witness():
        news = yield HELLO
        came = yield from until(news, "hello")
        for _ in range(12):  # one is begun in a turn, if there is room
            news = yield Wait(news.now)
        seen.extend(begun)
        up.set()
        return passed(came)

    def start(number):
        begun.append(number)
        return Embedded(slow)

    others = [(greeting(), lambda number=number: start(number)) for number in range(8)]
    results = bench((witness(), echoing), *others, most=6, rising=2)
    assert [result.message for result in results] == ["hello"] * 9
    assert seen == [0, 1]


def test_results_are_told_as_each_scene_ends_and_when_nothing_is_left_of_it():
    over, told, adapters = threading.Event(), [], {}

    def slow(asks, say):
        next(asks)
        over.wait(LATE)
        say("late")
        list(asks)  # until it is ended

    def late():
        news = yield HELLO
        return passed((yield from until(news, "late")))

    def start(index, work):
        adapters[index] = Embedded(work)
        return adapters[index]

    def done(index, result):
        told.append((index, result.message, adapters[index].stopped))
        over.set()

    turns = [Turn(late(), lambda: start(0, slow)), Turn(greeting(), lambda: start(1, echo))]
    Bench(turns, done).play()
    assert told == [(1, "hello", True), (0, "late", True)]


def test_a_death_that_a_scene_tells_of_is_its_result():
    def scene():
        yield HELLO
        raise TargetGone("CRASH", "the library ended the process")

    result = one(scene(), echoing)
    assert (result.verdict, result.message) == (Verdict.CRASH, "the library ended the process")


def refuse():
    raise AdapterError("the adapter is not there")


def burst():
    raise OSError("no more\nprocesses")


def nothing():
    """A scene that comes to no result."""
    yield HELLO


@pytest.mark.parametrize(
    ("scene", "start", "words"),
    [
        (failing, echoing, r"RuntimeError: a bug of ours \(test_bench.py:\d+\)"),
        (
            greeting,
            lambda: Embedded(lambda _, say: say("bug")),
            r"RuntimeError: a bug of ours \(benching.py:\d+\)",
        ),
        (greeting, refuse, "the adapter is not there"),
        (greeting, burst, r"OSError: no more processes \(test_bench.py:\d+\)"),
        (
            lambda: (yield Send("server#1", b"x")),
            echoing,
            "the play uses the connection of server#1 before .*",
        ),
        (nothing, echoing, "AssertionError: a play comes to a result.*"),
    ],
    ids=["scene", "what is heard", "no adapter", "no process", "a wrong name", "no result"],
)
def test_a_fault_ends_one_scene_and_the_others_go_on(scene, start, words):
    good, bad, after = bench((greeting(), echoing), (scene(), start), (greeting("again"), echoing), most=2)
    assert [good.message, after.message] == ["hello", "again"]
    assert bad.verdict is Verdict.ERROR
    assert re.fullmatch(words, bad.message)


def test_a_scene_that_fails_while_it_is_closed_harms_nobody():
    def scene():
        try:
            yield Listen("server")
            yield Send("nobody", b"x")
        finally:
            raise RuntimeError("a bug of ours")

    bad, good = bench((scene(), echoing), (greeting(), echoing))
    assert (bad.verdict, good.message) == (Verdict.ERROR, "hello")


@pytest.mark.parametrize("spare", [1, 3], ids=["for the scene", "for the adapter"])
def test_a_machine_without_files_left_ends_one_scene_in_an_error(spare):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    results = []

    def done(_, result):
        results.append((result.verdict, "Too many open files" in result.message))
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    bench = Bench([Turn(greeting(), echoing), Turn(greeting(), echoing)], done, most=1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + spare, limits[1]))
    try:
        bench.play()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert results == [(Verdict.ERROR, True), (Verdict.PASS, False)]
