"""What a worker says: what it can do, when it is idle, and how its jobs go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .number import parse_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.protocol.packet import Packet

    from .connection import Connection
    from .exchange import Exchange
    from .job import Job


class WorkerRequests:
    """The handlers of what workers send about themselves."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.queue = exchange.queue
        self.dialect = exchange.dialect
        self.handlers: dict[str, Callable[[Connection, Packet], None]] = {
            "CAN_DO": self.can_do,
            "CAN_DO_TIMEOUT": self.can_do_timeout,
            "CANT_DO": self.cant_do,
            "RESET_ABILITIES": self.reset_abilities,
            "PRE_SLEEP": self.pre_sleep,
            "GRAB_JOB": self.grab,
            "GRAB_JOB_UNIQ": self.grab,
            "GRAB_JOB_ALL": self.grab,
            "SET_CLIENT_ID": self.set_client_id,
        }

    def can_do(self, sender: Connection, packet: Packet) -> None:
        """Register a function, without a limit of time.

        Clauses: can-do-registers, can-do-several, can-do-after-reset.
        """
        self.register(sender, packet.fields["function"], None)

    def can_do_timeout(self, sender: Connection, packet: Packet) -> None:
        """Register a function with the time that a job may take; 0 is no limit.

        Clauses: can-do-timeout-registers.
        """
        fields = packet.fields
        timeout = parse_number(fields["timeout"])
        if timeout is None:
            self.exchange.error(sender.number, "INVALID_ARGUMENTS", "The timeout is not a number")
            return
        self.register(sender, fields["function"], self.seconds(timeout))

    def seconds(self, timeout: int) -> float | None:
        """A timeout as sent, in seconds; None for no limit.

        Clauses: can-do-timeout-milliseconds.
        """
        if timeout == 0 or self.dialect.timeout_outcome == "none":
            return None
        unit = 1000 if self.dialect.timeout_unit == "ms" else 1
        return max(timeout / unit, self.dialect.timeout_minimum)

    def register(self, worker: Connection, function: bytes, seconds: float | None) -> None:
        """Put a worker on the list of a function, once; the last limit of time holds.

        Clauses: can-do-repeated.
        """
        self.queue.function(function)
        worker.abilities[function] = seconds

    def cant_do(self, sender: Connection, packet: Packet) -> None:
        """Withdraw a function.

        Clauses: cant-do-withdraws, cant-do-keeps-others.
        """
        self.withdraw(sender, packet.fields["function"])

    def reset_abilities(self, sender: Connection, _packet: Packet) -> None:
        """Withdraw every function, however it was registered.

        Clauses: reset-abilities-withdraws.
        """
        for function in list(sender.abilities):
            self.withdraw(sender, function)

    def withdraw(self, worker: Connection, function: bytes) -> None:
        """Take a worker off the list of a function; it may finish the jobs of it that it has.

        Clauses: cant-do-unregistered, cant-do-keeps-running-job.
        """
        if function in worker.abilities:
            del worker.abilities[function]
            if self.dialect.withdrawn == "requeue":
                self.give_up(worker, function)

    def give_up(self, worker: Connection, function: bytes) -> None:
        """Queue again the jobs of a function that a worker has."""
        jobs = self.queue.function(function).jobs.values()
        for job in [job for job in jobs if job.worker == worker.number]:
            self.exchange.requeue(job)

    def pre_sleep(self, sender: Connection, _packet: Packet) -> None:
        """Let a worker sleep, unless a job came between its last grab and now.

        Clauses: presleep-with-queued-job, presleep-again-wakes, presleep-after-no-job-wakes.
        """
        if self.queue.next(sender.abilities):
            self.exchange.rouse(sender)
        else:
            sender.asleep = True

    def grab(self, sender: Connection, packet: Packet) -> None:
        """Give a worker the job that goes first among its functions.

        Clauses: grab-no-job, grab-only-registered, grab-answered-once, grab-unregistered-no-job,
        grab-while-holding, can-do-timeout-each-job.
        """
        sender.asleep = False
        job = self.queue.next(sender.abilities)
        if job is None:
            self.exchange.send(sender.number, "NO_JOB")
            return
        seconds = sender.abilities[job.function]
        expires = None if seconds is None else self.exchange.now + seconds
        self.queue.assign(job, sender.number, expires)
        self.assign(sender, packet.name, job)

    def assign(self, worker: Connection, grab: str, job: Job) -> None:
        """Send a job in the form that the kind of grab asks for.

        Clauses: grab-job-assign, grab-uniq-assign, grab-all-assign, job-assign-fields,
        job-assign-uniq-fields, job-assign-all-fields, job-assign-handle, reduce-reducer-given,
        reduce-plain-grab.
        """
        arguments = {"handle": job.handle, "function": job.function, "workload": job.workload}
        if grab == "GRAB_JOB":
            self.exchange.send(worker.number, "JOB_ASSIGN", **arguments)
        elif grab == "GRAB_JOB_UNIQ" or (not job.reducer and self.dialect.assign_all == "reducer"):
            self.exchange.send(worker.number, "JOB_ASSIGN_UNIQ", unique=job.unique, **arguments)
        else:
            more = {"unique": job.unique, "reducer": job.reducer}
            self.exchange.send(worker.number, "JOB_ASSIGN_ALL", **more, **arguments)

    def set_client_id(self, sender: Connection, packet: Packet) -> None:
        """Name a worker for ``workers``.

        Clauses: set-client-id-shown, set-client-id-again.
        """
        sender.identity = packet.fields["id"]
