import json
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from gearspec import plugin
from gearspec.errors import UsageError
from gearspec.report import Report
from tests.staging import case, library_case, lines

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
class TestInOneProcessAndInSeveral:
    def test_a_target_that_cannot_be_reached_is_one_line_before_any_case(self, run, workers):
        result = run("--target=closed:1", *workers, a=case("one"))
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["ERROR: closed:1 cannot be reached: connection refused"])
        assert "passed" not in lines(result)

    @pytest.mark.parametrize(
        "broken", ["- id: [", case("one").replace("script", "scirpt"), case("one", clauses="no")]
    )
    def test_a_broken_file_is_exit_code_4_and_names_its_line(self, run, workers, broken):
        result = run(*workers, files={"b": broken}, a=case("good"))
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.re_match_lines([r".*b\.gear\.yaml:\d+: "])
        assert "Traceback" not in lines(result)

    def test_two_files_must_not_have_the_same_case(self, run, workers):
        result = run(*workers, files={"b": case("same")}, a=case("same"))
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.fnmatch_lines(["*b.gear.yaml:1: *a.gear.yaml has the id 'same' as well"])

    def test_a_shared_server_that_dies_ends_the_run(self, run, workers):
        cases = {f"c{n}": case(f"c{n}", "CRASH lost" if n == 0 else "PASS") for n in range(30)}
        result = run("--target=host:1", *workers, **cases)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        assert result.parseoutcomes().get("passed", 0) < 29
        result.stdout.fnmatch_lines(
            ["!*the server at host:1 is gone; what had not been run by then is not run*"]
        )

    def test_a_dangerous_case_is_not_run_on_a_server_that_is_not_ours(self, run, workers):
        cases = {"a": case("one"), "b": case("kills", "CRASH dead", more="dangerous: it kills")}
        result = run("--target=host:1", *workers, **cases)
        assert result.parseoutcomes() == {"passed": 1, "skipped": 1}
        result.stdout.fnmatch_lines(["not run: 1, dangerous on a server that is not ours*"])
        result = run("--target=host:1", "--gear-dangerous", *workers)
        assert result.parseoutcomes() == {"passed": 1, ("skipped" if workers else "failed"): 1}
        assert run("--target=mine", *workers).parseoutcomes() == {"passed": 1, "failed": 1}

    def test_the_report_has_a_line_for_every_case(self, pytester, run, workers):
        verdicts = [
            "PASS",
            "TOLERATED flag",
            "UNSUPPORTED no",
            "FAIL wrong",
            "CRASH dead",
            "ERROR ours",
            "raises",
        ]
        cases = {f"c{n}": case(f"c{n}", verdict) for n, verdict in enumerate(verdicts)}
        cases["d"] = case("d", more="dangerous: it kills")
        run("--target=host:1", "--gear-report=out.jsonl", *workers, **cases)
        header, *records, footer = map(
            json.loads, pytester.path.joinpath("out.jsonl").read_text().splitlines()
        )
        schema = json.loads((plugin.INI.parent / "report.schema.json").read_text())
        for line in (header, *records, footer):
            jsonschema.Draft202012Validator(schema).validate(line)
        assert header["target"] == {"name": "host:1", "version": "1.2.3", "edition": "2.0.0"}
        assert (header["testee"], header["options"]["target"]) == (None, "host:1")
        assert footer == {"kind": "footer", "planned": 8, "run": 7, "complete": True}
        by_id = {record["id"]: record for record in records}
        assert [by_id[f"c{n}[server]"]["verdict"] for n in range(7)] == [
            v.split()[0] for v in verdicts[:6]
        ] + ["ERROR"]
        assert by_id["d[server]"]["verdict"] is None
        assert by_id["c3[server]"]["transcript"][0]["hex"].startswith("00524551")
        assert by_id["c0[server]"]["transcript"] == []
        assert [by_id[f"c{n}[server]"]["as_expected"] for n in range(4)] == [True, True, True, False]

    def test_a_report_of_a_part_says_so(self, pytester, run, workers):
        run("--gear-report=out.jsonl", "-k", "one", *workers, a=case("one"), b=case("two"))
        footer = json.loads(pytester.path.joinpath("out.jsonl").read_text().splitlines()[-1])
        assert footer == {"kind": "footer", "planned": 2, "run": 1, "complete": False}

    def test_what_waits_for_a_clock_is_started_beforehand(self, run, workers):
        slow = case("slow", "FAIL prepared").replace("    data: hi\n", "    data: hi\n    within: 9\n")
        slow = slow.replace("    data: hi\n    within: 9\n", "    data: hi\n", 1)
        result = run(*workers, a=slow, b=case("other"))
        result.stdout.fnmatch_lines(["FAIL: prepared*slow"])

    def test_known_deviations_are_expected_and_strict(self, pytester, run, workers):
        pytester.path.joinpath("mine.known.yaml").write_text(KNOWN)
        cases = {
            "a": case("known", "FAIL wrong answer"),
            "b": case("stale"),
            "c": case("two", "FAIL no reason"),
        }
        result = run("--target=mine.yaml", "-rx", *workers, **cases)
        assert result.parseoutcomes() == {"xfailed": 1, "failed": 2}
        for line in (
            "XFAIL *known* FAIL, defect: it is so",
            "*; 1 known and listed",
            "mine.known.yaml:8 lists FAIL 'wrong'; what came is PASS (remove the entry)",
            "mine.known.yaml:13: the reason is still TODO: say why this is expected",
        ):
            result.stdout.fnmatch_lines([line])

    def test_a_whole_run_brings_the_known_deviations_up_to_date(self, pytester, run, workers):
        path = pytester.path.joinpath("mine.known.yaml")
        path.write_text(KNOWN)
        cases = {"a": case("known", "FAIL wrong answer"), "b": case("stale"), "c": case("two", "CRASH dead")}
        result = run("--target=mine.yaml", "--gear-update-expectations", *workers, **cases)
        result.stdout.fnmatch_lines(["mine.known.yaml: 2 known deviations, 1 still without a reason"])
        text = path.read_text()
        assert "reason: it is so" in text
        assert "stale" not in text
        assert "outcome: CRASH\n  message: dead\n" in text

    @pytest.mark.parametrize("options", [("-k", "known"), ("-m", "should"), ("--gear-level=must",)])
    def test_a_part_does_not_bring_them_up_to_date(self, pytester, run, workers, levels, options):
        cases = {"a": case("known", "FAIL wrong"), "b": case("other", clauses=levels["should"])}
        result = run("--target=mine.yaml", "--gear-update-expectations", *options, *workers, **cases)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["ERROR: a part cannot bring the expectations up to date: 1 of 2 *"])
        assert not pytester.path.joinpath("mine.known.yaml").exists()

    def test_a_run_that_is_cut_short_does_not_bring_them_up_to_date(self, pytester, run, workers):
        cases = {f"c{n}": case(f"c{n}", "FAIL wrong") for n in range(30)}
        result = run("--target=mine.yaml", "--gear-update-expectations", "-x", *workers, **cases)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.fnmatch_lines(["expectations: not brought up to date, since the run was cut short"])
        assert not pytester.path.joinpath("mine.known.yaml").exists()

    def test_junit_has_the_facts_and_is_well_formed(self, pytester, run, workers):
        cases = {
            "a": case("one", "TOLERATED flag other"),
            "b": case("two", "FAIL wrong"),
            "c": case("e", "ERROR ours"),
        }
        run("--junit-xml=out.xml", *workers, **cases)
        found = {}
        for test in ET.parse(pytester.path / "out.xml").iter("testcase"):
            found[test.get("name")] = [(p.get("name"), p.get("value")) for p in test.iter("property")]
            test_kinds = {child.tag for child in test}
            assert ("error" in test_kinds) == (test.get("name") == "e[server]")
            assert ("failure" in test_kinds) == (test.get("name") == "two[server]")
        assert found["one[server]"] == [
            ("clause", "echo-answered"),
            ("level", "must"),
            ("verdict", "TOLERATED"),
            ("flag", "flag"),
            ("flag", "other"),
        ]

    @pytest.mark.parametrize(
        ("option", "problem"),
        [
            ("--gear-report=/dev/full", "No space left on device"),
            ("--gear-report=none/out.jsonl", "No such file or directory"),
            ("--gear-transcripts=/dev/null", "File exists"),
        ],
    )
    def test_what_cannot_be_written_is_one_line_before_any_case(self, run, workers, option, problem):
        result = run("--target=host:1", option, *workers, a=case("one"))
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {option}: {problem}"])
        assert "passed" not in lines(result)

    def test_a_page_that_cannot_be_written_any_more_takes_nothing_with_it(self, run, workers):
        result = run("--target=host:1", "--gear-html=/dev/full", *workers, a=case("one"))
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.fnmatch_lines(
            ["verdicts: 1 PASS", "/dev/full cannot be written: No space left on device"]
        )
        assert result.parseoutcomes() == {"passed": 1}

    def test_transcripts_are_kept_where_that_is_asked_for(self, pytester, run, workers):
        run("--gear-transcripts=kept", *workers, a=case("one"))
        assert "ECHO_REQ" in pytester.path.joinpath("kept", "one[server].txt").read_text()


