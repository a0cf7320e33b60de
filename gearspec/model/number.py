"""Numbers as they stand in arguments: decimal digits."""

from __future__ import annotations

from typing import Final

DIGITS: Final = 18
"""The most digits that are taken; every such number fits the 64 bits that servers have."""


def parse_number(value: bytes) -> int | None:
    """The number that an argument is; None if it is none, is negative, or is out of any range."""
    return int(value) if value.isdigit() and len(value) <= DIGITS else None
