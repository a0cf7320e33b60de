"""Cases that could not be played, or would decide nothing."""

import pytest

from gearspec.errors import ScriptError
from gearspec.script.load import parse_cases

HEAD = """\
- id: one
  title: One thing
  clauses: [submit-job-created]
  under-test: [server]
  script:
"""
SUBMIT = "  - client -> server: SUBMIT_JOB\n    function: $fn\n"
CREATED = "  - server -> client: JOB_CREATED\n    handle: $job\n    clause: submit-job-created\n"


def refused(lines, head=HEAD):
    with pytest.raises(ScriptError) as caught:
        parse_cases(head + lines, "a.gear.yaml")
    return str(caught.value)


def accepted(lines, head=HEAD):
    return parse_cases(head + lines, "a.gear.yaml")[0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "  - client -> server: JOB_CREATED\n    handle: x\n",
            "a.gear.yaml:6: JOB_CREATED is never sent to a server",
        ),
        ("  - server -> client: SUBMIT_JOB\n", "SUBMIT_JOB is never sent by a server"),
        ("  - server -> worker: GRAB\n", "GRAB goes the other way"),
        ("  - worker -> server: ASSIGN\n", "ASSIGN goes the other way"),
        ("  - admin -> server: TABLE\n", "a TABLE is what a server answers"),
        ("  - client -> server: nothing\n", "'nothing' can only be expected"),
        ("  - client -> server: anything\n", "'anything' can only be expected"),
        (
            SUBMIT + "  - either:\n    - {as: pass, script: [server -> client: anything]}\n"
            "    - {as: pass, script: [server -> client: CLOSE]}\n",
            "'anything' begins no branch",
        ),
        (SUBMIT + "  - together: [server -> client: anything]\n", "and not 'nothing' or 'anything'"),
        (
            "  - client -> server: SUBMIT_JOB\n",
            "a.gear.yaml:6: SUBMIT_JOB that is sent must say its function",
        ),
        ("  - worker -> server: WORK_FAIL\n", "WORK_FAIL that is sent must say its handle"),
        ("  - admin -> server: TEXT\n", "TEXT that is sent must say its line"),
        ("  - client -> server: RAW\n", "RAW that is sent must say its hex"),
        (
            SUBMIT + "    workload: {any-of: [a]}\n",
            "any-of and matches stand only on a line that is expected",
        ),
        (SUBMIT + "    workload: {join: [{matches: a}]}\n", "any-of and matches stand only"),
        (SUBMIT + "  - client2 -> server: CLOSE\n", "a.gear.yaml:8: client2 has not sent anything yet"),
        (SUBMIT + "    workload: {repeat: {repeat: a, times: 99999}, times: 99999}\n", "more than 268435456"),
        ("  - admin -> server: TEXT\n    args: [a]\n", "a.gear.yaml:6: TEXT takes no 'args'"),
        (SUBMIT + "    within: 1\n", "'within' and 'not-before' stand on a line that is expected"),
        (SUBMIT + "    clause: submit-job-created\n", "'clause' stands on the line that decides it"),
        (SUBMIT + "    times: 2\n", "$fn is not bound yet, and a line with 'times' binds nothing"),
        (SUBMIT + CREATED + "    frame: {size: 1}\n", "frame, split and join stand on a line that is sent"),
        (SUBMIT + CREATED + "    since: start\n", "a.gear.yaml:8: no earlier line has 'mark: start'"),
        (SUBMIT + "  - server -> worker: NOOP\n", "a.gear.yaml:8: worker has not sent anything yet"),
        (SUBMIT + "  - server -> client: JOB_CREATED\n    handle: x$job\n", "$job is not bound here"),
        (
            SUBMIT + "  - server -> client: JOB_CREATED\n    handle: {any-of: [$job]}\n",
            "$job is not bound here",
        ),
        (SUBMIT + "  - server -> client: JOB_CREATED\n    handle: {clock: 1}\n", "clock stands only on"),
        (
            SUBMIT + "  - server -> client: JOB_CREATED\n    clause: no-such\n",
            "is not among those of the case",
        ),
        (SUBMIT + "  - server -> client: CLOSE\n    times: 2\n", "CLOSE takes no arguments"),
        (SUBMIT + "  - server -> client: TEXT\n", "TEXT says its line"),
        (
            SUBMIT + "  - together:\n    - client -> server: GRAB_JOB\n",
            "'together' holds only lines that are",
        ),
        (SUBMIT, "a.gear.yaml:1: no line of this case decides a clause for a server"),
    ],
)
def test_a_case_that_does_not_hold_together_is_refused(lines, message):
    assert message in refused(lines)


def test_a_clause_that_does_not_exist_is_refused():
    assert "there is no clause 'no-such'" in refused(SUBMIT, HEAD.replace("submit-job-created", "no-such"))


