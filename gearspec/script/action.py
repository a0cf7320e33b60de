"""What a play asks of the world, and what it hears back.

A play is a generator: it yields an action and is sent a `Moment`. Whatever
carries out the actions (a wire with real sockets, or the model in memory with
a clock of its own) is a driver. So the player has no sockets and no clock, and
a case means the same to both.

The driver keeps these promises:

* Every action is carried out at once, in order. `Open`, `Send` and `Shut` are answered with a
  `Moment` too, so that the play always knows the time.
* What arrives on any connection is decoded as it comes, stamped with the time of its arrival, and
  handed over with the next `Moment`, whichever action that answers.
* `Wait` is answered as soon as something has arrived, or when its time has come.
* If the program under test dies, `gearspec.errors.TargetGone` is thrown into the play.
* A connection that cannot be opened or was closed by the peer is an arrival (`CLOSED` or `REFUSED`), never an
  exception; sending on a connection that is gone does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator

    from gearspec.protocol.packet import Item
    from gearspec.script.verdict import Result


class How(Enum):
    """Ways to end a connection."""

    HALF_CLOSE = auto()
    """Stop sending (FIN); what the peer sends is still read."""
    CLOSE = auto()
    """Close; nothing more is read."""
    RESET = auto()
    """Close with linger 0, so that the peer gets RST."""


class Sign(Enum):
    """What can arrive beside packets and lines."""

    CLOSED = auto()
    """The peer closed its side (EOF)."""
    RESET = auto()
    """The peer reset the connection."""
    REFUSED = auto()
    """The connection could not be opened."""
    ACCEPTED = auto()
    """A scripted server accepted a connection; see `gearspec.script.scene`."""
    RUBBISH = auto()
    """What came next decodes as nothing; no more is read from this connection."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open a connection to the server under the name of a party; that name must not be open already."""

    party: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes, all of them, in one write as far as the kernel allows."""

    party: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Shut:
    """End a connection, or one side of it."""

    party: str
    how: How


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for an arrival on any connection, or until a time.

    Attributes:
        until: in the seconds of `Moment.now`.
    """

    until: float


Action = Open | Send | Shut | Wait


class Arrival(NamedTuple):
    """Something that came.

    Attributes:
        party: whose connection it came on.
        at: when, in the seconds of `Moment.now`.
        what: a packet, a line, or a sign.
        rest: for `Sign.RUBBISH`, and for `Sign.CLOSED` in mid-packet, the bytes that were left.
    """

    party: str
    at: float
    what: Item | Sign
    rest: bytes = b""


class Moment(NamedTuple):
    """What a driver answers to each action.

    Attributes:
        now: seconds on a clock that never goes back.
        arrivals: what came since the last moment, in order of arrival.
        lagged: the time asked for has come, yet the driver itself was held up so long, and so often, that
            silence proves nothing.
    """

    now: float
    arrivals: tuple[Arrival, ...] = ()
    lagged: bool = False


if TYPE_CHECKING:
    Play = Generator[Action, Moment, Result]
