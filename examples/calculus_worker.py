"""A worker for one of the four basic operations.

python examples/calculus_worker.py HOST:PORT add|subtract|multiply|divide
"""

from __future__ import annotations

import operator
import signal
import sys
from typing import TYPE_CHECKING

from gearspec.peers.worker import Worker

if TYPE_CHECKING:
    from gearspec.peers.job import Job

OPERATIONS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}


def main(server: str, name: str) -> None:
    """Work until we are told to stop."""

    def calculate(job: Job) -> str:
        left, right = map(float, job.workload.split())
        return f"{OPERATIONS[name](left, right):.15g}"

    with Worker([server], identity=f"calculus-{name}") as worker:
        worker.register(name, calculate)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.work()


if __name__ == "__main__":
    main(*sys.argv[1:])
