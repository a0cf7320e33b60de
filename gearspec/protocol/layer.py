# SPDX-License-Identifier: GPL-2.0-only
#
# This module derives from scapy, which is licensed under the GPL, version 2 only; so is this module,
# and nothing else of gearspec. See LICENSE.GPL-2. Nothing else imports it unless a user asks for it.
"""The scapy view of the protocol: dissect and craft packets, read and write captures.

The layers are made from the table, one a message, and bound for each of its
legal (magic, type) pairs::

    Gearman() / LAYERS["SUBMIT_JOB"](function=b"reverse", unique=b"", workload=b"test")
    Gearman(magic=b"\\0RES", type=99, size=2**31) / b"anything"

What is compared is never rebuilt by scapy: a packet taken off the wire keeps
its bytes, and `read_capture` decodes them with `gearspec.protocol.packet`.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from scapy.error import Scapy_Exception
from scapy.fields import IntEnumField, IntField, StrField, StrFixedLenField, StrNullField
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import NoPayload, Packet, Padding, Raw, bind_layers
from scapy.utils import PcapReader, wrpcap

from gearspec.errors import UsageError
from gearspec.protocol import packet as codec
from gearspec.protocol.message import BY_TYPE, HEADER_SIZE, LEGAL, MESSAGES, REQ, Message
from gearspec.protocol.transcript import (
    CLOSE,
    HALF_CLOSE,
    OPEN,
    RAW,
    RESET,
    Note,
    Speech,
    Transcript,
    raw_bytes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gearspec.protocol.transcript import Event, What

PORT: Final = 4730
"""The port of a job server (PROTOCOL, "Gearman Protocol")."""


class Gearman(Packet):
    """The header, and as its payload the layer of the message.

    A body with fewer separators than the message needs, data where there may be
    none, and an unknown type or magic stay `Raw`, so that rebuilding what was
    dissected is the identity. Bytes beyond the size are padding, which a
    `TCPSession` feeds back to `tcp_reassemble`.
    """

    name = "Gearman"
    fields_desc: ClassVar[list[Any]] = [
        StrFixedLenField("magic", REQ, 4),
        IntEnumField("type", 16, {type_: message.name for type_, message in BY_TYPE.items()}),
        IntField("size", None),
    ]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes | None = None, *_: object, **__: object) -> type[Packet]:
        """Text when the first byte is not NUL, and nothing known while the header is not whole."""
        if _pkt and _pkt[0]:
            return GearmanLine
        return Raw if _pkt and len(_pkt) < HEADER_SIZE else cls

    @classmethod
    def tcp_reassemble(cls, data: bytes, *_: object) -> Packet | None:
        """All whole items of a stream, one below the other, then the rest as padding; None if there is none.

        They are not left to the caller one by one, because `TCPSession` of scapy 2.8 loses its place in
        a stream when two items and a part of a third come in one segment.
        """
        first = last = None
        while size := _whole(data):
            item = cls.dispatch_hook(data)(data[:size])
            data = data[size:]
            if last is None:
                first = item
            else:
                last.add_payload(item)
            last = item.lastlayer()
        if last is not None and data:
            last.add_payload(Padding(data))
        return first

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """Part the body from what follows it."""
        return s[: self.size], s[self.size :]

    def do_dissect_payload(self, s: bytes) -> None:
        """Make the layer of the message, also where it is empty."""
        layer = self.guess_payload_class(s)
        if s or layer is not Raw:
            self.add_payload(layer(s, _internal=1, _underlayer=self))

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """The layer of the message if the body can be split into its arguments, else `Raw`."""
        message = BY_TYPE.get(self.type)
        if message is None or self.magic not in message.magics:
            return Raw
        arity = len(message.arguments)
        fits = payload.count(b"\0") >= arity - 1 if arity else not payload
        return LAYERS[message.name] if fits else Raw

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """Fill in the size unless the crafter gave one."""
        if self.size is None:
            pkt = pkt[:8] + len(pay).to_bytes(4, "big")
        return pkt + pay


def _whole(data: bytes) -> int:
    """How many bytes the first item of a stream has; 0 if it is not all there."""
    if data[:1] > b"\0":
        return data.find(b"\n") + 1
    end = HEADER_SIZE + int.from_bytes(data[8:HEADER_SIZE], "big")
    return end if HEADER_SIZE <= len(data) >= end else 0


class GearmanLine(Packet):
    """A line of the text protocol."""

    name = "Gearman text"
    fields_desc: ClassVar[list[Any]] = [StrField("line", b"")]

    tcp_reassemble = Gearman.tcp_reassemble

    def do_dissect(self, s: bytes) -> bytes:
        """Take one line."""
        end = s.find(b"\n") + 1 or len(s)
        return bytes(super().do_dissect(s[:end])) + s[end:]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """All that follows the line is padding."""
        return b"", s


def _layer(message: Message) -> type[Packet]:
    """The layer of a message: NUL-terminated arguments, and a last one that takes the rest."""
    names = message.arguments
    fields: list[Any] = [StrNullField(name, b"") for name in names[:-1]]
    fields += [StrField(name, b"") for name in names[-1:]]
    return type(message.name, (Packet,), {"name": message.name, "fields_desc": fields})


LAYERS: Final = {message.name: _layer(message) for message in MESSAGES}
"""The layer of each message by its name."""

# The last binding of a layer is what crafting fills in, so requests come last.
for _magic, _message in sorted(LEGAL, key=lambda pair: pair[0], reverse=True):
    bind_layers(Gearman, LAYERS[_message.name], magic=_magic, type=_message.type)
bind_layers(TCP, Gearman, sport=PORT)
bind_layers(TCP, Gearman, dport=PORT)


class _Stream:
    """One direction of a connection: segments in any order, repeated, overlapping; items out."""

    def __init__(self, first: int) -> None:
        self.decoder = codec.Decoder()
        self.next = first
        self.early: dict[int, bytes] = {}

    def take(self, seq: int, data: bytes) -> list[What]:
        """Take a segment; returns what the bytes that are now in order complete."""
        self.early[seq] = max(data, self.early.get(seq, b""), key=len)
        items: list[What] = []
        while ready := [at for at in self.early if self.ahead(at) <= 0]:
            fresh = self.early[ready[0]][-self.ahead(ready[0]) :]
            del self.early[ready[0]]
            self.next = (self.next + len(fresh)) % 2**32
            items += self.decode(fresh)
        return items

    def ahead(self, seq: int) -> int:
        """How far a sequence number is ahead of the next byte; negative for what has come already."""
        return (seq - self.next + 2**31) % 2**32 - 2**31

    def decode(self, fresh: bytes) -> list[What]:
        broken = self.decoder.error is not None
        items: list[What] = list(self.decoder.feed(fresh))
        if self.decoder.error and fresh:
            items.append(Note(RAW, fresh if broken else self.decoder.rest))
        return items

    def end(self) -> list[What]:
        """What never became an item: an unfinished one, and bytes that come after a gap."""
        unfinished = b"" if self.decoder.error else self.decoder.rest
        left = [unfinished, *self.early.values()]
        return [Note(RAW, data) for data in left if data]


class _Capture:
    """Turns segments into a transcript."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.transcript = Transcript()
        self.servers: dict[str, str] = {}
        self.streams: dict[tuple[str, str], _Stream] = {}
        self.began: float | None = None
        self.at = 0.0

    def segment(self, when: float, tcp: Packet) -> None:
        """Take one segment to or from the port; others are none of ours."""
        if self.port not in {tcp.sport, tcp.dport}:
            return
        self.began = when if self.began is None else self.began
        self.at = when - self.began
        ip = tcp.underlayer
        assert ip is not None, "a frame with TCP has addresses under it"
        parties = self.party(ip.src, tcp.sport), self.party(ip.dst, tcp.dport)
        flags = tcp.flags
        if flags.S:
            self.streams[parties] = _Stream((tcp.seq + 1) % 2**32)
            self.add(parties, [] if flags.A else [Note(OPEN)])
        stream = self.streams.setdefault(parties, _Stream(tcp.seq))
        if not isinstance(tcp.payload, NoPayload | Padding):
            self.add(parties, stream.take(tcp.seq, tcp.payload.original))
        if flags.F or flags.R:
            del self.streams[parties]
            self.add(parties, [*stream.end(), Note(CLOSE if flags.F else RESET)])

    def party(self, address: str, port: int) -> str:
        if port != self.port:
            return f"{address}:{port}"
        return self.servers.setdefault(address, _numbered("server", len(self.servers)))

    def add(self, parties: tuple[str, str], items: list[What]) -> None:
        for item in items:
            self.transcript.add(self.at, *parties, item)

    def end(self) -> Transcript:
        for parties, stream in self.streams.items():
            self.add(parties, stream.end())
        return self.transcript


