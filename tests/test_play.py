"""Playing a case: what passes, what fails, and what is said of it."""

import pytest

from gearspec.errors import TargetGone
from gearspec.model.dialect import Dialect
from gearspec.model.server import Server
from gearspec.protocol.packet import Packet
from gearspec.protocol.transcript import Note
from gearspec.script.load import parse_cases
from gearspec.script.rehearse import rehearse
from gearspec.script.trait import Traits
from gearspec.script.verdict import Verdict
from tests.miniature import Closing, Doubling, Dropping, Flooding, Mute, Selective, Terminating, Waking

HEAD = """\
- id: one
  title: One thing
  clauses: [CLAUSE]
  under-test: [server]
  script:
"""
JOB = """\
  - client -> server: SUBMIT_JOB
    function: $fn
    workload: in
  - server -> client: JOB_CREATED
    handle: $job
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    handle: $job
    function: $fn
    workload: in
"""
DONE = """\
  - worker -> server: WORK_COMPLETE
    handle: $job
    data: out
  - server -> client: WORK_COMPLETE
    clause: work-complete-forwarded
    handle: $job
    data: out
"""
FAILED = """\
  - worker -> server: WORK_FAIL
    handle: $job
  - server -> client: WORK_FAIL
    clause: work-complete-forwarded
"""


def played(lines, server=Server, clause="work-complete-forwarded", **traits):
    case = parse_cases(HEAD.replace("CLAUSE", clause) + lines, "a.gear.yaml")[0]
    return rehearse(case, server, Traits(**traits))


def test_a_whole_conversation_passes():
    result = played(JOB + DONE)
    assert (result.verdict, result.message) == (Verdict.PASS, "")


def test_a_program_that_dies_of_being_tidied_up_has_not_passed(monkeypatch):
    def die(_talk):
        raise TargetGone("CRASH", "the server exited with status 1")
        yield

    monkeypatch.setattr("gearspec.script.play.clean", die)
    result = played(JOB + DONE)
    assert (result.verdict, result.message) == (
        Verdict.CRASH,
        "work-complete-forwarded: the server exited with status 1",
    )


def test_what_passes_has_a_transcript_of_all_sides():
    words = [
        event.what.name for event in played(JOB + DONE).transcript.events if isinstance(event.what, Packet)
    ]
    assert words == [
        *("SUBMIT_JOB", "JOB_CREATED", "CAN_DO", "GRAB_JOB", "JOB_ASSIGN"),
        *("WORK_COMPLETE", "WORK_COMPLETE"),
    ]


@pytest.mark.parametrize(
    ("server", "verdict", "message"),
    [
        (
            Dropping,
            Verdict.FAIL,
            "work-complete-forwarded: client expected WORK_COMPLETE handle='$job' data='out', nothing came",
        ),
        (
            Doubling,
            Verdict.FAIL,
            "work-complete-forwarded: after the last line client got WORK_COMPLETE handle='$job' data='out'",
        ),
        (Mute, Verdict.HANG, "setup: a fresh connection is not answered within 2 s"),
        (
            Closing,
            Verdict.FAIL,
            "setup: client expected JOB_CREATED handle='$job', came the end of the connection",
        ),
        (Selective, Verdict.FAIL, "setup: the connection of client is not answered any more, a fresh one is"),
        (Flooding, Verdict.FAIL, "setup: client is flooded with more than 10000 packets or lines"),
    ],
)
def test_a_wrong_server_fails_and_is_told_why(server, verdict, message):
    result = played(JOB + DONE, server)
    assert (result.verdict, result.message) == (verdict, message)


def test_a_failure_names_clause_line_expected_and_came():
    result = played(JOB + DONE.replace("data: out\n  - server", "data: other\n  - server"))
    assert (result.clause, result.line) == ("work-complete-forwarded", 21)
    assert result.expected == "WORK_COMPLETE handle='$job' data='out'"
    assert result.came == "WORK_COMPLETE handle='$job' data='other'"


def test_a_packet_that_is_malformed_fails_even_where_its_arguments_are_not_written():
    result = played(JOB + FAILED, Terminating)
    assert result.verdict is Verdict.FAIL
    assert "client got a malformed packet: handle of WORK_FAIL ends with a NUL" in result.message


