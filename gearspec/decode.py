"""What ``gearspec decode`` prints: the packets and lines in some bytes, and what is wrong with each.

Bytes come as hexadecimal text, as a file, or as a capture; the listing has a
line for each item and one, indented, for each defect. Everything that came from
a peer is escaped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gearspec.errors import UsageError, WireError
from gearspec.protocol.message import REQ
from gearspec.protocol.packet import Decoder, Packet, check
from gearspec.protocol.transcript import RAW, Note, describe, printable, raw_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from gearspec.protocol.transcript import Event, What

CAPTURES: Final = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
"""How a capture begins: pcap with microseconds or nanoseconds in either byte order, and pcapng."""
_BETWEEN: Final = re.compile(r"0x|\\x|[\s:,]+")


def decode_hex(text: str) -> str:
    """A listing of bytes in hexadecimal, with or without spaces, colons, commas, ``0x`` or ``\\x`` between.

    Raises:
        UsageError: it is not hexadecimal, or there is nothing.
    """
    digits = _BETWEEN.sub("", text)
    stranger = re.search(r"[^0-9A-Fa-f]", digits)
    if stranger:
        shown = printable(stranger[0].encode("utf-8", "replace"))
        raise UsageError(f"'{shown}' is no hexadecimal digit; write bytes as 00 52 45 51")
    if len(digits) % 2:
        raise UsageError(f"{len(digits)} hexadecimal digits make no whole number of bytes")
    return decode_bytes(bytes.fromhex(digits))


def decode_bytes(data: bytes) -> str:
    """A listing of one stream of packets and lines, with the offset of each in decimal.

    Raises:
        UsageError: there is nothing.
    """
    if not data:
        raise UsageError("there are no bytes to decode")
    decoder = Decoder(max_size=2**32 - 1)  # all of it is here, so no size can cost memory
    lines, offset = [], 0
    for item in decoder.feed(data):
        lines += _entry(f"{offset:6}  ", item)
        offset += len(raw_bytes(item))
    rest = data[offset:]
    if rest:
        lines.append(f"{offset:6}  {len(rest)} bytes left: {printable(rest)}")
        lines.append(f"{'':8}! {_fault(decoder)}")
    return "\n".join(lines)


def decode_capture(path: Path, port: int | None = None) -> str:
    """A listing of the conversations in a capture, with times and parties.

    Args:
        path: a file of the pcap or pcapng kind.
        port: what the job servers listen on; 4730 unless given.

    Raises:
        UsageError: the file cannot be read, is no capture, holds nothing on
            this port, or scapy is not installed.
    """
    try:
        from gearspec.protocol import layer  # noqa: PLC0415 - scapy is slow to import, and optional
    except ImportError:
        raise UsageError("captures are read with scapy: install gearspec[scapy]") from None
    port = layer.PORT if port is None else port
    events = layer.read_capture(path, port).events
    if not events:
        raise UsageError(f"{path} holds no TCP segment to or from port {port}; name the port of the server")
    return "\n".join(line for event in events for line in _event(event))


def decode_file(path: Path, port: int | None = None) -> str:
    """A listing of a file: of a capture if it begins like one, else of the bytes in it.

    Raises:
        UsageError: as `decode_capture` and `decode_bytes`.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}") from None
    return decode_capture(path, port) if data.startswith(CAPTURES) else decode_bytes(data)


def _event(event: Event) -> list[str]:
    head = f"{event.at * 1000:9.1f} ms  {event.sender} -> {event.receiver}: "
    return _entry(head, event.what, "server" if event.sender.startswith("server") else None)


def _entry(head: str, what: What, sender: str | None = None) -> list[str]:
    if isinstance(what, Note) and what.kind == RAW:
        return [f"{head}{describe(what)}: {printable(what.data)}"]
    if not isinstance(what, Packet):
        return [head + describe(what)]
    magic = "REQ " if what.magic == REQ else "RES "
    faults = [f"{'':8}! {found.kind}: {found.message}" for found in check(what, sender)]
    return [head + magic + describe(what), *faults]


def _fault(decoder: Decoder) -> WireError:
    """Why the rest of a stream is no item."""
    if decoder.error:
        return decoder.error
    try:
        decoder.eof()
    except WireError as fault:
        return fault
    raise AssertionError("a decoder without a fault has no rest")
