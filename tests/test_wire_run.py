import selectors
import socket

import pytest

from gearspec.errors import HarnessError, TargetGone
from gearspec.protocol.packet import Line
from gearspec.script.action import Arrival, How, Open, Send, Shut, Sign, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.address import Place
from gearspec.wire.pace import Pace
from gearspec.wire.run import EXTENSIONS, PlayRun


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


class Stage:
    """A run with a clock of its own; `moments` is what its play was sent."""

    def __init__(self, place, selector):
        self.clock = Clock()
        self.pace = Pace(self.clock)
        self.place, self.selector = place, selector
        self.moments = []
        self.runs = []

    def run(self, *actions, scale=1.0):
        def play():
            for action in actions:
                self.moments.append((yield action))
            return Result(Verdict.PASS)

        return self.run_of(play(), scale)

    def run_of(self, play, scale=1.0):
        run = PlayRun(play, self.place, self.selector, self.pace, scale)
        self.runs.append(run)
        run.start()
        return run

    def lose(self, seconds):
        """The loop is held up."""
        self.clock.time += seconds
        self.pace.sleep(self.clock.time, 0)
        self.pace.wake()


@pytest.fixture
def stage():
    with selectors.DefaultSelector() as selector, socket.create_server(("127.0.0.1", 0)) as listener:
        stage = Stage(Place(socket.AF_INET, listener.getsockname()), selector)
        yield stage
        for run in stage.runs:
            run.close()


def test_every_action_is_answered_with_the_time(stage):
    run = stage.run(Open("client"), Send("client", b"x"), Shut("client", How.RESET))
    assert [moment.now for moment in stage.moments] == [100.0] * 3
    assert run.result.verdict is Verdict.PASS


def test_a_wait_is_due_at_its_time(stage):
    run = stage.run(Wait(102.0))
    assert run.due == 102.0
    run.resume(102.0)
    assert stage.moments == [(102.0, (), False)]


def test_what_came_is_due_at_once_and_handed_over(stage):
    run = stage.run(Wait(102.0), Wait(102.0))
    came = Arrival("client", 101.0, Line(b"OK\n"))
    run.inbox.arrivals.append(came)
    assert run.due <= 101.0
    run.resume(101.0)
    assert stage.moments == [(101.0, (came,), False)]
    assert run.due == 102.0


def test_what_may_be_the_sign_of_a_death_is_due_when_it_is_no_longer_kept_back(stage):
    run = stage.run(Wait(102.0))
    run.inbox.arrivals.append(Arrival("client", 101.0, Sign.CLOSED))
    run.hold = 101.5
    assert run.due == 101.5


def test_a_deadline_is_stretched_by_the_scale(stage):
    assert stage.run(Wait(102.0), scale=3.0).due == 106.0


def test_a_deadline_in_the_past_is_not_stretched(stage):
    assert stage.run(Wait(99.0), scale=3.0).due == 99.0


def test_a_deadline_is_extended_by_the_time_that_was_lost(stage):
    run = stage.run(Wait(102.0))
    stage.lose(2.5)
    run.resume(102.5)
    assert stage.moments == []
    assert run.due == 104.5
    run.resume(104.5)
    assert stage.moments == [(104.5, (), False)]


def test_time_that_was_lost_before_a_wait_does_not_extend_it(stage):
    stage.lose(1.0)
    run = stage.run(Wait(102.0))
    run.resume(102.0)
    assert stage.moments == [(102.0, (), False)]


def test_silence_proves_nothing_when_time_was_lost_too_often(stage):
    run = stage.run(Wait(101.0))
    for _ in range(EXTENSIONS):
        stage.lose(1.0)
        run.resume(stage.clock.time)
    assert stage.moments == []
    stage.lose(1.0)
    run.resume(stage.clock.time)
    assert stage.moments == [(stage.clock.time, (), True)]


def test_silence_for_a_long_time_proves_something_though_a_moment_of_it_was_lost(stage):
    run = stage.run(Wait(115.0))
    for lost in [15.0] * EXTENSIONS + [0.1]:
        stage.lose(lost)
        run.resume(stage.clock.time)
    assert [moment.lagged for moment in stage.moments] == [False]


def test_the_same_deadline_keeps_its_extensions_when_something_else_came(stage):
    run = stage.run(Wait(101.0), Wait(101.0))
    stage.lose(1.0)
    run.resume(101.0)
    run.inbox.arrivals.append(Arrival("client", 101.5, Line(b"OK\n")))
    run.resume(101.5)
    assert run.due == 102.0


def test_another_deadline_has_all_its_extensions_again(stage):
    run = stage.run(Wait(101.0), Wait(200.0))
    for _ in range(EXTENSIONS + 1):
        stage.lose(1.0)
        run.resume(stage.clock.time)
    assert [moment.lagged for moment in stage.moments] == [True]
    stage.lose(100.0)
    run.resume(stage.clock.time)
    assert len(stage.moments) == 1
    assert run.due == 300.0


def test_a_death_that_the_play_lets_escape_is_its_result(stage):
    run = stage.run(Open("client"), Wait(101.0))
    run.bereave(TargetGone("CRASH", "it died of signal 11"))
    assert (run.result.verdict, run.result.message) == (Verdict.CRASH, "it died of signal 11")
    assert not stage.selector.get_map()


def test_a_play_may_go_on_after_a_death_and_is_told_only_once(stage):
    def play():
        try:
            yield Wait(101.0)
        except TargetGone:
            yield Wait(102.0)
        return Result(Verdict.HANG, "seen")

    run = stage.run_of(play())
    run.bereave(TargetGone("HANG", "mute"))
    run.bereave(TargetGone("HANG", "mute"))
    assert run.result is None
    run.resume(102.0)
    assert run.result.message == "seen"


def test_the_sockets_of_a_play_are_closed_when_it_ends(stage):
    run = stage.run(Open("client"), Open("worker"), Wait(101.0))
    assert len(stage.selector.get_map()) == 2
    run.resume(101.0)
    assert not stage.selector.get_map()


def test_a_play_that_is_closed_can_clean_up(stage):
    cleaned = []

    def play():
        try:
            yield Wait(101.0)
        finally:
            cleaned.append(True)
        return Result(Verdict.PASS)

    stage.run_of(play()).close()
    assert cleaned == [True]


def test_a_name_can_be_opened_again_after_its_end(stage):
    run = stage.run(Open("client"), Shut("client", How.CLOSE), Send("client", b"x"), Open("client"))
    assert run.result.verdict is Verdict.PASS


def test_a_second_connection_under_one_name_is_our_fault(stage):
    with pytest.raises(HarnessError, match="opens a second connection of client"):
        stage.run(Open("client"), Open("client"))


def test_a_connection_that_was_never_opened_is_our_fault(stage):
    with pytest.raises(HarnessError, match="uses the connection of worker before there is one"):
        stage.run(Send("worker", b"x"))
