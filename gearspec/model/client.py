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
"""The level that each submit puts its job at."""

OPTIONS: Final = frozenset({b"exceptions"})
"""The options that PROTOCOL names."""


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
        """Queue a job, or attach the sender to the one that is the same."""
        fields = packet.fields
        due = parse_number(fields.get("epoch", b"0"))
        if due is None:
            self.exchange.error(sender.number, "INVALID_ARGUMENTS", "The epoch time is not a number")
            return
        workload = self.workload(packet)
        job = self.queue.find(fields["function"], fields["unique"], workload)
        if job:
            self.attach(sender, packet, job)
            return
        priority = PRIORITIES[packet.name]
        if self.queue.full(fields["function"], priority) and not self.make_room(sender, fields["function"]):
            return
        reducer = fields.get("reducer", b"")
        job = self.queue.create(fields["function"], fields["unique"], reducer, workload, priority)
        job.due = due
        self.attach(sender, packet, job)
        if self.queue.put(job, self.exchange.now):
            self.exchange.wake(job.function)

    def workload(self, packet: Packet) -> bytes:
        """The last argument; some servers expect one that they do not use before it."""
        workload = packet.fields["workload"]
        if "reducer" in packet.fields and self.exchange.dialect.reduce_arguments == 4:
            return workload.partition(b"\0")[2]
        return workload

    def attach(self, sender: Connection, packet: Packet, job: Job) -> None:
        """Make the sender one of those a job is run for, and tell it the handle."""
        if packet.name in BACKGROUND:
            job.background = True
        else:
            job.clients.append(sender.number)
        self.exchange.send(sender.number, "JOB_CREATED", handle=job.handle)

    def make_room(self, sender: Connection, function: bytes) -> bool:
        """Deal with a queue that is full; returns whether the new job may have a place."""
        if self.exchange.dialect.full_queue == "refuse":
            self.exchange.error(sender.number, "QUEUE_ERROR", "The queue of this function is full")
            return False
        ready = self.queue.function(function).ready
        if ready:
            self.exchange.fail(ready[-1])
        return True

    def get_status(self, sender: Connection, packet: Packet) -> None:
        """Tell how far a job is, by its handle."""
        handle = packet.fields["handle"].partition(b"\0")[0]
        arguments = self.status(self.queue.jobs.get(handle))
        self.exchange.send(sender.number, "STATUS_RES", handle=handle, **arguments)

    def get_status_unique(self, sender: Connection, packet: Packet) -> None:
        """Tell how far a job is, by its unique, and for how many clients it is run."""
        unique = packet.fields["unique"]
        job = self.queue.find_unique(unique)
        handle = job.handle if job else b""
        named = handle if self.exchange.dialect.status_unique == "handle" else unique
        waiting = b"%d" % len(job.clients) if job else b"0"
        arguments = self.status(job)
        self.exchange.send(sender.number, "STATUS_RES_UNIQUE", handle=named, waiting=waiting, **arguments)

    def status(self, job: Job | None) -> dict[str, bytes]:
        """The arguments that both answers share; a job that has ended is not known."""
        if job is None:
            progress = self.exchange.dialect.unknown_status.encode()
            return {"known": b"0", "running": b"0", "numerator": progress, "denominator": progress}
        return {
            "known": b"1",
            "running": b"1" if job.running else b"0",
            "numerator": job.numerator,
            "denominator": job.denominator,
        }

    def set_option(self, sender: Connection, packet: Packet) -> None:
        """Set an option of the sender's connection."""
        option = packet.fields["option"]
        if option not in OPTIONS:
            self.exchange.error(sender.number, "UNKNOWN_OPTION", "There is no such option")
            return
        sender.exceptions = True
        self.exchange.send(sender.number, "OPTION_RES", option=option)
