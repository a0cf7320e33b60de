"""Playing a case that says of a connection that it is no matter what else comes."""

from gearspec.script.verdict import Verdict
from tests.test_play import DONE, JOB, played

UPDATES = """\
  - worker -> server: WORK_STATUS
    handle: $job
    numerator: 1
    denominator: 2
  - worker -> server: WORK_STATUS
    handle: $job
    numerator: 2
    denominator: 2
"""
ANYTHING = "  - server -> client: anything\n"


def test_a_line_takes_what_it_asks_for_and_the_rest_is_no_matter():
    late = UPDATES + "  - server -> client: WORK_STATUS\n    handle: $job\n    numerator: 2\n"
    assert "came WORK_STATUS handle='$job' numerator='1'" in played(JOB + late + DONE).message
    assert played(JOB + ANYTHING + late + DONE).verdict is Verdict.PASS


def test_what_no_line_takes_is_no_matter_at_the_end():
    surplus = "  - client -> server: ECHO_REQ\n"
    assert "after the last line client got ECHO_RES" in played(JOB + DONE + surplus).message
    assert played(JOB + DONE + ANYTHING + surplus).verdict is Verdict.PASS


def test_a_line_still_has_to_be_met():
    error = "  - server -> client: ERROR\n    clause: work-complete-forwarded\n"
    assert "expected ERROR, nothing came" in played(JOB + ANYTHING + UPDATES + error).message


def test_other_connections_are_watched_as_ever():
    lines = "  - server -> worker: anything\n" + UPDATES + DONE
    assert "came WORK_STATUS" in played(JOB + lines).message
