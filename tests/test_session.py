"""Playing against a target, and what becomes of it."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gearspec.errors import UsageError
from gearspec.harness import performance
from gearspec.harness.kernel import family
from gearspec.harness.session import NotRun, Session
from gearspec.harness.target import load_target
from gearspec.script.verdict import Verdict
from tests.sessioning import CASE, DANGER, fatal, shared
from tests.small_server import running

PROGRAM = Path(__file__).with_name("small_server.py")


@pytest.fixture
def program(tmp_path):
    """A session with a small server that gearspec starts; what is given goes into its target file."""
    sessions = []

    def start(extra="", words="", scale=0.1):
        path = tmp_path / "mine.yaml"
        path.write_text(
            f"title: a small server\ncommand: ['{{python}}', {PROGRAM}, '{{port}}'{words}]\n"
            f"version: {{line: version, match: 'OK small-(.*)'}}\nclose-fence: none\n{extra}"
        )
        session = Session(load_target(path), scale=scale)
        sessions.append(session)
        session.start()
        return session

    yield start
    for session in sessions:
        session.close()


def pid(session):
    return session._instance.process.pid


def test_the_header_says_what_is_tested_and_how(program):
    session = program("notes: [it is small]")
    assert session.version == "1"
    assert session.header[0] == "target: mine 1, a small server"
    assert session.header[-1] == "it is small"


def test_a_case_that_holds_passes_and_one_that_does_not_fails(program):
    session = program()
    assert session.play(CASE["echo"]).verdict is Verdict.PASS
    failed = session.play(CASE["wrong"])
    assert failed.verdict is Verdict.FAIL
    assert failed.message.startswith("echo-answered: client expected NOOP, came ECHO_RES")


def test_a_server_that_dies_is_a_crash_at_once_and_is_started_again(program):
    session = program()
    first = pid(session)
    result = session.play(fatal("die"))
    assert (result.verdict, result.message) == (
        Verdict.CRASH,
        "admin-version: the server exited with status 3",
    )
    assert pid(session) != first
    assert session.play(CASE["echo"]).verdict is Verdict.PASS
    assert session.gone is None


def test_a_server_that_answers_nobody_any_more_hangs_and_is_started_again(program):
    session = program(scale=0.05)
    assert session.play(fatal("hang")).verdict is Verdict.HANG
    assert session.play(CASE["echo"]).verdict is Verdict.PASS


def test_a_server_that_dies_after_a_case_is_noticed_before_the_next(program):
    session = program()
    session.play(CASE["echo"])
    session._instance.process.kill("was shot")
    late = session.play(CASE["patient"])
    assert (late.verdict, late.message) == (Verdict.CRASH, "the server was shot, after echo was over")
    assert session.play(CASE["patient"]).verdict is Verdict.PASS


def test_a_server_that_cannot_be_started_again_is_gone(program, monkeypatch):
    session = program()

    def fail(*_):
        raise UsageError("it is broken")

    monkeypatch.setattr("gearspec.harness.session.begin", fail)
    assert session.play(fatal("die")).verdict is Verdict.CRASH
    assert session.gone == "mine cannot be started again: it is broken"
    with pytest.raises(NotRun, match="mine cannot be started again"):
        session.play(CASE["echo"])


def test_what_a_server_lacks_is_unsupported_when_the_probe_agrees(program):
    session = program("lacks: [epoch]")
    result = session.play(CASE["no-epoch"])
    assert (result.verdict, result.message) == (Verdict.UNSUPPORTED, "lacks epoch")


def test_a_probe_is_played_once(program, monkeypatch):
    session = program("lacks: [epoch]")
    played = []
    perform = session._perform
    monkeypatch.setattr(session, "_perform", lambda case: played.append(case.id) or perform(case))
    session.play(CASE["no-epoch"])
    session.play(CASE["no-epoch"])
    assert played == ["probe-epoch"]


def test_a_server_that_has_what_its_file_denies_is_a_failure_that_says_so(program):
    session = program("lacks: [echo]")
    result = session.play(CASE["needs-echo"])
    assert (result.verdict, result.message) == (
        Verdict.FAIL,
        "mine is declared to lack echo, but has it: mend its file",
    )


def test_what_a_server_has_needs_no_probe(program):
    assert program().play(CASE["needs-echo"]).verdict is Verdict.PASS


def test_tries_that_differ_where_a_close_cannot_be_seen_are_inconclusive(program):
    result = program(words=", fickle").play(CASE["leave"])
    assert (result.verdict, result.message) == (Verdict.INCONCLUSIVE, performance.DIFFER)


def test_one_play_is_enough_where_nobody_leaves_or_a_close_can_be_seen(program, monkeypatch):
    played = []
    play = performance._play
    monkeypatch.setattr(performance, "_play", lambda *given: played.append(given) or play(*given))
    session = program()
    session.play(CASE["echo"])
    assert len(played) == 1
    session.play(CASE["leave"])
    assert len(played) == 1 + performance.TRIES
    session.target = replace(session.target, traits=replace(session.traits, close_fence="eof"))
    session.play(CASE["leave"])
    assert len(played) == 2 + performance.TRIES


def test_a_case_in_which_somebody_leaves_is_not_left_to_the_background_where_a_close_cannot_be_seen(program):
    session = program()
    session.prepare([CASE["leave"]])
    assert session._background is None


def test_a_dangerous_case_has_a_server_of_its_own(program):
    session = program()
    first = pid(session)
    assert session.play(fatal("die", DANGER)).verdict is Verdict.CRASH
    assert pid(session) == first
    assert session.play(CASE["echo"]).verdict is Verdict.PASS


def test_cases_that_wait_are_collected_from_the_background(program, monkeypatch):
    session = program()
    session.prepare([CASE["patient"]])
    monkeypatch.setattr(session, "_perform", None)
    assert session.play(CASE["patient"]).verdict is Verdict.PASS


def test_a_case_of_the_background_that_kills_does_not_harm_the_others(program):
    session = program()
    deadly = fatal("die", within="3")
    session.prepare([deadly, CASE["patient"]])
    assert session.play(CASE["echo"]).verdict is Verdict.PASS
    assert session.play(CASE["patient"]).verdict is Verdict.PASS
    assert session.play(deadly).verdict is Verdict.CRASH
    session.close()
    assert "the server exited with status 3, while several cases were played at once" in session.complaints


def test_a_case_of_the_background_that_hangs_is_told_from_one_that_fails(program):
    session = program(scale=0.05)
    deadly = fatal("hang", within="3")
    session.prepare([deadly])
    assert session.play(deadly).verdict is Verdict.HANG


def test_what_was_prepared_and_is_not_collected_ends_with_the_session(program):
    session = program(scale=1.0)
    session.prepare([fatal("hang", within="60")])
    background = session._background.instance.process
    session.close()
    assert background.ended is not None


def test_unsupported_cases_are_not_prepared(program):
    session = program("lacks: [epoch]")
    session.prepare([CASE["no-epoch"]])
    assert session._background is None


def test_dangerous_cases_that_wait_begin_with_the_first_dangerous_one_apart_from_all(program, monkeypatch):
    session = program()
    session.prepare([fatal("version", DANGER, "3", "waits")])
    session.play(CASE["echo"])
    assert (session._background, session._apart) == (None, [])
    session.play(fatal("die", DANGER))
    (apart,) = session._apart
    assert apart.instance is not session._instance
    monkeypatch.setattr(session, "_perform", None)
    assert session.play(fatal("version", DANGER, "3", "waits")).verdict is Verdict.FAIL
    session.close()
    assert apart.instance.ended == "was stopped"


def test_dangerous_cases_that_wait_are_not_begun_on_a_server_that_is_not_ours():
    with running() as port:
        session = shared(port, dangerous=True)
        session.prepare([fatal("die", DANGER, "3")])
        assert session.play(fatal("version", DANGER)).verdict is Verdict.FAIL
        assert session._apart == []


def test_closing_stops_every_program(program):
    session = program()
    session.prepare([CASE["patient"]])
    processes = [session._instance.process, session._background.instance.process]
    session.close()
    assert [process.ended for process in processes] == ["was stopped", "was stopped"]


def test_what_a_program_said_of_faults_inside_is_kept(program):
    session = program()
    session.play(CASE["complain"])
    session.close()
    assert session.complaints == ["x.c:7: runtime error: null pointer"]


def test_what_a_program_said_only_when_it_was_stopped_is_told_so(program):
    session = program(words=", rude")
    session.close()
    assert session.complaints == ["free(): double free (while it was being stopped)"]


def test_a_fault_of_ours_is_an_error_and_keeps_its_traceback(program, monkeypatch):
    session = program()

    def fault(*_):
        raise ValueError("first\nsecond")

    monkeypatch.setattr(performance, "plays", fault)
    result = session.play(CASE["echo"])
    assert (result.verdict, result.message) == (Verdict.ERROR, "ValueError: first")
    assert "Traceback" in result.came
    assert session.gone is None


def test_a_program_that_speaks_something_else_is_stopped_again(program):
    with pytest.raises(UsageError, match="speaks something else than mine: ECHO_REQ is not answered"):
        program(words=", echo")
    assert not children()


def children():
    """The programs that we have started and that still run."""
    return [pid for pid in family(os.getpid()) if PROGRAM.name in Path(f"/proc/{pid}/cmdline").read_text()]


def test_a_target_that_is_not_installed_is_told_before_any_case(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("program: [/no/such]\ncommand: ['{program}']")
    with pytest.raises(UsageError, match="mine is not installed"):
        Session(load_target(path)).start()
