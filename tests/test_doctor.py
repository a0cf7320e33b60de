"""What gearspec doctor finds out of an adapter."""

import sys
from pathlib import Path

import pytest

from gearspec import cli
from gearspec.harness import doctor
from gearspec.harness.doctor import FAILED, LACKS, OK, examine
from gearspec.harness.interview import PROBES
from gearspec.harness.testee import Testee, resolve_testee
from gearspec.script.trait import ABILITIES
from gearspec.suite import load_checks, own_cases

PROGRAM = str(Path(__file__).with_name("small_adapter.py"))
UNASKED = {"picks-at-random", "exceptions-by-option", "exceptions-per-task", "exceptions-always"}


def found(*words, roles=("client",)):
    """The checks of the small adapter, but for those that are well."""
    testee = Testee("small", command=(sys.executable, PROGRAM, *words))
    return [check for check in examine(testee, roles) if check.mark != OK]


def failed(*words, **more):
    return [check for check in found(*words, **more) if check.mark == FAILED]


def test_every_feature_that_can_be_seen_has_a_check():
    for role in ("client", "worker"):
        checked = {need for case in load_checks() if role in case.under_test for need in case.needs}
        assert checked == ABILITIES[role].keys() - UNASKED
        assert PROBES[role].keys() <= ABILITIES[role].keys()


def test_checks_are_no_cases():
    assert not {case.id for case in load_checks()} & {case.id for case in own_cases()}


def test_the_reference_is_well():
    checks = list(examine(resolve_testee("reference")))
    assert {check.mark for check in checks} == {OK}
    assert len(checks) == len(load_checks()) + 4


def test_what_an_adapter_lacks_is_no_fault_of_it():
    checks = found()
    assert {check.mark for check in checks} == {LACKS}
    assert {check.finding for check in checks} > {"echo", "several-servers"}


def test_a_role_that_it_has_not_got_is_told():
    testee = Testee("other", command=(sys.executable, PROGRAM, "client-only"))
    assert [check.name for check in examine(testee, ["worker"]) if check.mark == LACKS] == [
        "worker: none of its roles"
    ]


@pytest.mark.parametrize(
    ("word", "name", "finding"),
    [
        ("broken", "it says who it is", "exited with status 1 when asked for 'hello': there is no library"),
        ("yes", "it says who it is", "'unsupported' to 'recite'"),
        ("rubbish", "client: a task gets its result", "no JSON"),
        ("boasts", "client: the unique of the caller is sent", "SUBMIT_JOB"),
        ("hopeful", "client: a failure where a result is expected is no pass", "PASS"),
        ("sloppy", "client: it quits when it is told to", "after 'quit' the adapter exited with status 3"),
    ],
)
def test_a_fault_is_found_and_named_with_advice(word, name, finding):
    faults = [check for check in failed(word) if check.name.startswith(name)]
    assert len(faults) == 1
    assert finding in faults[0].finding
    assert faults[0].advice


def test_a_worker_that_does_nothing_is_found_out():
    names = [check.name for check in failed(roles=["worker"])]
    assert "worker: a job is worked on, and its result sent" in names


def test_an_adapter_that_stays_is_found_out(monkeypatch):
    monkeypatch.setattr(doctor, "GREETING", 0.5)
    (fault,) = failed("stays")
    assert (fault.name, fault.case) == ("it ends when there are no more requests", None)


def test_the_command_says_it_in_lines_and_by_its_exit_code(capfd):
    assert cli.call(["doctor", "reference", "--role=worker"]) == 0
    out = capfd.readouterr().out
    assert all(line.startswith("ok      ") for line in out.splitlines())
    assert cli.call(["doctor", f"{sys.executable} {PROGRAM} hopeful", "--role=client"]) == 1
    out = capfd.readouterr().out.splitlines()
    at = next(n for n, line in enumerate(out) if line.startswith("FAILED  client: a failure where"))
    assert "tell what the library tells its user" in out[at + 1]
    assert "checks.gear.yaml::wrong-client-end" in out[at + 2]
    assert out[-1].startswith("2 went wrong")


def test_what_is_no_testee_is_a_mistake(capfd):
    assert cli.call(["doctor", "no-such-thing"]) == cli.USAGE
    assert "no known testee" in capfd.readouterr().err


def test_what_is_not_installed_is_a_mistake(capfd, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("program: [no-such-program]\ncommand: ['{program}']\n")
    assert cli.call(["doctor", str(path)]) == cli.USAGE
    assert "mine is not installed, there is no no-such-program" in capfd.readouterr().err
