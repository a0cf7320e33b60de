"""Connections and queue together: what must happen to both when a job changes its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearspec.protocol.message import RES
from gearspec.protocol.packet import Packet, response

from .effect import Close, Effect, Send
from .queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gearspec.protocol.packet import Line

    from .connection import Connection
    from .dialect import Dialect
    from .job import Job


class Exchange:
    """The state of a server, and the effects that have not been handed out yet.

    Args:
        dialect: the choices that it follows.
        prefix: how every job handle begins.
    """

    def __init__(self, dialect: Dialect, prefix: bytes) -> None:
        self.dialect = dialect
        self.queue = Queue(dialect, prefix)
        self.connections: dict[int, Connection] = {}
        self.now = 0.0
        self._effects: list[Effect] = []

    def flush(self) -> list[Effect]:
        """The effects since the last call."""
        effects = self._effects
        self._effects = []
        return effects

    def send(self, receiver: int, name: str, **arguments: bytes) -> None:
        """Send a packet of a message."""
        self._effects.append(Send(receiver, response(name, **arguments)))

    def say(self, receiver: int, lines: Iterable[Line]) -> None:
        """Send lines of text."""
        self._effects.extend(Send(receiver, line) for line in lines)

    def error(self, receiver: int, code: str, text: str) -> None:
        """Tell a peer what it did wrong.

        Clauses: error-sent, error-fields, error-code-not-empty.
        """
        self.send(receiver, "ERROR", code=code.encode(), text=text.encode())

    def close(self, connection: int) -> None:
        """Close a connection from our side."""
        self._effects.append(Close(connection))
        self.forget(connection)

    def forget(self, connection: int) -> None:
        """Do what the end of a connection means for jobs, whichever side ended it.

        Clauses: abilities-end-with-connection, dead-sleeper-harmless, reset-is-a-close.
        """
        self.connections.pop(connection, None)
        for job in list(self.queue.jobs.values()):
            if connection in job.clients:
                self.leave(job, connection)
        for job in list(self.queue.jobs.values()):
            if job.worker == connection:
                self.orphan(job)

    def leave(self, job: Job, client: int) -> None:
        """A client does not wait any more.

        Clauses: coalesce-survives-one-client, client-death-while-running, background-survives-client.
        """
        job.clients = [other for other in job.clients if other != client]
        if not job.running:
            self.drop_abandoned(job)

    def drop_abandoned(self, job: Job) -> bool:
        """Drop a queued job that nobody waits for; returns whether it was one.

        Clauses: client-death-drops-queued.
        """
        dropped = job.abandoned and self.dialect.abandoned == "drop"
        if dropped:
            self.queue.remove(job)
        return dropped

    def orphan(self, job: Job) -> None:
        """The worker of a job is gone.

        Clauses: worker-death-requeues, worker-death-requeues-background, worker-death-client-told.
        """
        if self.dialect.worker_death == "fail":
            self.fail(job)
        else:
            self.requeue(job)

    def requeue(self, job: Job) -> None:
        """Take a job from its worker, so that another can have it."""
        self.queue.put_back(job, self.now)
        if self.dialect.retries is not None and job.retries > self.dialect.retries:
            self.fail(job)
        elif not self.drop_abandoned(job):
            self.wake(job.function)

    def wake(self, function: bytes) -> None:
        """Tell the sleeping workers of a function that there is a job.

        Clauses: presleep-wakes, noop-wakes-each-sleeper, noop-only-capable.
        """
        sleepers = [peer for peer in self.connections.values() if peer.asleep and function in peer.abilities]
        for peer in sleepers[: self.dialect.wakeup or None]:
            self.rouse(peer)

    def rouse(self, worker: Connection) -> None:
        """Wake a worker; it gets no second NOOP before its next PRE_SLEEP.

        Clauses: noop-only-sleepers.
        """
        worker.asleep = False
        self.send(worker.number, "NOOP")

    def forward(self, job: Job, packet: Packet) -> None:
        """Pass a worker's packet on to every client that waits, as it came.

        Clauses: work-data-forwarded, work-warning-forwarded, coalesced-clients-get-result,
        coalesced-clients-get-updates, coalesce-no-replay, results-only-to-submitter,
        forwarded-in-order, forwarded-at-once.
        """
        for client in job.clients:
            self.pass_on(client, packet)

    def pass_on(self, client: int, packet: Packet) -> None:
        """Pass a worker's packet on to one client.

        Clauses: forwarded-unchanged, frame-response-magic.
        """
        self._effects.append(Send(client, Packet(RES, packet.type, packet.body)))

    def fail(self, job: Job) -> None:
        """End a job as failed."""
        for client in job.clients:
            self.send(client, "WORK_FAIL", handle=job.handle)
        self.queue.remove(job)

    def tick(self, now: float) -> None:
        """Let time pass: jobs fall due, and jobs have run too long.

        Clauses: epoch-runs-when-due, epoch-wakes-sleeper.
        """
        self.now = max(self.now, now)
        for job in self.queue.timed.pop(self.now):
            self.expire(job)
        for job in self.queue.delayed.pop(self.now):
            self.queue.put(job, self.now)
            self.wake(job.function)

    def expire(self, job: Job) -> None:
        """A job has run for longer than its worker said it may.

        Clauses: can-do-timeout-fails-job.
        """
        if self.dialect.timeout_outcome == "requeue":
            self.requeue(job)
        else:
            self.fail(job)

    @property
    def deadline(self) -> float | None:
        """When time matters next."""
        times = (self.queue.timed.next, self.queue.delayed.next)
        return min((time for time in times if time is not None), default=None)
