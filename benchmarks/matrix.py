"""Prints which case finds which fault of a job server, or of a client or worker.

Usage: python -m benchmarks.matrix [FAULT]... | peers

Without names, one line a fault: how many cases fail on it, how many of them name a clause that it breaks,
and which. Then the cases that fail on no fault. With names, what each case says about these faults.
With ``peers``, the faults of the reference client and worker, each with every case of its role; this takes
some minutes.
"""

from __future__ import annotations

import sys

from gearspec.ledger import audit
from tests import peer_fault
from tests.fault import FAULTS, cases, failed, rehearsed


def main(names: list[str]) -> None:
    """Print the matrix, or the rows of some faults."""
    blind = set(cases())
    for fault in [fault for fault in FAULTS if fault.id in names or not names]:
        results = {name: rehearsed(case, fault) for name, case in cases().items()}
        found = {name: result for name, result in results.items() if failed(result)}
        exact = [name for name, result in found.items() if result.clause in fault.clauses]
        blind -= found.keys()
        if names:
            for name, result in found.items():
                print(f"{fault.id}: {name} {result.verdict} [{result.clause}] {result.message}")
        else:
            others = len(found) - len(exact)
            ledger = sum(bool(audit(result.transcript)) for result in results.values())
            print(f"{fault.id:48} {len(exact):3} + {others:3}, ledger {ledger:3}   {', '.join(exact)}")
    if not names:
        print(
            f"{len(FAULTS)} faults, {len(cases())} cases; these find none: {', '.join(sorted(blind)) or '-'}"
        )


def peers() -> None:
    """Print the matrix of clients and workers."""
    blind = {name for name, _ in peer_fault.cases()}
    for fault in peer_fault.FAULTS:
        results = peer_fault.played(fault, peer_fault.concerned(fault))
        found = {name: result for (name, _), result in results.items() if failed(result)}
        exact = [name for name, result in found.items() if result.clause in fault.clauses]
        blind -= found.keys()
        print(f"{fault.id:48} {len(exact):3} + {len(found) - len(exact):3}   {', '.join(exact)}", flush=True)
    print(f"{len(peer_fault.FAULTS)} faults; these cases find none: {', '.join(sorted(blind)) or '-'}")


if __name__ == "__main__":
    peers() if sys.argv[1:] == ["peers"] else main(sys.argv[1:])
