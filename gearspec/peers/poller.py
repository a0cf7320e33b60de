"""Waiting for connections, in a way that another thread can cut short."""

from __future__ import annotations

import contextlib
import math
import select
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gearspec.peers.link import Link


class Poller:
    """Waits until there is something to do."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.settimeout(0)
        self._far.settimeout(0)

    def wait(self, links: Iterable[Link], seconds: float | None = None) -> None:
        """Wait until a link can go on, `wake` is called, or so many seconds have passed; None is no limit."""
        poll = select.poll()
        poll.register(self._near, select.POLLIN)
        for link in links:
            poll.register(link, select.POLLIN | (select.POLLOUT if link.writing else 0))
        poll.poll(None if seconds is None else max(0, math.ceil(seconds * 1000)))
        with contextlib.suppress(BlockingIOError):
            self._near.recv(1024)

    def wake(self) -> None:
        """End the wait that goes on, or else the next one; any thread may say so."""
        with contextlib.suppress(OSError):  # it is full, so it wakes already; or it is closed
            self._far.send(b"\0")

    def close(self) -> None:
        """Give the sockets back; nothing may wait any more."""
        self._near.close()
        self._far.close()


def wait_to_send(link: Link, seconds: float) -> None:
    """Wait until a link can send, at most so long."""
    poll = select.poll()
    poll.register(link, select.POLLOUT)
    poll.poll(max(0, math.ceil(seconds * 1000)))
