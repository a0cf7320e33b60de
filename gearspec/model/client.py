"""What a client asks: jobs, their status, and options of its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.protocol.message import BACKGROUND

from .job import Priority
from .number import parse_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.protocol.packet import Packet

    from .connection import Connection
    from .dialect import Dialect
    from .exchange import Exchange
    from .job import Job

PRIORITIES: Final = {
    "SUBMIT_JOB": Priority.NORMAL,
    "SUBMIT_JOB_BG": Priority.NORMAL,
    "SUBMIT_JOB_HIGH": Priority.HIGH,
    "SUBMIT_JOB_HIGH_BG": Priority.HIGH,
    "SUBMIT_JOB_LOW": Priority.LOW,
    "SUBMIT_JOB_LOW_BG": Priority.LOW,
    "SUBMIT_JOB_EPOCH": Priority.NORMAL,
    "SUBMIT_REDUCE_JOB": Priority.NORMAL,
    "SUBMIT_REDUCE_JOB_BACKGROUND": Priority.NORMAL,
}
"""The level that each submit puts its job at. Clauses: priority-of-background."""

REDUCES: Final = frozenset(name for name in PRIORITIES if name.startswith("SUBMIT_REDUCE"))
"""The submits that name a reducer."""
OPTIONS: Final = frozenset({b"exceptions"})
"""The options that PROTOCOL names."""


def workload_of(packet: Packet, dialect: Dialect) -> bytes:
    """The last argument of a submit; some servers expect one that they do not use before it.

    Clauses: reduce-fields.
    """
    last = packet.fields["workload"]
    if packet.name in REDUCES and dialect.reduce_arguments == 4:
        return last.partition(b"\0")[2]
    return last


class ClientRequests:
    """The handlers of what clients send."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.queue = exchange.queue
        self.handlers: dict[str, Callable[[Connection, Packet], None]] = {
            **dict.fromkeys(PRIORITIES, self.submit),
            "GET_STATUS": self.get_status,
            "GET_STATUS_UNIQUE": self.get_status_unique,
            "OPTION_REQ": self.set_option,
        }

    def submit(self, sender: Connection, packet: Packet) -> None:
        """Queue a job, or attach the sender to the one that is the same.

        Clauses: job-created-means-queued, job-created-before-results, submit-without-worker,
        coalesce-same-unique, coalesce-running, epoch-job-created, epoch-past-runs-now,
        reduce-job-created.
        """
        fields = packet.fields
        due = parse_number(fields.get("epoch", b"0"))
        if due is None:
            self.exchange.error(sender.number, "INVALID_ARGUMENTS", "The epoch time is not a number")
            return
        function = fields["function"]
        unique = fields["unique"]
        reducer = fields.get("reducer", b"")
        workload = workload_of(packet, self.exchange.dialect)
        priority = PRIORITIES[packet.name]
        job = self.queue.find(function, unique, workload)
        if job:
            self.attach(sender, packet.name, job)
            return
        if self.queue.full(function, priority) and not self.make_room(sender, function, priority):
            return
        job = self.queue.create(function, unique, reducer, workload, priority)
        job.due = due
        self.attach(sender, packet.name, job)
        if self.queue.put(job, self.exchange.now):
            self.exchange.wake(job.function)

    def attach(self, sender: Connection, name: str, job: Job) -> None:
        """Make the sender one of those a job is run for, and tell it the handle.

        Clauses: submit-job-created, job-created-handle, coalesce-same-handle,
        coalesce-background-survives, coalesce-mixed-result, background-no-updates,
        background-no-completion, epoch-detached.
        """
        if name in BACKGROUND:
            job.background = True
        else:
            job.clients.append(sender.number)
        self.exchange.send(sender.number, "JOB_CREATED", handle=job.handle)

    def make_room(self, sender: Connection, function: bytes, priority: Priority) -> bool:
        """Deal with a queue that is full; returns whether the new job may have a place.

        Clauses: maxqueue-refuses.
        """
        if self.exchange.dialect.full_queue == "refuse":
            self.exchange.error(sender.number, "QUEUE_ERROR", "The queue of this function is full")
            return False
        ready = self.queue.function(function).ready
        while ready and self.queue.full(function, priority):
            self.exchange.fail(ready[-1])
        return True

    def get_status(self, sender: Connection, packet: Packet) -> None:
        """Tell how far a job is, by its handle.

        Clauses: get-status-answered, status-res-fields, status-any-connection.
        """
        handle = packet.fields["handle"].partition(b"\0")[0]
        arguments = self.status(self.queue.jobs.get(handle))
        self.exchange.send(sender.number, "STATUS_RES", handle=handle, **arguments)

    def get_status_unique(self, sender: Connection, packet: Packet) -> None:
        """Tell how far a job is, by its unique, and for how many clients it is run.

        Clauses: get-status-unique-answered, status-res-unique-fields, status-res-unique-names-handle,
        status-res-unique-waiting.
        """
        unique = packet.fields["unique"]
        job = self.queue.find_unique(unique)
        handle = job.handle if job else b""
        named = handle if self.exchange.dialect.status_unique == "handle" else unique
        waiting = b"%d" % len(job.clients) if job else b"0"
        arguments = self.status(job)
        self.exchange.send(sender.number, "STATUS_RES_UNIQUE", handle=named, waiting=waiting, **arguments)

    def status(self, job: Job | None) -> dict[str, bytes]:
        """The arguments that both answers share; a job that has ended is not known.

        Clauses: status-res-queued, status-res-running, status-res-finished, status-res-unknown-handle,
        status-res-unique-unknown, status-res-booleans.
        """
        if job is None:
            progress = self.exchange.dialect.unknown_status.encode()
            return {"known": b"0", "running": b"0", "numerator": progress, "denominator": progress}
        none = self.exchange.dialect.no_progress.encode()
        return {
            "known": b"1",
            "running": b"1" if job.running else b"0",
            "numerator": job.numerator or none,
            "denominator": job.denominator or none,
        }

    def set_option(self, sender: Connection, packet: Packet) -> None:
        """Set an option of the sender's connection.

        Clauses: option-exceptions, option-res-names-option, option-unknown-error, option-repeated,
        option-from-worker.
        """
        option = packet.fields["option"]
        if option not in OPTIONS:
            self.exchange.error(sender.number, "UNKNOWN_OPTION", "There is no such option")
            return
        sender.exceptions = True
        self.exchange.send(sender.number, "OPTION_RES", option=option)
