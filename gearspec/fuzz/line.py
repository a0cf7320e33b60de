"""The lines of a script that send what was drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from gearspec.protocol.message import REQ, RES
from gearspec.protocol.packet import Line, Packet
from gearspec.script import case as words
from gearspec.script.case import Frame, Message
from gearspec.script.value import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearspec.fuzz.strategy import Piece, Sending
    from gearspec.script.value import Value

_SERVER: Final = "server"
_CARRIER: Final = {REQ: "ECHO_REQ", RES: "ECHO_RES"}
"""What stands on a line whose type is told by its frame, by the magic of who sends it."""


def lines(sending: Sending, sender: str, receiver: str) -> tuple[Message, ...]:
    """One line for each piece; what is not cut between two pieces goes out in one write."""
    found: list[Message] = []
    ends = list(accumulate(len(piece.data) for piece in sending.pieces))
    for piece, end in zip(sending.pieces, ends, strict=True):
        start = end - len(piece.data)
        inside = tuple(cut - start for cut in sending.cuts if start < cut < end)
        joins = end != ends[-1] and end not in sending.cuts
        found.append(replace(_line(piece, sender, receiver), split=inside or None, join=joins))
    return tuple(found)


def _line(piece: Piece, sender: str, receiver: str) -> Message:
    """The line that says most plainly what a piece is."""
    what = piece.what
    if isinstance(what, Packet):
        return _packet(what, sender, receiver)
    if isinstance(what, Line) and what.raw.endswith(b"\n"):
        return Message(0, sender, receiver, words.TEXT, {"line": literal(what.raw[:-1])})
    return Message(0, sender, receiver, words.RAW, {"hex": literal(piece.data)})


def _packet(packet: Packet, sender: str, receiver: str) -> Message:
    usual = RES if sender == _SERVER else REQ
    row = packet.message
    known = row and (row.receivers if sender == _SERVER else row.senders)
    frame = Frame(
        size=None if packet.size is None else str(packet.size),
        type=None if known else packet.type,
        magic=None if packet.magic == usual else packet.magic,
    )
    if row and known and len(packet.arguments) == len(row.arguments) and (row.arguments or not packet.body):
        named = dict(zip(row.arguments, _values(packet.arguments), strict=True))
        return Message(0, sender, receiver, row.name, named, frame=frame)
    args = tuple(_values(packet.body.split(b"\0")))
    return Message(
        0, sender, receiver, row.name if row and known else _CARRIER[usual], args=args, frame=frame
    )


def _values(arguments: Sequence[bytes]) -> list[Value]:
    return [literal(argument) for argument in arguments]
