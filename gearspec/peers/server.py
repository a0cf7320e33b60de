"""The reference server: the model with sockets round it.

It adds nothing to what the model says. It decodes, keeps the model's time, and
bounds what one peer may cost: a packet past `max_size` is refused at its header,
a peer that does not read is first not listened to, whatever it has sent already,
and one for whom too much piles up all the same is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from gearspec.errors import UsageError
from gearspec.model.dialect import Dialect
from gearspec.model.effect import Send
from gearspec.model.server import Server
from gearspec.protocol.packet import Decoder, Packet
from gearspec.wire.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.model.effect import Effect
    from gearspec.protocol.packet import Item

MAX_SIZE: Final = 64 * 1024 * 1024
"""Bytes of data in one packet that are accepted, unless told otherwise."""
UNREAD: Final = 256 * 1024 * 1024
"""Bytes that may wait for one peer to read them, unless told otherwise."""
GRACE: Final = 2.0
"""Seconds in which a peer is handed what there is still to send, when it is the server that closes."""


class _Peer(asyncio.Protocol):
    """One connection.

    Attributes:
        waiting: what it has sent and the model has not seen, since it does not read the answers.
        paused: whether it does not read.
    """

    def __init__(self, server: ReferenceServer) -> None:
        self.server = server
        self.decoder = Decoder(server.max_size)
        self.number = 0
        self.waiting: deque[Item] = deque()
        self.paused = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        # A peer that is gone again before it was accepted has no address.
        self.server.enter(self, *(transport.get_extra_info("peername") or ("-",))[:1])

    def data_received(self, data: bytes) -> None:
        self.server.hear(self, data)

    def eof_received(self) -> bool:
        """A peer that sends no more has gone: what it was owed is still sent."""
        self.server.leave(self)
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's word
        self.server.leave(self)
        self.server.forget(self)

    def pause_writing(self) -> None:
        """It does not read, so it is not listened to."""
        self.paused = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.paused = False
        self.transport.resume_reading()
        self.server.hear(self)

    def shut(self) -> None:
        """Send it what there is, and the end, and look at nothing more.

        What it still sends is read and thrown away for a while: to close at once would reset
        the connection, and with it lose the ERROR that says why.
        """
        with contextlib.suppress(OSError):  # it may have reset the connection meanwhile
            self.transport.write_eof()
        asyncio.get_running_loop().call_later(GRACE, self.transport.abort)


class ReferenceServer:
    """A job server on a socket, for one event loop.

    Args:
        host: where it listens, a name or an address.
        port: 0 for one that the system picks.
        max_size: bytes of data in one packet that are accepted.
        max_unread: bytes that may wait for one peer to read them; past that it is cut off.
        dialect: the freedoms that it takes.
        make_model: makes the model, from a dialect and our process number.

    Attributes:
        address: where it listens, once it was started.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        max_size: int = MAX_SIZE,
        max_unread: int = UNREAD,
        dialect: Dialect | None = None,
        make_model: Callable[..., Server] = Server,
    ) -> None:
        self.address = Address(host, port)
        self.max_size = max_size
        self._max_unread = max_unread
        self._model = make_model(dialect or Dialect(), pid=os.getpid())
        self._peers: dict[int, _Peer] = {}
        self._transports: set[asyncio.Transport] = set()
        self._emptied = asyncio.Event()
        self._numbers = 0
        # Epochs are unix time, and no change of the wall clock may end a timeout.
        self._ahead = time.time() - time.monotonic()
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listener: asyncio.Server

    async def start(self) -> None:
        """Listen.

        Raises:
            UsageError: the address is taken, or is not one of this machine.
        """
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                lambda: _Peer(self), self.address.host, self.address.port, backlog=1024
            )
        except OSError as problem:
            raise UsageError(f"{self.address} cannot be listened on: {problem.strerror or problem}") from None
        port = self._listener.sockets[0].getsockname()[1]
        self.address = Address(self.address.host, port)

    async def stop(self) -> None:
        """Accept nobody, send what is to be sent, close everything."""
        self._listener.close()
        if self._timer:
            self._timer.cancel()
        self._emptied.clear()
        for transport in list(self._transports):
            transport.close()
        if self._transports:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), GRACE)
        for transport in list(self._transports):
            transport.abort()

    def enter(self, peer: _Peer, host: str) -> None:
        """A connection was accepted; one that comes while the server stops is not wanted any more."""
        if not self._listener.is_serving():
            peer.transport.abort()
            return
        self._numbers += 1
        peer.number = self._numbers
        self._peers[peer.number] = peer
        self._transports.add(peer.transport)
        self._tick()
        self._do(self._model.connected(peer.number, host.encode()))

    def hear(self, peer: _Peer, data: bytes = b"") -> None:
        """Bytes came, or the peer reads again. One item at a time, for each may have a long answer."""
        if peer.number not in self._peers:
            return
        self._tick()
        peer.waiting.extend(peer.decoder.feed(data))
        while peer.waiting and not peer.paused and peer.number in self._peers:
            self._do(self._model.received(peer.number, peer.waiting.popleft()))
        if peer.decoder.error and not peer.waiting:
            self._do(self._model.broken(peer.number, peer.decoder.error))

    def leave(self, peer: _Peer) -> None:
        """A peer has gone, or will send no more."""
        if self._peers.pop(peer.number, None):
            self._tick()
            self._do(self._model.closed(peer.number))

    def forget(self, peer: _Peer) -> None:
        """A connection is no more."""
        self._transports.discard(peer.transport)
        if not self._transports:
            self._emptied.set()

    def _tick(self) -> None:
        self._do(self._model.tick(time.monotonic() + self._ahead))

    def _do(self, effects: list[Effect]) -> None:
        """Carry out effects, and set the timer for the next deadline."""
        for number, run in groupby(effects, key=attrgetter("connection")):
            if peer := self._peers.get(number):
                self._carry_out(peer, list(run))
        if self._model.deadline != self._due:
            self._set_timer()

    def _carry_out(self, peer: _Peer, effects: list[Effect]) -> None:
        items = [effect.item for effect in effects if isinstance(effect, Send)]
        self._write(peer, b"".join(item.encode() if isinstance(item, Packet) else item.raw for item in items))
        if len(items) < len(effects):
            del self._peers[peer.number]
            peer.shut()

    def _write(self, peer: _Peer, data: bytes) -> None:
        if peer.transport.is_closing():  # it was cut off, and the model will hear of it
            return
        peer.transport.write(data)
        if peer.transport.get_write_buffer_size() > self._max_unread:
            peer.transport.abort()

    def _set_timer(self) -> None:
        self._due = due = self._model.deadline
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(due - self._ahead - time.monotonic(), 0), self._ring)

    def _ring(self) -> None:
        """A deadline has come; or nearly so, as clocks have their grain, and then the timer is set anew."""
        self._due = None
        self._tick()


