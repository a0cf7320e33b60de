import pytest

from gearspec.wire.pace import LAG, Pace


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


def turn(pace, clock, *, work, timeout, slept):
    clock.time += work
    pace.sleep(clock.time, timeout)
    clock.time += slept
    return pace.wake()


def test_a_loop_that_wakes_in_time_loses_nothing(clock):
    pace = Pace(clock)
    for _ in range(1000):
        turn(pace, clock, work=LAG / 2, timeout=0.05, slept=0.05 + LAG / 2)
    assert pace.lost == 0


def test_waking_tells_the_time(clock):
    pace = Pace(clock)
    assert turn(pace, clock, work=0, timeout=1, slept=0.5) == pytest.approx(100.5)


def test_waking_early_loses_nothing(clock):
    pace = Pace(clock)
    turn(pace, clock, work=0, timeout=10, slept=1)
    assert pace.lost == 0


def test_sleeping_longer_than_asked_is_lost_time(clock):
    pace = Pace(clock)
    turn(pace, clock, work=0, timeout=1, slept=1.5)
    assert pace.lost == pytest.approx(0.5)


def test_work_that_takes_long_is_lost_time(clock):
    pace = Pace(clock)
    turn(pace, clock, work=0.25, timeout=1, slept=1)
    assert pace.lost == pytest.approx(0.25)


def test_what_was_lost_adds_up(clock):
    pace = Pace(clock)
    turn(pace, clock, work=0.25, timeout=1, slept=1.5)
    turn(pace, clock, work=0.125, timeout=0, slept=0)
    assert pace.lost == pytest.approx(0.875)
