"""The reference client: one connection at a time, to the first of its servers that can be had."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self

from gearspec.peers import inquiry as ask
from gearspec.peers.dialogue import Dialogue
from gearspec.peers.docket import Docket
from gearspec.peers.error import ServerLost, TaskException, TaskFailed
from gearspec.peers.link import Link
from gearspec.peers.poller import Poller
from gearspec.peers.roster import Server, in_order, make_roster
from gearspec.peers.task import Task
from gearspec.protocol.packet import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from gearspec.peers.inquiry import Inquiry, Status
    from gearspec.peers.task import Priority
    from gearspec.peers.value import Value
    from gearspec.protocol.admin import Reply

PATIENCE: Final = 5.0
"""Seconds in which a server has to take a connection and to answer, unless told otherwise."""


class Client:
    """A client of a list of servers.

    It connects when there is something to send. When a server refuses, drops the connection, or owes
    an answer for too long, the next one is tried; the ones that failed lately come last. What was sent
    and not answered before a connection was lost is not sent again, except a task with tries left.

    Args:
        servers: where they are, as ``host:port``, in the order in which they are tried.
        timeout: seconds in which a server has to take a connection and to answer.
        max_size: bytes of data in one packet that are accepted.

    Raises:
        UsageError: one of the servers is no address.
        ValueError: there is no server.
    """

    def __init__(
        self, servers: Iterable[str], *, timeout: float = PATIENCE, max_size: int = DEFAULT_MAX_SIZE
    ) -> None:
        self._servers = make_roster(servers)
        self._timeout, self._max_size = timeout, max_size
        self._options: list[bytes] = []
        self._outbox: list[Inquiry] = []
        self._docket = Docket()
        self._poller = Poller()
        self._candidates: list[Server] = []
        self._reason = ""
        self._server = self._servers[0]
        self._link: Link | None = None
        self._dialogue: Dialogue | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the client may not be used afterwards."""
        if self._link:
            self._link.drop("the client was closed")
        self._poller.close()

    def option_request(self, name: Value, timeout: float | None = None) -> bool:
        """Ask for an option, such as ``exceptions``, on this connection and on each later one.

        Args:
            name: the option.
            timeout: seconds to wait; None stands for the timeout of the client.

        Returns:
            Whether this server granted it.

        Raises:
            ServerLost: no server could be asked.
            TimeoutError: the server does not answer.
        """
        option = self.start_option(name)
        self._await(option, timeout)
        if isinstance(option.error, ServerLost):
            raise option.error
        return option.error is None

    def start_option(self, name: Value, listener: Callable[[Inquiry], object] | None = None) -> Inquiry:
        """Ask for an option as `option_request` does, without waiting; `turn` until it is done.

        Args:
            name: the option.
            listener: is called with what is returned, when it is done.
        """
        option = ask.option(name)
        option.listener = listener
        assert option.key is not None, "the answer repeats the option"
        if option.key not in self._options:
            self._options.append(option.key)
        self.send(option)
        return option

    def start(self, task: Task) -> None:
        """Submit a task without waiting; `wait` and `turn` see to the rest.

        Raises:
            ValueError: it was submitted before.
        """
        if task.tries or task.done or any(inquiry.task is task for inquiry in self._outbox):
            raise ValueError("a task can be submitted once; make another one")
        self.send(ask.submit(task))

    def submit(self, task: Task, timeout: float | None = None) -> bytes:
        """Submit a task and wait until the server has taken it.

        Args:
            task: what to submit.
            timeout: seconds to wait; None stands for the timeout of the client.

        Returns:
            Its job handle.

        Raises:
            TaskFailed: no server has taken it.
            TimeoutError: the server does not answer; the task is given up.
        """
        self.start(task)
        patience = self._timeout if timeout is None else timeout
        if not self._until(lambda: bool(task.handle) or task.done, patience):
            task.outcome = "timeout"
            raise TimeoutError("the server has not taken the task in time")
        if not task.handle:
            raise TaskFailed(task.reason)
        return task.handle

    def do(
        self,
        function: Value,
        workload: Value = b"",
        *,
        priority: Priority | None = None,
        unique: Value | None = None,
        retry_count: int = 0,
        timeout: float | None = None,
    ) -> bytes:
        """Have a function called and wait for the result.

        Args:
            function: its name.
            workload: what it is called with.
            priority: see `Task`.
            unique: see `Task`.
            retry_count: see `Task`.
            timeout: seconds to wait for the result; None is no limit.

        Raises:
            TaskException: the worker sent an exception, and `option_request` has asked for those.
            TaskFailed: the task failed.
            TimeoutError: the result has not come; the task is given up.
        """
        task = Task(function, workload, priority=priority, unique=unique, retry_count=retry_count)
        self.start(task)
        if not self.wait([task], timeout):
            raise TimeoutError("the result has not come in time")
        if task.outcome == "exception":
            raise TaskException(task.exception or b"")
        if task.outcome == "fail":
            raise TaskFailed(task.reason)
        return task.result

    def wait(self, tasks: Iterable[Task], timeout: float | None = None) -> bool:
        """Wait until tasks have ended.

        Those that have not when the time is over are given up: nobody is told anything more of them.

        Args:
            tasks: which; they were started before.
            timeout: seconds; None is no limit.

        Returns:
            Whether all have ended.
        """
        tasks = list(tasks)
        if self._until(lambda: all(task.done for task in tasks), timeout):
            return True
        for task in tasks:
            task.outcome = task.outcome or "timeout"
        return False

    def echo(self, data: Value, timeout: float | None = None) -> bytes:
        """Send bytes to the server; returns what came back.

        Raises:
            PeerError: no server could be asked, or it refused.
            TimeoutError: the server does not answer.
        """
        return self._ask(ask.echo(data), timeout).packet.body

    def status(self, handle: Value, timeout: float | None = None) -> Status:
        """How a job is, by its handle; raises as `echo` does."""
        return ask.read_status(self._ask(ask.status(handle), timeout).packet)

    def status_unique(self, unique: Value, timeout: float | None = None) -> Status:
        """How a job is, by its unique; raises as `echo` does."""
        return ask.read_status(self._ask(ask.status_unique(unique), timeout).packet)

    def admin(self, command: Value, *arguments: Value, timeout: float | None = None) -> Reply:
        """The reply to a command in text, such as ``status`` or ``maxqueue``.

        Raises:
            PeerError: no server could be asked.
            TimeoutError: the server does not answer.
            ValueError: there is no such command.
        """
        return self._ask(ask.admin(command, *arguments), timeout).text

    def send(self, inquiry: Inquiry) -> None:
        """Ask something without waiting; `turn` until it is done."""
        self._outbox.append(inquiry)
        self._advance(time.monotonic())

    def wake(self) -> None:
        """End the `turn` that goes on, or else the next one; any thread may say so."""
        self._poller.wake()

    def turn(self, seconds: float | None = None) -> None:
        """Wait until something happens, at most so long, and deal with it; None is no limit."""
        if not self._docket.report():
            due = self._due()
            limits = [seconds, None if due is None else due - time.monotonic()]
            limit = min((limit for limit in limits if limit is not None), default=None)
            self._poller.wait([self._link] if self._link else [], limit)
            self._advance(time.monotonic())
            self._docket.report()

    def _ask(self, inquiry: Inquiry, timeout: float | None) -> Inquiry:
        self.send(inquiry)
        self._await(inquiry, timeout)
        if inquiry.error:
            raise inquiry.error
        return inquiry

    def _await(self, inquiry: Inquiry, timeout: float | None) -> None:
        if not self._until(lambda: inquiry.done, self._timeout if timeout is None else timeout):
            inquiry.error = ServerLost("nobody waits for the answer any more")
            raise TimeoutError("the server does not answer in time")

    def _until(self, over: Callable[[], bool], timeout: float | None) -> bool:
        """Take turns until something holds; returns whether it does before the time is over."""
        end = None if timeout is None else time.monotonic() + timeout
        self._docket.report()
        while not over():
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            self.turn(left)
        return True

    def _due(self) -> float | None:
        """When something has to happen at the latest."""
        if self._link is None:
            return 0.0 if self._outbox else None
        oldest = self._dialogue.oldest if self._dialogue else None
        overdue = None if oldest is None else max(oldest, self._link.moved) + self._timeout
        return min((due for due in (self._link.due, overdue) if due is not None), default=None)

    def _advance(self, now: float) -> None:
        """Do whatever can be done without waiting."""
        self._outbox = [inquiry for inquiry in self._outbox if not inquiry.done]
        if self._link is None:
            self._connect(now)
        if self._link is None:
            return
        link = self._link
        link.turn(now)
        if link.connected and not (link.lost and self._dialogue is None):
            self._converse(link, now)
        if link.lost:
            self._lose(link, now)

    def _connect(self, now: float) -> None:
        """Try the next server, if there is something to send; when none is left, give that up.

        Clauses: client-failover, client-no-server, client-server-comes-back.
        """
        if not self._outbox:
            return
        if not self._candidates:
            self._candidates = in_order(self._servers, now)
        self._server = self._candidates.pop(0)
        self._link = Link(self._server.address, now, self._timeout, self._max_size)

    def _converse(self, link: Link, now: float) -> None:
        if self._dialogue is None:
            self._candidates = []
            self._dialogue = Dialogue(self._docket, self._max_size)
            self._put_options_first()
        while link.items and not self._dialogue.broken:
            self._dialogue.received(link.items.popleft(), now)
            self._server.answered()
        if link.text:
            self._dialogue.text_begun()
        if not link.lost:
            for inquiry in self._outbox:
                self._dialogue.ask(inquiry, now)
            self._outbox = []
        link.send(*self._dialogue.out)
        self._dialogue.out.clear()
        link.flush(now)
        due = self._due()
        if self._dialogue.broken:
            link.drop(self._dialogue.broken)
        elif due is not None and now >= due:
            link.drop("the server does not answer")

    def _put_options_first(self) -> None:
        """Nothing goes over a new connection before the options do.

        Clauses: option-asked-per-connection.
        """
        asked = [inquiry for inquiry in self._outbox if inquiry.reply == "OPTION_RES"]
        others = [inquiry for inquiry in self._outbox if inquiry.reply != "OPTION_RES"]
        again = [name for name in self._options if all(inquiry.key != name for inquiry in asked)]
        self._outbox = [*map(ask.option, again), *asked, *others]

    def _lose(self, link: Link, now: float) -> None:
        """A connection is over, or never came to be; when there is no other server, that is told."""
        self._server.failed(now)
        self._link, dialogue, self._dialogue = None, self._dialogue, None
        reason = f"{self._server.address}: {link.lost}"
        if dialogue:
            self._outbox = [*map(ask.submit, dialogue.lost(reason)), *self._outbox]
        elif not self._candidates:
            self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        outbox, self._outbox = self._outbox, []
        for inquiry in outbox:
            inquiry.error = ServerLost(f"no server can be reached; the last was {reason}")
            self._docket.answered(inquiry)
            if inquiry.task:
                self._docket.gave_up(inquiry.task, str(inquiry.error))
