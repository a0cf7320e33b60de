"""An exception of a worker: who asked for exceptions is told, who did not learns that the task failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from setting import job_server, parser, working

from gearspec.peers.client import Client
from gearspec.peers.task import Task

if TYPE_CHECKING:
    from gearspec.peers.job import Job


def fragile(job: Job) -> str:
    """The function of the worker."""
    raise ValueError(f"{job.workload.decode()} is broken")


def main() -> None:
    """Try it without the option, and with it."""
    with job_server(parser(__doc__).parse_args().server) as server, working(server, fragile=fragile):
        for asks in (False, True):
            with Client([server]) as client:
                if asks:
                    client.option_request("exceptions")
                task = Task("fragile", "the vase")
                task.on_fail(lambda: print("failed"))
                task.on_exception(lambda data: print("exception:", data.decode()))
                client.start(task)
                client.wait([task], 10)


if __name__ == "__main__":
    main()
