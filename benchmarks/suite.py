"""What the deterministic server suite costs on a target.

Usage: python -m benchmarks.suite [TARGET]
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median, quantiles

from gearspec.harness.session import Session
from gearspec.harness.target import resolve_target
from gearspec.script.load import case_waits
from gearspec.suite import own_cases

ROUNDS = 3


def by_case(name: str) -> None:
    """Print what one case costs, those that wait for a clock and those that kill left out."""
    session = Session(resolve_target(name))
    session.start()
    quick = [case for case in own_cases() if not (case_waits(case) or case.dangerous)]
    taken: dict[str, list[float]] = {case.id: [] for case in quick}
    try:
        for _ in range(ROUNDS):
            for case in quick:
                start = time.perf_counter()
                session.play(case)
                taken[case.id].append((time.perf_counter() - start) * 1000)
    finally:
        session.close()
    best = {case: median(times) for case, times in taken.items()}
    ninth = quantiles(best.values(), n=10)[-1]
    print(f"{name}: {len(best)} cases, median {median(best.values()):.2f} ms, p90 {ninth:.2f} ms")
    for case, milliseconds in sorted(best.items(), key=lambda pair: -pair[1])[:8]:
        print(f"   {milliseconds:9.2f} ms  {case}")


def whole(name: str) -> None:
    """Print what a whole run costs, in one process and in two."""
    for workers in ("0", "2"):
        command = [sys.executable, "-m", "pytest", "-q", "suites/server", f"--target={name}", "-n", workers]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        last = done.stdout.strip().rpartition("\n")[2]
        print(f"{name}: -n {workers}: {time.perf_counter() - start:.1f} s   {last}")


def main() -> None:
    """Measure one target."""
    name = sys.argv[1] if len(sys.argv) > 1 else "gearmand"
    by_case(name)
    whole(name)


if __name__ == "__main__":
    main()
