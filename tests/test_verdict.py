"""Verdicts stand in an order, and the worst of several plays counts."""

import pytest

from gearspec.script.verdict import Result, Verdict, worst

ORDER = ["PASS", "RECORDED", "TOLERATED", "UNSUPPORTED", "INCONCLUSIVE", "FAIL", "HANG", "CRASH", "ERROR"]


def test_verdicts_go_from_good_to_bad():
    assert [verdict.name for verdict in sorted(Verdict, key=lambda verdict: verdict.rank)] == ORDER


def test_a_verdict_is_its_own_word():
    assert [str(verdict) for verdict in Verdict] == [verdict.name for verdict in Verdict]


@pytest.mark.parametrize("verdict", Verdict)
def test_the_worst_play_counts(verdict):
    first, other = Result(Verdict.PASS, "good"), Result(verdict, "other")
    assert worst([first, other, Result(Verdict.PASS)]).verdict is verdict


def test_of_two_that_are_equally_bad_the_first_counts():
    assert (
        worst([Result(Verdict.PASS), Result(Verdict.FAIL, "one"), Result(Verdict.FAIL, "two")]).message
        == "one"
    )


@pytest.mark.parametrize("verdict", [Verdict.TOLERATED, Verdict.RECORDED])
def test_flags_of_all_plays_are_told_where_the_verdict_names_flags(verdict):
    results = [
        Result(verdict, flags=("b",)),
        Result(Verdict.PASS),
        Result(Verdict.RECORDED, flags=("a", "b")),
    ]
    assert worst(results).flags == ("a", "b")


def test_a_failure_names_no_flags_of_others():
    results = [Result(Verdict.TOLERATED, flags=("a",)), Result(Verdict.FAIL)]
    assert worst(results).flags == ()


def test_results_do_not_share_a_transcript():
    assert Result(Verdict.PASS).transcript is not Result(Verdict.PASS).transcript
