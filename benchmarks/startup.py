"""What the plugin adds to the start of pytest.

Usage: python -m benchmarks.startup
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROUNDS = 15


def seconds(*options: str) -> float:
    """How long pytest takes to run one empty test of somebody else's."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_nothing.py").write_text("def test_nothing(): pass\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - start


def main() -> None:
    """Print both medians of rounds in turn, and their difference."""
    pairs = [(seconds("-p", "no:gearspec.plugin"), seconds()) for _ in range(ROUNDS)]
    without, with_it = (median(times) for times in zip(*pairs, strict=True))
    more = with_it - without
    print(f"without {without:.3f} s, with {with_it:.3f} s: {more:+.3f} s, {with_it / without:.2f} x")


if __name__ == "__main__":
    main()
