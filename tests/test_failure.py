from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.failure import advice, escaped, explain_failure, replay_command
from gearspec.protocol.packet import request, response
from gearspec.protocol.transcript import MOST, Transcript
from gearspec.script.load import parse_cases
from gearspec.script.verdict import Result, Verdict
from gearspec.suite import own_cases

CASE = """\
- id: told
  title: An echo comes back
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
    data: hi
  - server -> client: ECHO_RES
    clause: echo-answered
"""


def told(**result):
    (case,) = parse_cases(CASE, "a file.gear.yaml")
    return explain_failure(case, Result(Verdict.FAIL, "wrong", **result), "wrong", "do it").splitlines()


@given(st.text())
def test_nothing_that_is_printed_steers_a_terminal(text):
    shown = escaped(text)
    assert all(char == "\n" or char.isprintable() for char in shown)
    assert shown.count("\n") == text.count("\n")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text):
    assert escaped(text) == text


def test_a_failure_during_setup_names_every_clause_and_one_of_a_clause_only_that():
    assert sum(line.startswith("clause ") for line in told(clause=None)) == 1
    assert any("echo-answered: " in line for line in told(clause="echo-answered"))


def test_the_last_line_says_how_to_see_it_again():
    assert told()[-1] == "again: do it"


def test_the_line_where_it_ended_is_named():
    assert any("(a file.gear.yaml:8)" in line for line in told(line=8))
    assert any("(a file.gear.yaml:1)" in line for line in told())


def test_the_transcript_shows_names_for_values():
    transcript = Transcript()
    transcript.add(0, "client", "server", request("ECHO_REQ", data=b"gear-123"))
    text = told(transcript=transcript, names={b"gear-123": "$word"})
    assert any("ECHO_REQ data=$word" in line for line in text)
    assert "nothing was sent" in told()


def test_the_command_that_replays_a_case_can_be_pasted_into_a_shell():
    (case,) = parse_cases(CASE, "a file.gear.yaml")
    assert (
        replay_command(case, "server", "--target=my host:1")
        == "gearspec replay 'a file.gear.yaml::told' '--target=my host:1'"
    )
    own = own_cases()[0]
    one = replace(own, under_test=("server",))
    assert replay_command(one, "server", "--target=x") == f"gearspec replay {own.id} --target=x"
    two = replace(own, under_test=("client", "worker"))
    told = replay_command(two, "worker", "--testee=./x -y")
    assert told == f"gearspec replay '{own.id}[worker]' '--testee=./x -y'"


def test_a_flood_does_not_bury_what_stands_below_it():
    flood = Transcript()
    for n in range(10_000):
        flood.add(n, "server", "client", response("NOOP"))
    assert len(told(transcript=flood)) < 4 * MOST


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ((), []),
        (("client",), ["what now: 'gearspec explain CASE' "]),
        (("client", "server"), ["what now: 'gearspec explain CASE' ", " --as=python --target=TARGET "]),
    ],
)
def test_who_reads_a_failure_is_told_what_to_do_next(roles, words):
    found = advice(roles)
    assert all(word in found for word in words)
    assert bool(found) == bool(words)
    assert ("--as=python" in found) == ("server" in roles)
