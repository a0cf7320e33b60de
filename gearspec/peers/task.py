"""A task: what a client wants done, and who is told what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from gearspec.peers.value import Value, to_bytes, to_name
from gearspec.protocol.packet import Packet, request

if TYPE_CHECKING:
    from collections.abc import Callable

Priority: TypeAlias = Literal["high", "low"]
Listener = TypeVar("Listener", bound="Callable[..., object]")

_PRIORITIES: Final = {None: "", "high": "_HIGH", "low": "_LOW"}


class Task:
    """One call of a function.

    Args:
        function: its name, as workers registered it.
        workload: what it is called with.
        priority: ``high``, ``low``, or None for the one between.
        background: whether nobody waits for the result; the task is over once the server has it.
        unique: tasks of one function with the same unique may share one job.
        retry_count: how often it is submitted again after a failure.
        reducer: the reducer of a SUBMIT_REDUCE_JOB.
        epoch: do not run it before this time, in seconds of unix time; such a task is a background task.

    Attributes:
        handle: the job handle; empty before the server gave one.
        tries: how often it was submitted.
        outcome: how it ended: ``complete``, ``fail``, ``exception``, ``created`` for a background task,
            ``timeout`` when its client stopped waiting; None before.
        result: the result of a task that is complete.
        exception: what the worker sent with an exception; None without one.
        reason: why the last try failed, in words; empty before one did.

    Raises:
        ValueError: the message that these arguments ask for does not exist, or a name holds a NUL.
    """

    def __init__(
        self,
        function: Value,
        workload: Value = b"",
        *,
        priority: Priority | None = None,
        background: bool = False,
        unique: Value | None = None,
        retry_count: int = 0,
        reducer: Value | None = None,
        epoch: int | None = None,
    ) -> None:
        self.background = background or epoch is not None
        self.retry_count = retry_count
        self.handle = b""
        self.tries = 0
        self.outcome: str | None = None
        self.result = b""
        self.exception: bytes | None = None
        self.reason = ""
        arguments = {
            "function": to_name(function, "function"),
            "unique": to_name(b"" if unique is None else unique, "unique"),
            "workload": to_bytes(workload),
        }
        if reducer is not None:
            arguments["reducer"] = to_name(reducer, "reducer")
        if epoch is not None:
            arguments["epoch"] = b"%d" % epoch
        name = _message(priority, background=background, reduce=reducer is not None, later=epoch is not None)
        self.packet: Packet = request(name, **arguments)
        self._listeners: dict[str, list[Callable[..., object]]] = {}

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.outcome is not None

    def on_created(self, listener: Listener) -> Listener:
        """Call `listener(handle)` when the server has taken the task."""
        return self._on("created", listener)

    def on_complete(self, listener: Listener) -> Listener:
        """Call `listener(result)` when the task was executed."""
        return self._on("complete", listener)

    def on_fail(self, listener: Listener) -> Listener:
        """Call `listener()` when the task has failed for good; `reason` says why."""
        return self._on("fail", listener)

    def on_retry(self, listener: Listener) -> Listener:
        """Call `listener(tries)` after a failure, before the task is submitted again."""
        return self._on("retry", listener)

    def on_exception(self, listener: Listener) -> Listener:
        """Call `listener(data)` when the task has ended with an exception; it is not tried again.

        Servers send exceptions only to clients that asked: see `Client.option_request`.
        """
        return self._on("exception", listener)

    def on_status(self, listener: Listener) -> Listener:
        """Call `listener(numerator, denominator)`, two texts, when the worker tells how far it is."""
        return self._on("status", listener)

    def on_data(self, listener: Listener) -> Listener:
        """Call `listener(data)` for each piece of a result."""
        return self._on("data", listener)

    def on_warning(self, listener: Listener) -> Listener:
        """Call `listener(data)` for each warning."""
        return self._on("warning", listener)

    def tell(self, event: str, *arguments: Any) -> None:  # noqa: ANN401 - each event has its own
        """Call those who listen to an event."""
        for listener in self._listeners.get(event, ()):
            listener(*arguments)

    def _on(self, event: str, listener: Listener) -> Listener:
        self._listeners.setdefault(event, []).append(listener)
        return listener


def _message(priority: Priority | None, *, background: bool, reduce: bool, later: bool) -> str:
    """The name of the message that submits such a task.

    Clauses: submit-type-by-priority.
    """
    if priority not in _PRIORITIES:
        raise ValueError(f"a priority is 'high', 'low' or None, not {priority!r}")
    if reduce + later + (priority is not None) > 1:
        raise ValueError("a task has a priority, a reducer or an epoch; there is no message for two of them")
    if later:
        return "SUBMIT_JOB_EPOCH"
    if reduce:
        return "SUBMIT_REDUCE_JOB_BACKGROUND" if background else "SUBMIT_REDUCE_JOB"
    return f"SUBMIT_JOB{_PRIORITIES[priority]}{'_BG' if background else ''}"
