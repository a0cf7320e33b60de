"""Bytes in pieces: what each run of them in a packet is, and what a message consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.protocol.message import BY_TYPE, HANDLE_LIMIT, HEADER_SIZE
from gearspec.protocol.packet import ASSIGNING, BOOLEANS, NUMBERS, RANGES
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearspec.protocol.message import Message
    from gearspec.vector import Element, Vector

_SHOWN: Final = 64
"""How many bytes of one run are shown."""


class Run(NamedTuple):
    """Some bytes that belong together.

    Attributes:
        bytes: in hexadecimal, cut short.
        part: what they are: ``magic``, ``type``, ``size``, the name of an argument, ``line``, ...
        value: what they say, escaped.
        kind: what they look like: ``header``, ``argument`` or ``rest``.
    """

    bytes: str
    part: str
    value: str
    kind: str


def runs(vector: Vector) -> Iterator[Run]:
    """A vector, run by run."""
    for element in vector.elements:
        yield from _line(element) if element.is_line else _packet(element)
    if vector.rest:
        yield _run(vector.rest, "rest", printable(vector.rest), "rest")


def _line(element: Element) -> Iterator[Run]:
    yield _run(element.raw, "line", printable(element.raw), "argument")


def _packet(element: Element) -> Iterator[Run]:
    raw, message = element.raw, BY_TYPE.get(element.type)
    yield _run(raw[:4], "magic", printable(raw[:4]), "header")
    yield _run(raw[4:8], "type", f"{element.type}, {message.name if message else 'no message'}", "header")
    yield _run(raw[8:HEADER_SIZE], "size", str(len(element.body)), "header")
    at = HEADER_SIZE
    for name, value in element.fields.items():
        end = at + len(value) + 1
        yield _run(raw[at:end], name, f"'{printable(value)}'", "argument")
        at = end
    if at < len(raw):
        yield _run(raw[at:], "data", f"'{printable(raw[at:])}'", "rest")


def _run(data: bytes, part: str, value: str, kind: str) -> Run:
    more = f" ... ({len(data)} bytes)" if len(data) > _SHOWN else ""
    return Run(data[:_SHOWN].hex(" ") + more, part, value, kind)


class Argument(NamedTuple):
    """An argument of a message.

    Attributes:
        name: as in the table.
        encoding: what its bytes may be.
        end: what tells where it ends.
    """

    name: str
    encoding: str
    end: str


def arguments(message: Message) -> list[Argument]:
    """The arguments of a message, in their order."""
    last = len(message.arguments) - 1
    return [
        Argument(
            name,
            _encoding(message, name, opaque=message.opaque and place == last),
            "it ends with the packet" if place == last else "a NUL comes after it",
        )
        for place, name in enumerate(message.arguments)
    ]


def _encoding(message: Message, name: str, *, opaque: bool) -> str:
    if name in RANGES:
        return "decimal digits, {} to {}".format(*RANGES[name])
    if name in NUMBERS:
        return "decimal digits"
    if name in BOOLEANS:
        return "0 or 1"
    if opaque:
        return "any bytes, NUL among them; may be empty"
    if name == "handle" and message.name in ASSIGNING:
        return f"any bytes but NUL, at most {HANDLE_LIMIT - 1} of them"
    return "any bytes but NUL"
