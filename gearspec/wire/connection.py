"""One TCP connection that never blocks.

It sends what it can and keeps the rest, decodes what comes, and puts every
packet, line and sign into an inbox with the time of its arrival. A peer can
make it keep no more than `KEPT` bytes, and take no more than a few
milliseconds of one turn.
"""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Final

from gearspec.errors import HarnessError
from gearspec.protocol.packet import Decoder
from gearspec.script.action import Arrival, How, Sign

if TYPE_CHECKING:
    from selectors import BaseSelector

    from gearspec.script.scene import Tidings
    from gearspec.wire.address import Place
    from gearspec.wire.source import Inbox

    Inboxes = Inbox[Arrival] | Inbox[Tidings]

KEPT: Final = 256 * 1024 * 1024
"""How many bytes of memory all that comes on a connection may take, about; a flood ends in `Sign.RUBBISH`."""
ITEM_COST: Final = 512
"""What each read, packet and line takes in memory beside its bytes, about: an item, an arrival, an event."""
CHUNK: Final = 64 * 1024
"""How many bytes one read asks for."""
TURN_BYTES: Final = 4 * 1024 * 1024
"""How many bytes are read in one turn at most; about what the kernel keeps for a connection."""
TURN_ITEMS: Final = 4096
"""After how many packets or lines a turn ends."""

# Linux only. A program that leaves Nagle's algorithm on holds a small packet back until the one before it is
# acknowledged, and the kernel is in no hurry to do that for who has nothing to send.
_ACKNOWLEDGE: Final = getattr(socket, "TCP_QUICKACK", None)
_LINGER_0: Final = struct.pack("ii", 1, 0)
_RESETS: Final = frozenset({errno.ECONNRESET, errno.EPIPE})