def test_a_report_that_cannot_be_written_any_more_does_not_end_the_run(run, monkeypatch):
    def full(*_):
        raise UsageError("the disk is full")

    monkeypatch.setattr(Report, "case", full)
    result = run("--target=host:1", "--gear-report=out.jsonl", a=case("one"), b=case("two"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["verdicts: 2 PASS", "the disk is full"])
    assert lines(result).count("the disk is full") == 1


def test_a_transcript_that_cannot_be_written_any_more_is_told_in_one_line(pytester, run):
    pytester.path.joinpath("kept", "one[server].txt").mkdir(parents=True)
    result = run("--target=host:1", "--gear-transcripts=kept", a=case("one"), b=case("two"))
    assert result.parseoutcomes() == {"errors": 1, "passed": 1}
    assert "--gear-transcripts=kept: Is a directory" in lines(result)
    assert "Traceback" not in lines(result)


KNOWN = """\
known:
- case: known
  outcome: FAIL
  message: wrong
  kind: defect
  reason: it is so
  issue: https://example.invalid/1
- case: stale[server]
  outcome: FAIL
  message: wrong
  kind: defect
  reason: it was so
- case: two
  outcome: FAIL
  message: no reason
  reason: TODO
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_what_a_program_complained_of_is_said_at_the_end(run, workers):
    run(*workers, a=case("one")).stdout.fnmatch_lines([r"complaint of the target: Sanitizer: \x1b[[]0m"])


def test_dangerous_cases_come_last_and_those_that_wait_before_them(run):
    slow = case("slow").replace("ECHO_RES\n", "ECHO_RES\n    not-before: 1\n    within: 2\n")
    result = run("-v", a=case("kills", more="dangerous: it kills"), b=slow, c=case("plain"))
    assert re.findall(r"::(\w+)\[server\] PASSED", lines(result)) == ["plain", "slow", "kills"]


def test_a_version_that_is_not_listed_runs_without_expectations(pytester, run):
    pytester.path.joinpath("mine.known.yaml").write_text('versions: ">=2"\n' + KNOWN)
    result = run("--target=mine.yaml", a=case("stale"))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["expectations: none, since *mine.known.yaml is about >=2 and this is 1.2.3"])


def test_expectations_can_be_refused_or_named(pytester, run):
    pytester.path.joinpath("mine.known.yaml").write_text(KNOWN)
    cases = {"a": case("known", "FAIL wrong")}
    assert run("--target=mine.yaml", "--gear-expectations=none", **cases).parseoutcomes() == {"failed": 1}
    assert run("--gear-expectations=mine.known.yaml").parseoutcomes() == {"xfailed": 1}
    result = run("--gear-expectations=missing.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: missing.yaml: cannot be read*"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target=host:1", "--gear-update-expectations"), "needs a file here"),
        (("--gear-update-expectations=folder",), "ends in .yaml"),
        (
            ("--target=mine.yaml", "--gear-update-expectations=old.yaml"),
            "old.yaml is about <1, and this is 1.2.3",
        ),
        (("--gear-report=no/such/folder",), "--gear-report=no/such/folder: No such file"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_any_case(pytester, run, options, words):
    pytester.path.joinpath("old.yaml").write_text('versions: "<1"\nknown: []\n')
    result = run(*options, a=case("one"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{words}*"])
    assert "passed" not in lines(result)


@pytest.mark.parametrize("scale", ["0", "-1", "inf", "nan", "fast"])
def test_a_scale_is_a_positive_number(run, scale):
    assert run(f"--gear-timeout-scale={scale}", a=case("one")).ret == pytest.ExitCode.USAGE_ERROR


def test_a_library_has_known_deviations_of_its_own(pytester, run):
    cases = {"a": library_case("two", "client, worker", "FAIL wrong"), "b": library_case("three", "worker")}
    result = run("--testee=mine.yaml", "--gear-update-expectations", "--gear-report=out.jsonl", **cases)
    result.stdout.fnmatch_lines(["mine.known.yaml: 2 known deviations, 2 still without a reason"])
    text = pytester.path.joinpath("mine.known.yaml").read_text()
    assert "case: two[client]" in text
    assert "case: two[worker]" in text
    header = json.loads(pytester.path.joinpath("out.jsonl").read_text().splitlines()[0])
    assert (header["target"], header["testee"]["name"], header["testee"]["version"]) == (
        None,
        "mine",
        "1.2.3",
    )
    pytester.path.joinpath("mine.known.yaml").write_text(text.replace("TODO", "so it is\n  kind: defect"))
    assert run("--testee=mine.yaml").parseoutcomes() == {"passed": 1, "xfailed": 2}


def test_one_file_cannot_be_about_two_programs(run):
    result = run("--gear-update-expectations=both.yaml", a=case("one"), b=library_case("two", "client"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --gear-update-expectations=FILE is about one program: *"])
