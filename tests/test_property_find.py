"""What a property finds is written down, and can be played again by hand."""

import pytest

from gearspec.cli import call
from tests.staging import CHECKOUT

pytest_plugins = ["pytester"]

PROPERTY = '''
import pytest
from hypothesis import strategies as st

from gearspec.harness.performance import perform
from gearspec.script.load import parse_cases

pytest_plugins = ["gearspec.property"]
(CASE,) = parse_cases("""
- id: echo
  title: ECHO_REQ is answered with other data
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
    data: $word
  - server -> client: ECHO_RES
    clause: echo-answered
    data: other
""", "x")


@pytest.mark.clause("echo-answered")
def test_that_it_holds(gear_property):
    """That it holds."""
    gear_property.hold(
        lambda case: lambda instance, stage: perform(case, instance, stage),
        st.just(CASE),
        hazards=lambda _: (),
        count=5,
    )
'''
MESSAGE = "FAIL: echo-answered: client expected ECHO_RES data='other', came ECHO_RES data='$word'"


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_it=PROPERTY)
    return lambda *more: pytester.runpytest_inprocess("-p", "gearspec.plugin", *more)


def test_a_find_is_printed_and_written_with_the_command_that_plays_it(run, pytester):
    result = run()
    assert result.parseoutcomes() == {"failed": 1}
    (path,) = pytester.path.glob("gearspec-finds/*.gear.yaml")
    name = path.name.removesuffix(".gear.yaml")
    result.stdout.fnmatch_lines(
        [
            MESSAGE.replace("[", "[[]"),
            f"case *with other data (gearspec-finds/{name}.gear.yaml:*)",
            f"again: gearspec replay gearspec-finds/{name}.gear.yaml::{name} --target=reference",
            "search again: pytest *::test_that_it_holds --target=reference *",
            f"- id: {name}",
        ]
    )
    head = path.read_text().splitlines()[:3]
    assert head[0] == "# " + MESSAGE.replace("FAIL:", "FAIL", 1)
    assert head[1].startswith("# Found on reference ")
    assert head[2].startswith("# pytest ")
    assert path.with_name(f"{name}.pcap").exists()


def test_the_command_comes_to_the_same(run, pytester, capsys):
    run("--gear-finds=kept")
    (path,) = pytester.path.glob("kept/*.gear.yaml")
    assert call(["replay", str(path), "--target=reference"]) == 1
    assert MESSAGE in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_to_hides_no_failure(run, pytester):
    pytester.makefile("", taken="a file")
    result = run("--gear-finds=taken")
    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines([MESSAGE, "what was found is not kept in --gear-finds=taken: File exists"])


def test_what_is_known_is_not_written_down(run, pytester):
    known = pytester.makefile(
        ".yaml",
        known="known:\n- {case: that-it-holds, outcome: FAIL, message: 'echo-answered: client expected', "
        "kind: defect, reason: it is known}\n",
    )
    assert run(f"--gear-expectations={known}").parseoutcomes() == {"xfailed": 1}
    assert not (pytester.path / "gearspec-finds").exists()
