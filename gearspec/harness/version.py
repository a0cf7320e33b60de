"""Versions of programs, and ranges of them."""

from __future__ import annotations

import operator
import re
from typing import Final

_COMPARISONS: Final = {
    "": operator.eq,
    "==": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON: Final = re.compile(r"\s*(==|>=|<=|>|<|)\s*(\d+(?:\.\d+)*)\s*")
_VERSION: Final = re.compile(r"\d+(?:\.\d+)*")


def in_range(version: str | None, versions: str) -> bool:
    """Whether a version is one of those meant.

    Args:
        version: what counts are the numbers at its beginning: ``1.1.20+ds`` is 1.1.20. None, or
            a version without numbers, is only in the range of all versions.
        versions: comparisons joined by commas, all of which must hold: ``>=1.1.20, <1.2``; a bare
            number means equality; empty means all versions.

    Raises:
        ValueError: `versions` is not written like that.
    """
    if not versions:
        return True
    have = numbers(version)
    holds = True
    for part in versions.split(","):
        found = _COMPARISON.fullmatch(part)
        if not found:
            raise ValueError(f"'{part.strip()}' is no comparison like >=1.1.20")
        holds = holds and bool(have and _COMPARISONS[found[1]](_parts(have), _parts(found[2])))
    return holds


def numbers(version: str | None) -> str:
    """The numbers at the beginning of a version; empty if there are none."""
    found = _VERSION.match(version or "")
    return found[0] if found else ""


def _parts(version: str) -> tuple[int, ...]:
    """Its numbers without the zeros at the end, so that 2.0 is 2.0.0."""
    return tuple(map(int, re.sub(r"(\.0+)+$", "", version).split(".")))
