"""Whether the same target gets the same verdicts, run after run, half of them with the cores loaded.

Usage: python -m benchmarks.flake [--runs=60] [TARGET]...

Prints each (case, run) that differs from what most runs say, and counts them; what the known deviations
say of some runs only is no difference. Exit code 1 if there is any.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gearspec.harness.expectation import Expectations, Outcome, load_expectations, sign
from gearspec.harness.target import resolve_target
from gearspec.script.verdict import Verdict

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


def outcomes(target: str, expectations: Expectations | None) -> dict[str, str]:
    """What each case comes to in one run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        options = [f"--target={target}", "--gear-expectations=none", f"--gear-report={report}"]
        command = [sys.executable, "-m", "pytest", "-q", "suites/server", *options]
        subprocess.run(command, capture_output=True, check=False)
        header, *lines = [json.loads(line) for line in report.read_text().splitlines()]
    version = header["target"]["version"]
    return {line["id"]: _told(line, version, expectations) for line in lines if line.get("verdict")}


def _told(line: dict[str, Any], version: str | None, expectations: Expectations | None) -> str:
    """What a case came to, in words; one of what it comes to in turn is told as the other."""
    entry = expectations.find(line["id"], version) if expectations else None
    verdict = Verdict(line["verdict"])
    outcome = Outcome(verdict, sign(verdict, line["flags"], line["message"]))
    if entry and entry.sometimes and entry.meets(outcome):
        return f"sometimes {entry.outcome}"
    return f"{verdict} {line['flags']} {line['message']}"


def differing(target: str, runs: int) -> int:
    """Run a target over and over, and print what differs."""
    known = resolve_target(target).known
    expectations = load_expectations(known) if known and known.exists() else None
    seen: dict[str, list[str]] = defaultdict(list)
    for number in range(runs):
        with loaded_cores() if number % 2 else nullcontext():
            found = outcomes(target, expectations)
        for case, outcome in found.items():
            seen[case].append(outcome)
        print(f"{target}: {number + 1} of {runs} runs", end="\r", file=sys.stderr, flush=True)
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
