"""What the ledger finds, and that it never accuses a server that did nothing wrong."""

from __future__ import annotations

import pytest

from gearspec.ledger import KINDS, audit, unfinished
from gearspec.model import Dialect
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import BY_NAME, REQ, RES
from gearspec.protocol.packet import Line, Packet
from gearspec.protocol.transcript import CLOSE, HALF_CLOSE, OPEN, RAW, RESET, Note, Transcript

NOTES = {CLOSE, HALF_CLOSE, OPEN, RAW, RESET}
PERL = Dialect(exception_ends=False)


def told(text):
    """A transcript from lines like ``client > SUBMIT_JOB f||w`` and ``client < JOB_CREATED h``."""
    transcript = Transcript()
    for line in filter(str.strip, text.splitlines()):
        party, way, name, *rest = line.split()
        arguments = rest[0].encode().replace(b"|", b"\0") if rest else b""
        ends = (party, "server") if way == ">" else ("server", party)
        if name in NOTES:
            what = Note(name, arguments)
        elif name == "TEXT":
            what = Line(b" ".join(word.encode() for word in rest) + b"\n")
        else:
            what = Packet(REQ if way == ">" else RES, BY_NAME[name].type, arguments)
        transcript.add(0.0, *ends, what)
    return transcript


def kinds(text, **options):
    return [finding.kind for finding in audit(told(text), **options)]


ASSIGNED = """
client > SUBMIT_JOB f|u|w
client < JOB_CREATED h
worker > CAN_DO f
worker > GRAB_JOB
worker < JOB_ASSIGN h|f|w
"""
DONE = f"""{ASSIGNED}
worker > WORK_COMPLETE h|r
client < WORK_COMPLETE h|r
"""


def test_a_plain_round_trip_breaks_no_rule():
    assert kinds(DONE) == []


FAULTY = {
    "WRONG_MAGIC": "client < CAN_DO f",
    "UNEXPECTED_DATA": "worker > PRE_SLEEP\nworker < NOOP x",
    "MISSING_ARGUMENT": "client > GET_STATUS h\nclient < STATUS_RES h|0",
    "TRAILING_NUL": "client > SUBMIT_JOB f||w\nclient < JOB_CREATED h\nclient < WORK_FAIL h|",
    "EXTRA_ARGUMENT": "client > SUBMIT_JOB f||w\nclient < JOB_CREATED h|x",
    "HANDLE_TOO_LONG": f"client > SUBMIT_JOB f||w\nclient < JOB_CREATED {'h' * 64}",
    "SURPLUS_JOB_CREATED": "client > SUBMIT_JOB f||w\nclient < JOB_CREATED h\nclient < JOB_CREATED h",
    "SURPLUS_ASSIGNMENT": "worker > GRAB_JOB\nworker < NO_JOB\nworker < NO_JOB",
    "SURPLUS_ECHO_RES": "client < ECHO_RES x\nclient > ECHO_REQ x",
    "SURPLUS_OPTION_RES": "client < OPTION_RES exceptions",
    "SURPLUS_STATUS_RES": "client > GET_STATUS_UNIQUE u\nclient < STATUS_RES h|0|0|0|0",
    "SURPLUS_STATUS_RES_UNIQUE": "client < STATUS_RES_UNIQUE h|0|0|0|0|0",
    "WRONG_ECHO_RES": "client > ECHO_REQ x\nclient < ECHO_RES X",
    "WRONG_OPTION_RES": "client > OPTION_REQ exceptions\nclient < OPTION_RES x",
    "WRONG_STATUS_RES": "client > GET_STATUS h\nclient < STATUS_RES i|0|0|0|0",
    "WRONG_JOB_ASSIGN": "worker > CAN_DO f\nworker > GRAB_JOB_UNIQ\nworker < JOB_ASSIGN h|f|w",
    "WRONG_JOB_ASSIGN_UNIQ": "worker > CAN_DO f\nworker > GRAB_JOB\nworker < JOB_ASSIGN_UNIQ h|f|u|w",
    "WRONG_JOB_ASSIGN_ALL": "worker > CAN_DO f\nworker > GRAB_JOB_UNIQ\nworker < JOB_ASSIGN_ALL h|f|u||w",
    "NOT_REGISTERED": "worker > CAN_DO f\nworker > CANT_DO f\nworker > GRAB_JOB\nworker < JOB_ASSIGN h|f|w",
    "CHANGED_JOB_ASSIGN": ASSIGNED.replace("h|f|w", "h|f|W"),
    "CHANGED_JOB_ASSIGN_UNIQ": """
        client > SUBMIT_JOB f|u|w
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ h|f|U|w""",
    "CHANGED_JOB_ASSIGN_ALL": """
        client > SUBMIT_JOB f|u|w
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL h|f|u|r|w""",
    "NOT_THE_FIRST": """
        client > SUBMIT_JOB f|u|w
        client < JOB_CREATED h
        client > SUBMIT_JOB f|u|v
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB
        worker < JOB_ASSIGN h|f|v""",
    "TWO_WORKERS": f"{ASSIGNED}worker2 > CAN_DO f\nworker2 > GRAB_JOB\nworker2 < JOB_ASSIGN h|f|w",
    "ASSIGNED_AFTER_END": f"{DONE}worker > GRAB_JOB\nworker < JOB_ASSIGN h|f|w",
    "BEFORE_JOB_CREATED": "client > SUBMIT_JOB f||w\nclient < WORK_COMPLETE h|r\nclient < JOB_CREATED h",
    "NOT_SUBMITTED": f"{DONE}client2 < WORK_COMPLETE h|r",
    "NO_PACKET": "client > ECHO_REQ x\nclient < TEXT ERR",
    "BACKGROUND_UPDATE": f"{ASSIGNED}worker > WORK_DATA h|d\nclient < WORK_DATA h|d".replace(
        "JOB f|", "JOB_BG f|"
    ),
    "BACKGROUND_END": DONE.replace("SUBMIT_JOB", "SUBMIT_REDUCE_JOB_BACKGROUND").replace("f|u|w", "f|u||w"),
    "AFTER_END": f"{DONE}client < WORK_FAIL h",
    "NOT_AS_SENT": DONE.replace("client < WORK_COMPLETE h|r", "client < WORK_COMPLETE h|R"),
    "OUT_OF_ORDER": f"""{ASSIGNED}
        worker > WORK_DATA h|1
        worker > WORK_DATA h|2
        client < WORK_DATA h|2
        client < WORK_DATA h|1""",
}
"""For each kind the shortest conversation that shows it."""


