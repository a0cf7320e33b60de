"""A background task: the client goes on, and asks later how the job is."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from setting import job_server, parser, working

from gearspec.peers.client import Client
from gearspec.peers.task import Task

if TYPE_CHECKING:
    from gearspec.peers.job import Job

PAUSE = 0.02


def main() -> None:
    """Submit a task, look at its job while it runs, and once more when it is over."""
    begun, go_on = threading.Event(), threading.Event()

    def brew(job: Job) -> None:
        job.status(1, 3)
        begun.set()
        go_on.wait()

    with job_server(parser(__doc__).parse_args().server) as server, Client([server]) as client:
        handle = client.submit(Task("brew", "tea", background=True))
        print("submitted; running:", client.status(handle).running)
        with working(server, brew=brew):
            begun.wait()
            status = client.status(handle)
            while status.numerator != "1":  # it is on its way
                time.sleep(PAUSE)
                status = client.status(handle)
            print("running:", status.running, "at", f"{status.numerator}/{status.denominator}")
            go_on.set()
            while client.status(handle).known:
                time.sleep(PAUSE)
            print("over, and forgotten by the server")


if __name__ == "__main__":
    main()
