"""Brings the kept results of the known programs up to date: a whole run of each, one after the other.

Usage: python -m benchmarks.results [--target=NAME|--testee=NAME]...

Without names, every target and testee that gearspec knows. What came of a run is kept in
suites/results/ if it was a whole one; exit code 1 if one was not. Give the machine to it alone.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from gearspec.harness.target import known_names
from gearspec.harness.testee import known_testees
from gearspec.log import read_log
from gearspec.standing import dump, make_standings, standing_file


def renew(option: str) -> bool:
    """Run the suites on one program, and keep what came of it; says whether it could be kept."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        command = [sys.executable, "-m", "gearspec", "run", option, f"--gear-report={report}", "-q", "-r", ""]
        code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        log = read_log(report) if report.exists() else None
    if log is None or not log.whole or code > 1:
        print(f"{option}: not kept, since its run was none of the whole suites (exit code {code})")
        return False
    (standing,) = make_standings(log)
    path = standing_file(standing.kind, standing.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(standing), "ascii")
    unexpected = sum(not record["as_expected"] for record in log.records.values())
    print(f"{option}: {standing.title}, {len(standing.findings)} findings, {unexpected} not as expected")
    return True


if __name__ == "__main__":
    everything = [f"--target={name}" for name in known_names()]
    everything += [f"--testee={name}" for name in known_testees()]
    kept = [renew(option) for option in sys.argv[1:] or everything]
    sys.exit(not all(kept))
