"""A task that is tried again when it fails, and all that it tells meanwhile."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from setting import job_server, parser, working

from gearspec.peers.client import Client
from gearspec.peers.task import Task
from gearspec.peers.taskset import TaskSet

if TYPE_CHECKING:
    from gearspec.peers.job import Job

EVENTS = ("retry", "fail", "exception", "warning", "data", "status", "complete")


def main() -> None:
    """One task that succeeds at the third try, and one that never does."""
    tries = itertools.count(1)

    def moody(job: Job) -> str | None:
        number = next(tries)
        job.warning(f"try {number}")
        if number < 3:
            job.fail()
            return None
        job.status(1, 2)
        job.data("all ")
        return "all is well"

    def hopeless(job: Job) -> None:
        job.fail()

    with (
        job_server(parser(__doc__).parse_args().server) as server,
        working(server, moody=moody, hopeless=hopeless),
        Client([server]) as client,
    ):
        for function, retries in (("moody", 5), ("hopeless", 1)):
            task = Task(function, retry_count=retries)
            for event in EVENTS:
                getattr(task, f"on_{event}")(lambda *told, event=event: print(event, *told))
            tasks = TaskSet(client)
            tasks.add_task(task)
            tasks.wait(10)
            print(f"{function}: {task.outcome} after {task.tries} tries")


if __name__ == "__main__":
    main()
