"""What callers may give where the protocol wants bytes, and how bytes become text."""

from __future__ import annotations

from typing import TypeAlias

from gearspec.protocol.transcript import printable

Value: TypeAlias = bytes | str | int | float
"""Bytes as they are; text as UTF-8; a number as its decimal digits."""


def to_bytes(value: Value) -> bytes:
    """A value as it is sent; undecodable bytes that Python hid in a text come out as they went in."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """Bytes that should be ASCII, such as a number or the code of an ERROR; all else in them is escaped."""
    return printable(data)


def to_name(value: Value, what: str) -> bytes:
    """A value that other arguments follow.

    Args:
        value: what the caller gave.
        what: its name in PROTOCOL.

    Raises:
        ValueError: it holds a NUL, which would end it.
    """
    name = to_bytes(value)
    if b"\0" in name:
        raise ValueError(f"the {what} holds a NUL, which would end it")
    return name


def handle_of(packet_argument: bytes) -> bytes:
    """A job handle without what some servers put after it: one that is text ends at a NUL.

    Clauses: work-fail-trailing-nul-accepted, handle-matched-whole.
    """
    return packet_argument.partition(b"\0")[0]
