"""Which inputs are known to kill some server: the words of ``avoid`` in a target file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gearspec.protocol.message import BY_TYPE, HEADER_SIZE, REQ, RES, SUBMITS
from gearspec.protocol.packet import Packet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gearspec.fuzz.strategy import Sending

_MAGIC: Final = re.compile(rb"\0RE[QS]")
# A word of a line may end at a NUL, as strings of C do.
_CREATE_EMPTY: Final = re.compile(rb"create(\0[^ \n]*)? +function(\0[^ \n]*)? *[\0\r\n]", re.IGNORECASE)
_HUGE: Final = 2**31
_LONG: Final = 50


def hazards(sending: Sending) -> frozenset[str]:
    """Every message that is sent, and every class of `gearspec.harness.target.INPUT_CLASSES`.

    A server need not see where a packet was meant to begin once one before it was wrong, nor look at
    a magic. So each place counts at which some server may see the beginning of one.
    """
    data = sending.data
    packets = [piece.what for piece in sending.pieces if isinstance(piece.what, Packet)]
    packets += sightings(data)
    found = {hazard for packet in packets for hazard in _of_packet(packet)}
    magics = (data[start : start + 4] for start in _starts(data) if not data[start])
    found |= {"bad-magic"} if not all(map(_is_magic, magics)) else set()
    found |= {"text"} if any(data[start] for start in _starts(data)) else set()
    found |= {"cant-do-unregistered"} if _withdraws_unregistered(packets) else set()
    found |= {"create-function-empty"} if _CREATE_EMPTY.search(data) else set()
    return frozenset(found)


def _withdraws_unregistered(packets: Iterable[Packet]) -> bool:
    able: set[bytes] = set()
    for packet in packets:
        if packet.name in {"CAN_DO", "CAN_DO_TIMEOUT"}:
            able.add(packet.arguments[0])
        elif packet.name == "RESET_ABILITIES":
            able.clear()
        elif packet.name == "CANT_DO" and packet.body not in able:
            return True
    return False


def sightings(data: bytes) -> list[Packet]:
    """Every packet of which a reader may see the header in a stream, as far as it goes."""
    starts = {start for start in _starts(data) if not data[start]}
    starts |= {found.start() for found in _MAGIC.finditer(data)}
    return [_packet(data, start) for start in sorted(starts) if len(data) - start >= HEADER_SIZE]


def _starts(data: bytes) -> Iterator[int]:
    """Where packets and lines begin for a server that believes every size, and no magic but its NUL."""
    start = 0
    while start < len(data):
        yield start
        if data[start]:
            start = data.find(b"\n", start) + 1 or len(data)
        else:
            start += HEADER_SIZE + (_packet(data, start).size or 0)


def _is_magic(magic: bytes) -> bool:
    """Whether it is one, or the beginning of one."""
    return REQ.startswith(magic) or RES.startswith(magic)


def _packet(data: bytes, start: int) -> Packet:
    """What begins here, as far as it goes."""
    header, body = data[start : start + HEADER_SIZE], start + HEADER_SIZE
    size = int.from_bytes(header[8:])
    return Packet(header[:4], int.from_bytes(header[4:8]), data[body : body + size], size)


def _of_packet(packet: Packet) -> set[str]:
    size = len(packet.body) if packet.size is None else packet.size
    message = BY_TYPE.get(packet.type)
    found = {"unknown-type"} if message is None else {message.name}
    found |= {"huge-type"} if packet.type >= _HUGE else set()
    found |= {"huge-size"} if size >= _HUGE else set()
    found |= {"odd-name"} if packet.name in SUBMITS and _is_odd(packet.arguments[:2]) else set()
    names = packet.arguments[: len(message.arguments) - message.opaque] if message else ()
    found |= {"long-argument"} if any(len(name) >= _LONG for name in names) else set()
    return found


def _is_odd(names: tuple[bytes, ...]) -> bool:
    """Whether a function, and perhaps a unique, are not what anybody would call them."""
    return not names[0] or any(b"\n" in name for name in names)
