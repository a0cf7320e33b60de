"""The jobs of a server, the functions they are for, and which of them goes next."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .job import Job, Priority
from .schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .dialect import Dialect

UNLIMITED: Final = (0, 0, 0)
"""The maximum queue sizes, by priority, of a function that was given none."""


@dataclass(slots=True)
class Function:
    """A function that somebody registered, or submitted a job for.

    Attributes:
        name: what it is called.
        jobs: all its jobs, queued and running, by their handles.
        ready: those that could be assigned now, in the order in which they go.
    """

    name: bytes
    jobs: dict[bytes, Job] = field(default_factory=dict)
    ready: list[Job] = field(default_factory=list)

    @property
    def running(self) -> int:
        """How many of its jobs have a worker."""
        return sum(job.running for job in self.jobs.values())

    @property
    def queued(self) -> int:
        """How many of its jobs wait, for a worker or for their time."""
        return len(self.jobs) - self.running

    def queued_at(self, priority: Priority) -> int:
        """How many of its waiting jobs have a priority."""
        return sum(job.priority is priority and not job.running for job in self.jobs.values())


class Queue:
    """Every job that has not ended.

    Args:
        dialect: decides what coalesces, and in what order jobs go.
        prefix: how every handle begins.
    """

    def __init__(self, dialect: Dialect, prefix: bytes) -> None:
        self.dialect = dialect
        self.jobs: dict[bytes, Job] = {}
        self.functions: dict[bytes, Function] = {}
        self.limits: dict[bytes, tuple[int, int, int]] = {}
        self.delayed = Schedule()
        self.timed = Schedule()
        self._prefix = prefix
        self._created = 0
        self._age = 0
        self._coalescible: dict[tuple[bytes, ...], Job] = {}

    def function(self, name: bytes) -> Function:
        """The function of a name; from now on it exists."""
        return self.functions.setdefault(name, Function(name))

    def key(self, function: bytes, unique: bytes, workload: bytes) -> tuple[bytes, ...] | None:
        """What jobs that are the same have in common; None for a job that is like no other.

        Clauses: coalesce-per-function, empty-unique-is-independent, unique-dash-is-workload.
        """
        if not unique or self.dialect.coalescing == "none":
            return None
        if self.dialect.coalescing == "unique":
            function = b""
        if unique == b"-" and self.dialect.dash_unique == "workload":
            return (function, unique, workload) if workload else None
        return (function, unique)

    def find(self, function: bytes, unique: bytes, workload: bytes) -> Job | None:
        """The job that a submit would be attached to.

        Clauses: unique-reusable.
        """
        key = self.key(function, unique, workload)
        return self._coalescible.get(key) if key else None

    def find_unique(self, unique: bytes) -> Job | None:
        """The oldest job with a unique, of whatever function.

        Clauses: unique-dash-is-workload.
        """
        if not unique or (unique == b"-" and self.dialect.dash_unique == "workload"):
            return None
        return next((job for job in self.jobs.values() if job.unique == unique), None)

    def full(self, function: bytes, priority: Priority) -> bool:
        """Whether a function has as many jobs as ``maxqueue`` allows at a priority.

        Clauses: maxqueue-one-size, maxqueue-three-sizes, maxqueue-no-limit, maxqueue-default.
        """
        limit = self.limits.get(function, UNLIMITED)[priority]
        known = self.function(function)
        count = len(known.jobs) if self.dialect.maxqueue == "all" else known.queued
        return 0 < limit <= count

    def create(
        self, function: bytes, unique: bytes, reducer: bytes, workload: bytes, priority: Priority
    ) -> Job:
        """A new job, which is not queued yet.

        Clauses: handle-unique, handle-limit, coalesce-keeps-workload, coalesce-keeps-priority.
        """
        self._created += 1
        handle = b"%s:%d" % (self._prefix, self._created)
        job = Job(handle, function, unique, reducer, workload, priority, self._next_age())
        self.jobs[handle] = job
        self.function(function).jobs[handle] = job
        key = self.key(function, unique, workload)
        if key:
            self._coalescible[key] = job
        return job

    def put(self, job: Job, now: float) -> bool:
        """Queue a job; returns whether it may run now.

        Clauses: epoch-not-before, epoch-seconds.
        """
        if job.due > now:
            self.delayed.add(job.due, job)
            return False
        insort(self.function(job.function).ready, job, key=self.rank)
        return True

    def put_back(self, job: Job, now: float) -> None:
        """Queue a job again that a worker had; its age stays what it was.

        Clauses: worker-death-same-handle, worker-death-not-running.
        """
        self._forget_timeout(job)
        job.release()
        if self.dialect.requeued == "tail":
            job.age = self._next_age()
        self.put(job, now)

    def rank(self, job: Job) -> tuple[int, int]:
        """Where a job stands; the lowest goes first.

        Clauses: priority-high-first, priority-normal-before-low, priority-fifo.
        """
        newest_first = self.dialect.order == "lifo"
        if self.dialect.order == "high-lifo":
            newest_first = job.priority is Priority.HIGH
        return job.priority, -job.age if newest_first else job.age

    def next(self, functions: Iterable[bytes]) -> Job | None:
        """The job that a worker for these functions, in the order of registration, would get.

        Clauses: priority-global.
        """
        if self.dialect.priority_scope == "function":
            ordered = functions if self.dialect.function_order == "first" else reversed(list(functions))
            return next(filter(None, map(self._head, ordered)), None)
        return min(filter(None, map(self._head, functions)), key=self.rank, default=None)

    def _head(self, name: bytes) -> Job | None:
        """The first job of a function that is ready; those that nobody waits for are skipped."""
        ready = self.function(name).ready
        while ready and ready[0].abandoned and self.dialect.abandoned == "skip":
            self.remove(ready[0])
        return ready[0] if ready else None

    def assign(self, job: Job, worker: int, expires: float | None) -> None:
        """Take a job out of the queue for a worker.

        Clauses: grab-one-worker-only.
        """
        self.function(job.function).ready.remove(job)
        job.assign(worker, expires)
        if expires is not None:
            self.timed.add(expires, job)

    def remove(self, job: Job) -> None:
        """Forget a job, wherever it is."""
        function = self.function(job.function)
        if not job.running and job in function.ready:
            function.ready.remove(job)
        self.delayed.discard(job.due, job)
        self._forget_timeout(job)
        key = self.key(job.function, job.unique, job.workload)
        if key:
            del self._coalescible[key]
        del function.jobs[job.handle]
        del self.jobs[job.handle]

    def _forget_timeout(self, job: Job) -> None:
        if job.expires is not None:
            self.timed.discard(job.expires, job)

    def _next_age(self) -> int:
        self._age += 1
        return self._age
