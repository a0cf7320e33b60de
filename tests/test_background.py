"""Cases played beside everything else."""

import pytest

from gearspec.errors import HarnessError, TargetGone
from gearspec.harness import background as module
from gearspec.harness.background import Background
from gearspec.script.action import Moment
from gearspec.script.load import parse_cases
from gearspec.script.verdict import Result, Verdict

TEXT = """
- id: {id}
  title: ECHO_REQ is answered
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
  - server -> client: ECHO_RES
    clause: echo-answered
"""


def case(name):
    return parse_cases(TEXT.format(id=name), "cases.yaml")[0]


class Stub:
    """An instance that plays without a server."""

    def __init__(self, loss=None, fault=None):
        self.lost, self.fault, self.stopped, self.abandoned = loss, fault, False, False

    def play(self, plays):
        results = [self.run(play) for play in plays]
        if self.fault:
            raise self.fault
        return results

    def run(self, play):
        try:
            next(play)
        except StopIteration as end:
            return end.value

    def loss(self, fence):
        assert fence == "echo"
        return self.lost

    def abandon(self):
        self.abandoned = True

    def stop(self):
        self.stopped = True


class Loaded(Stub):
    """One whose machine is so busy that every wait ends late, by so many seconds."""

    def __init__(self, late):
        super().__init__()
        self.late = late

    def play(self, plays):
        *_, watch = plays
        next(watch)
        action = watch.send(Moment(1.0))
        watch.send(Moment(action.until + self.late))
        return super().play(plays[:-1])


def scripted(outcome):
    """A play that comes to an outcome at once; an exception is raised."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
    yield  # so that it is a generator


@pytest.fixture
def played(monkeypatch):
    """The outcome of some plays of one case, as the background tells it."""

    def play(*outcomes, instance=None):
        class Stage:
            class traits:  # noqa: N801 - an attribute
                fence = "echo"

        monkeypatch.setattr(module, "plays", lambda *_: [scripted(outcome) for outcome in outcomes])
        background = Background(instance or Stub(), Stage)
        background.begin([case("one")])
        return background.collect(case("one"))

    return play


PASS, FAIL = Result(Verdict.PASS), Result(Verdict.FAIL, "no")


def test_the_worst_of_the_plays_is_what_a_case_comes_to(played):
    assert played(PASS, FAIL, PASS) is FAIL


def test_a_case_that_was_not_begun_has_no_outcome():
    assert Background(Stub(), None).collect(case("other")) is None


@pytest.mark.parametrize("verdict", [Verdict.CRASH, Verdict.HANG, Verdict.INCONCLUSIVE])
def test_a_case_that_others_may_have_spoilt_is_to_be_played_alone(played, verdict):
    assert played(PASS, Result(verdict)) is None


def test_a_failure_on_a_server_that_is_lost_is_to_be_played_alone(played):
    assert played(FAIL, instance=Stub(loss=TargetGone("HANG", "mute"))) is None


@pytest.mark.parametrize(("late", "again"), [(0.1, False), (0.5, True)])
def test_a_failure_is_to_be_played_alone_if_we_were_late(played, late, again):
    outcome = played(FAIL, instance=Loaded(late))
    assert (outcome is None) is again


def test_what_passed_has_passed_however_late_we_were(played):
    assert played(PASS, instance=Loaded(9)) is PASS


def test_a_fault_of_ours_is_left_to_show_when_it_is_played_alone(played):
    assert played(PASS, ValueError("ours")) is None


def test_a_loop_that_fails_takes_nothing_back_that_was_told(played):
    assert played(PASS, instance=Stub(fault=HarnessError("no socket left"))) is PASS


def test_closing_abandons_what_is_played_and_leaves_the_instance():
    stub = Stub()
    Background(stub, None).close()
    assert (stub.abandoned, stub.stopped) == (True, False)