def _numbered(name: str, index: int) -> str:
    return f"{name}{index + 1}" if index else name


def read_capture(path: Path, port: int = PORT) -> Transcript:
    """The conversations in a capture, of the pcap or the pcapng kind.

    Segments are put in order, so retransmissions and crossing segments do not
    matter. A job server is called ``server``, a further one ``server2``, its
    peers by address and port. What does not decode, or comes after bytes that
    the capture lacks, is a note `RAW`.

    Args:
        path: the file.
        port: the port that the job servers listen on.

    Raises:
        UsageError: the file cannot be read or is no capture.
    """
    capture = _Capture(port)
    try:
        # What scapy opens itself it leaves open when it is no capture; that it takes a file its types omit.
        with path.open("rb") as file, PcapReader(cast("str", file)) as reader:
            for frame in reader:
                if TCP in frame:
                    capture.segment(float(frame.time), frame[TCP])
    except (OSError, EOFError, Scapy_Exception) as problem:
        raise UsageError(f"{path} cannot be read as a capture (pcap or pcapng): {problem}") from None
    return capture.end()


_NETWORK: Final = IPv4Network("198.18.0.0/15")
"""Where the parties of a written capture live: the block that is reserved for tests of networks."""
_SEGMENT: Final = 16 * 1024
"""The most bytes written in one segment; what a loopback interface carries easily."""
_FLAGS: Final = {CLOSE: "FA", HALF_CLOSE: "FA", RESET: "RA"}


