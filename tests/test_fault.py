"""The tester is tested: each fault is found by a case, each case finds a fault, and none cries wolf."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gearspec.model import Server
from gearspec.protocol.clause import load_clauses
from gearspec.script.verdict import Verdict
from tests.fault import FAULTS, MODEL, Fault, cases, failed, rehearsed, replaced, sound, told

BLIND = {}
"""The cases that no fault fails, each with the reason why it is kept."""


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])
def test_each_fault_is_found_by_a_case_that_names_its_clause_and_leaves_the_others_alone(fault):
    results = {name: rehearsed(case, fault) for name, case in cases().items()}
    found = {name: result for name, result in results.items() if failed(result)}
    if fault.kind == "variant":
        exact = [name for name in results.keys() - found if told(name, results[name])]
        exact = [name for name in exact if fault.clauses & set(cases()[name].clauses)]
    else:
        exact = [name for name, result in found.items() if result.clause in fault.clauses]
    assert exact, f"no case names {sorted(fault.clauses)}: {sorted(found)}"
    assert fault.kind == "gross" or len(found) <= len(results) / 10, f"it fails {len(found)} cases"
    assert {result.verdict for result in found.values()} <= {Verdict.FAIL}, "a mute server is no fault"


@pytest.mark.parametrize("name", cases())
def test_each_case_fails_on_a_fault_at_what_it_decides_or_tells_it_by_a_flag(name):
    case = cases()[name]
    assert not failed(sound(name))
    nearest_first = sorted(FAULTS, key=lambda fault: not fault.clauses & set(case.clauses))
    results = (rehearsed(case, fault) for fault in nearest_first)
    sees = any(result.clause in case.clauses if failed(result) else told(name, result) for result in results)
    assert sees or name in BLIND, "give it a fault, say in BLIND why it is kept, or delete it"
    assert not (sees and name in BLIND), "it is not blind any more: take it out of BLIND"


def test_no_fault_stands_twice():
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)
    assert len({replace(fault, id="", clauses=frozenset(), kind="") for fault in FAULTS}) == len(FAULTS)


def test_each_clause_of_a_fault_is_about_servers():
    clauses = load_clauses()
    assert all("server" in clauses[name].roles for fault in FAULTS for name in fault.clauses)


def test_each_kind_of_fault_is_one_that_has_a_rule():
    assert {fault.kind for fault in FAULTS} == {"", "gross", "variant"}


def test_each_blind_case_exists():
    assert BLIND.keys() <= cases().keys()


def test_a_fault_is_in_a_copy_and_not_in_the_model():
    fault = next(fault for fault in FAULTS if fault.module == "server")
    rehearsed(next(iter(cases().values())), fault)
    assert Server.__module__ == "gearspec.model.server"
    assert fault.old in (MODEL / "server.py").read_text("utf-8")


@pytest.mark.parametrize("text", ["", "one one"])
def test_a_fault_that_fits_no_place_or_several_is_refused(text):
    with pytest.raises(ValueError, match="times"):
        replaced(text, Fault("id", frozenset(), "server", "one", "two", ""))
