"""One case on one instance."""

import pytest

from gearspec.errors import HarnessError, TargetGone
from gearspec.harness import performance
from gearspec.harness.performance import perform
from gearspec.script.load import parse_cases
from gearspec.script.play import Stage
from gearspec.script.trait import Traits
from gearspec.script.verdict import Result, Verdict

(CASE,) = parse_cases(
    """
- id: echo
  title: ECHO_REQ is answered
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
  - server -> client: ECHO_RES
    clause: echo-answered
""",
    "cases.yaml",
)
STAGE = Stage(Traits(), lambda length: "x" * length, lambda: 0.0)


class Process:
    """A program that has said something."""

    harmed = ""

    def output(self):
        return "its last words"


class Stub:
    """An instance for which each play is its own outcome."""

    def __init__(self, process=None):
        self.process, self.played = process, []

    def harm(self):
        return self.process.harmed if self.process else ""

    def play(self, plays):
        (outcome,) = plays
        self.played.append(outcome)
        if isinstance(outcome, Exception):
            raise outcome
        return [outcome]


@pytest.fixture
def performed(monkeypatch):
    def run(*outcomes, instance=None):
        monkeypatch.setattr(performance, "plays", lambda *_: list(outcomes))
        return perform(CASE, instance or Stub(), STAGE)

    return run


PASS, FAIL, CRASH = (Result(verdict) for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.CRASH))


def test_the_worst_of_the_plays_counts(performed):
    assert performed(PASS, FAIL, PASS) is FAIL


def test_nothing_is_played_after_a_crash(performed):
    stub = Stub()
    assert performed(PASS, CRASH, PASS, instance=stub) is CRASH
    assert stub.played == [PASS, CRASH]


def test_the_last_words_of_a_program_come_with_its_crash(performed):
    assert performed(Result(Verdict.CRASH), instance=Stub(Process())).came == "its last words"


def test_what_came_before_a_crash_is_not_overwritten(performed):
    assert (
        performed(Result(Verdict.CRASH, came="half a packet"), instance=Stub(Process())).came
        == "half a packet"
    )


def test_harm_to_the_memory_of_a_program_is_a_failure_whatever_it_answered(performed):
    process = Process()
    process.harmed = "x.c:N: runtime error: null pointer"
    result = performed(Result(Verdict.PASS, clause="echo-answered"), instance=Stub(process))
    message = f"echo-answered: its memory is harmed, as it printed: {process.harmed}"
    assert (result.verdict, result.message) == (Verdict.FAIL, message)
    assert performed(CRASH, instance=Stub(process)) is CRASH


def test_a_target_that_is_gone_is_a_verdict_and_no_fault_of_ours(performed):
    result = performed(PASS, TargetGone("HANG", "mute"))
    assert (result.verdict, result.message) == (Verdict.HANG, "mute")


@pytest.mark.parametrize("fault", [ValueError("first\nsecond"), HarnessError("first")])
def test_any_other_exception_is_our_fault_and_keeps_its_traceback(performed, fault):
    result = performed(PASS, fault)
    assert (result.verdict, result.message) == (Verdict.ERROR, f"{type(fault).__name__}: first")
    assert "Traceback" in result.came
