"""Playing with a testee, and what becomes of it."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gearspec.errors import AdapterError
from gearspec.harness import casting as module
from gearspec.harness import interview
from gearspec.harness.casting import Casting
from gearspec.harness.ensemble import Ensemble
from gearspec.harness.testee import load_testee, resolve_testee
from gearspec.script.action import Wait
from gearspec.script.load import parse_cases
from gearspec.script.verdict import Result, Verdict

PROGRAM = Path(__file__).with_name("small_adapter.py")
CASE = """
- id: {id}
  title: A client gets its result
  clauses: [work-complete-forwarded]
  under-test: [client]
  {extra}
  script:
  - client -> server: SUBMIT_JOB
    function: $fn
    workload: hi
  - server -> client: JOB_CREATED
    handle: $job
  - server -> client: WORK_COMPLETE
    handle: $job
    data: {data}
  - client reports: complete
    clause: work-complete-forwarded
    data: ih
"""


def case(name="result", data="ih", extra=""):
    return parse_cases(CASE.format(id=name, data=data, extra=extra), "cases.yaml")[0]


@pytest.fixture
def casting(tmp_path):
    """A session with the small adapter; the words say what it does wrong."""
    sessions = []

    def start(*words, extra="", scale=1.0):
        path = tmp_path / "mine.yaml"
        path.write_text(
            f"title: small\ncommand: ['{{python}}', {', '.join([str(PROGRAM), *words])}]\n{extra}"
        )
        session = Casting(load_testee(path), scale=scale)
        sessions.append(session)
        session.start()
        return session

    yield start
    for session in sessions:
        session.close()


def test_the_session_knows_what_the_adapter_says_of_itself(casting):
    session = casting(extra="edition: 1.1.18\nnotes: [it is small]\n")
    assert (session.roles, session.version, session.edition) == ({"client", "worker"}, "1.5", "1.1.18")
    assert session.header[0] == "testee: mine, small; small 1.5, client and worker"
    assert session.header[-1] == "it is small"


def test_a_case_is_played(casting):
    session = casting()
    assert session.play(case(), "client").verdict is Verdict.PASS
    wrong = session.play(case(data="no"), "client")
    assert wrong.verdict is Verdict.FAIL
    assert "work-complete-forwarded" in wrong.message


def test_cases_are_played_in_the_background_and_collected_once(casting):
    session = casting()
    cases = [case(f"c{n}", data="ih" if n % 2 else "no") for n in range(5)]
    session.prepare(cases, "client")
    verdicts = [session.play(each, "client").verdict for each in reversed(cases)]
    assert verdicts == [Verdict.FAIL, Verdict.PASS] * 2 + [Verdict.FAIL]
    assert session.play(cases[1], "client").verdict is Verdict.PASS


def test_what_is_lacking_is_unsupported_when_the_adapter_refuses_it(casting):
    result = casting().play(case(extra="needs: [unique, created]"), "client")
    assert (result.verdict, result.message) == (Verdict.UNSUPPORTED, "lacks unique, created")


def test_a_word_of_another_role_asks_nothing(casting):
    needing = replace(case(), needs=("coalescing", "timeout"))
    assert casting().play(needing, "client").verdict is Verdict.PASS


def test_an_adapter_that_takes_what_it_does_not_list_is_in_error(casting, monkeypatch):
    monkeypatch.setitem(interview.PROBES["client"], "echo", {"do": "quit"})
    result = casting().play(case(extra="needs: [echo]"), "client")
    assert result.verdict is Verdict.ERROR
    assert "does not list echo for the client, yet does not answer 'unsupported'" in result.message


def test_an_adapter_that_prints_something_else_is_in_error_with_what_it_printed(casting):
    result = casting("rubbish").play(case(), "client")
    assert result.verdict is Verdict.ERROR
    assert "no JSON (its standard output is for the contract alone): 'submitting'" in result.message


def test_an_adapter_that_ends_in_mid_case_is_a_crash_with_its_last_words(casting):
    result = casting("crash").play(case(), "client")
    assert result.verdict is Verdict.CRASH
    assert result.came == "no way"
    assert result.transcript.events[-1].what.name == "no way"


def test_what_cannot_be_told_is_played_again_with_few_others_and_then_alone(casting, monkeypatch):
    session = casting()
    unsure, sure, wrong = Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.FAIL
    outcomes = {"one": [unsure, sure], "two": [unsure, unsure, wrong], "three": [wrong]}
    kinds = []

    def scenes(case, _):
        def scene():
            yield Wait(0.0)
            return Result(outcomes[case.id].pop(0))

        return [scene()]

    class Noted(Ensemble):
        def __init__(self, items, begin, **how):
            kinds.append((sorted(name for name, _ in items), how.get("rising")))
            super().__init__(items, begin, **how)

    monkeypatch.setattr(module, "scenes", scenes)
    monkeypatch.setattr(module, "Ensemble", Noted)
    cases = [case(name) for name in outcomes]
    session.prepare(cases, "client")
    assert [session.play(each, "client").verdict for each in cases] == [sure, wrong, wrong]
    assert kinds == [(["one", "three", "two"], module.CORES), (["one", "two"], 1), ([""], None)]


def test_a_crash_among_many_is_one(casting):
    session = casting("crash")
    session.prepare([case()], "client")
    assert session.play(case(), "client").verdict is Verdict.CRASH


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("old", "the adapter is written for contract '2' of adapters, and this gearspec has contract 1"),
        ("broken", "the adapter exited with status 1 when asked for 'hello': there is no library"),
        ("yes", "the adapter does not answer 'unsupported' to 'recite'"),
    ],
)
def test_an_adapter_that_cannot_say_who_it_is_is_told_in_one_line(casting, word, words):
    with pytest.raises(AdapterError) as caught:
        casting(word)
    assert str(caught.value).startswith(f"mine: {words}")
    assert "\n" not in str(caught.value)


def test_an_adapter_that_is_late_with_hello_is_told(casting, monkeypatch):
    monkeypatch.setattr(interview, "GREETING", 0.2)
    with pytest.raises(AdapterError, match=r"does not answer within 0\.2 s when asked for 'hello'"):
        casting("silent")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_adapter_that_nobody_can_start_is_started_as_root(casting):
    assert "it runs as root: as nobody it does not start" in casting("private").header


def test_closing_ends_what_is_still_played(casting):
    session = casting("silent-later")
    session.prepare([case(f"c{n}") for n in range(20)], "client")
    session.close()


def test_the_command_of_an_adapter_will_do():
    session = Casting(resolve_testee(f"{sys.executable} {PROGRAM}"))
    try:
        session.start()
        assert session.play(case(), "client").verdict is Verdict.PASS
    finally:
        session.close()
