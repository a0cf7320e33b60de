"""What the examples share: a job server to talk to, and workers in threads."""

from __future__ import annotations

import argparse
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gearspec.peers.server import run_in_thread
from gearspec.peers.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gearspec.peers.job import Job
    from gearspec.peers.value import Value


def parser(description: str | None) -> argparse.ArgumentParser:
    """The command line of an example."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--server", metavar="HOST:PORT", help="a job server that runs; default: one of our own")
    return made


@contextmanager
def job_server(address: str | None) -> Iterator[str]:
    """The address of a job server: the one that was given, or else one of our own while the block lasts."""
    if address:
        yield address
        return
    own = run_in_thread()
    try:
        yield str(own.address)
    finally:
        own.stop()


@contextmanager
def working(*servers: str, **functions: Callable[[Job], Value | None]) -> Iterator[Worker]:
    """A worker with these functions that works while the block lasts."""
    with Worker(servers) as worker:
        for name, function in functions.items():
            worker.register(name, function)
        thread = threading.Thread(target=worker.work)
        thread.start()
        try:
            yield worker
        finally:
            worker.stop()
            thread.join()
