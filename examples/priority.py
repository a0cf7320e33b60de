"""Priorities: what waits in the queue is worked on by its priority, and not in the order in which it came."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from setting import job_server, parser, working

from gearspec.peers.client import Client
from gearspec.peers.task import Priority, Task

if TYPE_CHECKING:
    from gearspec.peers.job import Job

QUEUE: tuple[tuple[str, Priority | None], ...] = (("later", "low"), ("in turn", None), ("at once", "high"))


def main() -> None:
    """Queue three jobs before there is a worker, the least urgent first."""
    done = threading.Semaphore(0)

    def work(job: Job) -> None:
        print(job.workload.decode())
        done.release()

    with job_server(parser(__doc__).parse_args().server) as server, Client([server]) as client:
        for workload, priority in QUEUE:
            client.submit(Task("work", workload, priority=priority, background=True))
        with working(server, work=work):
            for _ in QUEUE:
                done.acquire()


if __name__ == "__main__":
    main()
