"""Brings the kept results of the known programs up to date: a whole run of each, one after the other.

Usage: python -m benchmarks.results [--target=NAME|--testee=NAME]...

Without names, every target and testee that gearspec knows. What came of a run is kept in suites/results/
if it was a whole one and all was as expected, so that the results and the known deviations tell the same;
exit code 1 if one was not. Give the machine to it alone.
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
        if code or not (log := read_log(report)).whole:
            print(f"{option}: not kept, since its run was not as expected (exit code {code})")
            return False
    (standing,) = make_standings(log)
    path = standing_file(standing.kind, standing.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(standing), "ascii")
    print(f"{option}: {standing.title}, {len(standing.findings)} findings")
    return True


if __name__ == "__main__":
    everything = [f"--target={name}" for name in known_names()]
    everything += [f"--testee={name}" for name in known_testees()]
    kept = [renew(option) for option in sys.argv[1:] or everything]
    sys.exit(not all(kept))
