"""One job, from its submission to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

NO_PROGRESS = b""
"""Numerator and denominator before the first WORK_STATUS."""


class Priority(IntEnum):
    """The three levels of the queue; a lower number goes first (PROTOCOL, "Client Requests")."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


@dataclass(slots=True, eq=False)
class Job:
    """A job that is queued or running; a job that has ended is no job any more.

    Attributes:
        handle: the job handle.
        function: the name of the function.
        unique: what the client called it; empty when it did not.
        reducer: the name of the reducer; empty when it has none.
        workload: the argument of the function.
        priority: the level it was first submitted at.
        age: its place in the order of arrival; lower is older.
        due: the time before which it must not run, in seconds of the epoch; 0 for at once.
        background: whether it runs although no client waits for it.
        clients: who waits for it, a connection for each foreground submit.
        worker: the connection that runs it, or None while it is queued.
        expires: when its worker has had it too long, in seconds; None for never.
        numerator: of the last WORK_STATUS.
        denominator: of the last WORK_STATUS.
        retries: how often it has come back from a worker.
    """

    handle: bytes
    function: bytes
    unique: bytes
    reducer: bytes
    workload: bytes
    priority: Priority
    age: int
    due: float = 0.0
    background: bool = False
    clients: list[int] = field(default_factory=list)
    worker: int | None = None
    expires: float | None = None
    numerator: bytes = NO_PROGRESS
    denominator: bytes = NO_PROGRESS
    retries: int = 0

    @property
    def running(self) -> bool:
        """Whether a worker has it."""
        return self.worker is not None

    @property
    def abandoned(self) -> bool:
        """Whether nobody would learn that it ran."""
        return not self.background and not self.clients

    def assign(self, worker: int, expires: float | None) -> None:
        """Give it to a worker, until `expires` at most."""
        self.worker = worker
        self.expires = expires

    def release(self) -> None:
        """Take it from its worker, and forget how far that one got."""
        self.worker = None
        self.expires = None
        self.numerator = NO_PROGRESS
        self.denominator = NO_PROGRESS
        self.retries += 1