async def serve(
    host: str, port: int, *, ready: Callable[[Address], None] | None = None, max_size: int = MAX_SIZE
) -> None:
    """Serve until this coroutine is cancelled, then stop gracefully.

    Args:
        host: where to listen.
        port: 0 for one that the system picks.
        ready: told where it listens, once it does.
        max_size: bytes of data in one packet that are accepted.

    Raises:
        UsageError: the address cannot be listened on.
    """
    server = ReferenceServer(host, port, max_size=max_size)
    await server.start()
    if ready:
        ready(server.address)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await server.stop()


class Embedded:
    """A reference server in a thread of its own.

    Attributes:
        address: where it listens.
    """

    def __init__(self, server: ReferenceServer) -> None:
        self._loop = asyncio.new_event_loop()
        self._server = server
        self._thread = threading.Thread(target=self._run, name="reference server", daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(server.start(), self._loop).result()
        except UsageError:
            self._end()
            raise
        self.address = server.address

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    def stop(self) -> None:
        """Stop serving and end the thread."""
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def run_in_thread(server: ReferenceServer | None = None) -> Embedded:
    """Start a reference server in a thread of its own, by default on loopback and a port the system picks.

    Raises:
        UsageError: the address cannot be listened on.
    """
    return Embedded(server or ReferenceServer())
