"""Conversations that were drawn: the model holds each in every dialect, a wrong server does not."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gearspec.fuzz.conversation import conversations
from gearspec.fuzz.course import Course
from gearspec.harness.target import known_names, resolve_target
from gearspec.model import Dialect, Server
from gearspec.script.case import Together
from gearspec.script.load import parse_cases, walk
from gearspec.script.rehearse import rehearse
from gearspec.script.trait import Traits
from gearspec.script.verdict import Verdict
from gearspec.script.write import write_cases
from tests.fault import FAULTS, rehearsed

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
DRAWN = conversations(Traits(), clocks=True)
SEEN = (
    "tells-the-client-of-a-background-job",  # what belongs to nobody
    "puts-low-beside-normal",  # order
    "coalesces-across-functions",  # which jobs are the same
    "tells-a-client-once",  # results go to everybody that they belong to
    "lets-a-worker-fall-asleep-on-a-job",  # who sleeps is woken
    "drops-a-background-job-of-a-dead-worker",  # nothing is lost
    "turns-priorities-over",  # tables
    "knows-no-timeout",  # time
)
"""A fault of each kind that conversations are about."""


@pytest.mark.parametrize("name", known_names())
def test_the_model_holds_every_conversation_in_the_dialect_of_each_server(name):
    target = resolve_target(name)
    traits = target.traits

    @FEW
    @given(conversations(traits, lambda what: what not in target.avoid, clocks=True))
    def holds(case):
        assert rehearse(case, lambda: Server(traits.dialect), traits).message == ""

    holds()


@FEW
@given(DRAWN)
def test_a_conversation_is_a_case_that_can_be_written_and_read(case):
    read = parse_cases(write_cases([case]), case.path)
    assert [replace(one, steps=()) for one in read] == [replace(case, steps=())]
    assert len(read[0].steps) == len(case.steps)


@pytest.fixture(scope="module")
def drawn():
    cases = []

    @MANY
    @given(DRAWN)
    def draw(case):
        cases.append(case)

    draw()
    return cases


@pytest.mark.parametrize("name", SEEN)
def test_a_wrong_server_is_found_out(name, drawn):
    fault = next(fault for fault in FAULTS if fault.id == name)
    assert any(rehearsed(case, fault).verdict is Verdict.FAIL for case in drawn)


def test_the_jobs_of_a_lost_worker_may_fail_in_any_order():
    course = Course(Traits(dialect=Dialect(worker_death="fail")), lambda _: True, clocks=False)
    course.can_do("worker", "$fn")
    for _ in range(2):
        course.submit("client", "SUBMIT_JOB", "$fn", "", b"w")
        course.grab("worker", 0)
    course.leave("worker", "CLOSE")
    last = course.author.case().steps[-1]
    assert isinstance(last, Together)
    assert [step.what for step in last.steps] == ["WORK_FAIL", "WORK_FAIL"]


@FEW
@given(conversations(Traits(), lambda what: what != "GET_STATUS_UNIQUE"))
def test_what_is_not_permitted_does_not_occur(case):
    assert not any(getattr(step, "what", "") == "GET_STATUS_UNIQUE" for step in walk(case.steps))


@FEW
@given(conversations(Traits()))
def test_without_clocks_nothing_waits_for_a_time(case):
    assert not any(getattr(step, "within", None) for step in walk(case.steps))
