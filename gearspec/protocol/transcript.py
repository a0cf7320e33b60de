"""Who sent what to whom, and when.

A transcript is the record of one conversation, across all of its connections.
It prints packets decoded, raw bytes in hex, and never a byte of a peer that
could steer a terminal or end an XML document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from gearspec.protocol.packet import Line, Packet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

OPEN: Final = "OPEN"
CLOSE: Final = "CLOSE"
HALF_CLOSE: Final = "HALF_CLOSE"
RESET: Final = "RESET"
RAW: Final = "RAW"
SHOWN: Final = 64
"""How many bytes of one value are printed before it is cut short."""
SPOKEN: Final = 300
"""How many of them where a library tells its user something: an error says at its end what is wrong."""
MOST: Final = 80
"""How many events are printed with their bytes, where many failures stand below each other."""

_ESCAPES: Final = {0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x00: "\\0"}
_PRINTABLE: Final = [
    _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in range(256)
]


def printable(value: bytes, limit: int = SHOWN) -> str:
    """Bytes as plain ASCII with escapes, cut short after `limit` bytes with a word on what is left."""
    text = "".join(_PRINTABLE[byte] for byte in value[:limit])
    return text if len(value) <= limit else f"{text}... ({len(value)} bytes)"


class Note(NamedTuple):
    """Something on a connection that is neither a packet nor a line.

    Attributes:
        kind: `OPEN`, `CLOSE`, `HALF_CLOSE`, `RESET`, or `RAW` for bytes that decode as nothing.
        data: the bytes of a `RAW`.
    """

    kind: str
    data: bytes = b""


class Speech(NamedTuple):
    """What a client or worker library is told to do, or tells its user; no bytes on any connection.

    Attributes:
        verb: ``calls`` or ``reports``.
        name: of the call or the event.
        fields: what goes with it, by name, in order.
    """

    verb: str
    name: str
    fields: tuple[tuple[str, bytes], ...] = ()


What = Packet | Line | Note | Speech


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a transcript.

    Attributes:
        at: seconds since the transcript began; for what was received, since it arrived.
        sender: the party it came from.
        receiver: the party it went to.
        what: the packet, the line of text, or the note.
    """

    at: float
    sender: str
    receiver: str
    what: What


@dataclass(slots=True)
class Transcript:
    """Events in the order in which they were sent or had arrived."""

    events: list[Event] = field(default_factory=list)

    def add(self, at: float, sender: str, receiver: str, what: What) -> None:
        """Append one event."""
        self.events.append(Event(at, sender, receiver, what))

    def render(
        self,
        names: Mapping[bytes, str] | None = None,
        *,
        hexadecimal: bool = True,
        most: int | None = None,
    ) -> str:
        """The transcript as text, a line an event.

        Args:
            names: values to print as ``$name``, so that two runs read the same.
            hexadecimal: print the bytes of each packet under it as well.
            most: how many events are printed, those at its beginning and its end; all unless given.
        """
        events = sorted(self.events, key=lambda event: event.at)
        return in_blocks(events, lambda event: _block(event, names, hexadecimal=hexadecimal), most)


def _block(event: Event, names: Mapping[bytes, str] | None, *, hexadecimal: bool) -> list[str]:
    raw = raw_bytes(event.what) if hexadecimal else b""
    return event_lines(event.at, event.sender, event.receiver, describe(event.what, names, SPOKEN), raw)


def ends(things: Sequence[T], most: int) -> tuple[Sequence[T], int, Sequence[T]]:
    """The beginning of something long, how much of its middle is left out, and its end."""
    left = max(len(things) - most, 0)
    head = most // 2 if left else len(things)
    return things[:head], left, things[head + left :]


def in_blocks(things: Sequence[T], lines: Callable[[T], list[str]], most: int | None = None) -> str:
    """Events as text; where there are more than is wanted, those in the middle are counted only.

    Args:
        things: the events, in order.
        lines: makes lines of one.
        most: how many are shown; all of them unless given.
    """
    head, left, tail = ends(things, len(things) if most is None else most)
    gap = [f"... {left} more events ..."] if left else []
    return "\n".join([*chain.from_iterable(map(lines, head)), *gap, *chain.from_iterable(map(lines, tail))])


def event_lines(at: float, sender: str, receiver: str, what: str, raw: bytes) -> list[str]:
    """One event as text: a line in words, and its bytes under it, cut short."""
    head = f"{at * 1000:9.1f} ms  {sender} -> {receiver}: {what}"
    return [head, *(f"{'':14}{row}" for row in _hex(raw))]


def describe(what: What, names: Mapping[bytes, str] | None = None, spoken: int = SHOWN) -> str:
    """One event in words, without its bytes.

    Args:
        what: the event.
        names: values to print as ``$name``.
        spoken: how many bytes of one value are shown that a library is told, or tells its user.
    """
    if isinstance(what, Line):
        return f"TEXT {_value(what.raw, names)}"
    if isinstance(what, Note):
        return f"{what.kind} {len(what.data)} bytes" if what.data else what.kind
    if isinstance(what, Speech):
        told = (f"{key}={_value(value, names, spoken)}" for key, value in what.fields)
        return " ".join([what.verb, what.name, *told])
    fields = what.fields
    words = [what.name, *(f"{key}={_value(value, names)}" for key, value in fields.items())]
    if what.message is None and what.body:
        words.append(f"data={_value(what.body, names)}")
    if what.message and len(fields) < len(what.message.arguments):
        words.append("(" + ", ".join(what.message.arguments[len(fields) :]) + " missing)")
    if what.message and not what.message.arguments and what.body:
        words.append(f"with {len(what.body)} bytes of data")
    if what.size is not None and what.size != len(what.body):
        words.append(f"(size says {what.size}, there are {len(what.body)})")
    if what.message is None or what.magic not in what.message.magics:
        words.append(f"magic={printable(what.magic)}")
    return " ".join(words)


def _value(value: bytes, names: Mapping[bytes, str] | None, limit: int = SHOWN) -> str:
    return (names or {}).get(value) or repr_bytes(value, limit)


def repr_bytes(value: bytes, limit: int = SHOWN) -> str:
    """A value between quotes, escaped and cut short."""
    return f"'{printable(value, limit)}'"


def _hex(raw: bytes) -> list[str]:
    rows = [raw[start : start + 16] for start in range(0, min(len(raw), SHOWN * 2), 16)]
    shown = [f"{row.hex(' '):47}  {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}" for row in rows]
    return shown + ([f"... {len(raw) - SHOWN * 2} more bytes"] if len(raw) > SHOWN * 2 else [])


def raw_bytes(what: What) -> bytes:
    """The bytes of an event on the wire; none of what is no bytes there."""
    if isinstance(what, Packet):
        return what.encode()
    if isinstance(what, Speech):
        return b""
    return what.raw if isinstance(what, Line) else what.data
