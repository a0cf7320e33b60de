"""Packets: encoding, incremental decoding, and what is wrong with one.

A `Packet` may hold any nonsense that a suite wants to send; judging it is the
separate business of `check`. The decoder keeps the bytes as they came, so
nothing is ever compared after an encoding of our own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from gearspec.errors import BadMagic, LineTooLong, PacketTooLarge, Truncated, WireError
from gearspec.protocol.message import BY_NAME, BY_TYPE, GRABS, HANDLE_LIMIT, HEADER_SIZE, REQ, RES, Message

_HEADER: Final = struct.Struct(">4sII")
_ARITY: Final = {type_: len(message.arguments) for type_, message in BY_TYPE.items()}
_MAGICS: Final = (REQ, RES)

DEFAULT_MAX_SIZE: Final = 64 * 1024 * 1024
"""How many bytes of data a decoder accepts in one packet unless it is told otherwise."""
MAX_LINE: Final = 64 * 1024
"""How many bytes a line of text may have, its newline included."""


class Packet(NamedTuple):
    """One binary packet, well formed or not.

    Attributes:
        magic: four bytes; ``\\0REQ`` or ``\\0RES`` unless the packet lies.
        type: an unsigned 32-bit number.
        body: the bytes after the header.
        size: what the header announces, in bytes, when that is not ``len(body)``.
    """

    magic: bytes
    type: int
    body: bytes = b""
    size: int | None = None

    @property
    def message(self) -> Message | None:
        """The row of the table, or None for a type that is not in it."""
        return BY_TYPE.get(self.type)

    @property
    def name(self) -> str:
        """The name in PROTOCOL, or ``TYPE_n`` for a type that has none."""
        message = BY_TYPE.get(self.type)
        return message.name if message else f"TYPE_{self.type}"

    @property
    def arguments(self) -> tuple[bytes, ...]:
        """The body split at NULs, no more often than the message has separators.

        An unknown type is one argument. A packet with too few separators yields
        fewer arguments than its row names.
        """
        arity = _ARITY.get(self.type, 1)
        return tuple(self.body.split(b"\0", arity - 1)) if arity else ()

    @property
    def fields(self) -> dict[str, bytes]:
        """The arguments by their names in the table; those that are missing are left out."""
        message = BY_TYPE.get(self.type)
        return dict(zip(message.arguments, self.arguments, strict=False)) if message else {}

    def encode(self) -> bytes:
        """The bytes on the wire."""
        size = len(self.body) if self.size is None else self.size
        return _HEADER.pack(self.magic, self.type, size) + self.body


class Line(NamedTuple):
    """One line of the text protocol, with its line ending as it came."""

    raw: bytes

    @property
    def text(self) -> bytes:
        """The line without ``\\n``, and without one ``\\r`` before it."""
        return self.raw.removesuffix(b"\n").removesuffix(b"\r")


Item = Packet | Line


def build(magic: bytes, name: str, /, **arguments: bytes) -> Packet:
    """A well-formed packet of a message from its named arguments.

    Raises:
        TypeError: the message has no such argument, or one is missing.
    """
    message = BY_NAME[name]
    if arguments.keys() != set(message.arguments):
        raise TypeError(f"{name} takes {list(message.arguments)}, not {list(arguments)}")
    return Packet(magic, message.type, b"\0".join([arguments[key] for key in message.arguments]))


def request(name: str, /, **arguments: bytes) -> Packet:
    """A packet to a job server; see `build`."""
    return build(REQ, name, **arguments)


def response(name: str, /, **arguments: bytes) -> Packet:
    """A packet from a job server; see `build`."""
    return build(RES, name, **arguments)


class Decoder:
    """Turns a stream, cut anywhere, into packets and lines.

    The first byte of each item decides: NUL begins a packet, anything else a
    line of text (PROTOCOL, "Administrative Protocol").

    Args:
        max_size: the largest body accepted, in bytes; a header that announces
            more is an error before any of the body is kept.

    Attributes:
        error: what made the stream undecodable, or None. Afterwards `feed`
            returns nothing more.
    """

    def __init__(self, max_size: int = DEFAULT_MAX_SIZE) -> None:
        self.max_size = max_size
        self.error: WireError | None = None
        self._chunks: list[bytes] = []
        self._have = 0
        self._need = 1

    @property
    def rest(self) -> bytes:
        """The bytes of the item that is not complete yet."""
        return b"".join(self._chunks)

    def feed(self, data: bytes) -> list[Item]:
        """Take the next bytes and return the items that they complete."""
        if self.error:
            return []
        self._chunks.append(data)
        self._have += len(data)
        if self._have < self._need:
            return []
        buffer = b"".join(self._chunks) if len(self._chunks) > 1 else data
        items: list[Item] = []
        start, end = 0, len(buffer)
        self._need = 1
        try:
            while start < end:
                if buffer[start]:
                    stop = self._line(buffer, start, end)
                    if stop:
                        items.append(Line(buffer[start:stop]))
                else:
                    stop = self._packet(buffer, start, end, items)
                if not stop:
                    break
                start = stop
        except WireError as error:
            self.error = error
        self._chunks = [buffer[start:]] if start < end else []
        self._have = end - start
        return items

    def _packet(self, buffer: bytes, start: int, end: int, items: list[Item]) -> int:
        """Decode the packet at `start`; returns where it ends, or 0 if it is not all there."""
        if end - start < HEADER_SIZE:
            magic = buffer[start : start + 4]
            if not (REQ.startswith(magic) or RES.startswith(magic)):
                raise BadMagic(magic)
            self._need = 1  # a bad magic is told at the first byte that shows it
            return 0
        magic, type_, size = _HEADER.unpack_from(buffer, start)
        if magic not in _MAGICS:
            raise BadMagic(magic)
        if size > self.max_size:
            raise PacketTooLarge(size, self.max_size)
        stop: int = start + HEADER_SIZE + size
        if stop > end:
            self._need = stop - start
            return 0
        items.append(Packet(magic, type_, buffer[start + HEADER_SIZE : stop]))
        return stop

    def _line(self, buffer: bytes, start: int, end: int) -> int:
        """Find the end of the line at `start`; 0 if it has not come yet."""
        stop = buffer.find(b"\n", start, start + MAX_LINE) + 1
        if not stop and end - start >= MAX_LINE:
            raise LineTooLong(MAX_LINE)
        if not stop:
            self._need = end - start + 1
        return stop

    def eof(self) -> None:
        """Say that the stream ends here.

        Raises:
            Truncated: it ends in mid-packet or in mid-line.
        """
        if self._have and not self.error:
            rest = self.rest
            need = max(self._need, HEADER_SIZE if rest.startswith(b"\0") else 0)
            raise Truncated(rest, need - self._have)


@dataclass(frozen=True, slots=True)
class Violation:
    """One defect of a packet.

    Attributes:
        kind: the defect class, one of `VIOLATIONS`.
        message: the defect in words, with the argument's name where it has one.
    """

    kind: str
    message: str


VIOLATIONS: Final = {
    "BAD_MAGIC": "the magic is neither \\0REQ nor \\0RES",
    "WRONG_MAGIC": "the magic is not legal for this type, or not for this sender",
    "UNKNOWN_TYPE": "no message has this type",
    "WRONG_SIZE": "the size in the header is not that of the data",
    "UNEXPECTED_DATA": "a message without arguments carries data",
    "MISSING_ARGUMENT": "there are fewer separators than the message needs",
    "TRAILING_NUL": "the last argument ends with a NUL, as if it were terminated",
    "EXTRA_ARGUMENT": "a NUL inside a last argument that is text",
    "HANDLE_TOO_LONG": "a job handle that a server assigns is longer than 64 bytes, NUL terminator included",
    "NOT_A_BOOLEAN": "known or running is neither 0 nor 1",
    "NOT_A_NUMBER": "an argument that is a number does not look like one",
    "OUT_OF_RANGE": "an argument of SUBMIT_JOB_SCHED is outside the range that PROTOCOL gives",
}
"""The defect classes, in the words of a reader."""

STRUCTURAL: Final = frozenset(
    {"WRONG_MAGIC", "UNKNOWN_TYPE", "UNEXPECTED_DATA", "MISSING_ARGUMENT", "TRAILING_NUL"}
    | {"EXTRA_ARGUMENT", "HANDLE_TOO_LONG"}
)
"""The defects that a packet has whatever its arguments mean."""

ASSIGNING: Final = frozenset({"JOB_CREATED", *GRABS.values()})
"""The messages in which the sender has made the handle; in all others it says what it was told."""
BOOLEANS: Final = frozenset({"known", "running"})
"""The arguments that are ``0`` or ``1``."""
NUMBERS: Final = frozenset({"numerator", "denominator", "timeout", "epoch", "waiting"})
"""The arguments that are numbers in decimal digits."""
RANGES: Final = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}
"""The arguments that are numbers within bounds, with both of them."""


def check(packet: Packet, sender: str | None = None) -> list[Violation]:
    """Say everything that is wrong with a packet; an empty list means nothing is.

    Args:
        packet: as it was decoded or built.
        sender: ``client``, ``worker`` or ``server`` where that is known; then the
            magic is also judged against who sent it.
    """
    if packet.magic not in _MAGICS:
        return [Violation("BAD_MAGIC", f"magic is {packet.magic!r}")]
    found = []
    if packet.size is not None and packet.size != len(packet.body):
        found.append(Violation("WRONG_SIZE", f"size says {packet.size}, data has {len(packet.body)} bytes"))
    message = packet.message
    if message is None:
        return [*found, Violation("UNKNOWN_TYPE", f"no message has type {packet.type}")]
    if packet.magic not in message.magics or (sender and not _may_send(sender, packet.magic, message)):
        by = f" from a {sender}" if sender else ""
        found.append(Violation("WRONG_MAGIC", f"{message.name}{by} under magic {packet.magic!r}"))
    return found + _check_arguments(packet, message)


def _may_send(sender: str, magic: bytes, message: Message) -> bool:
    if sender == "server":
        return magic == RES and bool(message.receivers)
    return magic == REQ and sender in message.senders


def _check_arguments(packet: Packet, message: Message) -> list[Violation]:
    if not message.arguments:
        if packet.body:
            return [Violation("UNEXPECTED_DATA", f"{message.name} carries {len(packet.body)} bytes of data")]
        return []
    values = packet.arguments
    if len(values) < len(message.arguments):
        missing = message.arguments[len(values)]
        return [Violation("MISSING_ARGUMENT", f"{message.name} has no {missing}")]
    found = []
    last = values[-1]
    if not message.opaque and b"\0" in last:
        name = message.arguments[-1]
        if last.index(b"\0") == len(last) - 1:
            found.append(Violation("TRAILING_NUL", f"{name} of {message.name} ends with a NUL"))
        else:
            found.append(Violation("EXTRA_ARGUMENT", f"{message.name} has more after its {name}"))
        values = (*values[:-1], last.split(b"\0", 1)[0])
    for name, value in zip(message.arguments, values, strict=True):
        found.extend(_check_value(message, name, value))
    return found


def _check_value(message: Message, name: str, value: bytes) -> list[Violation]:
    what = f"{name} of {message.name}"
    shown = f"{value[:32]!r}{'...' if len(value) > 32 else ''}"
    if name == "handle" and message.name in ASSIGNING and len(value) >= HANDLE_LIMIT:
        text = f"{what} has {len(value)} bytes; {HANDLE_LIMIT - 1} and a NUL are allowed"
        return [Violation("HANDLE_TOO_LONG", text)]
    if name in BOOLEANS and value not in {b"0", b"1"}:
        return [Violation("NOT_A_BOOLEAN", f"{what} is {shown}")]
    if (name in NUMBERS or name in RANGES) and not value.isdigit():
        return [Violation("NOT_A_NUMBER", f"{what} is {shown}")]
    low, high = RANGES.get(name, (0, 0))
    if name in RANGES and not low <= int(value[:20]) <= high:
        return [Violation("OUT_OF_RANGE", f"{what} is {shown}, allowed are {low} to {high}")]
    return []
