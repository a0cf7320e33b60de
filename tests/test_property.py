"""Properties in a run of pytest: how they are judged, told, skipped and listed."""

import json

import pytest

from tests.small_server import running
from tests.staging import CHECKOUT

pytest_plugins = ["pytester"]

PROPERTY = '''
import pytest

from gearspec.fuzz.hazard import hazards
from gearspec.fuzz.strategy import attacks
from gearspec.script.action import Open, Send, Wait
from gearspec.script.verdict import Result, Verdict

pytest_plugins = ["gearspec.property"]


def of(verdict):
    """A trial that comes to this."""

    def trial(sending, stage):
        yield Open("client")
        moment = yield Send("client", b"version\\n")
        while not moment.arrivals:
            moment = yield Wait(moment.now + 5)
        text = f"server-survives: {verdict}"
        return Result(verdict, text if verdict is not Verdict.PASS else "", clause="server-survives")

    return lambda sending: lambda instance, stage: instance.play([trial(sending, stage)])[0]


@pytest.mark.clause("server-survives", "frame-any-chunking")
def test_that_it_holds(gear_property):
    """That it holds."""
    gear_property.hold(of(Verdict.PASS), attacks(), hazards=hazards, count=5)


@pytest.mark.clause("server-survives")
def test_that_it_fails(gear_property):
    """That it fails."""
    gear_property.hold(of(Verdict.FAIL), attacks(), hazards=hazards, count=5)
'''


@pytest.fixture
def run(pytester, monkeypatch):
    """Run the two properties above."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_both=PROPERTY)
    options = ("-p", "gearspec.plugin", "--strict-markers")
    return lambda *more: pytester.runpytest_inprocess(*options, *more)


def test_a_property_passes_or_fails_like_a_case(run):
    assert run().parseoutcomes() == {"passed": 1, "failed": 1}


def test_a_failure_names_clause_and_transcript_and_how_to_see_it_again(run):
    run().stdout.fnmatch_lines(
        [
            "FAIL: server-survives: FAIL",
            "case *That it fails (*test_both.py:*)",
            "clause *server-survives: Nothing that a connection sends ends the server*",
            "transcript of all sides:",
            "again: pytest *test_both.py::test_that_it_fails --target=reference --gear-fuzz-seed=0",
        ]
    )


def test_a_level_is_a_minimum_and_a_marker(run):
    assert run("--gear-level=must").parseoutcomes() == {"passed": 1, "deselected": 1}
    assert run("-m", "practice").parseoutcomes() == {"failed": 1, "deselected": 1}


def test_known_deviations_name_a_property_by_its_test(run, pytester):
    known = pytester.makefile(
        ".yaml",
        known="known:\n- {case: that-it-fails, outcome: FAIL, message: 'server-survives: FAIL', "
        "kind: defect, reason: it is known}\n",
    )
    assert run(f"--gear-expectations={known}").parseoutcomes() == {"passed": 1, "xfailed": 1}


def test_a_server_that_is_not_ours_is_left_alone_unless_its_owner_says_otherwise(run):
    with running() as port:
        result = run(f"--target=127.0.0.1:{port}", "-rs")
        assert result.parseoutcomes() == {"skipped": 2}
        result.stdout.fnmatch_lines(
            ["*dangerous on a server that is not ours (--gear-dangerous if it is yours)"]
        )
        allowed = run(f"--target=127.0.0.1:{port}", "--gear-dangerous")
        assert allowed.parseoutcomes() == {"passed": 1, "failed": 1}


def test_a_target_that_cannot_be_reached_is_told_in_one_line(run, pytester):
    pytester.makefile(".yaml", mine="command: [/no/such/program]\n")
    result = run("--target=./mine.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *no/such/program*"])


@pytest.fixture
def choosy(pytester):
    """A target of which it is known what kills it."""
    names = "GRAB_JOB: x, CAN_DO: x, SUBMIT_JOB: x, unknown-type: x, bad-magic: x"
    pytester.makefile(".yaml", mine=f"embedded: reference\navoid: {{{names}}}\n")
    return "--target=./mine.yaml"


def test_what_was_left_out_is_counted(run, choosy):
    run(choosy).stdout.fnmatch_lines(["not tried, as mine is known to get it wrong: *CAN_DO *"])


def test_what_all_properties_left_out_is_in_the_report_and_in_the_summary(run, choosy, pytester):
    case = CHECKOUT / "suites" / "server" / "work.gear.yaml"
    pytester.path.joinpath("work.gear.yaml").write_text(case.read_text())
    result = run(choosy, "--gear-report=report.jsonl")
    lines = map(json.loads, pytester.path.joinpath("report.jsonl").read_text().splitlines())
    count = sum(line["avoided"].get("CAN_DO", 0) for line in lines if line["kind"] == "case")
    assert count > 0
    result.stdout.fnmatch_lines(
        [f"inputs not tried, as it is known to die of them or to get them wrong: CAN_DO {count}, *"]
    )


def test_beside_cases_a_property_is_in_the_report_and_in_the_summary(run, pytester):
    case = CHECKOUT / "suites" / "server" / "work.gear.yaml"
    pytester.path.joinpath("work.gear.yaml").write_text(case.read_text())
    result = run("--gear-report=report.jsonl")
    result.stdout.fnmatch_lines(["verdicts: * 1 FAIL"])
    lines = map(json.loads, pytester.path.joinpath("report.jsonl").read_text().splitlines())
    records = {line["id"]: line for line in lines if line["kind"] == "case"}
    assert records["that-it-holds[server]"]["verdict"] == "PASS"
    assert records["that-it-holds[server]"]["level"] == "must"
    assert records["that-it-fails[server]"]["clause"] == "server-survives"
    assert records["that-it-fails[server]"]["transcript"] == []
