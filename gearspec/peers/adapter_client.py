"""The client under the adapter: several requests may be under way at the same time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gearspec.peers import inquiry as ask
from gearspec.peers.adapter_line import Unsupported, check_keys, decode, encode, tell_error
from gearspec.peers.client import Client
from gearspec.peers.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.peers.adapter_line import Say
    from gearspec.peers.inquiry import Inquiry

_OPTIONS: Final = {"unique", "priority", "background", "retries", "reducer", "epoch"}


@dataclass(eq=False, slots=True)
class _Batch:
    """A submit that is not over.

    Attributes:
        number: of its request.
        tasks: by the names that the request gave them.
        end: when the caller gives it up; None is never.
    """

    number: int
    tasks: dict[str, Task]
    end: float | None

    @property
    def over(self) -> bool:
        """Whether all of its tasks have ended."""
        return all(task.done for task in self.tasks.values())


class ClientSide:
    """A client, and the requests that it has not finished.

    Args:
        servers: where its servers are.
        say: writes one answer or event.
    """

    FEATURES: Final = (
        *("several-servers", "background", "priorities", "unique", "batch", "concurrent", "created"),
        *("background-created", "exceptions", "exceptions-by-option", "work-data", "progress", "status"),
        *("status-unique", "echo", "retries", "wait", "epoch", "reduce"),
    )

    def __init__(self, servers: list[str], say: Say) -> None:
        self._client = Client(servers)
        self._say = say
        self._batches: list[_Batch] = []
        self._questions: set[int] = set()
        self._requests = {
            "option": self._option,
            "submit": self._submit,
            "status": self._status,
            "status_unique": self._status_unique,
            "echo": self._echo,
        }

    @property
    def busy(self) -> bool:
        """Whether something is under way; a connection that is idle is watched as well."""
        return True

    def do(self, request: dict[str, Any], *, ending: bool) -> bool:  # noqa: ARG002 - nothing of it waits
        """Begin a request; returns whether it is over.

        Raises:
            Unsupported: there is no such request, or part of it is unknown.
        """
        if request["do"] not in self._requests:
            raise Unsupported
        return self._requests[request["do"]](request)

    def turn(self) -> None:
        """Wait until something happens, and answer the requests that are over."""
        ends = [0.0 if batch.over else batch.end for batch in self._batches]
        end = min((end for end in ends if end is not None), default=None)
        self._client.turn(None if end is None else max(0.0, end - time.monotonic()))
        now = time.monotonic()
        for batch in list(self._batches):
            if batch.end is not None and now >= batch.end:
                self._client.wait(batch.tasks.values(), 0)
            if batch.over:
                self._batches.remove(batch)
                self._finish(batch)

    def hurry(self, *, ending: bool) -> None:  # noqa: ARG002 - likewise
        """End the turn that goes on."""
        self._client.wake()

    def quit(self) -> None:
        """Answer what is not over: nothing more comes of it."""
        for number in sorted(self._questions.union(batch.number for batch in self._batches)):
            self._say(id=number, done=True)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _finish(self, batch: _Batch) -> None:
        for name, task in batch.tasks.items():
            if task.outcome == "timeout":
                self._say(event="error", task=name, code="timeout")
        self._say(id=batch.number, done=True)

    def _ask(self, number: int, inquiry: Inquiry, tell: Callable[[Inquiry], None]) -> bool:
        def answered(inquiry: Inquiry) -> None:
            self._tell(inquiry, tell)
            self._questions.remove(number)
            self._say(id=number, done=True)

        inquiry.listener = answered
        self._questions.add(number)
        self._client.send(inquiry)
        return False

    def _tell(self, inquiry: Inquiry, tell: Callable[[Inquiry], None]) -> None:
        if inquiry.error:
            tell_error(self._say, inquiry.error)
        else:
            tell(inquiry)

    def _option(self, request: dict[str, Any]) -> bool:
        """It is over when it was asked for, since a server may never answer, and tasks do not wait for it."""
        check_keys(request, {"id", "do", "option"})
        name = request["option"]

        def answered(inquiry: Inquiry) -> None:
            self._tell(inquiry, lambda _: self._say(event="option", option=name))

        self._client.start_option(name, answered)
        return True

    def _echo(self, request: dict[str, Any]) -> bool:
        check_keys(request, {"id", "do", "data"})
        inquiry = ask.echo(decode(request["data"]))
        return self._ask(
            request["id"], inquiry, lambda asked: self._say(event="echo", data=encode(asked.packet.body))
        )

    def _status(self, request: dict[str, Any]) -> bool:
        check_keys(request, {"id", "do", "handle"})
        return self._ask(request["id"], ask.status(decode(request["handle"])), self._tell_status)

    def _status_unique(self, request: dict[str, Any]) -> bool:
        check_keys(request, {"id", "do", "unique"})
        return self._ask(request["id"], ask.status_unique(decode(request["unique"])), self._tell_status)

    def _tell_status(self, inquiry: Inquiry) -> None:
        status = ask.read_status(inquiry.packet)
        numbers = {"numerator": status.numerator, "denominator": status.denominator}
        of = {"handle": encode(status.handle)} if status.waiting is None else {"waiting": status.waiting}
        flags = {"known": str(int(status.known)), "running": str(int(status.running))}
        self._say(event="status", **flags, **numbers, **of)

    def _submit(self, request: dict[str, Any]) -> bool:
        check_keys(request, {"id", "do", "tasks", "wait"})
        for given in request["tasks"]:
            check_keys(given, {"task", "function", "workload", *_OPTIONS})
            if sum(option in given for option in ("priority", "reducer", "epoch")) > 1:
                raise Unsupported  # there is no message for two of them
        tasks: dict[str, Task] = {}
        for given in request["tasks"]:
            try:
                tasks[given["task"]] = self._make(given)
            except ValueError as problem:
                tell_error(self._say, problem, task=given["task"])
        end = time.monotonic() + request["wait"] if "wait" in request else None
        self._batches.append(_Batch(request["id"], tasks, end))
        for task in tasks.values():
            self._client.start(task)
        return False

    def _make(self, given: dict[str, Any]) -> Task:
        task = Task(
            decode(given["function"]),
            decode(given["workload"]),
            priority=given.get("priority"),
            background=given.get("background", False),
            unique=decode(given["unique"]) if "unique" in given else None,
            retry_count=given.get("retries", 0),
            reducer=decode(given["reducer"]) if "reducer" in given else None,
            epoch=given.get("epoch"),
        )
        self._listen(task, given["task"])
        return task

    def _listen(self, task: Task, name: str) -> None:
        def say(event: str, **fields: str) -> None:
            self._say(event=event, task=name, **fields)

        task.on_created(lambda handle: say("created", handle=encode(handle)))
        task.on_data(lambda data: say("data", data=encode(data)))
        task.on_warning(lambda data: say("warning", data=encode(data)))
        task.on_complete(lambda data: say("complete", data=encode(data)))
        task.on_exception(lambda data: say("exception", data=encode(data)))
        task.on_fail(lambda: say("fail"))
        task.on_retry(lambda tries: say("retry", tries=str(tries)))
        task.on_status(
            lambda numerator, denominator: say("status", numerator=numerator, denominator=denominator)
        )
