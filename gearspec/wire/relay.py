"""A relay between real programs and a job server, which writes down all that passes.

What comes is handed on as it came, byte for byte and at once; only the record is decoded. Who is who is told
by the port: each role connects to one of its own.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gearspec.errors import WireError
from gearspec.protocol.packet import Decoder
from gearspec.protocol.transcript import CLOSE, HALF_CLOSE, OPEN, RAW, Note, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.protocol.transcript import What
    from gearspec.wire.address import Address

HOST: Final = "127.0.0.1"
SERVER: Final = "server"
CONNECT: Final = 2.0
"""Seconds in which the job server accepts a connection."""
_CHUNK: Final = 64 * 1024
_BACKLOG: Final = 4 * 1024 * 1024
"""How many bytes wait for a side that does not read before the other is not read any more."""


@dataclass(eq=False, slots=True)
class _Side:
    """One end of a connection that is relayed.

    Attributes:
        sock: the socket of this end.
        name: who is at it.
        decoder: of what it says.
        out: what it has not been given yet.
        over: it says nothing more.
        other: the other end.
    """

    sock: socket.socket
    name: str
    decoder: Decoder = field(default_factory=lambda: Decoder(2**32))
    out: bytearray = field(default_factory=bytearray)
    over: bool = False
    told: bool = False
    other: _Side | None = None


class Relay:
    """Relays in a thread of its own, from when it is made until it is closed.

    Args:
        server: the job server behind it.
        roles: who connects; each gets a port.

    Attributes:
        ports: by role, where it connects to.
    """

    def __init__(self, server: Address, roles: tuple[str, ...]) -> None:
        self._place = server.resolve()
        self._start = time.monotonic()
        self._transcript = Transcript()
        self._counts = dict.fromkeys(roles, 0)
        self._lock = threading.Lock()
        self._sides: list[_Side] = []
        self._selector = selectors.DefaultSelector()
        self._near, self._far = socket.socketpair()
        self._selector.register(self._far, selectors.EVENT_READ, None)
        self._listeners = {role: socket.create_server((HOST, 0)) for role in roles}
        self.ports = {role: listener.getsockname()[1] for role, listener in self._listeners.items()}
        for role, listener in self._listeners.items():
            listener.setblocking(False)  # noqa: FBT003 - as socket has it
            self._selector.register(listener, selectors.EVENT_READ, self._accepting(role, listener))
        self._thread = threading.Thread(target=self._run, name="gearspec relay", daemon=True)
        self._thread.start()

    def transcript(self) -> Transcript:
        """All that has passed so far; the first connection of a role has its name, the next is numbered."""
        with self._lock:
            return Transcript(list(self._transcript.events))

    def close(self) -> None:
        """End all connections."""
        self._near.close()
        self._thread.join()

    # --- in the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while True:
                for key, mask in self._selector.select():
                    if key.data is None:
                        return
                    key.data(mask)
        finally:
            for sock in (self._far, *self._listeners.values(), *(side.sock for side in self._sides)):
                sock.close()
            self._selector.close()

    def _accepting(self, role: str, listener: socket.socket) -> Callable[[int], None]:
        def accept(_: int) -> None:
            near, _address = listener.accept()
            far = socket.socket(self._place.family, socket.SOCK_STREAM)
            far.settimeout(CONNECT)
            try:
                far.connect(self._place.where)
            except OSError:
                far.close()
                near.close()
                return
            self._counts[role] += 1
            name = role if self._counts[role] == 1 else f"{role}{self._counts[role]}"
            here, there = _Side(near, name), _Side(far, SERVER)
            here.other, there.other = there, here
            self._note(here, Note(OPEN))
            for side in (here, there):
                side.sock.setblocking(False)  # noqa: FBT003 - likewise
                side.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sides.append(side)
                self._selector.register(side.sock, selectors.EVENT_READ, self._moving(side))

        return accept

    def _moving(self, side: _Side) -> Callable[[int], None]:
        def move(mask: int) -> None:
            if mask & selectors.EVENT_WRITE:
                self._give(side)
            if mask & selectors.EVENT_READ:
                self._take(side)

        return move

    def _take(self, side: _Side) -> None:
        other = side.other
        assert other is not None
        try:
            data = side.sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            # What is asked is written down before the server has it, so that no answer comes before it.
            for item in self._decoded(side, data):
                self._note(side, item)
            other.out += data
        else:
            side.over = True
            self._note(side, Note(HALF_CLOSE if not other.over else CLOSE))
        self._give(other)
        self._watch(side)

    def _decoded(self, side: _Side, data: bytes) -> list[What]:
        if side.decoder.error is not None:
            return [Note(RAW, data)]
        items: list[What] = [*side.decoder.feed(data)]
        error = side.decoder.error
        return [*items, Note(RAW, bytes(side.decoder.rest))] if isinstance(error, WireError) else items

    def _give(self, side: _Side) -> None:
        other = side.other
        assert other is not None
        if side.out:
            try:
                del side.out[: side.sock.send(side.out)]
            except BlockingIOError:
                pass
            except OSError:
                side.out.clear()
        if not side.out and other.over and not side.told:
            side.told = True
            with suppress(OSError):
                side.sock.shutdown(socket.SHUT_WR)
        self._watch(side)
        self._watch(other)

    def _watch(self, side: _Side) -> None:
        """Ask of a socket what is to be known: nothing of what is over, no reading into a full backlog."""
        other = side.other
        assert other is not None
        mask = selectors.EVENT_WRITE if side.out else 0
        if not side.over and len(other.out) < _BACKLOG:
            mask |= selectors.EVENT_READ
        known = side.sock in self._selector.get_map()
        if mask and known:
            self._selector.modify(side.sock, mask, self._moving(side))
        elif mask:
            self._selector.register(side.sock, mask, self._moving(side))
        elif known:
            self._selector.unregister(side.sock)

    def _note(self, side: _Side, what: What) -> None:
        assert side.other is not None
        with self._lock:
            self._transcript.add(time.monotonic() - self._start, side.name, side.other.name, what)
