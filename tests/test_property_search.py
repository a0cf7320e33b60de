"""How much a property searches: profiles, seeds, time, what earlier runs found, and several processes."""

import json
import os
import re
import sys
from subprocess import Popen

import pytest

from tests.staging import CHECKOUT

pytest_plugins = ["pytester"]

PROPERTY = '''
import os

import pytest
from hypothesis import strategies as st

from gearspec.script.verdict import Result, Verdict

pytest_plugins = ["gearspec.property"]


def trial(number):
    """Note what is tried; what is too large fails, if we are told so."""
    with open("tried.txt", "a") as tried:
        print(number, file=tried)
    fails = number > int(os.environ.get("LIMIT", 10**9))
    verdict = Verdict.FAIL if fails else Verdict.PASS
    return lambda *_: Result(verdict, f"server-survives: {number}" if fails else "", clause="server-survives")


@pytest.mark.clause("server-survives")
def test_that_it_holds(gear_property):
    """That it holds."""
    gear_property.hold(trial, st.integers(0, 10**6), hazards=lambda _: (), count=5)
'''
CLIENT = '''

@pytest.mark.under_test("client")
@pytest.mark.clause("frame-request-magic")
def test_that_it_begins(gear_ordeal):
    """That it begins."""
'''
SEED = "--gear-fuzz-seed=1"
"""One whose rounds have large numbers; others may have none."""
OPTIONS = ("-p", "gearspec.plugin", "--strict-markers")


