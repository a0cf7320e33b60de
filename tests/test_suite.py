import pytest

from gearspec.data import data_folder
from gearspec.errors import UsageError
from gearspec.protocol.clause import load_clauses
from gearspec.script.load import load_cases
from gearspec.script.trait import CAPABILITIES
from gearspec.suite import (
    case_level,
    find_case,
    is_suite,
    load_probes,
    own_cases,
    own_properties,
    read_properties,
    suite_items,
)


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


PROPERTIES = '''
import pytest


@pytest.mark.clause("server-survives", "echo-answered")
def test_that_it_holds(gear_property: Property) -> None:
    """That it holds.

    And more.
    """


@pytest.mark.clause("server-survives")
@pytest.mark.under_test("client")
@pytest.mark.skip
def test_of_a_client(gear_property):
    pass


def test_something_else():
    pass
'''


def test_properties_are_read_from_their_file_without_running_it():
    first, second = read_properties(PROPERTIES, "suites/fuzz/test_it.py")
    assert (first.id, first.title, first.line) == ("that-it-holds", "That it holds", 6)
    assert first.clauses == ("server-survives", "echo-answered")
    assert (first.under_test, first.steps) == (("server",), ())
    assert (second.id, second.under_test) == ("of-a-client", ("client",))


def test_each_property_of_ours_has_a_title_decides_a_clause_and_has_an_id_of_its_own():
    found = own_properties()
    assert found
    assert all(case.title and set(case.clauses) <= load_clauses().keys() for case in found)
    ids = [case.id for case in (*found, *own_cases())]
    assert len(set(ids)) == len(ids)