@pytest.mark.parametrize("kind", FAULTY)
def test_each_rule_finds_what_it_is_for_and_nothing_else(kind):
    (finding,) = audit(told(FAULTY[kind]))
    assert finding.kind == kind
    assert told(FAULTY[kind]).events[finding.event].sender == "server"
    assert finding.clause == KINDS[kind]


def test_a_type_that_nobody_knows_is_found():
    transcript = Transcript()
    transcript.add(0.0, "server", "client", Packet(RES, 99))
    assert [finding.kind for finding in audit(transcript)] == ["UNKNOWN_TYPE"]


def test_every_kind_has_a_conversation_that_shows_it():
    assert KINDS.keys() == FAULTY.keys() | {"UNKNOWN_TYPE"}


def test_every_kind_cites_a_clause_about_servers():
    clauses = load_clauses()
    assert all("server" in clauses[clause].roles for clause in KINDS.values())


def test_a_finding_says_what_came_with_names_instead_of_values():
    (finding,) = audit(told(FAULTY["AFTER_END"]), names={b"h": "$job"})
    assert finding.message == "client got WORK_FAIL handle=$job: this job has ended for it"


def test_a_finding_names_a_handle_with_a_nul_after_it_too():
    (finding,) = audit(told(FAULTY["TRAILING_NUL"]), names={b"h": "$job"})
    assert finding.message.startswith(r"client got WORK_FAIL handle=$job\0: ")


def test_what_a_server_sent_is_escaped():
    (finding,) = audit(told("client > ECHO_REQ x\nclient < ECHO_RES \x1b[31m"))
    assert "\x1b" not in finding.message


