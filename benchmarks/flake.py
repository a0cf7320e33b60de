"""Whether the same program gets the same verdicts, run after run, half of them with the cores loaded.

Usage: python -m benchmarks.flake [--runs=60] [--target=NAME]... [--testee=NAME]...

Without a name it is all known targets.

Prints each (case, run) that differs from what most runs say, and counts them; what the known deviations
say of some runs only is no difference. Exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
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
from gearspec.harness.target import known_names, resolve_target
from gearspec.harness.testee import resolve_testee
from gearspec.script.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUITES = {"target": ["suites/server"], "testee": ["suites/client", "suites/worker", "suites/server"]}
"""Where the cases with a program of this kind under test are."""


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


def outcomes(option: str, expectations: Expectations | None) -> dict[str, str]:
    """What each case comes to in one run."""
    kind = option.partition("=")[0].removeprefix("--")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        options = [option, f"--gear-report={report}"]
        command = [sys.executable, "-m", "pytest", "-q", *_SUITES[kind], *options]
        subprocess.run(command, capture_output=True, check=False)
        header, *lines = [json.loads(line) for line in report.read_text().splitlines()]
    version = header[kind]["version"]
    return {line["id"]: _told(line, version, expectations) for line in lines if line.get("verdict")}


def _told(line: dict[str, Any], version: str | None, expectations: Expectations | None) -> str:
    """What a case came to, in words; if it is listed, in those of the list, which leave out what changes."""
    entry = expectations.find(line["id"], version) if expectations else None
    verdict = Verdict(line["verdict"])
    outcome = Outcome(verdict, sign(verdict, line["flags"], line["message"]))
    if entry and entry.meets(outcome):
        return f"{entry.outcome} as listed"
    return f"{verdict} {line['flags']} {line['message']}"


def differing(option: str, runs: int) -> int:
    """Run a program over and over, and print what differs."""
    kind, _, name = option.removeprefix("--").partition("=")
    known = resolve_target(name).known if kind == "target" else resolve_testee(name).known
    expectations = load_expectations(known) if known and known.exists() else None
    seen: dict[str, list[str]] = defaultdict(list)
    for number in range(runs):
        with loaded_cores() if number % 2 else nullcontext():
            found = outcomes(option, expectations)
        for case, outcome in found.items():
            seen[case].append(outcome)
        print(f"{option}: {number + 1} of {runs} runs", end="\r", file=sys.stderr, flush=True)
    count = 0
    for case, results in seen.items():
        usual, _ = Counter(results).most_common(1)[0]
        others = [(number, result) for number, result in enumerate(results) if result != usual]
        for number, result in others:
            print(f"   {case}, run {number}: {result}\n      usually: {usual}")
        count += len(others) + (runs - len(results))
    print(f"{option}: {runs} runs of {len(seen)} cases, {count} (case, run) differ", flush=True)
    return count


def main() -> int:
    """Measure the named programs, or all known targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=60)
    for kind in _SUITES:
        option = f"--{kind}"
        parser.add_argument(
            option, dest="options", action="append", metavar="NAME", type=f"{option}={{}}".format
        )
    asked = parser.parse_args()
    options = asked.options or [f"--target={name}" for name in known_names()]
    return int(sum(differing(option, asked.runs) for option in options) > 0)


if __name__ == "__main__":
    sys.exit(main())
