"""What is thrown at a server: packets as they should be, and packets as nobody should send them.

Everything derives from the table of messages: which types there are, under which magic, with which
arguments. An argument is drawn by its name. What has to be fresh in each conversation holds `MARK`,
which whoever sends it replaces by a word of the same length.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from hypothesis import strategies as st

from gearspec.protocol.admin import COMMANDS
from gearspec.protocol.message import BY_NAME, HEADER_SIZE, LEGAL, REQ, RES
from gearspec.protocol.packet import Line, Packet
from gearspec.protocol.transcript import RAW, Note, What

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from gearspec.protocol.message import Message
    from gearspec.script.trait import Traits

    Pair = tuple[bytes, Message]

MARK: Final = b"gear-00000000000"
"""Stands for a fresh word in what is drawn."""
TYPES: Final = (0, 5, 43, 99, 2**31 - 1, 2**31, 2**32 - 1)
"""Types that no message has, and the largest with a sign and without."""
WIDTHS: Final = (7, 8, 15, 16, 24, 31, 32)
"""After so many bits a number has no room left, with a sign or without."""
SIZES: Final = (0, 1, 11, 12, 13, 2**16, 2**26, 2**31 - 1, 2**31, 2**32 - 1)
"""Sizes in a header that are about to lie."""
ODD: Final = (
    *(b"", b"-", b"0", b"-1", b"1e3", b"0x10", b"2147483648", b"4294967296", b"9" * 40),
    *(b"\0", b"a\0b", b"\n", b".\n", b"\r\n.\r\n", b"\t1\t1\t1\n", b"\xff\xfe", b"%s%n", REQ, RES),
)
"""Values of an argument at which a server may go wrong."""
LONG: Final = tuple(b"a" * length for length in (63, 64, 65, 128, 512, 8192))
"""Values that are too long for some servers, or nearly."""
COMMANDS_TRIED: Final = (
    *(command.words for command in COMMANDS.values()),
    *((b"xyzzy",), (b"",), (b".",)),
)
"""How a line of text begins, in words. ``shutdown`` is none of them, since a server may obey it."""

_NUMBER: Final = st.integers(0, 2**31 - 1).map(b"%d".__mod__)
_FRESH: Final = st.sampled_from([MARK, MARK + b"a", MARK + b"b"])
_BYTES: Final = st.binary(max_size=40)
_VALUES: Final[Mapping[str, SearchStrategy[bytes]]] = {
    **dict.fromkeys(("function", "reducer", "id", "handle"), _FRESH),
    **dict.fromkeys(("numerator", "denominator", "timeout", "epoch", "waiting"), _NUMBER),
    # Within each of their ranges.
    **dict.fromkeys(("minute", "hour", "day", "month", "weekday"), st.integers(1, 6).map(b"%d".__mod__)),
    **dict.fromkeys(("known", "running"), st.sampled_from([b"0", b"1"])),
    **dict.fromkeys(("workload", "data"), _BYTES),
    "unique": st.one_of(st.just(b""), _FRESH),
    "option": st.sampled_from([b"exceptions", b"none"]),
    "code": st.just(b"QUEUE_ERROR"),
    "text": st.just(b"It is full"),
}
_NEEDS: Final = {
    "ECHO_REQ": "echo",
    "OPTION_REQ": "exceptions",
    "GET_STATUS_UNIQUE": "status-unique",
    **dict.fromkeys(
        ("SUBMIT_JOB_HIGH", "SUBMIT_JOB_HIGH_BG", "SUBMIT_JOB_LOW", "SUBMIT_JOB_LOW_BG"), "priorities"
    ),
}
_TALK: Final = frozenset(_NEEDS) | {
    *("SUBMIT_JOB", "SUBMIT_JOB_BG", "GET_STATUS", "CAN_DO", "CANT_DO", "RESET_ABILITIES", "SET_CLIENT_ID"),
}


class Piece(NamedTuple):
    """Some of the bytes that are sent on a connection.

    Attributes:
        data: the bytes.
        what: what they are, for a transcript.
    """

    data: bytes
    what: What


@dataclass(frozen=True, slots=True)
class Sending:
    """What one connection sends.

    Attributes:
        pieces: one after the other.
        cuts: offsets at which the bytes are cut; what lies between two of them goes out in one write.
        lingers: whether the connection is left open for a while afterwards.
    """

    pieces: tuple[Piece, ...]
    cuts: tuple[int, ...] = ()
    lingers: bool = False

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join(piece.data for piece in self.pieces)


# --- as it should be ----------------------------------------------------------------------------


def packets(
    names: Collection[str] = BY_NAME.keys(), magics: Collection[bytes] = (REQ, RES)
) -> SearchStrategy[Packet]:
    """Well-formed packets.

    Args:
        names: of which messages.
        magics: under which magics, where these are legal.
    """
    return _packets([pair for pair in LEGAL if pair[0] in magics and pair[1].name in names])


def _packets(pairs: Sequence[Pair]) -> SearchStrategy[Packet]:
    return st.sampled_from(pairs).flatmap(lambda pair: _packet(*pair, _VALUES))


def _packet(
    magic: bytes, message: Message, values: Mapping[str, SearchStrategy[bytes]]
) -> SearchStrategy[Packet]:
    arguments = st.tuples(*(values[name] for name in message.arguments))
    return arguments.map(lambda found: Packet(magic, message.type, b"\0".join(found)))


@st.composite
def conversations(draw: DrawFn, traits: Traits) -> Sending:
    """Valid requests, and some chunking of them, whose answers do not depend on what others do."""
    names = [name for name in _TALK if _NEEDS.get(name) in {None, *traits.capabilities}]
    known = [packets([*sorted(names), traits.grab], [REQ]).map(_whole)]
    if "version" in traits.capabilities:
        known.append(st.just(_line(b"version")))
    pieces = tuple(draw(st.lists(st.one_of(known), min_size=1, max_size=8)))
    return Sending(pieces, draw(chunkings([len(piece.data) for piece in pieces])))


@st.composite
def chunkings(draw: DrawFn, lengths: Iterable[int]) -> tuple[int, ...]:
    """Offsets at which a stream is cut; those in and around a header are favoured.

    Args:
        draw: Hypothesis gives it.
        lengths: of the packets and lines in the stream, in bytes.
    """
    starts = list(accumulate(lengths, initial=0))
    total = starts[-1]
    favoured = {start + step for start in starts for step in (0, 1, 3, 4, 8, HEADER_SIZE - 1, HEADER_SIZE)}
    places = sorted(place for place in favoured if 0 < place < total)
    if not places:
        return ()
    offsets = st.one_of(st.sampled_from(places), st.integers(1, total - 1))
    some = st.sets(offsets, max_size=6).map(sorted).map(tuple)
    every = st.just(tuple(range(1, total)))
    return draw(st.one_of(some, every) if total <= _SLOW else some)


_SLOW: Final = 128
"""Bytes past which a stream is no more sent byte by byte."""


# --- as nobody should send it -------------------------------------------------------------------


@st.composite
def attacks(draw: DrawFn) -> Sending:
    """What is sent to a server: one to four pieces, most of them with something wrong."""
    some = tuple(draw(st.lists(_ATTACK, min_size=1, max_size=4)))
    return Sending(some, draw(cuts(some)), draw(st.booleans()))


def cuts(pieces: Iterable[Piece]) -> SearchStrategy[tuple[int, ...]]:
    """Offsets at which what is sent is cut, or none."""
    return st.one_of(st.just(()), chunkings([len(piece.data) for piece in pieces]))


def pieces(sound: Sequence[Pair], other: Sequence[Pair] = LEGAL) -> SearchStrategy[Piece]:
    """Packets as they should be, and whatever can be wrong with a packet.

    Args:
        sound: magic and message of the former.
        other: of the latter, before something goes wrong with it.
    """
    packet = _packets(other)
    wrong = (_hostile(other), _separators(packet), _magics(packet), _types(packet), _sizes(packet))
    whole = [strategy.map(_whole) for strategy in (_packets(sound), *wrong)]
    return st.one_of(*whole, _fragments(packet), _mixtures(packet), _LINE)


def _whole(packet: Packet) -> Piece:
    return Piece(packet.encode(), packet)


def _line(text: bytes) -> Piece:
    return Piece(text + b"\n", Line(text + b"\n"))


def _raw(data: bytes) -> Piece:
    return Piece(data, Note(RAW, data))


def _hostile(pairs: Sequence[Pair]) -> SearchStrategy[Packet]:
    """Packets with odd arguments, in a frame that tells no lie."""
    values = {
        name: st.one_of(value, st.sampled_from(ODD), st.sampled_from(LONG)) for name, value in _VALUES.items()
    }
    return st.sampled_from(pairs).flatmap(lambda pair: _packet(*pair, values))


@st.composite
def _separators(draw: DrawFn, packets: SearchStrategy[Packet]) -> Packet:
    """Packets with an argument too few or too many."""
    packet = draw(packets)
    parts = packet.body.split(b"\0")
    at = draw(st.integers(0, len(parts)))
    changed = draw(st.sampled_from([parts[:at], [*parts[:at], b"", *parts[at:]], [b"".join(parts)]]))
    return packet._replace(body=b"\0".join(changed))


@st.composite
def _magics(draw: DrawFn, packets: SearchStrategy[Packet]) -> Packet:
    """Packets with another magic."""
    near = st.sampled_from([b"\0REX", b"\0req", b"REQ\0", b"\0\0\0\0", RES])
    return draw(packets)._replace(magic=draw(st.one_of(near, st.binary(min_size=4, max_size=4))))


@st.composite
def _types(draw: DrawFn, packets: SearchStrategy[Packet]) -> Packet:
    """Packets with another type."""
    return draw(packets)._replace(type=draw(st.one_of(_NO_TYPE, _EDGE, _MASKED, st.integers(0, 2**32 - 1))))


@st.composite
def _sizes(draw: DrawFn, packets: SearchStrategy[Packet]) -> Packet:
    """Packets with another size."""
    packet = draw(packets)
    length = len(packet.body)
    near = st.sampled_from([length + 1, max(length - 1, 0), length + HEADER_SIZE])
    return packet._replace(size=draw(st.one_of(near, st.sampled_from(SIZES))))


@st.composite
def _fragments(draw: DrawFn, packets: SearchStrategy[Packet]) -> Piece:
    """Packets that end too early."""
    data = draw(packets).encode()
    return _raw(data[: draw(st.integers(1, len(data) - 1))])


@st.composite
def _mixtures(draw: DrawFn, packets: SearchStrategy[Packet]) -> Piece:
    """A line of text inside a packet, or a packet inside a line of text."""
    outer, inner = draw(st.permutations([draw(packets).encode(), draw(_LINE).data]))
    at = draw(st.integers(0, len(outer)))
    return _raw(outer[:at] + inner + outer[at:])


_SPELLINGS: Final[tuple[Callable[[bytes], bytes], ...]] = (bytes.lower, bytes.upper, bytes.title)


@st.composite
def _commands(draw: DrawFn) -> Piece:
    """Commands of the text protocol with any arguments, spelt and spaced as it comes."""
    spell = draw(st.sampled_from(_SPELLINGS))
    gap = draw(st.sampled_from([b" ", b"  ", b"\t"]))
    end = draw(st.sampled_from([b"", b" ", b"\r", b"\0"]))
    words = [spell(word) for word in draw(st.sampled_from(COMMANDS_TRIED))]
    arguments = draw(st.lists(st.one_of(_FRESH, st.sampled_from(ODD)), max_size=3))
    return _line(gap.join((*words, *arguments)) + end)


_NO_TYPE: Final = st.sampled_from(TYPES)
_EDGE: Final = st.builds(
    lambda bits, step: (2**bits + step) % 2**32, st.sampled_from(WIDTHS), st.integers(-2, 2)
)
_MASKED: Final = st.builds(
    lambda pair, bit: pair[1].type | 2**bit, st.sampled_from(LEGAL), st.integers(6, 31)
)
"""Types that are one of the table where a reader looks at some of their bits only."""
_PLAIN: Final = st.sampled_from(COMMANDS_TRIED).map(lambda words: _line(b" ".join(words)))
_LINE: Final = st.one_of(_PLAIN, _commands(), _BYTES.map(lambda raw: b"x" + raw).map(_line))
_ATTACK: Final = pieces([pair for pair in LEGAL if pair[0] == REQ])
