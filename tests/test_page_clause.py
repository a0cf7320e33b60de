"""Pages of clauses say what the clauses, the cases and the results of programs say."""

from dataclasses import replace

import pytest

from gearspec.harness.expectation import Deviation
from gearspec.page.account import Account
from gearspec.page.clause import Habit, clause_page, clause_pages, habits_of
from gearspec.protocol.clause import GROUPS, load_clauses
from gearspec.script.verdict import Verdict
from gearspec.suite import find_case

CLAUSE = load_clauses()["coalesce-same-handle"]
CASE = find_case("two-clients-share-a-job")


def page(clause=CLAUSE, cases=(), habits=None):
    return clause_page(clause.group, [clause], {clause.id: list(cases)}, {clause.id: habits or {}})


def account(verdict, sign="", clause="", role="server", program="mine 1"):
    return Account(program, "a server", f"{CASE.id}[{role}]", verdict, sign, clause)


def test_each_clause_has_its_place_and_the_index_leads_there():
    pages = {one.path: one.text for one in clause_pages([], [])}
    assert pages.keys() == {"clauses/index.html", *(f"clauses/{group}.html" for group in GROUPS)}
    for clause in load_clauses().values():
        assert f'\n<h2 id="{clause.id}">{clause.id}</h2>\n' in pages[f"clauses/{clause.group}.html"]
        assert f'href="../clauses/{clause.group}.html#{clause.id}"' in pages["clauses/index.html"]


def test_a_changed_clause_changes_its_page():
    text = page(
        replace(
            CLAUSE,
            text="New.",
            level="must",
            roles=("client", "worker"),
            section="A section",
            line=7,
            since="1.1.20",
            contradictions="Or not.",
        )
    )
    for part in (
        "<p>New.</p>",
        ">must</span> for client, worker",
        "A section",
        "line 7",
        "since the edition",
    ):
        assert part in text
    assert "Or not." in text
    assert "Or not." not in page()


def test_a_clause_that_nobody_can_be_tested_on_says_why():
    text = page(replace(CLAUSE, roles=(), untestable="nobody sees it"))
    assert "It is not tested: nobody sees it." in text
    assert "Cases that decide it" not in text


def test_the_cases_that_decide_a_clause_are_on_its_page():
    assert f'href="../cases/{CASE.id}.html"' in page(cases=[CASE])
    assert "Cases that decide it (1)" in page(cases=[CASE])


def test_what_programs_do_is_counted_and_told_with_its_reason():
    why = Deviation(CASE.id, Verdict.FAIL, "x", "defect", "It forgets")
    bad = replace(account(Verdict.FAIL, "it <b>came</b>"), why=why)
    text = page(habits={"mine 1": Habit("a", 3, [bad]), "yours 2": Habit("b", 3)})
    assert "What programs do (1 as it says, 1 otherwise)" in text
    assert "<td>2 of 3</td>" in text
    assert "<td>3 of 3</td>" in text
    assert "it &lt;b&gt;came&lt;/b&gt;" in text
    assert "defect: It forgets" in text


def habits(*found):
    return habits_of(CLAUSE, [CASE], {CASE.id: list(found)})


def test_a_pass_is_counted_and_what_was_not_supported_is_not():
    assert habits(account(Verdict.PASS)) == {"mine 1": Habit("a server", 1)}
    assert habits(account(Verdict.UNSUPPORTED, "lacks coalescing")) == {}


def test_a_failure_counts_against_the_clause_that_was_being_decided():
    bad = account(Verdict.FAIL, "x: y", CLAUSE.id)
    assert habits(bad)["mine 1"].otherwise == [bad]


@pytest.mark.parametrize("clause", ["coalesce-same-unique", ""])
def test_a_failure_for_the_sake_of_another_clause_or_of_none_says_nothing(clause):
    assert habits(account(Verdict.CRASH, "x: y", clause)) == {}


def test_a_flag_counts_against_the_clauses_that_its_fork_decides():
    flagged = account(Verdict.TOLERATED, "queued-job-takes-no-second-client", "coalesced-clients-get-result")
    assert habits(flagged)["mine 1"].otherwise == [flagged]
    other = habits_of(load_clauses()["coalesced-clients-get-result"], [CASE], {CASE.id: [flagged]})
    assert other["mine 1"].otherwise == []


def test_a_flag_that_no_branch_has_counts_against_the_clause_that_was_being_decided():
    newer = account(Verdict.RECORDED, "not-in-1.1.18", CLAUSE.id)
    assert habits(newer)["mine 1"].otherwise == [newer]


def test_what_was_played_for_another_role_says_nothing_of_a_clause():
    assert habits(account(Verdict.PASS, role="client")) == {}
