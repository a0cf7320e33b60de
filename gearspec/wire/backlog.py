"""What the kernel knows of a peer: how much it was sent, and how much of that it has not read yet.

Only so can be told from outside that two writes reached a program as two. Linux tells it of any
TCP connection of this machine to anybody (sock_diag, which ss asks as well), in some ten
microseconds; its table of all connections would take longer than most programs to read.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from gearspec.wire.address import Place

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and linux/tcp.h have these numbers and forms.
_SOCK_DIAG: Final = 4
_BY_FAMILY: Final = 20
_REQUEST: Final = 1
_INFO: Final = 2
_HEADER: Final = struct.Struct("=IHHII")
_KIND: Final = struct.Struct("=BBBxI")
_PORTS: Final = struct.Struct("!HH")
_ANY_STATE: Final = 0xFFFFFFFF
_ANY_INTERFACE_AND_COOKIE: Final = bytes(4) + b"\xff" * 8
_UNREAD: Final = struct.Struct("=I")
_UNREAD_AT: Final = _HEADER.size + 56
_ATTRIBUTES_AT: Final = _HEADER.size + 72
_ATTRIBUTE: Final = struct.Struct("=HH")
_RECEIVED: Final = struct.Struct("=Q")
_RECEIVED_AT: Final = _ATTRIBUTE.size + 128


class Backlog(NamedTuple):
    """The receiving side of a connection.

    Attributes:
        received: how many bytes have reached the machine; the end of the stream counts as one.
        unread: how many of them the program has not read; the end may be read with the byte before it.
    """

    received: int
    unread: int


def backlog(peer: Place, ours: Place) -> Backlog | None:
    """The backlog of a peer on this machine.

    Args:
        peer: the address of its socket.
        ours: the address of the other end.

    Returns:
        None if that cannot be seen: its socket is gone, or lives where we cannot look, or this
        is no Linux.
    """
    if not hasattr(socket, "AF_NETLINK"):
        return None
    question = _question(peer, ours)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1)  # Linux answers at once
            kernel.sendall(_HEADER.pack(_HEADER.size + len(question), _BY_FAMILY, _REQUEST, 0, 0) + question)
            return _read(kernel.recv(4096))
    except OSError:
        return None


def _question(peer: Place, ours: Place) -> bytes:
    hosts = [socket.inet_pton(place.family, str(place.where[0])).ljust(16, b"\0") for place in (peer, ours)]
    return b"".join(
        [
            _KIND.pack(peer.family, socket.IPPROTO_TCP, 1 << (_INFO - 1), _ANY_STATE),
            _PORTS.pack(peer.where[1], ours.where[1]),
            *hosts,
            _ANY_INTERFACE_AND_COOKIE,
        ]
    )


def _read(answer: bytes) -> Backlog | None:
    """What a message says; None of an error, or if an old kernel does not count what was received."""
    if _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
        return None
    (unread,) = _UNREAD.unpack_from(answer, _UNREAD_AT)
    at = _ATTRIBUTES_AT
    while at + _ATTRIBUTE.size <= len(answer):
        length, kind = _ATTRIBUTE.unpack_from(answer, at)
        if kind == _INFO and length >= _RECEIVED_AT + _RECEIVED.size:
            (received,) = _RECEIVED.unpack_from(answer, at + _RECEIVED_AT)
            return Backlog(received, unread)
        at += max(_ATTRIBUTE.size, length + 3 & ~3)
    return None
