"""One worker's side of one connection: when it asks for a job, and when it sleeps.

It has no socket and no clock: what comes is passed in, what is to be sent is taken out.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from gearspec.protocol.message import GRABS
from gearspec.protocol.packet import Line, Packet, request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gearspec.protocol.packet import Item

PLAIN: Final = "GRAB_JOB"
"""The grab that every server knows."""
_ASSIGNS: Final = frozenset(GRABS.values())


class State(Enum):
    """What a worker waits for on one connection."""

    AWAKE = auto()
    """Nothing: it may ask for a job."""
    ASKING = auto()
    """The answer to its grab."""
    ASLEEP = auto()
    """NOOP."""


class Station:
    """The state of one connection.

    Args:
        grab: how it asks for a job, one of `gearspec.protocol.message.GRABS`.

    Attributes:
        out: what is to be sent.
        state: what it waits for.
        assigned: the jobs that it was given and that were not begun.
        asked: when it asked for a job.
        broken: why the connection must not go on; empty while it may.
        useful: whether a grab was answered.
    """

    def __init__(self, grab: str) -> None:
        self.out: list[Packet] = []
        self.state = State.AWAKE
        self.assigned: deque[Packet] = deque()
        self.asked = 0.0
        self.broken = ""
        self.useful = False
        self._grab = grab

    def begin(self, identity: bytes | None, functions: Mapping[bytes, float | None]) -> None:
        """Say who it is and what it can do.

        Clauses: can-do-sent, set-client-id-sent, worker-registers-again, worker-sends-id-again.
        """
        if identity is not None:
            self.out.append(request("SET_CLIENT_ID", id=identity))
        for function, timeout in functions.items():
            self.can_do(function, timeout)

    def can_do(self, function: bytes, timeout: float | None) -> None:
        """Register a function, with the seconds that a job of it may take; jobs may wait for it.

        Clauses: can-do-timeout-sent, can-do-timeout-milliseconds.
        """
        if timeout is None:
            self.out.append(request("CAN_DO", function=function))
        else:
            milliseconds = b"%d" % round(timeout * 1000)
            self.out.append(request("CAN_DO_TIMEOUT", function=function, timeout=milliseconds))
        self._wake()

    def cant_do(self, function: bytes) -> None:
        """Withdraw a function.

        Clauses: cant-do-sent.
        """
        self.out.append(request("CANT_DO", function=function))

    def ask(self, now: float) -> None:
        """Ask for a job."""
        self.state, self.asked = State.ASKING, now
        self.out.append(request(self._grab))

    def received(self, item: Item, now: float) -> None:
        """Take what has come.

        A packet that means nothing here changes nothing. One whose type is unknown could be an answer,
        so the connection is no good any more, and neither is one with text.

        Clauses: unknown-type-survived, text-from-server-survived, noop-storm-bounded, noop-during-grab.
        """
        if isinstance(item, Line):
            self.text_begun()
        elif item.message is None:
            self.broken = f"the server sent a packet of the unknown type {item.type}"
        elif item.name in _ASSIGNS:
            self.assigned.append(item)
            self.useful, self.state = True, State.AWAKE
        elif item.name == "NO_JOB":
            self._sleep()
        elif item.name == "NOOP":
            self._wake()
        elif item.name == "ERROR":
            self._ask_otherwise(now)

    def text_begun(self) -> None:
        """A line of text has begun, and a worker asks for none."""
        self.broken = "the server sent text"

    def _sleep(self) -> None:
        """There is no job, so sleep; a NOOP that came meanwhile was of no use.

        Clauses: worker-sleeps-on-no-job, noop-then-no-job.
        """
        if self.state is State.ASKING:
            self.useful, self.state = True, State.ASLEEP
            self.out.append(request("PRE_SLEEP"))

    def _wake(self) -> None:
        """There may be a job.

        Clauses: noop-makes-worker-grab.
        """
        if self.state is State.ASLEEP:
            self.state = State.AWAKE

    def _ask_otherwise(self, now: float) -> None:
        """An ERROR for the first grab: this server does not know that kind; any other is no matter of ours.

        Clauses: error-survived-by-worker.
        """
        if self.state is State.ASKING and not self.useful and self._grab != PLAIN:
            self._grab = PLAIN
            self.ask(now)
