"""The servers of a client or worker, and when each may be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.wire.address import parse_address

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST: Final = 0.1
"""Seconds for which a server is left alone after its first failure; they double with each further one."""
LONGEST: Final = 10.0
"""Seconds for which a server is left alone at most."""


class Server:
    """One server of a list.

    Attributes:
        address: where it is.
        ready: when it may be tried again; until then, those that are ready go first.
    """

    def __init__(self, address: str) -> None:
        self.address = parse_address(address)
        self.ready = 0.0
        self._delay = FIRST

    def failed(self, now: float) -> None:
        """It refused, dropped its connection or said nothing."""
        self.ready = now + self._delay
        self._delay = min(2 * self._delay, LONGEST)

    def answered(self) -> None:
        """It works, so that its next failure is the first again."""
        self.ready, self._delay = 0.0, FIRST


def make_roster(addresses: Iterable[str]) -> tuple[Server, ...]:
    """The servers of a list of addresses, in its order.

    Raises:
        UsageError: one of them is no address.
        ValueError: there is none.
    """
    servers = tuple(Server(address) for address in addresses)
    if not servers:
        raise ValueError("a list of servers needs at least one")
    return servers


def in_order(servers: Iterable[Server], now: float) -> list[Server]:
    """In which order a client tries them: as listed, but those that failed lately come last."""
    return sorted(servers, key=lambda server: max(server.ready, now))