@pytest.fixture
def run(pytester, monkeypatch):
    """Run the property above."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_it=PROPERTY)
    return lambda *more: pytester.runpytest_inprocess(*OPTIONS, *more)


@pytest.fixture
def tried(pytester):
    """What was tried since it was asked last."""

    def take():
        path = pytester.path / "tried.txt"
        found = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    return take


def test_a_quick_search_is_the_same_each_time_and_keeps_nothing(run, tried, pytester):
    run()
    first = tried()
    run()
    assert tried() == first
    assert len(first) == 5
    assert not (pytester.path / ".hypothesis").exists()


@pytest.mark.parametrize(("profile", "order"), [("quick", ["test_it", "work"]), ("ci", ["work", "test_it"])])
def test_cases_come_before_a_search_that_takes_long(run, pytester, profile, order):
    case = CHECKOUT / "suites" / "server" / "work.gear.yaml"
    pytester.path.joinpath("work.gear.yaml").write_text(case.read_text())
    collected = run(f"--gear-fuzz={profile}", "--collect-only", "-q").stdout.str()
    names = re.findall("^(test_it|work).*::", collected, re.MULTILINE)
    assert list(dict.fromkeys(names)) == order


def test_properties_alone_have_a_header_a_summary_and_a_report(run, pytester):
    result = run("--gear-report=report.jsonl")
    result.stdout.fnmatch_lines(
        [
            "target: *",
            "verdicts: 1 PASS",
            "searched that-it-holds[[]server]: 5 examples, 1 behaviours, seed 0",
        ]
    )
    header, record, footer = map(json.loads, pytester.path.joinpath("report.jsonl").read_text().splitlines())
    assert header["target"]["name"] == "reference"
    assert record["searched"] == {"seed": 0, "examples": 5, "undecided": 0, "behaviours": 1}
    assert footer["run"] == 1


def test_a_larger_search_says_its_seed_first_and_takes_it_back(run, tried):
    said = run("--gear-fuzz=ci").stdout.str()
    seed = re.search(r"gearspec: ci fuzz, seed ([0-9]+)", said)[1]
    first = tried()
    assert len(first) == 100
    run("--gear-fuzz=ci", f"--gear-fuzz-seed={seed}")
    assert tried() == first
    run("--gear-fuzz=ci")
    assert tried() != first


def test_the_same_seed_gives_the_same_examples_whatever_else_is_loaded(run, tried, pytester):
    def anew():
        pytester.runpytest_subprocess(*OPTIONS, "--gear-fuzz=ci", "--gear-fuzz-seed=1")
        return tried()

    assert run
    first = anew()
    pytester.makeconftest(f"NUMBERS = {list(range(1000, 9000, 70))}")
    assert anew() == first


def test_a_deep_search_goes_on_until_its_time_is_over_and_passes(run, tried):
    assert run("--gear-fuzz=deep", "--gear-fuzz-seconds=1").parseoutcomes() == {"passed": 1}
    assert tried()


def test_a_find_of_any_round_is_seen_again_by_the_seed_it_tells(run, monkeypatch, tried):
    monkeypatch.setenv("LIMIT", "900000")
    said = run("--gear-fuzz=ci", SEED).stdout.str()
    assert "FAIL: server-survives: 900001" in said
    again = re.search(r"again: pytest .*(--gear-fuzz-seed=[0-9]+)", said)[1]
    tried()
    assert "FAIL: server-survives: 900001" in run(again).stdout.str()


@pytest.mark.parametrize("shared", [False, True])
def test_what_one_run_found_the_next_tries_first(run, tried, monkeypatch, request, shared):
    options = [f"--gear-fuzz-db={request.getfixturevalue('redis_server').url}"] if shared else []
    monkeypatch.setenv("LIMIT", "600000")
    assert run("--gear-fuzz=ci", SEED, *options).parseoutcomes() == {"failed": 1}
    tried()
    said = run("--gear-fuzz=ci", *options).stdout
    assert set(tried()) == {"600001"}
    said.fnmatch_lines([" ".join(["again: pytest * --gear-fuzz=ci", *options])])


def test_a_find_of_another_program_is_not_tried(run, tried, monkeypatch, pytester):
    pytester.makefile(".yaml", mine="embedded: reference\n")
    monkeypatch.setenv("LIMIT", "600000")
    run("--gear-fuzz=ci", SEED)
    tried()
    said = run("--gear-fuzz=ci", SEED, "--target=./mine.yaml").stdout
    assert tried()[0] != "600001"
    said.fnmatch_lines(["again: pytest * --gear-fuzz-seed=*"])


@pytest.mark.parametrize("option", ["--gear-fuzz=long", "--gear-fuzz-seed=-1", "--gear-fuzz-seconds=0"])
def test_an_effort_that_is_none_is_a_usage_error(run, option):
    assert run(option).ret == pytest.ExitCode.USAGE_ERROR


def test_a_quick_search_and_a_database_contradict_each_other(run):
    result = run("--gear-fuzz-db=redis://127.0.0.1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --gear-fuzz-db: a quick search keeps nothing*"])


def test_a_database_that_is_not_there_is_told_before_anything_is_tried(run, tried):
    result = run("--gear-fuzz=ci", "--gear-fuzz-db=redis://127.0.0.1:1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --gear-fuzz-db=redis://127.0.0.1:1: *"])
    assert tried() == []


def test_processes_share_a_larger_search_and_it_stays_one_item(run, pytester, tried):
    options = ("-n2", "--gear-fuzz=ci", "-v")
    result = pytester.runpytest_subprocess("-p", "xdist.plugin", *OPTIONS, *options)
    shared = tried()
    assert result.parseoutcomes() == {"passed": 2}
    result.stdout.fnmatch_lines(["*test_that_it_holds[[]part-2]*"])
    seed = re.search(r"gearspec: ci fuzz, seed ([0-9]+)", result.stdout.str())[1]
    searched = f"searched that-it-holds[[]server]: 100 examples, 1 behaviours, seed {seed}"
    result.stdout.fnmatch_lines(["verdicts: 1 PASS", searched])
    run("--gear-fuzz=ci", f"--gear-fuzz-seed={seed}")
    assert sorted(shared) == sorted(tried())


def test_processes_tell_of_properties_of_every_role(run, pytester):
    assert run
    pytester.makepyfile(test_it=PROPERTY + CLIENT)
    result = pytester.runpytest_subprocess("-p", "xdist.plugin", *OPTIONS, "-n2")
    assert result.parseoutcomes() == {"passed": 2}
    result.stdout.fnmatch_lines(["server *", "client *"])


def test_processes_do_not_share_a_quick_search(run, pytester, tried):
    assert run
    result = pytester.runpytest_subprocess("-p", "xdist.plugin", *OPTIONS, "-n2")
    assert result.parseoutcomes() == {"passed": 1}
    assert len(tried()) == 5


def test_a_terminal_shows_how_a_search_gets_on(run, pytester, monkeypatch):
    assert run
    pytester.makeconftest("from gearspec import progress\n\nprogress.EVERY = 0")
    monkeypatch.setenv("TERM", "xterm")
    terminal, inside = os.openpty()
    with Popen([sys.executable, "-m", "pytest", *OPTIONS], cwd=pytester.path, stdout=inside) as process:
        os.close(inside)
        shown = b""
        while process.poll() is None or not shown.endswith(b"\n"):
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # which is how a terminal says that nobody writes any more
                break
    os.close(terminal)
    assert re.search(rb"\rthat-it-holds: 5 examples, \d+/s, 1 behaviours, seed 0 +\r +\r\.", shown)
