"""One server of a worker: the connection to it, while there is one, and the way to the next."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from gearspec.peers.link import Link
from gearspec.peers.poller import wait_to_send
from gearspec.peers.station import State, Station

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.peers.roster import Server
    from gearspec.protocol.packet import Packet

MOMENT: Final = 0.25
"""Seconds for which other servers are not asked while one has still to answer."""


class Post:
    """A worker's place at one server.

    Args:
        server: where it is, and when it may be tried again.
        begin: says on a new connection who the worker is and what it can do.
        grab: how it asks for a job.
        patience: seconds in which the server has to take a connection, to answer, and to read.
        max_size: bytes of data in one packet that are accepted.

    Attributes:
        link: the connection; None while there is none.
    """

    def __init__(
        self,
        server: Server,
        begin: Callable[[Station], None],
        *,
        grab: str,
        patience: float,
        max_size: int,
    ) -> None:
        self.link: Link | None = None
        self._server, self._begin, self._grab = server, begin, grab
        self._patience, self._max_size = patience, max_size
        self._station: Station | None = None

    @property
    def assigned(self) -> deque[Packet]:
        """The jobs that it was given and that were not begun."""
        return self._station.assigned if self._station else deque()

    @property
    def awake(self) -> bool:
        """Whether it may ask for a job."""
        return self._station is not None and self._station.state is State.AWAKE

    def asking(self, now: float) -> bool:
        """Whether it asked for a job a moment ago and was not answered."""
        station = self._station
        return station is not None and station.state is State.ASKING and now < station.asked + MOMENT

    def due(self, now: float) -> float | None:
        """When it has to have a turn, even if nothing comes."""
        if self.link is None:
            return self._server.ready
        dues = [self.link.due]
        if self._station and self._station.state is State.ASKING:
            dues.append(self._station.asked + self._patience)
            dues.append(self._station.asked + MOMENT if self.asking(now) else None)
        return min((due for due in dues if due is not None), default=None)

    def turn(self, now: float) -> None:
        """Do whatever can be done without waiting; but while a job waits, nothing more is read."""
        if self.assigned:
            return
        if self.link is None:
            if now < self._server.ready:
                return
            self.link = Link(self._server.address, now, self._patience, self._max_size)
        self.link.turn(now)
        if self.link.connected:
            self._converse(self.link, now)
        if self.link.lost:
            self._server.failed(now)
            self.link, self._station = None, None

    def ask(self, now: float) -> None:
        """Ask for a job."""
        if self._station:
            self._station.ask(now)
            self._flush(now)

    def can_do(self, function: bytes, timeout: float | None) -> None:
        """Offer a function."""
        if self._station:
            self._station.can_do(function, timeout)
            self._flush(time.monotonic())

    def cant_do(self, function: bytes) -> None:
        """Offer a function no more."""
        if self._station:
            self._station.cant_do(function)
            self._flush(time.monotonic())

    def sender(self) -> Callable[[Packet], None]:
        """What sends packets of a job over the connection that assigned it, whatever becomes of that.

        It waits until each is sent, as a function may well produce more than a connection can hold.

        Clauses: worker-uses-handle, worker-forgets-lost-job.
        """
        link = self.link
        assert link is not None, "a job was assigned over it"

        def send(packet: Packet) -> None:
            link.send(packet)
            link.moved = time.monotonic()
            while link.writing:
                now = time.monotonic()
                link.flush(now)
                if now >= link.moved + self._patience:
                    link.drop("the server does not read")
                elif link.writing:
                    wait_to_send(link, link.moved + self._patience - now)

        return send

    def close(self) -> None:
        """Close the connection."""
        if self.link:
            self.link.drop("the worker was closed")

    def _converse(self, link: Link, now: float) -> None:
        if self._station is None:
            if link.lost:
                return
            self._station = station = Station(self._grab)
            self._begin(station)
        station = self._station
        while link.items and not station.assigned and not station.broken:
            station.received(link.items.popleft(), now)
        if link.text and not link.items:
            station.text_begun()
        self._flush(now)
        if station.useful:
            self._server.answered()
        if station.broken:
            link.drop(station.broken)
        elif station.state is State.ASKING and now >= station.asked + self._patience:
            link.drop("the server does not answer")

    def _flush(self, now: float) -> None:
        if self.link and self._station:
            self.link.send(*self._station.out)
            self._station.out.clear()
            self.link.flush(now)