def test_a_clause_that_no_line_decides_is_refused():
    head = HEAD.replace("[submit-job-created]", "[submit-job-created, echo-answered]")
    assert "no line says 'clause: echo-answered'" in refused(SUBMIT + CREATED, head)


def either(first, second, after=""):
    return f"""\
{SUBMIT}{CREATED}  - either:
    - as: pass
      script:
{first}    - as: recorded
      flag: other
      script:
{second}{after}"""


CLOSED = "      - server -> client: CLOSE\n"
FAILED = "      - server -> client: WORK_FAIL\n        handle: $job\n"
SENT = "      - client -> server: ECHO_REQ\n"


def test_branches_that_all_begin_with_what_comes_are_a_fork_of_the_server():
    accepted(either(CLOSED, FAILED))


def test_branches_that_all_begin_with_what_is_sent_are_played_in_turn():
    accepted(either(SENT, SENT))


def test_branches_of_both_kinds_are_refused():
    assert "all branches begin with an expected line, or all with a sent one" in refused(either(CLOSED, SENT))


def test_a_name_of_a_branch_not_taken_does_not_exist():
    captured = "      - server -> client: ERROR\n        code: $code\n"
    after = "  - client -> server: ECHO_REQ\n    data: $code\n    times: 2\n"
    assert "$code is not bound yet" in refused(either(captured, CLOSED, after))
    accepted(either(captured, captured, after))


def test_a_line_that_must_be_bound_may_stand_in_any_order_of_together():
    accepted(SUBMIT + CREATED + "  - together:\n    - server -> client: WORK_FAIL\n      handle: $job\n")


CLIENT = HEAD.replace("[server]", "[client]").replace("submit-job-created", "submit-fields")
ASKED = "  - client -> server: SUBMIT_JOB\n    function: $fn\n    clause: submit-fields\n"
ANSWER = "  - server -> client: JOB_CREATED\n    handle: $job\n"
OVER = "  - server -> client: WORK_COMPLETE\n    handle: $job\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (ASKED + "  - server -> client: JOB_CREATED\n", "a.gear.yaml:9: JOB_CREATED that is sent must say"),
        (ASKED + ANSWER + "    clause: submit-fields\n", "'clause' stands on the line that decides it"),
        (ASKED + ANSWER + ASKED, "a client is asked while its job is under way, which needs: [concurrent]"),
        (
            ASKED + ANSWER + "  - client -> server: GET_STATUS\n    handle: $job\n",
            "a.gear.yaml:11: a client is asked while its job is under way",
        ),
        (
            "  - client calls: submit\n    function: $fn\n" + ASKED + "  - client calls: echo\n    data: x\n",
            "a.gear.yaml:11: a client is asked while its job is under way",
        ),
        (ASKED + ANSWER + OVER + "  - client reports: complete\n    data: x$r\n", "$r is not bound here"),
        (
            ASKED + ANSWER + OVER + "  - client reports: complete\n    clause: x\n",
            "the clause 'x' is not among",
        ),
        ("  - client calls: submit\n    function: {matches: a}\n" + ASKED, "any-of and matches stand only"),
        (
            "  - together:\n    - client -> server: ECHO_REQ\n    - worker -> server: GRAB_JOB\n" + ASKED,
            "a part of this 'together' is not seen by a client under test",
        ),
        (OVER.replace("$job", "x"), "no line of this case decides a clause for a client"),
    ],
)
def test_a_case_for_a_client_is_checked_as_the_client_sees_it(lines, message):
    assert message in refused(lines, CLIENT)


@pytest.mark.parametrize(
    "lines",
    [
        ASKED + ASKED + ANSWER + ANSWER.replace("job", "two"),
        ASKED + ANSWER + OVER + ASKED + ANSWER + OVER,
        ASKED + "  - server -> client: CLOSE\n" + ASKED,
        ASKED + ANSWER + OVER + "  - client reports: complete\n    clause: submit-fields\n    data: $r\n",
        "  - client calls: submit\n    function: $fn\n    wait: 1\n"
        + ASKED
        + "  - client reports: error\n"
        + ASKED.replace("$fn", "$other"),
    ],
)
def test_a_client_is_asked_again_when_its_jobs_are_over(lines):
    assert accepted(lines, CLIENT)


def test_a_key_for_another_role_is_ignored_where_a_case_is_shared():
    head = CLIENT.replace("[client]", "[server, client]").replace(
        "clauses: [submit-fields]", "clauses: [submit-fields, submit-job-created]"
    )
    lines = ASKED + ANSWER + "    clause: submit-job-created\n    within: 2\n" + OVER
    assert accepted(lines + "  - worker -> server: CAN_DO\n    function: $fn\n", head)
