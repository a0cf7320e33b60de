from types import SimpleNamespace

from gearspec.harness.expectation import Deviation, Expectations
from gearspec.harness.program import Program
from gearspec.page.account import Account, Subject, Support, accounts, known_subjects, supports
from gearspec.script.verdict import Verdict
from gearspec.standing import Finding, Standing, known_standings

ITEM = "echo-empty[server]"
CASE = SimpleNamespace(id="echo-empty", under_test=("server", "client"))
KNOWN = Deviation("echo-empty", Verdict.FAIL, "echo: no", "defect", "It never does", versions=">=2")


def subject(version="2.1", **findings):
    standing = Standing(
        "target", "mine", version, "2.0.0", "0.1", "2026-01-01T00:00:00Z", whole=True, findings=findings
    )
    return Subject(Program("mine", "a server"), standing, Expectations(None, "", (KNOWN,)))


def test_what_came_is_told_with_the_entry_that_explains_it():
    mine = subject(**{ITEM: Finding(Verdict.FAIL, message="echo: no answer", clause="echo-answered")})
    assert mine.account(ITEM) == Account(
        "mine 2.1", "a server", ITEM, Verdict.FAIL, "echo: no answer", "echo-answered", KNOWN
    )


def test_an_entry_for_another_version_or_another_verdict_explains_nothing():
    failed = Finding(Verdict.FAIL, message="echo: no answer")
    assert subject("1.9", **{ITEM: failed}).account(ITEM).why is None
    assert subject(**{ITEM: Finding(Verdict.PASS)}).account(ITEM).why is None


def test_flags_are_told_in_place_of_a_message():
    mine = subject(**{ITEM: Finding(Verdict.TOLERATED, ("one", "two"), "one, two")})
    assert mine.account(ITEM).sign == "one, two"


def test_what_was_not_run_is_not_told():
    skipped = subject(**{ITEM: Finding(None, message="it is dangerous")})
    assert skipped.account(ITEM) is None
    assert accounts(CASE, [subject(), skipped]) == []


def test_programs_are_told_role_by_role():
    mine = subject(**{ITEM: Finding(Verdict.PASS), "echo-empty[client]": Finding(Verdict.FAIL)})
    assert [one.role for one in accounts(CASE, [mine])] == ["server", "client"]


def test_a_program_supports_what_it_passes_and_what_it_lacks_is_no_failure():
    mine = subject(
        **{ITEM: Finding(Verdict.TOLERATED, ("one",)), "echo-empty[client]": Finding(Verdict.FAIL)}
    )
    assert supports([CASE], [mine]) == {
        "mine 2.1": Support("a server", 2, (mine.account("echo-empty[client]"),))
    }
    lacking = subject(**{ITEM: Finding(Verdict.UNSUPPORTED)})
    assert supports([CASE], [lacking]) == {"mine 2.1": Support("a server", 0, ())}
    assert supports([CASE], [subject()]) == {}


def test_every_program_whose_results_are_kept_is_told_with_its_known_deviations():
    subjects = known_subjects()
    assert [one.standing for one in subjects] == list(known_standings())
    assert {one.standing.name for one in subjects if one.known} >= {"gearmand", "perl-gearmand"}
