"""The tester of clients and workers is tested: each fault is found by a case, and none cries wolf."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from gearspec.harness.performance import DEAD
from gearspec.peers.adapter import SIDES
from gearspec.protocol.clause import load_clauses
from tests.fault import failed
from tests.peer_fault import FAULTS, PEERS, cases, citing, concerned, faulty_run, played, sample

ABREAST = 8
"""How many faults are tried at the same time; most of the time their cases wait."""
BLIND = {
    (
        "client-background-job-lost-after-its-handle",
        "client",
    ): "silence, an error and a second job are all allowed; it is there to tell which of them a library does",
}
"""The cases that no fault fails, each with the reason why it is kept."""


def rows(faults, items_of):
    """What some cases come to with each of some faults."""
    with ThreadPoolExecutor(ABREAST) as several:
        results = several.map(lambda fault: played(fault, items_of(fault)), faults)
        return dict(zip(faults, results, strict=True))


def complaints(fault, results):
    """What is wrong with the row of a fault, in words."""
    few = sample(fault)
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


def sharp(matrix):
    """The cases that fail on a fault at what they decide."""
    return {
        item
        for results in matrix.values()
        for item, result in results.items()
        if failed(result) and result.clause in cases()[item].clauses
    }


def test_each_fault_is_found_and_leaves_other_cases_alone_and_each_case_fails_on_a_fault():
    for fault in FAULTS:
        faulty_run(fault)  # it is remembered; threads must not import at the same time
    matrix = rows(FAULTS, lambda fault: list(dict.fromkeys([*citing(fault), *sample(fault)])))
    wrong = {fault.id: told for fault in FAULTS if (told := list(complaints(fault, matrix[fault])))}
    assert not wrong
    dull = cases().keys() - sharp(matrix)
    gross = [fault for fault in FAULTS if fault.kind]
    dull -= sharp(rows(gross, lambda fault: [item for item in concerned(fault) if item in dull]))
    assert dull == BLIND.keys(), "give it a fault, say in BLIND why it is kept, or delete it"


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
