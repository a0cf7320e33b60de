import re
import subprocess
import sys

import pytest

from gearspec import conduct, plugin
from gearspec.protocol import clause
from gearspec.script import load
from tests.staging import CHECKOUT, case, library_case, lines

pytest_plugins = ["pytester"]


def test_the_light_modules_say_the_same_as_the_heavy_ones():
    assert plugin.LEVELS == clause.LEVELS
    assert conduct.SUFFIX == load.SUFFIX


def test_the_plugin_loads_nothing_heavy_where_it_is_not_used():
    heavy = [
        "yaml",
        "scapy",
        "jsonschema",
        "rich",
        "hypothesis",
        "click",
        "gearspec.protocol",
        "gearspec.script",
    ]
    code = f"import pytest, sys, gearspec.plugin; sys.exit(repr([*filter(sys.modules.get, {heavy})]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"


def test_where_no_case_is_collected_there_is_neither_header_nor_summary(pytester, run):
    pytester.makepyfile("def test_of_theirs(): pass")
    result = run()
    result.assert_outcomes(passed=1)
    assert "gearspec" not in lines(result).replace("gearspec.plugin", "").split("plugins:")[0]
    assert "target:" not in lines(result)


def test_a_case_is_an_item_that_is_named_by_its_id_and_its_role(run):
    result = run("--collect-only", "-q", a=case("one"), b=case("two"))
    result.stdout.fnmatch_lines(["a.gear.yaml::one[[]server]", "a.gear.yaml::two[[]server]"])
    assert "target:" not in lines(result)


def test_an_item_can_be_run_by_its_name(run):
    assert run("a.gear.yaml::two[server]", a=case("one"), b=case("two")).parseoutcomes() == {"passed": 1}


def test_what_failed_can_be_run_again_alone(run):
    assert run(a=case("good"), b=case("one", "FAIL wrong")).ret == 1
    assert run("--last-failed").parseoutcomes() == {"failed": 1}


def test_probes_are_no_cases(run):
    assert run(files={"probes": case("probe")}).ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(
    ("verdict", "outcome", "code"),
    [
        ("PASS", "passed", 0),
        ("TOLERATED flag", "passed", 0),
        ("RECORDED flag", "passed", 0),
        ("UNSUPPORTED no echo", "skipped", 0),
        ("INCONCLUSIVE who knows", "failed", 1),
        ("FAIL wrong", "failed", 1),
        ("HANG mute", "failed", 1),
        ("CRASH dead", "failed", 1),
        ("ERROR ours", "errors", 1),
        ("raises", "errors", 1),
    ],
)
def test_each_verdict_has_one_outcome(run, verdict, outcome, code):
    result = run(a=case("good"), b=case("one", verdict))
    counts = {"passed": 1} | ({"passed": 2} if outcome == "passed" else {outcome: 1})
    assert result.parseoutcomes() == counts
    assert result.ret == code


def test_the_header_comes_after_collection_and_the_summary_counts(run):
    result = run(a=case("one"), b=case("two", "FAIL wrong"), c=case("three", "UNSUPPORTED no echo"))
    result.stdout.fnmatch_lines(
        [
            "collected 3 items",
            "target: reference 1.2.3",
            "expectations: none",
            "*= gearspec: reference =*",
            "must *",
            "verdicts: 1 PASS, 1 UNSUPPORTED, 1 FAIL",
        ]
    )
    must = next(line for line in result.outlines if line.startswith("must "))
    assert must.split()[-3:] == ["1", "2", "3"]


def test_a_failure_says_what_was_demanded_what_came_and_how_to_see_it_again(run):
    result = run(a=case("one", "FAIL wrong"))
    result.stdout.fnmatch_lines(
        [
            "FAIL: wrong",
            "case *FAIL wrong (*a.gear.yaml:1)",
            "clause *echo-answered: An ECHO_REQ is answered with exactly one ECHO_RES. (must; PROTOCOL,*",
            "expected *ECHO_RES",
            r"came *nothing \x1b[[]2J",
            r"*client -> server: ECHO_REQ data='\x1b[[]31m\0\xff'",
            "*00 52 45 51 00 00 00 10*",
            "again: gearspec replay *a.gear.yaml::one --target=reference",
        ]
    )
    assert "\x1b[31m" not in lines(result)
    assert "Traceback" not in lines(result)


def test_our_own_fault_shows_its_traceback(run):
    result = run(a=case("one", "raises"))
    result.stdout.fnmatch_lines(["*ERROR at setup of one*", "*RuntimeError: a bug of ours", "*1 ERROR*"])


