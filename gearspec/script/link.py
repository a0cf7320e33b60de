"""One connection of a play, as the player sees it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gearspec.protocol.packet import Decoder, Packet

if TYPE_CHECKING:
    from gearspec.protocol.packet import Item
    from gearspec.script.action import Sign

# What answers a request for certain and is sent by nobody but the one who handled it: once it has come,
# everything that was sent before it has been handled too, and the connection needs no fence.
_ANSWERED_BY = {
    **dict.fromkeys(
        (
            *("SUBMIT_JOB", "SUBMIT_JOB_BG", "SUBMIT_JOB_HIGH", "SUBMIT_JOB_HIGH_BG"),
            *("SUBMIT_JOB_LOW", "SUBMIT_JOB_LOW_BG", "SUBMIT_JOB_EPOCH"),
        ),
        frozenset({"JOB_CREATED"}),
    ),
    "GET_STATUS": frozenset({"STATUS_RES"}),
    "GET_STATUS_UNIQUE": frozenset({"STATUS_RES_UNIQUE"}),
    "ECHO_REQ": frozenset({"ECHO_RES"}),
    "OPTION_REQ": frozenset({"OPTION_RES"}),
    "GRAB_JOB": frozenset({"NO_JOB", "JOB_ASSIGN"}),
    "GRAB_JOB_UNIQ": frozenset({"NO_JOB", "JOB_ASSIGN_UNIQ"}),
    "GRAB_JOB_ALL": frozenset({"NO_JOB", "JOB_ASSIGN_ALL"}),
}


class Received(NamedTuple):
    """Something in a queue.

    Attributes:
        at: when it arrived.
        what: a packet, a line or a sign.
        asleep: whether the last packet sent on the connection was PRE_SLEEP.
    """

    at: float
    what: Item | Sign
    asleep: bool


@dataclass(slots=True)
class Link:
    """One connection.

    Attributes:
        party: its name.
        queue: what has come and was not taken by a line yet.
        acted: something was sent since the last fence.
        open: the server can still be heard.
        talking: we can still send.
        nonce: what the fence under way waits for; None if there is none.
        grab: the grab that is repeated until a job comes; None if the party is not patient.
        rounds: how often it was.
        held: what is sent with the next bytes, in writes.
        loose: it is no matter what comes on it, so it is never fenced: it need not be answered any more.
        last: the name of the last packet sent.
        mark: the id it gave itself, so that the server's table of workers shows when it is gone.
        sent: what was sent so far, to know whether it ends in mid-packet.
    """

    party: str
    queue: deque[Received] = field(default_factory=deque)
    acted: bool = False
    open: bool = True
    talking: bool = True
    nonce: bytes | None = None
    grab: str | None = None
    rounds: int = 0
    held: tuple[bytes, ...] = ()
    loose: bool = False
    last: str = ""
    mark: bytes | None = None
    sent: Decoder = field(default_factory=lambda: Decoder(2**32))

    @property
    def whole(self) -> bool:
        """Whether what was sent ends at the end of a packet, so that more can be sent and understood."""
        return self.sent.error is None and not self.sent.rest

    @property
    def fenceable(self) -> bool:
        """Whether a fence on it would be answered by a server that is well."""
        return self.open and self.talking and self.whole and not self.held and not self.loose

    def took(self, what: Item | Sign) -> None:
        """A line took this: if it answers the last request, the connection needs no fence."""
        if isinstance(what, Packet) and what.name in _ANSWERED_BY.get(self.last, ()):
            self.acted = False
