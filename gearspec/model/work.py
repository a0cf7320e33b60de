"""What a worker says about a job that it has: progress, data, and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.protocol.packet import Packet

    from .connection import Connection
    from .exchange import Exchange
    from .job import Job


class WorkRequests:
    """The handlers of WORK_*; each is passed on to the clients that wait."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.queue = exchange.queue
        self.dialect = exchange.dialect
        self.handlers: dict[str, Callable[[Connection, Packet], None]] = {
            name: self.checked(handler)
            for name, handler in {
                "WORK_DATA": self.exchange.forward,
                "WORK_WARNING": self.exchange.forward,
                "WORK_STATUS": self.status,
                "WORK_COMPLETE": self.end,
                "WORK_FAIL": self.end,
                "WORK_EXCEPTION": self.exception,
            }.items()
        }

    def checked(self, handler: Callable[[Job, Packet], None]) -> Callable[[Connection, Packet], None]:
        """A handler that is reached only by the worker that has the job.

        Clauses: work-unknown-handle-harmless, work-after-end-harmless, can-do-timeout-late-result,
        exception-then-fail.
        """

        def handle(sender: Connection, packet: Packet) -> None:
            job = self.owned(sender, packet.fields["handle"])
            if job:
                handler(job, packet)
            elif self.dialect.foreign_work == "error":
                self.exchange.error(sender.number, "JOB_NOT_FOUND", "This connection has no such job")

        return handle

    def owned(self, worker: Connection, handle: bytes) -> Job | None:
        """The job of a handle, if this worker has it.

        Clauses: work-foreign-handle-ignored.
        """
        job = self.queue.jobs.get(handle.partition(b"\0")[0])
        return job if job and job.worker == worker.number else None

    def status(self, job: Job, packet: Packet) -> None:
        """Remember how far a job is, for GET_STATUS, and pass it on.

        Clauses: status-res-progress, status-res-progress-background, work-status-forwarded.
        """
        fields = packet.fields
        job.numerator = fields["numerator"]
        job.denominator = fields["denominator"]
        self.exchange.forward(job, packet)

    def end(self, job: Job, packet: Packet) -> None:
        """A job is over, well or badly.

        Clauses: work-complete-ends, work-fail-ends, work-complete-forwarded, work-fail-forwarded,
        one-terminal-packet.
        """
        self.exchange.forward(job, packet)
        self.queue.remove(job)

    def exception(self, job: Job, packet: Packet) -> None:
        """A job failed with an exception, which only those get that asked for exceptions.

        Clauses: exception-forwarded, exception-needs-option, exception-ends-job.
        """
        for client in job.clients:
            if self.gets_exceptions(client):
                self.exchange.pass_on(client, packet)
            elif self.dialect.exception_ends:
                self.soften(client, job)
        if self.dialect.exception_ends:
            self.queue.remove(job)

    def gets_exceptions(self, client: int) -> bool:
        """Whether a client is sent WORK_EXCEPTION.

        Clauses: option-exceptions, option-per-connection.
        """
        return self.dialect.exceptions_to == "all" or self.exchange.connections[client].exceptions

    def soften(self, client: int, job: Job) -> None:
        """Tell a client of an exception that it did not ask for: the job failed.

        Clauses: exception-unasked-still-ends, work-fail-handle-only.
        """
        if self.dialect.exception_otherwise == "nothing":
            return
        nul = b"\0" if self.dialect.exception_otherwise == "fail-nul" else b""
        self.exchange.send(client, "WORK_FAIL", handle=job.handle + nul)
