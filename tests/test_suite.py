import pytest

from gearspec.data import data_folder
from gearspec.errors import UsageError
from gearspec.script.load import load_cases
from gearspec.script.trait import CAPABILITIES
from gearspec.suite import case_level, find_case, is_suite, load_probes, own_cases, suite_items


def test_every_case_has_an_id_of_its_own():
    ids = [case.id for case in own_cases()]
    assert len(ids) == len(set(ids))


def test_probes_are_no_cases_and_there_is_one_for_each_capability():
    assert not is_suite(data_folder("suites") / "probes.gear.yaml")
    assert not any(case.id.startswith("probe-") for case in own_cases())
    assert load_probes().keys() == CAPABILITIES.keys()


def test_a_case_is_found_by_its_id_or_by_that_of_an_item():
    case = own_cases()[0]
    assert find_case(case.id) == find_case(f"{case.id}[server]") == case


def test_a_wrong_id_gets_a_hint():
    case = own_cases()[0]
    with pytest.raises(UsageError, match=f"did you mean .*{case.id}"):
        find_case(f"{case.id}x")
    with pytest.raises(UsageError, match="gearspec list"):
        find_case("0123456789")


def test_the_items_of_a_path_are_those_of_its_suites(tmp_path):
    suites = data_folder("suites")
    one = next(suites.rglob("*/*.gear.yaml"))
    for path in (one, suites / "server", suites, suites.parent):
        assert len(suite_items([path], {"server"})) == sum(
            "server" in case.under_test for case in own_cases()
        )
    copy = tmp_path / one.name
    copy.write_text(one.read_text())
    assert len(suite_items([copy], {"server"})) == len(load_cases(one))
    assert suite_items([copy], set()) == []


def test_a_level_is_the_strongest_of_the_clauses():
    assert {case_level(case) for case in own_cases()} <= {"must", "should", "may", "practice"}
