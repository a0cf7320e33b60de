"""The tester of clients and workers is tested: each fault is found by a case, and none cries wolf."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from gearspec.harness.performance import DEAD
from gearspec.peers.adapter import SIDES
from gearspec.protocol.clause import load_clauses
from tests.fault import failed
from tests.peer_fault import FAULTS, PEERS, citing, faulty_run, played, sample

ABREAST = 8
"""How many faults are tried at the same time; most of the time their cases wait."""


def complaints(fault):
    """What is wrong with the row of a fault, in words."""
    few, results = sample(fault), played(fault, list(dict.fromkeys([*citing(fault), *sample(fault)])))
    found = {item: result for item, result in results.items() if failed(result)}
    if not any(result.clause in fault.clauses for result in found.values()):
        told = sorted(f"{item[0]} at {result.clause}" for item, result in found.items())
        yield f"no case names {sorted(fault.clauses)}: {told}"
    wrong = [item for item in few if item in found]
    if len(wrong) > len(few) / 10 and not fault.kind:
        yield f"it fails {len(wrong)} of {len(few)} cases: {wrong}"
    mute = {item: result.message for item, result in found.items() if result.verdict in DEAD}
    if mute:
        yield f"a mute peer is no fault: {mute}"


def test_each_fault_is_found_by_a_case_that_names_its_clause_and_leaves_the_others_alone():
    for fault in FAULTS:
        faulty_run(fault)  # it is remembered; threads must not import at the same time
    with ThreadPoolExecutor(ABREAST) as several:
        rows = several.map(lambda fault: list(complaints(fault)), FAULTS)
        wrong = {fault.id: row for fault, row in zip(FAULTS, rows, strict=True) if row}
    assert not wrong


def test_no_fault_stands_twice():
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)
    assert len({replace(fault, id="", clauses=frozenset()) for fault in FAULTS}) == len(FAULTS)


def test_each_clause_of_a_fault_is_about_clients_or_workers():
    clauses = load_clauses()
    assert all(SIDES.keys() & set(clauses[name].roles) for fault in FAULTS for name in fault.clauses)


def test_a_fault_is_in_a_copy_and_not_in_the_peers():
    fault = next(fault for fault in FAULTS if fault.module == "station")
    assert faulty_run(fault).__module__ != "gearspec.peers.adapter"
    assert fault.old in (PEERS / "station.py").read_text("utf-8")
