"""One-line faults of the reference client and worker, each one that a library could have.

The cases of suites/client and suites/worker are played with a copy of the adapter that has the fault; the
outcome is a matrix, fault by case, which ``python -m benchmarks.matrix peers`` prints.
"""

from __future__ import annotations

import time
from functools import cache, partial
from pathlib import Path

import gearspec.peers
from gearspec.data import data_folder
from gearspec.document import load
from gearspec.harness.adapter import EmbeddedAdapter
from gearspec.harness.ensemble import Ensemble
from gearspec.harness.performance import token
from gearspec.peers.adapter import SIDES
from gearspec.protocol.clause import EDITIONS, load_clauses
from gearspec.script.guest import TesteeStage
from gearspec.script.testee import scenes
from gearspec.script.verdict import Verdict, worst
from gearspec.suite import suite_cases
from tests.fault import copy_name, load_copy, read_fault, read_sources, replaced

PEERS = Path(gearspec.peers.__file__).parent
AT_ONCE = (16, 4, 1, 1, 1)
"""How many scenes of a fault are played at once, which mostly wait; then of those that could not be told."""
SHARE = 6
"""One of so many cases is in the sample that has to pass for the most part."""

_FILE = Path(__file__).with_name("peer_faults.yaml")
FAULTS = tuple(read_fault(entry) for entry in load(_FILE.read_text("utf-8"), _FILE))


@cache
def cases():
    """Every case that is about clients or workers, by its id and the role under test."""
    found = {}
    for role in SIDES:
        found |= {(case.id, role): case for case in suite_cases(data_folder("suites") / role)}
    return found


def concerned(fault):
    """The cases of the roles that a fault is about."""
    roles = {role for name in fault.clauses for role in load_clauses()[name].roles}
    return [item for item in cases() if item[1] in roles]


def sample(fault):
    """Some of them, evenly over all files."""
    return concerned(fault)[::SHARE]


def citing(fault):
    """Those of them that are about a clause that it breaks."""
    return [item for item in concerned(fault) if fault.clauses & set(cases()[item].clauses)]


@cache
def faulty_run(fault):
    """The adapter of a client and worker that have a fault."""
    name = copy_name(fault)
    sources, broken = read_sources(PEERS, name), f"{name}.{fault.module}"
    sources[broken] = replaced(sources[broken], fault)
    copied = {module: text.replace("gearspec.peers", name) for module, text in sources.items()}
    return load_copy(name, f"{name}.adapter", copied, {}).run


def _play(begin, items, most):
    stages = {
        role: TesteeStage(role, frozenset(side.FEATURES), EDITIONS[-1], token, time.time)
        for role, side in SIDES.items()
    }
    ensemble = Ensemble({item: scenes(cases()[item], stages[item[1]]) for item in items}, begin, most=most)
    try:
        return {item: worst(ensemble.collect(item)) for item in items}
    finally:
        ensemble.close()


def played(fault, items):
    """What some cases come to with a fault; what could not be told is played again with less around it."""
    begin = partial(EmbeddedAdapter, faulty_run(fault))
    results, unsure = {}, items
    for most in AT_ONCE:
        results |= _play(begin, unsure, most)
        unsure = [item for item in unsure if results[item].verdict is Verdict.INCONCLUSIVE]
    return results
