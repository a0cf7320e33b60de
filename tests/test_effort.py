"""Profiles: how many rounds a search goes, and with which seeds."""

from itertools import islice

from gearspec.fuzz.effort import PROFILES, make_effort
from gearspec.plugin import PROFILES as OFFERED


def test_every_profile_is_offered_and_no_other():
    assert tuple(PROFILES) == OFFERED


def test_a_quick_search_is_one_round():
    assert list(make_effort("quick", None, 7).seeds()) == [7]


def test_a_search_in_ci_goes_twenty_rounds():
    effort = make_effort("ci", None, 7)
    assert list(effort.seeds()) == list(range(7, 27))
    assert effort.seconds is None


def test_a_deep_search_ends_with_its_time_alone():
    effort = make_effort("deep", None, 7)
    assert list(islice(effort.seeds(), 100)) == list(range(7, 107))
    assert effort.seconds == 600


def test_time_can_be_bound_in_any_profile():
    assert [make_effort(profile, 2.5, 0).seconds for profile in PROFILES] == [2.5, 2.5, 2.5]


def test_the_parts_of_a_search_are_the_whole_and_have_nothing_in_common():
    seeds = [seed for part in range(3) for seed in make_effort("ci", None, 0, part, 3).seeds()]
    assert sorted(seeds) == list(range(20))