SPOILED = "client > ECHO_REQ x\nclient < ECHO_RES x\nclient > SUBMIT_JOB f"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("ERROR code", "MISSING_ARGUMENT"),
        ("NOOP x", "UNEXPECTED_DATA"),
        ("CAN_DO x", "WRONG_MAGIC"),
        ("STATUS_RES h|0|0|0|0", "SURPLUS_STATUS_RES"),
        ("NO_JOB", "SURPLUS_ASSIGNMENT"),
        ("ECHO_RES x", "SURPLUS_ECHO_RES"),
        ("JOB_CREATED h\nclient < JOB_CREATED i", "SURPLUS_JOB_CREATED"),
        ("JOB_CREATED h\nclient < WORK_FAIL i", "NOT_SUBMITTED"),
    ],
)
def test_what_no_reading_of_something_malformed_asks_for_is_found(answer, kind):
    assert kinds(f"{SPOILED}\nclient < {answer}") == [kind]


def test_what_came_is_told_without_a_handle_that_is_another_in_the_next_run():
    text = f"{SPOILED}\nclient < STATUS_RES H:1|0|0|0|0"
    (finding,) = audit(told(text), names={b"h": "$job"})
    assert "handle=(another)" in finding.message


AGAIN = DONE.replace("h", "i")

ALLOWED = {
    "a refused submit leaves open which of two was refused": """
        client > SUBMIT_JOB f|u|v
        client > SUBMIT_JOB f|u2|w
        client < ERROR QUEUE_ERROR|full
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ h|f|u2|w""",
    "a request that is ignored leaves open which of two was answered": """
        client > ECHO_REQ 1
        client > ECHO_REQ 2
        client < ECHO_RES 2""",
    "a job comes back from a worker that is gone": f"""{ASSIGNED}
        worker > CLOSE
        worker2 > CAN_DO f
        worker2 > GRAB_JOB
        worker2 < JOB_ASSIGN h|f|w""",
    "a job comes back from a worker that the server dropped": f"""{ASSIGNED}
        worker < CLOSE
        worker2 > CAN_DO f
        worker2 > GRAB_JOB
        worker2 < JOB_ASSIGN h|f|w""",
    "a job comes back from a worker that withdrew its function": f"""{ASSIGNED}
        worker > CANT_DO f
        worker2 > CAN_DO f
        worker2 > GRAB_JOB
        worker2 < JOB_ASSIGN h|f|w""",
    "a job comes back after a timeout": f"""
        worker > CAN_DO_TIMEOUT f|1000
        {ASSIGNED}
        worker2 > CAN_DO f
        worker2 > GRAB_JOB
        worker2 < JOB_ASSIGN h|f|w""",
    "an assignment may stand late": f"""
        worker2 > CAN_DO f
        worker2 > GRAB_JOB
        {ASSIGNED}
        worker2 > HALF_CLOSE
        worker2 < JOB_ASSIGN h|f|w""",
    "a server may make a failure": f"{ASSIGNED}worker > CLOSE\nclient < WORK_FAIL h",
    "a server may make an exception": f"{ASSIGNED}worker > CLOSE\nclient < WORK_EXCEPTION h|lost",
    "two submits of one connection may both be answered": """
        client > SUBMIT_JOB f|u|w
        client < JOB_CREATED h
        client > SUBMIT_JOB f|u|v
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB
        worker < JOB_ASSIGN h|f|w
        worker > WORK_DATA h|d
        worker > WORK_COMPLETE h|r
        client < WORK_DATA h|d
        client < WORK_DATA h|d
        client < WORK_COMPLETE h|r
        client < WORK_COMPLETE h|r""",
    "a foreground submit beside one in the background is told": f"""
        client > SUBMIT_JOB_BG f|u|w
        client < JOB_CREATED h
        {DONE}""",
    "a job may be assigned before its client reads the handle": """
        client > SUBMIT_JOB f||w
        worker > CAN_DO f
        worker > GRAB_JOB
        worker < JOB_ASSIGN h|f|w
        client < JOB_CREATED h""",
    "a handle may be used again": f"""{DONE}
        client > SUBMIT_JOB f|u|v
        client < JOB_CREATED h
        worker > GRAB_JOB
        worker < JOB_ASSIGN h|f|v
        worker > WORK_COMPLETE h|s
        client < WORK_COMPLETE h|s""",
    "a handle may be used again after a result that perhaps did not arrive": """
        client > SUBMIT_JOB_BG f|u|w
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB
        worker < JOB_ASSIGN h|f|w
        worker > WORK_COMPLETE h|r
        client > SUBMIT_JOB f|u|v
        client < JOB_CREATED h
        worker > CLOSE
        worker2 > CAN_DO f
        worker2 > GRAB_JOB
        worker2 < JOB_ASSIGN h|f|v""",
    "what stands for no unique is not compared": """
        client > SUBMIT_JOB f|-|w
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ h|f|w|w""",
    "a job without a reducer may be assigned without one": """
        worker > CAN_DO f
        worker > GRAB_JOB_ALL
        worker < JOB_ASSIGN_UNIQ h|f|u|w""",
    "nothing is known after the harness sent rubbish": """
        client > RAW rubbish|||\x07
        client < JOB_CREATED h
        client < WORK_COMPLETE h|r""",
    "nothing is known after the harness sent too few arguments": """
        client > SUBMIT_JOB f
        client < NOOP
        client < ERROR code|text
        client < JOB_CREATED h""",
    "a line of text is answered by text": "client > ECHO_REQ x\nclient > TEXT version\nclient < TEXT OK 1",
    "rubbish may be taken for text": "client > RAW x\nclient < TEXT ERR",
    "rubbish on one connection may have changed a job of another": f"""{ASSIGNED}
        worker2 > RAW rubbish
        worker > WORK_COMPLETE h|r
        client < WORK_COMPLETE h|R""",
    "a malformed failure of a worker may be passed on": f"""{ASSIGNED}
        worker > WORK_FAIL h|
        client < WORK_FAIL h|""",
    "a party that opens again begins anew": f"{DONE}client > CLOSE\nclient > OPEN\n{AGAIN}",
    "a party may open again where the server closed": f"{DONE}client < CLOSE\nclient > OPEN\n{AGAIN}",
    "an administrator may cancel a running job": f"{ASSIGNED}admin > TEXT cancel job h\nclient < WORK_FAIL h",
}
"""What a server may do, or may have done: a ledger that finds something here accuses falsely."""


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_nothing_is_found_where(text):
    assert kinds(text) == []


