from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.harness.expectation import KINDS, Deviation, Expectations, Outcome, judge, load_expectations
from gearspec.harness.expectation import LISTED as OUTCOMES
from gearspec.harness.revision import dump, update
from gearspec.script.verdict import Verdict

FAIL = Outcome(Verdict.FAIL, "expected A, came B")
PASS = Outcome(Verdict.PASS, "")


def known(*entries):
    return Expectations(Path("mine.known.yaml"), "", entries)


def entry(case="a", outcome=Verdict.FAIL, sign="expected A", **more):
    return Deviation(case, outcome, sign, "defect", "because", "https://example.invalid/1", **more)


def updated(before, outcomes, version="1"):
    return update(before, outcomes, version).deviations


def test_a_new_failure_is_written_down_without_a_reason():
    (fresh,) = updated(known(), {"a[server]": FAIL, "b[server]": PASS})
    assert fresh == Deviation("a[server]", Verdict.FAIL, FAIL.sign, "", "TODO")


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.TOLERATED, Verdict.RECORDED, Verdict.UNSUPPORTED])
def test_nothing_is_written_down_that_needs_no_listing(verdict):
    assert updated(known(), {"a[server]": Outcome(verdict, "flag")}) == ()


def test_an_entry_that_came_again_stays_as_its_author_wrote_it():
    assert updated(known(entry()), {"a[server]": FAIL}) == (entry(),)


def test_an_entry_keeps_its_reason_when_the_outcome_changes():
    crash = Outcome(Verdict.CRASH, "the server is gone")
    assert updated(known(entry()), {"a[server]": crash}) == (entry("a", *crash),)


@pytest.mark.parametrize("outcome", [PASS, Outcome(Verdict.UNSUPPORTED, "no echo")])
def test_an_entry_whose_case_does_not_deviate_any_more_goes(outcome):
    assert updated(known(entry()), {"a[server]": outcome}) == ()


def test_an_entry_without_a_case_goes():
    assert updated(known(entry("gone")), {"a[server]": PASS}) == ()


def test_an_entry_for_other_versions_stays():
    other = entry(versions=">=2")
    assert updated(known(other), {"a[server]": PASS}, "1") == (other,)


def test_an_entry_whose_case_was_not_run_stays():
    assert updated(known(entry()), {"a[server]": Outcome(None, "dangerous")}) == (entry(),)


def test_an_entry_for_several_roles_splits_where_they_differ():
    found = updated(known(entry()), {"a[server]": FAIL, "a[client]": PASS})
    assert [(one.case, one.reason) for one in found] == [("a[server]", "because")]


def test_a_changed_flag_is_renewed_and_a_flag_that_is_gone_is_dropped():
    listed = known(entry("a", Verdict.TOLERATED, "one"))
    (renewed,) = updated(listed, {"a[server]": Outcome(Verdict.RECORDED, "two")})
    assert (renewed.outcome, renewed.sign) == (Verdict.RECORDED, "two")
    assert updated(listed, {"a[server]": PASS}) == ()


ITEMS = st.sampled_from(["a[server]", "b[server]", "b[client]", "c[server]"])
OUTCOME = st.sampled_from([Verdict.PASS, Verdict.UNSUPPORTED, *OUTCOMES]).flatmap(
    lambda verdict: st.builds(Outcome, st.just(verdict), st.sampled_from(["one", "one more", "two"]))
)
ENTRY = st.builds(
    entry,
    st.sampled_from(["a", "b", "c[server]", "d"]),
    st.sampled_from(OUTCOMES),
    st.sampled_from(["one", "two"]),
)


@given(st.lists(ENTRY, unique_by=lambda one: one.case), st.dictionaries(ITEMS, OUTCOME))
def test_after_an_update_the_same_run_is_as_expected_but_for_the_missing_reasons(entries, outcomes):
    after = update(known(*entries), outcomes, "1")
    for item, outcome in outcomes.items():
        found = judge(item, outcome, after, "1")
        assert found.action != "fail" or "TODO" in found.message


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@given(
    st.builds(
        Deviation,
        TEXT,
        st.sampled_from(OUTCOMES),
        TEXT,
        st.sampled_from(KINDS),
        TEXT,
        TEXT | st.just(""),
        st.sampled_from(["", ">=1.2, <2"]),
    )
)
def test_what_was_written_is_read_back(tmp_path_factory, deviation):
    path = tmp_path_factory.mktemp("known") / "mine.known.yaml"
    before = Expectations(path, "1.1.20", (deviation,), "# kept\n")
    path.write_text(dump(before), "utf-8")
    after = load_expectations(path)
    (found,) = after.deviations
    assert (found.case, found.sign, found.reason) == (deviation.case, deviation.sign, deviation.reason)
    assert (found.outcome, found.kind, found.issue) == (deviation.outcome, deviation.kind, deviation.issue)
    assert (after.versions, after.preamble) == ("1.1.20", "# kept\n")


def test_a_list_that_became_empty_is_still_a_file():
    assert dump(known()) == "known: []\n"
