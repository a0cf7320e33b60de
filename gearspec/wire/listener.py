"""A scripted server: an address that is kept, whether it listens or refuses."""

from __future__ import annotations

import errno
import socket
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.errors import HarnessError
from gearspec.wire.address import Address, Place
from gearspec.wire.backlog import backlog
from gearspec.wire.connection import Connection
from gearspec.wire.source import Hook

if TYPE_CHECKING:
    from collections.abc import Callable
    from selectors import BaseSelector

    from gearspec.wire.connection import Inboxes

MOST: Final = 100
"""How many connections a scripted server accepts; a library that comes back for ever stays outside."""
PAUSE: Final = 0.005
"""Seconds in which a peer that we cannot look into is believed to have read what it was sent."""

_OUT_OF: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Incoming(NamedTuple):
    """A connection that was accepted.

    Attributes:
        sock: ours.
        peer: the address of the other end.
        ours: the address of this end.
    """

    sock: socket.socket
    peer: Place
    ours: Place


class Accepted(Connection):
    """A connection that a scripted server accepted.

    Args:
        incoming: just accepted.
        party: the name its arrivals carry.
        inbox: where they go.
        selector: calls `ready` through the loop that owns it.
    """

    def __init__(self, incoming: Incoming, party: str, inbox: Inboxes, selector: BaseSelector) -> None:
        super().__init__(incoming.sock, party, inbox, selector)
        self._connected = True
        self._peer, self._ours = incoming.peer, incoming.ours
        self._blind = (0, 0.0)

    def settled(self, now: float) -> bool:
        """Whether the peer has read all that was sent, as far as can be seen from outside.

        If nothing can be seen, that is `PAUSE` after the question was first asked.
        """
        if self._out:
            return False
        seen = backlog(self._peer, self._ours)
        if seen:
            return seen.received >= self._sent and not seen.unread
        if self._blind[0] != self._sent:
            self._blind = (self._sent, now + PAUSE)
        return now >= self._blind[1]


class Listener:
    """One scripted server.

    Its port is bound for as long as it lives: nobody else is given it, and who connects while it is
    deaf is refused.

    Args:
        host: an address of this machine.
        selector: watches it.
        accepted: is given each connection, and the time.

    Attributes:
        address: where it is.

    Raises:
        HarnessError: this machine has no socket or no port left.
    """

    def __init__(
        self, host: str, selector: BaseSelector, accepted: Callable[[Incoming, float], None]
    ) -> None:
        self._selector = selector
        self._accepted = accepted
        self._sock = _bind(host)
        self._place = Place(self._sock.family, self._sock.getsockname())
        self.address = Address(*self._sock.getsockname()[:2])
        self._left = MOST
        self._listens = self._watched = False

    def listen(self) -> None:
        """Listen, if it does not."""
        if self._listens:
            return
        # Connections that were accepted before would be in the way without it. While nothing listens it
        # has to be off, since it would let others in as well.
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.listen()
        self._selector.register(self._sock, EVENT_READ, Hook(self._accept))
        self._listens = self._watched = True

    def deafen(self, now: float) -> None:
        """Refuse whoever connects from now on; who has connected is accepted still."""
        if not self._listens:
            return
        self._accept(now)
        self._unwatch()
        self._listens = False
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        # Unlike a close this keeps the port, since that was asked for by its number.
        self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give up the address; closing twice is harmless."""
        self._unwatch()
        self._sock.close()

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._selector.unregister(self._sock)

    def _accept(self, now: float) -> None:
        while self._left:
            try:
                sock, where = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _OUT_OF:
                    raise HarnessError(
                        f"no connection can be accepted ({error.strerror}); raise ulimit -n"
                    ) from None
                continue  # it was gone before it was accepted
            self._left -= 1
            self._accepted(Incoming(sock, Place(self._sock.family, where), self._place), now)
        self._unwatch()


def _bind(host: str) -> socket.socket:
    """A socket with a port that the system picked, and that it was then asked for by number."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        try:
            with socket.socket(family) as probe:
                probe.bind((host, 0))
                where = probe.getsockname()
            sock = socket.socket(family)
        except OSError as error:
            raise HarnessError(f"cannot listen at {host} ({error.strerror})") from None
        try:
            sock.bind(where)
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE:
                raise HarnessError(f"cannot listen at {host} ({error.strerror})") from None
        else:
            sock.settimeout(0)
            return sock
