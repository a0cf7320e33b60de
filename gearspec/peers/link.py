"""One connection to one server: it never waits, never raises, and says why it is over."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from typing import TYPE_CHECKING, Final

from gearspec.errors import Truncated, UsageError
from gearspec.protocol.packet import DEFAULT_MAX_SIZE, Decoder, Packet

if TYPE_CHECKING:
    from gearspec.protocol.packet import Item
    from gearspec.wire.address import Address

_CHUNK: Final = 256 * 1024
_BUSY: Final = frozenset({0, errno.EINPROGRESS})


class Link:
    """A connection from its beginning to its end.

    Args:
        address: where the server is.
        now: the time, in seconds of any clock that only goes forward.
        patience: seconds in which it must be connected, and in which a packet that began must go on.
        max_size: bytes of data in one packet that are accepted.

    Attributes:
        connected: whether it was established; it may be over all the same.
        lost: why it is over; empty while it is not.
        items: what has come and was not taken yet.
        moved: when the last byte was sent.
        text: whether a line of text has begun and not ended.
        due: when it has to have a turn at the latest; None is never.
    """

    def __init__(
        self, address: Address, now: float, patience: float, max_size: int = DEFAULT_MAX_SIZE
    ) -> None:
        self.address = address
        self.connected = False
        self.lost = ""
        self.items: deque[Item] = deque()
        self.moved = now
        self.text = False
        self.due: float | None = now + patience
        self._patience = patience
        self._decoder = Decoder(max_size)
        self._inside = False
        self._out = bytearray()
        self._socket: socket.socket | None = None
        try:
            self._connect()
        except (OSError, UsageError) as problem:
            self.drop(_reason(problem))

    def _connect(self) -> None:
        place = self.address.resolve()
        self._socket = sock = socket.socket(place.family, socket.SOCK_STREAM)
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        code = sock.connect_ex(place.where)
        if code not in _BUSY:
            raise OSError(code, os.strerror(code))

    def fileno(self) -> int:
        """Its descriptor, for those who wait for it; -1 when it is over."""
        return self._socket.fileno() if self._socket else -1

    @property
    def writing(self) -> bool:
        """Whether it waits until it can send."""
        return not self.lost and (not self.connected or bool(self._out))

    def send(self, *items: Item) -> None:
        """Send, now as far as that goes, the rest when there is room; nothing once it is lost."""
        if not self.lost:
            for item in items:
                self._out += item.encode() if isinstance(item, Packet) else item.raw

    def turn(self, now: float) -> None:
        """Do whatever can be done without waiting: connect, receive, send, notice that time is over.

        Nothing is received before the items that have come were taken, so a server cannot fill our memory.
        """
        try:
            self._establish()
            self._receive(now)
            self.flush(now)
        except OSError as problem:
            self.drop(_reason(problem))
        if self.due is not None and now >= self.due and not self.lost:
            self.drop(
                "the server stopped in mid-packet" if self.connected else "it does not take the connection"
            )

    def flush(self, now: float) -> None:
        """Send what there is room for."""
        if not self._out or self._socket is None or not self.connected:
            return
        try:
            sent = self._socket.send(memoryview(self._out)[:_CHUNK])
        except BlockingIOError:
            return
        except OSError:  # it is over, and what the server said before is still to be received
            self._out.clear()
            return
        self.moved = now
        del self._out[:sent]

    def drop(self, reason: str) -> None:
        """End it; what has come so far can still be taken."""
        self.lost = self.lost or reason
        if self._socket:
            self._socket.close()
            self._socket = None

    def _establish(self) -> None:
        if self.connected or self._socket is None:
            return
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        try:
            self._socket.getpeername()
        except OSError:  # not yet
            return
        self.connected, self.due = True, None

    def _receive(self, now: float) -> None:
        if not self.connected or self._socket is None or self.items:
            return
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.drop(self._end())
            return
        items = self._decoder.feed(data)
        self.items.extend(items)
        if items or not self._inside:  # the rest is a new item, and small
            rest = self._decoder.rest
            self._inside, self.text = bool(rest), not rest.startswith(b"\0") and bool(rest)
        self.due = now + self._patience if self._inside else None
        if self._decoder.error:
            self.drop(str(self._decoder.error))

    def _end(self) -> str:
        try:
            self._decoder.eof()
        except Truncated as problem:
            return str(problem)
        return "the server closed the connection"


def _reason(problem: OSError | UsageError) -> str:
    return str(getattr(problem, "strerror", None) or problem)
