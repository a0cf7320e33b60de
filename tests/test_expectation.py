from pathlib import Path

import pytest

from gearspec.errors import TargetError
from gearspec.harness.expectation import Deviation, Expectations, Outcome, judge, load_expectations, sign
from gearspec.script.verdict import Verdict

KNOWN = """\
# Why gearmand deviates.
versions: ">=1.1.20, <1.2"
known:
- case: echo-empty[server]
  outcome: FAIL
  message: expected ECHO_RES
  kind: defect
  reason: it does not answer
  issue: https://example.invalid/1
- case: worker-death
  outcome: TOLERATED
  flag: fails-the-job
  kind: text-silent
  reason: it chose so
- case: big-packet
  outcome: CRASH
  message: the server is gone
  kind: defect
  reason: it runs out of memory
  versions: "1.1.20"
- case: new-one
  outcome: FAIL
  message: anything
  reason: TODO
"""

MIXED = """\
known:
- {case: a, outcome: FAIL, message: m, kind: defect, reason: r}
- {case: "a[server]", outcome: FAIL, message: m, kind: defect, reason: r}
"""


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "mine.known.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def known(write):
    return load_expectations(write(KNOWN))


def action(known, item, verdict, sign="", version="1.1.20"):
    return judge(item, Outcome(verdict, sign), known, version).action


def test_what_is_not_listed_passes_only_when_it_is_sound(known):
    actions = {verdict: action(known, "unlisted[server]", verdict) for verdict in Verdict}
    assert {verdict for verdict in Verdict if actions[verdict] == "pass"} == {
        Verdict.PASS,
        Verdict.TOLERATED,
        Verdict.RECORDED,
    }
    assert actions[Verdict.UNSUPPORTED] == "skip"
    assert {actions[v] for v in ("FAIL", "CRASH", "HANG", "INCONCLUSIVE")} == {"fail"}


def test_without_expectations_the_same_rules_hold():
    assert judge("a[server]", Outcome(Verdict.PASS, ""), None, "1").action == "pass"
    assert judge("a[server]", Outcome(Verdict.FAIL, "why"), None, "1").message == "why"


def test_a_listed_failure_that_begins_as_listed_is_known(known):
    found = judge("echo-empty[server]", Outcome(Verdict.FAIL, "expected ECHO_RES, came EOF"), known, "1.1.20")
    assert found.action == "known"
    assert found.message == "FAIL, defect: it does not answer"


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.TOLERATED, Verdict.RECORDED, Verdict.UNSUPPORTED])
def test_a_listed_case_that_passes_or_is_skipped_fails_and_says_what_to_do(known, verdict):
    found = judge("echo-empty[server]", Outcome(verdict, ""), known, "1.1.20")
    assert found.action == "fail"
    assert "mine.known.yaml:4 lists FAIL 'expected ECHO_RES'" in found.message
    assert "remove the entry" in found.message


def test_a_listed_case_that_fails_differently_fails(known):
    assert action(known, "echo-empty[server]", Verdict.FAIL, "another") == "fail"


@pytest.mark.parametrize("verdict", [Verdict.CRASH, Verdict.HANG, Verdict.INCONCLUSIVE])
def test_a_listed_failure_covers_no_other_outcome(known, verdict):
    assert action(known, "echo-empty[server]", verdict, "expected ECHO_RES") == "fail"


def test_a_listed_flag_that_comes_again_passes_and_one_that_changes_fails(known):
    assert action(known, "worker-death[server]", Verdict.TOLERATED, "fails-the-job") == "pass"
    assert action(known, "worker-death[server]", Verdict.TOLERATED, "fails-the-job, more") == "fail"
    assert action(known, "worker-death[server]", Verdict.RECORDED, "fails-the-job") == "fail"


def test_a_reason_that_is_still_to_be_written_fails(known):
    found = judge("new-one[server]", Outcome(Verdict.FAIL, "anything"), known, "1.1.20")
    assert found.action == "fail"
    assert "TODO" in found.message


def test_an_entry_holds_only_for_its_versions(known):
    assert action(known, "big-packet[server]", Verdict.CRASH, "the server is gone") == "known"
    assert action(known, "big-packet[server]", Verdict.CRASH, "the server is gone", "1.1.21") == "fail"


def test_an_entry_for_a_case_is_for_all_its_roles_and_one_for_an_item_for_that_alone(write):
    entry = "- {{case: {}, outcome: FAIL, message: m, kind: defect, reason: r}}\n"
    known = load_expectations(write("known:\n" + entry.format("a") + entry.format("'b[client]'")))
    assert known.find("a[client]", None).case == known.find("a[server]", None).case == "a"
    assert known.find("b[client]", None).case == "b[client]"
    assert known.find("b[server]", None) is None


def test_an_outcome_with_flags_is_recognised_by_them_and_any_other_by_its_message():
    assert sign(Verdict.TOLERATED, ("a", "b"), "text") == "a, b"
    assert sign(Verdict.FAIL, ("a",), "text") == "text"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a", 1, "mapping"),
        ("known: [{outcome: FAIL, reason: r}]", 1, "'case' is missing"),
        ("known:\n- {case: a, outcome: PASS, reason: r}", 2, "'outcome' is 'PASS'"),
        ("known:\n- {case: a, outcome: FAIL, kind: defect, reason: r}", 2, "recognised by its 'message'"),
        ("known:\n- {case: a, outcome: FAIL, flag: f, message: m, kind: defect, reason: r}", 2, "'message'"),
        ("known:\n- {case: a, outcome: TOLERATED, message: m, kind: defect, reason: r}", 2, "its 'flag'"),
        ("known:\n- {case: a, outcome: FAIL, message: m, reason: r}", 2, "'kind' is ''"),
        (
            "known:\n- case: a\n  outcome: FAIL\n  message: m\n  kind: defect\n  reason: ''",
            6,
            "explains nothing",
        ),
        ("versions: newest\nknown: []", 1, "'newest' is no comparison"),
        ("known:\n- &a {case: a, outcome: FAIL, message: m, kind: defect, reason: r}\n- *a", 2, "alias"),
        ("known:\n" + 2 * "- {case: a, outcome: FAIL, message: m, kind: defect, reason: r}\n", 3, "already"),
        (MIXED, 3, "already listed at line 2"),
    ],
)
def test_a_fault_in_the_file_names_its_line(write, text, line, words):
    with pytest.raises(TargetError) as caught:
        load_expectations(write(text))
    assert words in caught.value.message
    assert caught.value.line == line


def test_a_file_that_is_not_there_is_its_authors_to_mend(tmp_path):
    with pytest.raises(TargetError, match="cannot be read"):
        load_expectations(tmp_path / "none.known.yaml")


def test_what_a_program_does_in_some_runs_only_may_be_right_in_others():
    racy = Deviation("a", Verdict.CRASH, "m: gone", "defect", "why", sometimes="a race of its own")
    known = Expectations(Path("x.known.yaml"), deviations=(racy,))
    assert judge("a[server]", Outcome(Verdict.CRASH, "m: gone"), known, None).action == "known"
    assert judge("a[server]", Outcome(Verdict.PASS, ""), known, None).action == "pass"
    assert judge("a[server]", Outcome(Verdict.FAIL, "m: other"), known, None).action == "fail"