RAISED = f"""{ASSIGNED}
client < WORK_EXCEPTION h|e
client < WORK_FAIL h
"""


def test_an_exception_ends_a_job_unless_the_dialect_says_otherwise():
    assert kinds(RAISED) == ["AFTER_END"]
    assert kinds(RAISED, dialect=PERL) == []


def test_a_job_with_a_reducer_has_one_more_argument_in_some_dialects():
    text = """
        client > SUBMIT_REDUCE_JOB f|u|r|x|w
        client < JOB_CREATED h
        worker > CAN_DO f
        worker > GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL h|f|u|r|w"""
    assert kinds(text, dialect=Dialect(reduce_arguments=4)) == []
    assert kinds(text) == ["CHANGED_JOB_ASSIGN_ALL"]
    assert kinds(text.replace("x|", ""), dialect=Dialect(reduce_arguments=4)) == []


def test_a_party_of_another_name_is_not_judged():
    transcript = Transcript()
    transcript.add(0.0, "first", "client", Packet(RES, 99))
    assert audit(transcript) == []


def test_a_job_is_unfinished_until_its_end_is_seen():
    assert unfinished(told("client > SUBMIT_JOB f||w")) == set()
    assert unfinished(told(ASSIGNED)) == {b"h"}
    assert unfinished(told(DONE)) == set()
    assert unfinished(told(f"{ASSIGNED}worker > WORK_FAIL h")) == set()


def test_a_result_from_a_worker_that_has_not_the_job_ends_nothing():
    assert unfinished(told(f"{ASSIGNED}worker2 > WORK_COMPLETE h|r")) == {b"h"}


def test_a_result_before_a_reset_may_not_have_arrived():
    torn = f"{ASSIGNED}worker > WORK_COMPLETE h|r\nworker > RESET"
    assert unfinished(told(torn)) == {b"h"}
    assert unfinished(told(f"{torn}\nclient < WORK_COMPLETE h|r")) == set()


def test_an_exception_leaves_a_job_unfinished_where_it_does_not_end_it():
    text = f"{ASSIGNED}worker > WORK_EXCEPTION h|e"
    assert unfinished(told(text)) == set()
    assert unfinished(told(text), PERL) == {b"h"}


def test_a_handle_that_is_used_again_is_unfinished_again():
    assert unfinished(told(f"{DONE}client > SUBMIT_JOB f||v\nclient < JOB_CREATED h")) == {b"h"}
