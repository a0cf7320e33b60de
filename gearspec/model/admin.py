"""What the administrator asks: the text protocol's questions, answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gearspec.protocol.admin import Bare, Failure, Reply, Success, Table, parse_request, render_reply

from .job import Priority
from .queue import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.protocol.packet import Line

    from .connection import Connection
    from .exchange import Exchange

_SIZE: Final = re.compile(rb"-?[0-9]{1,9}")
VERBOSE: Final = b"NONE"
"""The level of detail that ``verbose`` names: the model keeps no log."""


class AdminRequests:
    """The commands of the text protocol.

    Args:
        exchange: what they look at and change.
        version: what ``version`` tells.
        pid: what ``getpid`` tells.
    """

    def __init__(self, exchange: Exchange, version: bytes, pid: int) -> None:
        self.exchange = exchange
        self.queue = exchange.queue
        self._version = version
        self._pid = pid
        self.commands: dict[bytes, Callable[..., Reply]] = {
            b"workers": self.workers,
            b"status": self.status,
            b"prioritystatus": self.priority_status,
            b"maxqueue": self.maxqueue,
            b"version": self.version,
            b"getpid": self.getpid,
            b"verbose": self.verbose,
            b"cancel job": self.cancel_job,
            b"show jobs": self.show_jobs,
            b"show unique jobs": self.show_unique_jobs,
            b"create function": self.create_function,
            b"drop function": self.drop_function,
        }

    def line(self, sender: Connection, line: Line) -> None:
        """Answer a line of text.

        Clauses: admin-unknown-command, admin-empty-line-harmless, maxqueue-without-function.
        """
        request = parse_request(line)
        if isinstance(request, Failure):
            self.exchange.say(sender.number, render_reply(request))
            return
        reply = self.commands[request.command.name](*request.arguments)
        self.exchange.say(sender.number, render_reply(reply, request.command))

    def workers(self) -> Table:
        """Every connection, since any may register functions at any time.

        Clauses: admin-workers-lists-workers.
        """
        return Table(tuple(self.worker(peer) for peer in self.exchange.connections.values()))

    def worker(self, peer: Connection) -> tuple[bytes, ...]:
        """The row of one connection.

        Clauses: admin-workers-columns, admin-workers-functions, admin-workers-default-id.
        """
        return (b"%d" % peer.number, peer.address, peer.identity or b"-", *peer.abilities)

    def status(self) -> Table:
        """How many jobs each function has, how many of them run, and who could.

        Clauses: admin-status-columns, admin-status-lists-functions, admin-status-total,
        admin-status-running, admin-status-keeps-function.
        """
        return Table(
            tuple(
                (
                    function.name,
                    b"%d" % (len(function.jobs) if self.exchange.dialect.total == "all" else function.queued),
                    b"%d" % function.running,
                    b"%d" % self.capable(function.name),
                )
                for function in self.queue.functions.values()
            )
        )

    def priority_status(self) -> Table:
        """How many jobs wait at each level, and who could run them.

        Clauses: admin-prioritystatus-columns, admin-prioritystatus-counts.
        """
        return Table(
            tuple(
                (
                    function.name,
                    *(b"%d" % function.queued_at(priority) for priority in Priority),
                    b"%d" % self.capable(function.name),
                )
                for function in self.queue.functions.values()
            )
        )

    def capable(self, function: bytes) -> int:
        """How many connections have registered a function, busy or not.

        Clauses: admin-status-workers, admin-prioritystatus-workers.
        """
        return sum(function in peer.abilities for peer in self.exchange.connections.values())

    def maxqueue(self, function: bytes, *sizes: bytes) -> Reply:
        """Set how long a queue may grow; without a size, as long as it likes.

        Clauses: maxqueue-ok, maxqueue-one-size, maxqueue-three-sizes, maxqueue-no-limit,
        maxqueue-default.
        """
        if not all(_SIZE.fullmatch(size) for size in sizes):
            return Failure(b"INVALID_ARGUMENTS", b"A size is not a number")
        numbers = [max(int(size), 0) for size in sizes]
        high, normal, low = numbers * 3 if len(numbers) == 1 else numbers or UNLIMITED
        self.queue.limits[function] = (high, normal, low)
        return Success()

    def version(self) -> Reply:
        """The version of the server.

        Clauses: admin-version, admin-version-one-line.
        """
        return Success(self._version) if self.exchange.dialect.version == "ok" else Bare(self._version)

    def getpid(self) -> Success:
        """The number of the server's process.

        Clauses: admin-getpid.
        """
        return Success(b"%d" % self._pid)

    def verbose(self) -> Success:
        """How much the server tells.

        Clauses: admin-verbose.
        """
        return Success(VERBOSE)

    def cancel_job(self, handle: bytes) -> Reply:
        """End a job, queued or running, as failed.

        Clauses: admin-cancel-job, admin-cancel-job-unknown.
        """
        job = self.queue.jobs.get(handle)
        if job is None:
            return Failure(b"UNKNOWN_JOB")
        self.exchange.fail(job)
        return Success()

    def show_jobs(self) -> Table:
        """Each job with how often it came back, whether nobody waits for it, and whether it is queued.

        Clauses: admin-show-jobs.
        """
        return Table(
            tuple(
                (job.handle, b"%d" % job.retries, b"%d" % job.abandoned, b"%d" % (not job.running))
                for job in self.queue.jobs.values()
            )
        )

    def show_unique_jobs(self) -> Table:
        """The unique of each job; that of a job without one is empty.

        Clauses: admin-show-unique-jobs.
        """
        return Table(tuple((job.unique,) for job in self.queue.jobs.values()))

    def create_function(self, function: bytes) -> Success:
        """Make a function known before anybody registers it.

        Clauses: admin-create-function.
        """
        self.queue.function(function)
        return Success()

    def drop_function(self, function: bytes) -> Reply:
        """Forget a function that has neither workers nor jobs.

        Clauses: admin-drop-function, admin-drop-function-busy, admin-drop-function-unknown,
        jobs-outlive-workers.
        """
        known = self.queue.functions.get(function)
        if known is None:
            return Failure(b"UNKNOWN_FUNCTION", b"There is no such function")
        if known.jobs or self.capable(function):
            return Failure(b"FUNCTION_IN_USE", b"The function has jobs or workers")
        del self.queue.functions[function]
        return Success()
