"""Prints which case finds which fault of a job server.

Usage: python -m benchmarks.matrix [FAULT]...

Without names, one line a fault: how many cases fail on it, how many of them name a clause that it breaks,
and which. Then the cases that fail on no fault. With names, what each case says about these faults.
"""

from __future__ import annotations

import sys

from gearspec.ledger import audit
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


if __name__ == "__main__":
    main(sys.argv[1:])
