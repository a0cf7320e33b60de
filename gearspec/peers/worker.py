"""The reference worker: one job at a time, for all of its servers."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from gearspec.peers.job import Job
from gearspec.peers.poller import Poller
from gearspec.peers.post import Post
from gearspec.peers.roster import make_roster
from gearspec.peers.value import Value, to_bytes, to_name
from gearspec.protocol.message import GRABS
from gearspec.protocol.packet import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from gearspec.peers.station import Station
    from gearspec.protocol.packet import Packet

PATIENCE: Final = 5.0
"""Seconds in which a server has to take a connection and to answer a grab, unless told otherwise."""


class Ability(NamedTuple):
    """One function that a worker can call."""

    handler: Callable[[Job], Value | None]
    timeout: float | None


class Worker:
    """A worker for a list of servers, with a connection to each of them.

    It connects when it is told to `work`, and again whenever a connection was lost. It asks one server
    after the other for a job and works on one job at a time, so it never keeps a job waiting.

    Args:
        servers: where they are, as ``host:port``.
        identity: what the servers show of it in ``workers``.
        grab: how it asks for jobs; a server that refuses is asked with GRAB_JOB.
        fail_after_exception: whether a WORK_FAIL follows a WORK_EXCEPTION. By PROTOCOL the exception is
            the end of the job; the job server in Perl waits for a WORK_FAIL all the same.
        timeout: seconds in which a server has to take a connection and to answer a grab.
        max_size: bytes of data in one packet that are accepted.

    Raises:
        UsageError: one of the servers is no address.
        ValueError: there is no server, or no such grab.
    """

    def __init__(
        self,
        servers: Iterable[str],
        *,
        identity: Value | None = None,
        grab: str = "GRAB_JOB_UNIQ",
        fail_after_exception: bool = False,
        timeout: float = PATIENCE,
        max_size: int = DEFAULT_MAX_SIZE,
    ) -> None:
        if grab not in GRABS:
            raise ValueError(f"there is no grab {grab}, only {', '.join(GRABS)}")
        self._identity = None if identity is None else to_name(identity, "id")
        self._fail_after_exception = fail_after_exception
        self._abilities: dict[bytes, Ability] = {}
        self._posts = [
            Post(server, self._begin, grab=grab, patience=timeout, max_size=max_size)
            for server in make_roster(servers)
        ]
        self._poller = Poller()
        self._lock = threading.Lock()
        """Held while the posts are touched: functions come and go in any thread."""
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the worker may not be used afterwards."""
        for post in self._posts:
            post.close()
        self._poller.close()

    def register(
        self, function: Value, handler: Callable[[Job], Value | None], timeout: float | None = None
    ) -> None:
        """Offer a function; any thread may say so.

        Args:
            function: its name.
            handler: is called with each job; what it returns is the result, unless it has ended the
                job itself. An exception that it raises becomes one of the job.
            timeout: seconds after which the server may give a job up; None is no limit.
        """
        name = to_name(function, "function")
        with self._lock:
            self._abilities[name] = Ability(handler, timeout)
            for post in self._posts:
                post.can_do(name, timeout)
        self._poller.wake()

    def unregister(self, function: Value) -> None:
        """Offer a function no more; nothing happens if it was not offered. Any thread may say so."""
        name = to_name(function, "function")
        with self._lock:
            if self._abilities.pop(name, None):
                for post in self._posts:
                    post.cant_do(name)

    def work(self, jobs: int | None = None, seconds: float | None = None) -> int:
        """Work until enough was done.

        Args:
            jobs: how many jobs; None is no limit.
            seconds: how long; a job that was begun is ended all the same, and one that comes too late
                waits for the next call, or goes back to its server with `close`. None is no limit.

        Returns:
            How many jobs it worked on.
        """
        end = None if seconds is None else time.monotonic() + seconds
        done = 0
        while not self._stopped and (jobs is None or done < jobs):
            now = time.monotonic()
            with self._lock:
                for post in self._posts:
                    post.turn(now)
            if end is not None and now >= end:
                break
            holder = self._next(lambda post: bool(post.assigned))
            if holder:
                self._run(holder)
                done += 1
            else:
                self._wait(self._ask(now), end)
        self._stopped = False
        return done

    def stop(self) -> None:
        """End the `work` that goes on after its present job, or else the next one; any thread may say so."""
        self._stopped = True
        self._poller.wake()

    def _begin(self, station: Station) -> None:
        station.begin(self._identity, {name: able.timeout for name, able in self._abilities.items()})

    def _next(self, fits: Callable[[Post], bool]) -> Post | None:
        """The first server that fits; it will be the last to be looked at the next time."""
        post = next(filter(fits, self._posts), None)
        if post:
            self._posts.remove(post)
            self._posts.append(post)
        return post

    def _ask(self, now: float) -> float | None:
        """Ask the next server for a job, unless another has still to answer; it gets a moment for that.

        Returns:
            When there is something to do, even if nothing comes; None is never.
        """
        with self._lock:
            if not any(post.asking(now) for post in self._posts):
                post = self._next(lambda post: post.awake)
                if post:
                    post.ask(now)
            return min((due for post in self._posts if (due := post.due(now)) is not None), default=None)

    def _wait(self, *ends: float | None) -> None:
        due = min((end for end in ends if end is not None), default=None)
        links = [post.link for post in self._posts if post.link]
        self._poller.wait(links, None if due is None else due - time.monotonic())

    def _run(self, post: Post) -> None:
        """Work on a job to its end.

        Clauses: worker-runs-function, worker-survives-raise, worker-survives-unknown-function,
        work-complete-sent, work-exception-sent, worker-forgets-lost-job.
        """
        send = post.sender()

        def tell(packet: Packet) -> None:
            with self._lock:
                send(packet)

        job = Job(post.assigned.popleft(), tell, fail_after_exception=self._fail_after_exception)
        ability = self._abilities.get(job.function)
        if ability is None:
            job.fail()
            return
        try:
            result = ability.handler(job)
            if not job.ended:
                job.complete(b"" if result is None else result)
        except Exception as problem:  # noqa: BLE001 - whatever a function raises is its client's affair
            if not job.ended:
                job.exception(_words(problem))


def _words(problem: Exception) -> bytes:
    """The message of an exception, or its kind if it has none."""
    try:
        return to_bytes(str(problem)) or type(problem).__name__.encode()
    except Exception:  # noqa: BLE001 - it cannot even say what it is
        return type(problem).__name__.encode()
