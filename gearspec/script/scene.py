"""What a play with a client or worker under test asks of the world, and what it hears back.

As `gearspec.script.action` has it, with the sides turned: the driver runs the
scripted servers and hands requests to an adapter, the small program that works
the library under test (docs/adapters.md).

The driver keeps the promises of `gearspec.script.action`, and these:

* A connection that a scripted server accepts is an arrival, `Sign.ACCEPTED`, under a name of its own:
  ``server#1`` is the first that ``server`` accepted. `Send`, `Shut` and `Settle` name it so.
* What the adapter says, and its end, are arrivals as well, in order with those of the connections.
* If the adapter says what no adapter may say, or does not start, `gearspec.errors.AdapterError` is thrown
  into the play.
* When the play is over, however it ended, nothing is left of the adapter, of what it started, of the
  listeners and of the connections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gearspec.script.action import Arrival, Send, Shut, Wait

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from gearspec.script.verdict import Result


@dataclass(frozen=True, slots=True)
class Listen:
    """Listen as a scripted server; always at the same address, its own from the first `Listen` on."""

    server: str


@dataclass(frozen=True, slots=True)
class Deafen:
    """Stop listening: who connects is refused.

    The port stays ours, so that nobody else can take it, and connections stay open. A server that has
    never listened gets its address by this as well.
    """

    server: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Wait until the peer has read all that was sent on a connection, as far as can be seen from outside.

    Attributes:
        party: the connection.
        until: when to go on anyway, in the seconds of `Moment.now`.
    """

    party: str
    until: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Hand a request to the adapter.

    Attributes:
        request: as docs/adapters.md has it, but that bytes are bytes still, and ``servers`` holds the names
            of scripted servers, for which the driver puts addresses; an address stays as it is.
    """

    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clock:
    """Tell how long the adapter has been on a processor, in a `Spent` that comes at once."""


class Said(NamedTuple):
    """A line of the adapter: an answer or an event, of the form that the contract gives it.

    Attributes:
        at: when it came, in the seconds of `Moment.now`.
        line: as docs/adapters.md has it, but that Base64 is bytes again.
    """

    at: float
    line: Mapping[str, Any]


class Ended(NamedTuple):
    """The adapter ended, and all that it had said has arrived.

    Attributes:
        at: when, in the seconds of `Moment.now`.
        how: the rest of a sentence, such as "exited with status 1".
    """

    at: float
    how: str


class Spent(NamedTuple):
    """How long the adapter and what it has started have been on a processor.

    Attributes:
        at: when that was read, in the seconds of `Moment.now`.
        threads: the seconds of each thread; empty if nobody knows.
    """

    at: float
    threads: Mapping[int, float]


Cue = Send | Shut | Wait | Listen | Deafen | Settle | Ask | Clock
"""What a play may yield."""
Tidings = Arrival | Said | Ended | Spent
"""What it hears back."""


class News(NamedTuple):
    """What a driver answers to each cue; as `gearspec.script.action.Moment`."""

    now: float
    arrivals: tuple[Tidings, ...] = ()
    lagged: bool = False


if TYPE_CHECKING:
    Scene = Generator[Cue, News, Result]
