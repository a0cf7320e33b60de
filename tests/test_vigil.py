import os
import selectors
import socket
from time import monotonic

import pytest

from gearspec.errors import TargetGone
from gearspec.script.action import Arrival, Sign, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.address import Place
from gearspec.wire.pace import Pace
from gearspec.wire.run import PlayRun
from gearspec.wire.vigil import ASK_EVERY, GRACE, Vigil

NOWHERE = Place(socket.AF_INET, ("127.0.0.1", 1))
CRASH = TargetGone("CRASH", "it died of signal 11")


def play():
    yield Wait(1e9)
    return Result(Verdict.PASS)


@pytest.fixture
def selector():
    with selectors.DefaultSelector() as selector:
        yield selector


@pytest.fixture
def run(selector):
    run = PlayRun(play(), NOWHERE, selector, Pace(monotonic), 1.0)
    run.start()
    yield run
    run.close()


class Answers:
    """A program that is alive for so many questions."""

    def __init__(self, alive):
        self.alive = alive
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return None if self.asked <= self.alive else CRASH


def test_it_asks_only_as_often_as_it_must(selector, run):
    answers = Answers(alive=2)
    vigil = Vigil(answers, None, selector, 100.0)
    vigil.keep([run], 100.0)
    vigil.keep([run], 100.0 + ASK_EVERY / 2)
    assert answers.asked == 0
    vigil.keep([run], 100.0 + ASK_EVERY)
    assert (answers.asked, vigil.due) == (1, 100.0 + 2 * ASK_EVERY)


def test_it_tells_every_play_of_a_death(selector, run):
    other = PlayRun(play(), NOWHERE, selector, Pace(monotonic), 1.0)
    other.start()
    vigil = Vigil(Answers(alive=0), None, selector, 100.0)
    vigil.keep([run, other], 100.0 + ASK_EVERY)
    assert [run.result.verdict, other.result.verdict] == [Verdict.CRASH] * 2


def test_it_asks_at_once_when_a_connection_ended(selector, run):
    answers = Answers(alive=1)
    run.inbox.arrivals.append(Arrival("client", 100.0, Sign.CLOSED))
    run.inbox.ended = True
    vigil = Vigil(answers, None, selector, 100.0)
    vigil.keep([run], 100.0)
    vigil.keep([run], 100.0)
    assert answers.asked == 1
    assert run.due <= 100.0


@pytest.fixture
def watch():
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def test_an_end_is_kept_back_while_the_death_may_still_be_seen(selector, run, watch):
    run.inbox.arrivals.append(Arrival("client", 100.0, Sign.CLOSED))
    run.inbox.ended = True
    vigil = Vigil(Answers(alive=9), watch[0], selector, 100.0)
    vigil.keep([run], 100.0)
    assert run.due == 100.0 + GRACE


def test_it_asks_at_once_when_the_watch_says_so_and_once_is_enough(selector, run, watch):
    vigil = Vigil(Answers(alive=0), watch[0], selector, 100.0)
    os.write(watch[1], b"x")
    for key, mask in selector.select(10):
        key.data.ready(mask, 100.0)
    vigil.keep([run], 100.0)
    assert run.result.verdict is Verdict.CRASH
    assert selector.select(0) == []