def test_a_failure_before_any_deciding_line_is_reported_as_setup():
    assert played(
        JOB.replace("workload: in\n  - server", "workload: on\n  - server") + DONE
    ).message.startswith("setup: worker expected JOB_ASSIGN")


SLEEPER = """\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: PRE_SLEEP
"""
WOKEN = """\
  - client -> server: SUBMIT_JOB
    function: $fn
    workload: in
  - server -> client: JOB_CREATED
    handle: $job
"""


def test_a_noop_that_no_line_asks_for_is_absorbed_for_a_sleeper():
    lines = SLEEPER + WOKEN + JOB.split("function: $fn\n", 2)[2] + DONE
    assert played(lines).verdict is Verdict.PASS


def test_a_noop_is_not_nothing():
    lines = SLEEPER + "  - server -> worker: nothing\n    clause: work-complete-forwarded\n"
    assert played(lines).verdict is Verdict.PASS
    assert "worker expected nothing, came NOOP" in played(lines, Waking).message


def test_a_patient_worker_sleeps_and_grabs_until_its_job_comes():
    early = """\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
"""
    assigned = "  - server -> worker: ASSIGN\n    handle: $job\n    workload: in\n"
    result = played(early + WOKEN + assigned + DONE)
    assert result.verdict is Verdict.PASS
    sent = [
        e.what.name for e in result.transcript.events if e.sender == "worker" and isinstance(e.what, Packet)
    ]
    assert sent == ["CAN_DO", "GRAB_JOB", "PRE_SLEEP", "GRAB_JOB", "WORK_COMPLETE"]


def test_a_worker_that_is_woken_for_ever_does_not_play_for_ever():
    lines = """\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    clause: work-complete-forwarded
"""
    assert "worker is woken again and again, and never given a job" in played(lines, Waking).message


def test_a_grab_before_no_job_is_one_grab():
    lines = """\
  - worker -> server: GRAB
  - server -> worker: NO_JOB
    clause: work-complete-forwarded
"""
    result = played(lines)
    assert result.verdict is Verdict.PASS
    assert [e.what.name for e in result.transcript.events if isinstance(e.what, Packet)] == [
        "GRAB_JOB",
        "NO_JOB",
    ]


FORK = """\
  - either:
    - as: pass
      script:
      - server -> client: WORK_COMPLETE
        clause: work-complete-forwarded
    - as: tolerated
      flag: late
      script:
      - server -> client: nothing
        clause: work-complete-forwarded
"""
COMPLETE = "  - worker -> server: WORK_COMPLETE\n    handle: $job\n"


def test_a_fork_takes_the_branch_of_what_comes():
    assert played(JOB + COMPLETE + FORK).verdict is Verdict.PASS


def test_a_fork_names_the_flag_of_a_tolerated_branch():
    result = played(JOB + COMPLETE + FORK, Dropping)
    assert (result.verdict, result.flags, result.message) == (Verdict.TOLERATED, ("late",), "late")


def test_a_fork_that_nothing_fits_says_all_that_was_expected():
    result = played(JOB + FAILED.split("  - server", maxsplit=1)[0] + FORK)
    assert result.message == (
        "work-complete-forwarded: client expected WORK_COMPLETE, or nothing, came WORK_FAIL handle='$job'"
    )


def test_branches_that_are_sent_are_all_played_and_the_worst_counts():
    lines = """\
  - either:
    - as: pass
      script:
      - client -> server: ECHO_REQ
        data: a
    - as: pass
      script:
      - client -> server: ECHO_REQ
        data: b
  - server -> client: ECHO_RES
    data: a
    clause: echo-answered
"""
    result = played(lines, clause="echo-answered")
    assert result.verdict is Verdict.FAIL
    assert "expected ECHO_RES data='a', came ECHO_RES data='b'" in result.message


def test_together_takes_its_lines_in_any_order():
    lines = """\
  - client -> server: ECHO_REQ
    data: a
    join: next
  - client -> server: ECHO_REQ
    data: b
  - together:
    - server -> client: ECHO_RES
      data: b
      clause: echo-answered
    - server -> client: ECHO_RES
      data: a
"""
    assert played(lines, clause="echo-answered").verdict is Verdict.PASS
    other = played(lines.replace("data: b\n      clause", "data: c\n      clause"), clause="echo-answered")
    assert "came ECHO_RES data='b'" in other.message


