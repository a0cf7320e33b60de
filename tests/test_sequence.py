import textwrap

import pytest

from gearspec.script.load import parse_cases
from gearspec.sequence import SHOWN, Arrow, Note, Rule, case_rows, parties, record_rows

CASE = """\
- id: picture
  title: A picture
  clauses: [echo-answered]
  under-test: [server]
  script:
"""


def rows_of(script):
    (case,) = parse_cases(CASE + textwrap.indent(textwrap.dedent(script), "  "), "picture.gear.yaml")
    return case_rows(case)


def event(sender, receiver, what, at=0.0):
    return {"at": at, "sender": sender, "receiver": receiver, "what": what, "hex": ""}


def record(*transcript, verdict="FAIL", expected="ECHO_RES data='hi'", came=""):
    return {"transcript": list(transcript), "verdict": verdict, "expected": expected, "came": came}


ASKED = event("client", "server", "ECHO_REQ data='hi'")
ANSWERED = event("server", "client", "ECHO_RES data='ho'", 0.25)
QUIT = event("user", "client", "calls quit", 5.0)
COMPLAINT = event("adapter", "stderr", "says I give up", 5.0)


def broken_after(*transcript, came):
    rows = record_rows(record(*transcript, came=came))
    (place,) = (n for n, row in enumerate(rows) if isinstance(row, Rule))
    return rows[place - 1].text


def test_a_line_is_an_arrow_with_its_words_its_remarks_and_its_clause():
    asked, answered = rows_of("""\
        - client -> server: ECHO_REQ
          data: hi
        - server -> client: ECHO_RES
          clause: echo-answered
          within: 3
          data: hi
    """)
    assert asked == Arrow("client", "server", "ECHO_REQ data='hi'")
    assert answered == Arrow(
        "server", "client", "ECHO_RES data='hi'", remarks=("within 3 s",), clause="echo-answered"
    )


def test_a_fork_opens_a_frame_goes_on_in_it_and_closes_it():
    rows = rows_of("""\
        - client -> server: ECHO_REQ
          data: hi
        - either:
          - as: pass
            script:
            - server -> client: ECHO_RES
              clause: echo-answered
          - as: tolerated
            flag: mute
            script:
            - server -> client: nothing
    """)
    assert [(row.kind, row.text) for row in rows if isinstance(row, Rule)] == [
        ("open", "either: pass"),
        ("next", "or: tolerated, mute"),
        ("close", "in either case"),
    ]


@pytest.mark.parametrize(
    ("line", "style"),
    [
        ("client -> server: ECHO_REQ", "packet"),
        ("client -> server: {ECHO_REQ}, frame: {size: +1}", "odd"),
        ("client -> server: {ECHO_REQ}, split: anywhere", "odd"),
        ("client -> server: {CLOSE}", "end"),
        ("server -> client: {nothing}", "loose"),
    ],
)
def test_what_is_no_plain_packet_has_a_style_of_its_own(line, style):
    head, _, keys = line.replace("{", "", 1).replace("}", "", 1).partition(", ")
    rows = rows_of(f"""\
        - client -> server: ECHO_REQ
          data: hi
        - server -> client: ECHO_RES
          clause: echo-answered
        - {head}
          {keys}
    """)
    assert rows[-1].style == style


def test_parties_stand_from_clients_to_strangers():
    rows = [Arrow("worker", "server", "x"), Note("stranger", "x"), Arrow("client2", "client", "x")]
    assert parties(rows) == ["client", "client2", "server", "worker", "stranger"]


def test_an_event_has_its_time_and_what_a_user_does_is_a_note_at_his_library():
    rows = record_rows(record(QUIT, ANSWERED, event("client", "user", "reports fail"), verdict="TOLERATED"))
    assert rows == [
        Note("client", "calls quit", at=5.0),
        Arrow("server", "client", "ECHO_RES data='ho'", at=0.25),
        Note("client", "reports fail", at=0.0),
    ]


def test_it_broke_after_what_came_instead_however_much_is_said_later():
    assert broken_after(ASKED, ANSWERED, QUIT, came="ECHO_RES data='ho'") == "ECHO_RES data='ho'"


def test_it_broke_after_what_was_reported_instead():
    reported = event("client", "user", "reports error text='no'")
    assert broken_after(reported, QUIT, came="the report error text='no'") == "reports error text='no'"


def test_where_nothing_came_it_broke_at_the_end_before_what_was_complained_of():
    assert broken_after(ASKED, QUIT, COMPLAINT, came="") == "calls quit"


def test_a_break_tells_the_verdict_what_was_expected_and_the_first_line_of_what_came():
    *_, last = record_rows(record(ASKED, verdict="CRASH", came="\nit died\nhere\n"))
    assert last == Rule("break", "CRASH: expected ECHO_RES data='hi'; came it died")


@pytest.mark.parametrize("verdict", ["PASS", "RECORDED", "TOLERATED", "UNSUPPORTED", None])
def test_what_is_no_failure_has_no_break(verdict):
    assert not [row for row in record_rows(record(ASKED, verdict=verdict)) if isinstance(row, Rule)]


def test_the_middle_of_a_long_conversation_is_left_out_and_told():
    rows = record_rows(record(*[ASKED] * 1000, ANSWERED, verdict="TOLERATED"))
    assert len(rows) == SHOWN + 1
    assert [row.text for row in rows if isinstance(row, Rule)] == ["801 more"]
    assert rows[-1].text == ANSWERED["what"]


@pytest.mark.parametrize("before", [1, 100, 1000])
@pytest.mark.parametrize("after", [0, 100, 1000])
def test_where_it_broke_is_told_however_much_was_said_before_and_after(before, after):
    rows = record_rows(record(*[ASKED] * before, *[COMPLAINT] * after))
    (place,) = (n for n, row in enumerate(rows) if isinstance(row, Rule) and row.kind == "break")
    assert rows[place - 1].text == ASKED["what"]
    assert not after or rows[place + 1].text == COMPLAINT["what"]
    assert len(rows) <= SHOWN + 3


def test_a_text_of_megabytes_is_cut_and_what_steers_a_terminal_is_escaped():
    (row,) = record_rows(record(event("server", "client", "\x1b[31m" + "x" * 5_000_000), verdict="TOLERATED"))
    assert len(row.text) < 400
    assert row.text.startswith("\\x1b[31m")
    assert row.text.endswith("... (5000005 characters)")
