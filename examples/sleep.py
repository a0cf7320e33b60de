"""A task that sleeps and tells how far it is: sleep.py [--seconds S]."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from setting import job_server, parser, working

from gearspec.peers.client import Client
from gearspec.peers.task import Task
from gearspec.peers.taskset import TaskSet

if TYPE_CHECKING:
    from gearspec.peers.job import Job

STEPS = 4


def sleep(job: Job) -> str:
    """The function of the worker."""
    for step in range(STEPS):
        job.status(step, STEPS)
        time.sleep(float(job.workload) / STEPS)
    return f"slept {job.workload.decode()} s"


def main() -> None:
    """Have somebody sleep for us."""
    command = parser(__doc__)
    command.add_argument("--seconds", type=float, default=2.0, help="how long to sleep")
    given = command.parse_args()
    with job_server(given.server) as server, working(server, sleep=sleep), Client([server]) as client:
        task = Task("sleep", given.seconds)
        task.on_status(lambda numerator, denominator: print(f"{numerator}/{denominator}"))
        task.on_complete(lambda result: print(result.decode()))
        tasks = TaskSet(client)
        tasks.add_task(task)
        if not tasks.wait(given.seconds + 10):
            print("still asleep")


if __name__ == "__main__":
    main()