def test_a_clause_that_the_edition_does_not_have_is_recorded_and_never_fails():
    lines = """\
  - client -> server: ECHO_REQ
    data: a
  - server -> client: ECHO_RES
    data: b
    clause: priority-global
"""
    assert played(lines, clause="priority-global", edition="2.0.0").verdict is Verdict.FAIL
    result = played(lines, clause="priority-global", edition="1.1.18")
    assert (result.verdict, result.flags) == (Verdict.RECORDED, ("not-in-1.1.18",))


def test_time_is_counted_from_a_mark():
    lines = """\
  - client -> server: SUBMIT_JOB_EPOCH
    function: $fn
    epoch: {clock: +5}
    mark: asked
  - server -> client: JOB_CREATED
    handle: $job
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: PRE_SLEEP
  - server -> worker: NOOP
    since: asked
    not-before: EARLIEST
    within: LATEST
    clause: epoch-not-before
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    handle: $job
  - worker -> server: WORK_COMPLETE
    handle: $job
"""

    def timed(earliest, latest):
        return played(
            lines.replace("EARLIEST", earliest).replace("LATEST", latest), clause="epoch-not-before"
        )

    assert timed("4", "6").verdict is Verdict.PASS
    assert "it came before 5.5 s had passed" in timed("5.5", "6").message
    assert "expected NOOP, nothing came" in timed("1", "3").message


TABLE = """\
  - worker -> server: CAN_DO
    function: $fn
  - admin -> server: TEXT
    line: status
  - server -> admin: TABLE
    rows: [[$fn, '0', '*', 'COUNT']]
    clause: admin-status-columns
"""


def test_a_table_is_judged_by_the_rows_that_hold_a_fresh_name():
    clause = "admin-status-columns"
    assert played(TABLE.replace("COUNT", "1"), clause=clause).verdict is Verdict.PASS
    result = played(TABLE.replace("COUNT", "2"), clause=clause)
    assert result.message == ("admin-status-columns: admin expected a table with $fn 0 * 2, came $fn 0 * 1")


def test_a_packet_cut_anywhere_is_played_at_each_place():
    lines = """\
  - client -> server: GET_STATUS
    handle: $job
    split: anywhere
  - server -> client: STATUS_RES
    handle: $job
    clause: get-status-answered
"""
    assert played(lines, clause="get-status-answered").verdict is Verdict.PASS


def test_what_a_case_left_is_worked_off():
    server = Server()
    case = parse_cases(
        HEAD.replace("CLAUSE", "submit-job-created").replace("  script", "  leaves: on purpose\n  script")
        + WOKEN.replace("SUBMIT_JOB", "SUBMIT_JOB_BG")
        + "    clause: submit-job-created\n",
        "a.gear.yaml",
    )[0]
    result = rehearse(case, lambda: server)
    assert result.verdict is Verdict.PASS
    assert not server.exchange.queue.jobs


def test_functions_are_dropped_when_nothing_is_left_in_them():
    server = Server()
    case = parse_cases(HEAD.replace("CLAUSE", "work-complete-forwarded") + JOB + DONE, "a.gear.yaml")[0]
    rehearse(case, lambda: server)
    assert not server.exchange.queue.functions


def test_a_close_is_noticed_before_the_play_goes_on():
    lines = (
        JOB
        + "  - worker -> server: CLOSE\n"
        + """\
  - worker2 -> server: CAN_DO
    function: $fn
  - worker2 -> server: GRAB
  - server -> worker2: ASSIGN
    handle: $job
    clause: worker-death-requeues
  - worker2 -> server: WORK_FAIL
    handle: $job
  - server -> client: WORK_FAIL
    handle: $job
"""
    )
    for fence in ("workers", "eof"):
        assert played(lines, clause="worker-death-requeues", close_fence=fence).verdict is Verdict.PASS
    failing = played(lines, lambda: Server(Dialect(worker_death="fail")), clause="worker-death-requeues")
    assert failing.verdict is Verdict.FAIL


def test_the_players_own_questions_stay_out_of_the_transcript():
    result = played(JOB + DONE)
    assert not any(
        event.sender.startswith("~") or event.receiver.startswith("~") for event in result.transcript.events
    )
    assert not any(
        isinstance(e.what, Packet) and e.what.name.startswith("ECHO") for e in result.transcript.events
    )
    assert [event.what for event in result.transcript.events if isinstance(event.what, Note)]
