"""What both sides of the adapter say, and how."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, TypeAlias

from gearspec.peers.error import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


Say: TypeAlias = "Callable[..., None]"
"""Writes one line, an answer or an event, of its keyword arguments."""


class Unsupported(Exception):  # noqa: N818 - the word of the contract
    """A request that cannot be done; nothing of it was done."""


def decode(text: str) -> bytes:
    """Bytes from Base64."""
    return b64decode(text, validate=True)


def encode(data: bytes) -> str:
    """Bytes as Base64."""
    return b64encode(data).decode("ascii")


def tell_error(say: Say, problem: Exception, **fields: str) -> None:
    """Tell an error that the library raised or reported."""
    code = problem.code if isinstance(problem, Refused) else type(problem).__name__
    say(event="error", code=_plain(code), text=_plain(str(problem)), **fields)


def check_keys(request: Mapping[str, object], known: Iterable[str]) -> None:
    """Refuse what nobody would look at.

    Raises:
        Unsupported: there is a key that is not known.
    """
    if not request.keys() <= set(known):
        raise Unsupported


def _plain(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text)