class Connection:
    """A connection under the name of a party; it keeps itself registered with its selector.

    At most one sign ends it: what comes after `Sign.CLOSED` or any other is not read.

    Args:
        sock: connected, or about to be; it is made non-blocking.
        party: the name its arrivals carry.
        inbox: where they go.
        selector: calls `ready` through the loop that owns it.
    """

    def __init__(self, sock: socket.socket, party: str, inbox: Inboxes, selector: BaseSelector) -> None:
        self.party = party
        self._sock = sock
        self._inbox = inbox
        self._selector = selector
        self._decoder = Decoder()
        self._room = KEPT
        self._out = bytearray()
        self._sent = 0
        self._sign: Sign | None = None
        self._broken: Sign | None = None
        self._connected = False
        self._half_closed = False
        self._fin_due = False
        self._closing = False
        self._mask = 0
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    @property
    def over(self) -> bool:
        """Whether it has ended, by a sign or by `shut`; the name is free for another one."""
        return self._sign is not None or self._closing

    def send(self, data: bytes) -> None:
        """Send all of `data`, now or as soon as the kernel takes it; nothing if the connection is gone."""
        if self._broken or self._half_closed or self._closing:
            return
        if not self._out:
            data = data[self._push(data) :]
        if data:
            self._out += data
            self._watch()

    def shut(self, how: How) -> None:
        """End it, or its sending side, after what is still to be sent; a reset drops that."""
        if self._sock.fileno() == -1:
            return
        if how is How.RESET:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
            self.close()
        elif how is How.CLOSE:
            self._closing = True
            if self._out:
                self._watch()
            else:
                self.close()
        elif not self._half_closed:
            self._half_closed = self._fin_due = True
            self._finish()
            self._watch()

    def close(self) -> None:
        """Close the socket, whatever is unread or unsent; closing twice is harmless."""
        self._closing = True
        self._out.clear()
        if self._mask:
            self._selector.unregister(self._sock)
            self._mask = 0
        self._sock.close()

    def ready(self, mask: int, now: float) -> None:
        """Read and write what the kernel allows, within the bounds of one turn.

        Args:
            mask: the events that the selector saw.
            now: the time that arrivals are stamped with.
        """
        if mask & EVENT_READ and not self.over:
            self._read(now)
        if mask & EVENT_WRITE and (self._out or self._fin_due):
            self._write()
        self._watch()

    def lose(self, error: OSError, now: float) -> None:
        """End it because its socket has failed."""
        self._end(self._sign_of(error), now)

    def _read(self, now: float) -> None:
        left = TURN_BYTES
        while left > 0 and not self._sign and len(self._inbox.arrivals) < TURN_ITEMS:
            try:
                data = self._sock.recv(CHUNK)
            except BlockingIOError:
                return
            except OSError as error:
                self.lose(error, now)
                return
            self._connected = True
            if not data:
                self._end(self._broken or Sign.CLOSED, now)
                return
            if _ACKNOWLEDGE is not None:  # the kernel falls back into its habits each time
                self._sock.setsockopt(socket.IPPROTO_TCP, _ACKNOWLEDGE, 1)
            self._take(data, now)
            if len(data) < CHUNK:
                return
            left -= CHUNK

    def _take(self, data: bytes, now: float) -> None:
        items = self._decoder.feed(data)
        party = self.party
        self._inbox.arrivals.extend([Arrival(party, now, item) for item in items])
        self._room -= len(data) + ITEM_COST * (1 + len(items))
        if self._decoder.error or self._room < 0:
            self._end(Sign.RUBBISH, now)

    def _push(self, data: bytes | bytearray) -> int:
        """Offer `data` to the kernel; returns how much of it need not be offered again."""
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno == errno.ENOTCONN and not self._connected:
                return 0  # some systems say so while the connection is being made
            # What the peer sent before it went is still to be read; the sign comes after that.
            self._broken = self._sign_of(error)
            return len(data)
        self._connected = True
        self._sent += sent
        return sent

    def _write(self) -> None:
        self._connected = True
        if self._out:
            del self._out[: self._push(self._out)]
        self._finish()

    def _finish(self) -> None:
        """Do what had to wait until everything was sent.

        A shutdown while connecting would end the attempt, so a FIN waits for that as well.
        """
        if self._out:
            return
        if self._fin_due and self._connected:
            self._fin_due = False
            with suppress(OSError):  # the peer may be gone
                self._sock.shutdown(socket.SHUT_WR)
        if self._closing:
            self.close()

    def _sign_of(self, error: OSError) -> Sign:
        """What a failed socket means: a reset only if there was a connection."""
        return Sign.RESET if self._connected or error.errno in _RESETS else Sign.REFUSED

    def _end(self, sign: Sign, now: float) -> None:
        self._sign = sign
        if sign in {Sign.RESET, Sign.REFUSED}:
            self._broken = sign
        self._inbox.arrivals.append(Arrival(self.party, now, sign, self._decoder.rest))
        expected = self._half_closed and sign is Sign.CLOSED
        self._inbox.ended |= not expected and sign is not Sign.RUBBISH
        self._watch()

    def _watch(self) -> None:
        """Tell the selector what is wanted now, if that has changed."""
        mask = (0 if self.over else EVENT_READ) | (EVENT_WRITE if self._out or self._fin_due else 0)
        if mask == self._mask:
            return
        if not mask:
            self._selector.unregister(self._sock)
        elif not self._mask:
            self._selector.register(self._sock, mask, self)
        else:
            self._selector.modify(self._sock, mask, self)
        self._mask = mask


def connect(place: Place, party: str, inbox: Inboxes, selector: BaseSelector, now: float) -> Connection:
    """Begin to connect; what comes of it arrives, and what is sent meanwhile is kept.

    Raises:
        HarnessError: this machine has no socket or no port left.
    """
    try:
        sock = socket.socket(place.family, socket.SOCK_STREAM)
    except OSError as error:
        raise HarnessError(f"no socket can be opened ({error.strerror}); raise ulimit -n") from None
    connection = Connection(sock, party, inbox, selector)
    try:
        sock.connect(place.where)
    except BlockingIOError:
        pass  # under way
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            connection.close()
            raise HarnessError(f"cannot connect ({error.strerror}); run fewer plays at once") from None
        connection.lose(error, now)
    return connection
