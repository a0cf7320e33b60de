"""What the server knows of one peer, which may be a client, a worker, an administrator, or all three."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

ANONYMOUS: Final = b"-"
"""The identity of a peer that gave none."""


@dataclass(slots=True)
class Connection:
    """One connection.

    Attributes:
        number: what the world calls it.
        address: where it comes from, as ``workers`` shows it.
        identity: what SET_CLIENT_ID said.
        abilities: the functions it can do, in the order of registration, each with the
            seconds that a job may take, or None for as long as it likes.
        asleep: whether it has said PRE_SLEEP and was not woken since.
        exceptions: whether it has set the option of this name.
    """

    number: int
    address: bytes
    identity: bytes = ANONYMOUS
    abilities: dict[bytes, float | None] = field(default_factory=dict)
    asleep: bool = False
    exceptions: bool = False