class _End:
    """One end of a connection that is written: an address, and the next sequence number."""

    def __init__(self, address: str, port: int) -> None:
        self.address, self.port, self.seq = address, port, 1000


class _Writer:
    """Turns events into frames."""

    def __init__(self) -> None:
        self.frames: list[Packet] = []
        self.hosts: dict[str, str] = {}
        self.ends: dict[frozenset[str], dict[str, _End]] = {}
        self.opened = 0

    def event(self, event: Event) -> None:
        if isinstance(event.what, Speech):
            return
        pair = frozenset({event.sender, event.receiver})
        note = event.what if isinstance(event.what, Note) else Note("")
        if note.kind == OPEN or pair not in self.ends:
            self.open(event, pair)
        sender, receiver = self.ends[pair][event.sender], self.ends[pair][event.receiver]
        data = raw_bytes(event.what)
        for start in range(0, len(data), _SEGMENT):
            self.send(event.at, sender, receiver, "PA", data[start : start + _SEGMENT])
        if note.kind in _FLAGS:
            self.send(event.at, sender, receiver, _FLAGS[note.kind])
        if note.kind == RESET:
            del self.ends[pair]

    def open(self, event: Event, pair: frozenset[str]) -> None:
        """Shake hands; the peer of a job server gets a port of its own for each connection."""
        server = event.sender if event.sender.startswith(("server", "first", "second")) else event.receiver
        self.opened += 1
        self.ends[pair] = {
            name: _End(
                self.hosts.setdefault(name, str(_NETWORK[len(self.hosts) + 1])),
                PORT if name == server else 40000 + self.opened % 25000,
            )
            for name in (event.sender, event.receiver)
        }
        (client,) = pair - {server}
        here, there = self.ends[pair][client], self.ends[pair][server]
        self.send(event.at, here, there, "S")
        self.send(event.at, there, here, "SA")
        self.send(event.at, here, there, "A")

    def send(self, at: float, here: _End, there: _End, flags: str, data: bytes = b"") -> None:
        tcp = TCP(
            sport=here.port,
            dport=there.port,
            seq=here.seq,
            ack=there.seq if "A" in flags else 0,
            flags=flags,
            window=65535,
        )
        ethernet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x0800)
        frame = ethernet / IP(src=here.address, dst=there.address, id=len(self.frames) % 65536) / tcp
        frame = frame / Raw(data) if data else frame
        frame.time = at
        self.frames.append(frame)
        here.seq = (here.seq + len(data) + ("S" in flags) + ("F" in flags)) % 2**32


def write_pcap(transcript: Transcript, path: Path) -> None:
    """Write a transcript as a capture that Wireshark dissects.

    Each connection has its own port, the job servers have 4730, and time
    begins with the transcript. A connection that is used before it was opened
    is opened first.

    Args:
        transcript: the conversation, also one with packets that lie.
        path: the file; it is overwritten.
    """
    writer = _Writer()
    for event in sorted(transcript.events, key=lambda event: event.at):
        writer.event(event)
    wrpcap(str(path), writer.frames)