def test_a_level_is_a_minimum_and_a_marker(run, levels):
    cases = {f"c{n}": case(level, clauses=name) for n, (level, name) in enumerate(levels.items())}
    assert run("--gear-level=should", **cases).parseoutcomes() == {"passed": 2, "deselected": 2}
    for options in (("-m", "must"), ("-m", "clause", "-k", "must"), ("-k", levels["must"])):
        assert run(*options).parseoutcomes() == {"passed": 1, "deselected": 3}


def test_the_strongest_clause_gives_the_level(run, levels):
    both = f"{levels['practice']}, {levels['must']}"
    text = case("one", clauses=both).replace(f"clause: {levels['practice']}", f"clause: {levels['practice']}")
    text = text.replace("    data: hi\n  - server", "    data: hi\n  - server") + (
        f"  - client -> server: ECHO_REQ\n    data: x\n  - server -> client: ECHO_RES\n"
        f"    clause: {levels['must']}\n    data: x\n"
    )
    assert run("-m", "must", a=text).parseoutcomes() == {"passed": 1}


def test_a_run_that_exercises_no_must_case_fails_and_says_so(run):
    result = run(a=case("one", "UNSUPPORTED no echo"))
    assert result.ret == 1
    result.stdout.fnmatch_lines(["nothing was tested:*"])


def test_a_target_without_a_case_selects_nothing(pytester, run):
    pytester.makepyfile("def test_of_theirs(): pass")
    assert run("--target=reference").ret == pytest.ExitCode.NO_TESTS_COLLECTED


LIBRARIES = {
    "a": case("one"),
    "b": library_case("two", "client"),
    "c": library_case("three", "worker"),
}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
@pytest.mark.parametrize(
    ("options", "played"),
    [
        ((), ["one[server]", "three[worker]", "two[client]"]),
        (("--target=mine",), ["one[server]"]),
        (("--testee=mine",), ["three[worker]", "two[client]"]),
        (("--testee=a-client",), ["two[client]"]),
        (("--target=mine", "--testee=mine"), []),
    ],
)
def test_the_options_say_which_roles_are_under_test(run, workers, options, played):
    result = run("-v", *options, *workers, **LIBRARIES)
    assert sorted(set(re.findall(r"(\w+\[\w+\])", lines(result)))) == played
    assert result.ret == (pytest.ExitCode.OK if played else pytest.ExitCode.NO_TESTS_COLLECTED)


def test_each_role_has_a_table_of_its_own_and_each_program_its_header(run):
    result = run("--testee=mine", **LIBRARIES)
    result.stdout.fnmatch_lines(
        [
            "testee: mine 1.2.3",
            "*= gearspec: mine =*",
            "client *clauses*",
            "must *",
            "worker *clauses*",
            "must *",
        ]
    )
    result = run("--target=mine", **LIBRARIES)
    assert "testee:" not in lines(result)
    assert "client  " not in lines(result)
    result = run(**LIBRARIES)
    result.stdout.fnmatch_lines(
        ["target: reference 1.2.3", "testee: reference 1.2.3", "*= gearspec: reference =*"]
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_testee_that_cannot_be_started_is_one_line_before_any_case(run, workers):
    result = run("--testee=closed:1", *workers, **LIBRARIES)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: closed:1 cannot be reached: connection refused"])
    assert "passed" not in lines(result)


def test_a_failure_of_a_library_is_replayed_with_it(run):
    result = run("--testee=./x -y", b=library_case("two", "client, worker", "FAIL wrong"))
    result.stdout.fnmatch_lines(
        [
            f"again: gearspec replay '*a.gear.yaml::two[[]{role}]' '--testee=./x -y'"
            for role in ("client", "worker")
        ]
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_cases_of_libraries_are_begun_beforehand_all_together(run, workers):
    files = {"b": library_case("two", "client", "FAIL prepared"), "c": library_case("three", "worker")}
    run(*workers, files=files).stdout.fnmatch_lines(["FAIL: prepared*two*"])


def test_with_both_options_both_sessions_are_there_for_a_test_of_the_two(pytester, run):
    pytester.makepyfile("""
        def test_of_both(request):
            conduct = request.config.pluginmanager.get_plugin("gearspec.conduct")
            assert conduct.run_of("server").session.subject.name == "one"
            assert conduct.run_of("client") is conduct.run_of("worker")
            assert conduct.run_of("client").session.subject.name == "other"
    """)
    result = run("--target=one", "--testee=other", **LIBRARIES)
    assert result.parseoutcomes() == {"passed": 1}
