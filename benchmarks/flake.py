"""Whether the same target gets the same verdicts, run after run, half of them with the cores loaded.

Usage: python -m benchmarks.flake [--runs=60] [TARGET]...

Prints each (case, run) that differs from what most runs say, and counts them.
Exit code 1 if there is any.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def _spin() -> None:
    while True:
        pass


@contextmanager
def loaded_cores() -> Iterator[None]:
    """Keep every core busy."""
    burners = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()


def outcomes(target: str) -> dict[str, str]:
    """What each case comes to in one run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        options = [f"--target={target}", "--gear-expectations=none", f"--gear-report={report}"]
        command = [sys.executable, "-m", "pytest", "-q", "suites/server", *options]
        subprocess.run(command, capture_output=True, check=False)
        lines = [json.loads(line) for line in report.read_text().splitlines()]
    return {
        line["id"]: f"{line['verdict']} {line['flags']} {line['message']}"
        for line in lines
        if "verdict" in line
    }


def differing(target: str, runs: int) -> int:
    """Run a target over and over, and print what differs."""
    seen: dict[str, list[str]] = defaultdict(list)
    for number in range(runs):
        if number % 2:
            with loaded_cores():
                found = outcomes(target)
        else:
            found = outcomes(target)
        for case, outcome in found.items():
            seen[case].append(outcome)
    count = 0
    for case, results in seen.items():
        usual, _ = Counter(results).most_common(1)[0]
        others = [(number, result) for number, result in enumerate(results) if result != usual]
        for number, result in others:
            print(f"   {case}, run {number}: {result}\n      usually: {usual}")
        count += len(others) + (runs - len(results))
    print(f"{target}: {runs} runs of {len(seen)} cases, {count} (case, run) differ", flush=True)
    return count


def main() -> int:
    """Measure the named targets, or all known ones."""
    runs = next((int(word[7:]) for word in sys.argv if word.startswith("--runs=")), 60)
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    targets = names or ["reference", "gearmand", "perl-gearmand", "geard", "abraxas"]
    return int(sum(differing(target, runs) for target in targets) > 0)


if __name__ == "__main__":
    sys.exit(main())
