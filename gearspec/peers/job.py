"""A job: what a worker's function is given, and how it says what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearspec.peers.value import Value, to_bytes, to_name
from gearspec.protocol.packet import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.protocol.packet import Packet


class Job:
    """One call of a function.

    Whatever it sends goes out at once, over the connection that assigned the job; when that is
    lost, it goes nowhere, and the server gives the job to another worker or fails it.

    Args:
        assignment: the packet that assigned it.
        send: sends a packet to the server that assigned it.
        fail_after_exception: whether an exception needs a WORK_FAIL after it; see `Worker`.

    Attributes:
        handle: the job handle.
        function: its name.
        workload: what the function is called with.
        unique: as the client gave it; empty when the server does not tell.
        reducer: likewise.
        ended: whether the server was told how it ended.
    """

    def __init__(
        self, assignment: Packet, send: Callable[[Packet], None], *, fail_after_exception: bool = False
    ) -> None:
        fields = assignment.fields
        self.handle = fields["handle"]
        self.function = fields.get("function", b"")
        self.workload = fields.get("workload", b"")
        self.unique = fields.get("unique", b"")
        self.reducer = fields.get("reducer", b"")
        self.ended = False
        self._send = send
        self._fail_after_exception = fail_after_exception

    def data(self, data: Value) -> None:
        """Send a piece of the result."""
        self._tell("WORK_DATA", data=to_bytes(data))

    def warning(self, data: Value) -> None:
        """Send a warning."""
        self._tell("WORK_WARNING", data=to_bytes(data))

    def status(self, numerator: Value, denominator: Value) -> None:
        """Say how far it is."""
        told = {"numerator": numerator, "denominator": denominator}
        self._tell("WORK_STATUS", **{name: to_name(value, name) for name, value in told.items()})

    def complete(self, result: Value) -> None:
        """End it with a result; a function may return that instead."""
        self._tell("WORK_COMPLETE", data=to_bytes(result))
        self.ended = True

    def fail(self) -> None:
        """End it as failed."""
        self._tell("WORK_FAIL")
        self.ended = True

    def exception(self, data: Value) -> None:
        """End it as failed, with an exception; a function may raise one instead."""
        self._tell("WORK_EXCEPTION", data=to_bytes(data))
        if self._fail_after_exception:
            self._tell("WORK_FAIL")
        self.ended = True

    def _tell(self, message: str, **arguments: bytes) -> None:
        """Send something about the job, unless it is over.

        Clauses: worker-ends-job-once, worker-uses-handle.
        """
        if self.ended:
            raise RuntimeError(f"the job is over, so no {message} can be sent for it")
        self._send(request(message, handle=self.handle, **arguments))
