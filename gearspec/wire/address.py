"""Where a server is: a host and a port, as people write them and as sockets want them."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final, NamedTuple

from gearspec.errors import UsageError
from gearspec.protocol.transcript import printable

DEFAULT_PORT: Final = 4730
"""The port that IANA assigned to Gearman."""

_TRY: Final = 2.0
"""Seconds after which a place that says nothing is given up for the next."""
_BRACKETED: Final = re.compile(r"\[([^\]]*)\](?::([^:]*))?")
_NAMED: Final = re.compile(r"([A-Za-z0-9_.-]+)(?::([^:]*))?")


class Place(NamedTuple):
    """One way to reach an address.

    Attributes:
        family: of the socket.
        where: what the socket is connected to.
    """

    family: int
    where: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port.

    Attributes:
        host: an IPv4 address, an IPv6 address without brackets, or a name.
        port: 1 to 65535.
    """

    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def resolve(self) -> Place:
        """The place that this address stands for.

        A name may stand for several (``localhost`` often does), of which a server may listen on one.
        Then each is tried, and the first that can be connected to is it, or the first of all if none can.

        Raises:
            UsageError: nobody knows the name.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"cannot resolve {self.host} ({reason}); give an address, or a name this machine knows"
            ) from None
        places = [Place(family, where) for family, _, _, _, where in found]
        return places[0] if len(places) == 1 else next(filter(_answers, places), places[0])


def _answers(place: Place) -> bool:
    try:
        with socket.socket(place.family, socket.SOCK_STREAM) as sock:
            sock.settimeout(_TRY)
            return sock.connect_ex(place.where) == 0
    except OSError:  # a family that this machine does not have
        return False


def parse_address(text: str) -> Address:
    """Read ``host:port``, ``[::1]:port`` or ``host``; without a port it is `DEFAULT_PORT`.

    Raises:
        UsageError: it is none of these.
    """
    found = _BRACKETED.fullmatch(text) or _NAMED.fullmatch(text)
    if not found or (text.startswith("[") and not _is_ipv6(found[1])):
        shown = printable(text.encode("utf-8", "backslashreplace"))
        raise UsageError(f"'{shown}' is no address; write host:port, or [::1]:port for IPv6")
    host, port = found.groups()
    return Address(host, DEFAULT_PORT if port is None else _port(port))


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        shown = printable(text.encode("utf-8", "backslashreplace"))
        raise UsageError(f"'{shown}' is no port; write a number from 1 to 65535")
    return int(text)
