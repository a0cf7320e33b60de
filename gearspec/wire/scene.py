"""One scene in progress: its generator, its scripted servers, its adapter, and the time it waits for."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

from gearspec.errors import AdapterError, HarnessError
from gearspec.script.action import Arrival, Send, Shut, Sign, Wait
from gearspec.script.scene import Ask, Clock, Cue, Listen, News, Settle, Spent, Tidings
from gearspec.wire.channel import Channel
from gearspec.wire.listener import Accepted, Listener
from gearspec.wire.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from selectors import DefaultSelector

    from gearspec.script.scene import Scene
    from gearspec.wire.channel import Adapter
    from gearspec.wire.listener import Incoming
    from gearspec.wire.pace import Pace

LOOK_EVERY: Final = 0.001
"""Seconds between two looks at what a peer has read."""
ROUNDS: Final = 3
"""In how many rounds a connection that comes, sends and ends is read: one for each."""


class SceneRun(Run[Cue, News, Tidings, Accepted]):
    """A scene, with an adapter of its own.

    Args:
        scene: not started yet.
        start: starts the adapter.
        host: where its scripted servers listen.
        selector: of this scene alone.
        pace: the clock, and the time that was lost.
        scale: how many times longer than asked a `Wait` lasts at most.

    Attributes:
        selector: watches all that belongs to the scene.
        adapter: once it was started; it is killed when the scene ends, and stopped by whoever runs the scene.
    """

    def __init__(
        self,
        scene: Scene,
        start: Callable[[], Adapter],
        *,
        host: str,
        selector: DefaultSelector,
        pace: Pace,
        scale: float,
    ) -> None:
        super().__init__(scene, News, pace, scale)
        self.selector = selector
        self.adapter: Adapter | None = None
        self._start = start
        self._host = host
        self._channel: Channel | None = None
        self._listeners: dict[str, Listener] = {}
        self._accepted: dict[str, int] = {}
        self._settling: Accepted | None = None
        self._look = 0.0

    @property
    def rising(self) -> bool:
        """Whether its adapter is still busy with being started."""
        return self._channel is not None and self._channel.silent

    @property
    def due(self) -> float:
        """When `resume` has something to do."""
        if self.inbox.fault:
            return 0.0
        mine = min(self._look, self._until) if self._settling else super().due
        return min(mine, self._channel.due if self._channel else inf)

    def start(self) -> None:
        """Start the adapter, and begin the scene; it hears of an adapter that does not start."""
        try:
            self.adapter = self._start()
        except AdapterError as fault:
            self.inbox.fault = fault
        else:
            self._channel = Channel(self.adapter, self.inbox, self.selector, self._catch_up)
        super().start()

    def hear(self, now: float) -> None:
        """Read and write what the kernel allows; `selector` has something."""
        for key, events in self.selector.select(0):
            key.data.ready(events, now)

    def resume(self, now: float) -> None:
        """Let the scene go on with what came, or with what has come to its end."""
        if self._channel and self._channel.due <= now:
            self._channel.wake(now)
        if self.inbox.fault and not self.inbox.arrivals:
            self._blame(self.inbox.fault)
        elif self._settling:
            self._check_settled(self._settling, now)
        elif super().due <= now:
            super().resume(now)

    def close(self) -> None:
        """End the scene wherever it is, close its servers and connections, and kill its adapter."""
        try:
            super().close()
        finally:
            for listener in self._listeners.values():
                listener.close()
            if self._channel:
                self._channel.close()
            if self.adapter:
                self.adapter.kill()

    def _carry_out(self, action: Cue) -> bool:
        if isinstance(action, Wait):
            self._wait(action.until)
            return False
        if isinstance(action, Settle):
            return self._settle(action)
        if isinstance(action, Clock):
            self.inbox.arrivals.append(Spent(self._pace.now(), self.adapter.spent() if self.adapter else {}))
            return False
        if isinstance(action, Send):
            self._connection(action.party).send(action.data)
        elif isinstance(action, Shut):
            self._connection(action.party).shut(action.how)
        elif isinstance(action, Ask):
            self._ask(action.request)
        elif isinstance(action, Listen):
            self._listener(action.server).listen()
        else:
            self._listener(action.server).deafen(self._pace.now())
        return True

    def _blame(self, fault: AdapterError) -> None:
        """Throw it into the scene, once; nothing more is heard of the adapter."""
        self.inbox.fault = self._settling = None
        self._drive(lambda: self._play.throw(fault))

    def _ask(self, request: Mapping[str, Any]) -> None:
        if "servers" in request:
            request = {**request, "servers": [self._address(server) for server in request["servers"]]}
        if self._channel:
            self._channel.ask(request)

    def _address(self, server: str) -> str:
        if ":" in server:
            return server
        if server not in self._listeners:
            raise HarnessError(f"the play names {server} before that has an address")
        return str(self._listeners[server].address)

    def _listener(self, server: str) -> Listener:
        if server not in self._listeners:

            def accept(incoming: Incoming, now: float) -> None:
                self._accept(server, incoming, now)

            self._listeners[server] = Listener(self._host, self.selector, accept)
        return self._listeners[server]

    def _accept(self, server: str, incoming: Incoming, now: float) -> None:
        self._accepted[server] = number = self._accepted.get(server, 0) + 1
        connection = Accepted(incoming, f"{server}#{number}", self.inbox, self.selector)
        self._add(connection)
        self.inbox.arrivals.append(Arrival(connection.party, now, Sign.ACCEPTED))

    def _catch_up(self, now: float) -> None:
        """Read all connections, as far as they have come."""
        assert self._channel
        for _ in range(ROUNDS):
            for key, events in self.selector.select(0):
                if not self._channel.owns(key.fd):
                    key.data.ready(events, now)

    def _settle(self, action: Settle) -> bool:
        connection = self._connection(action.party)
        if connection.settled(self._pace.now()):
            return True
        self._settling = connection
        self._look = self._pace.now() + LOOK_EVERY
        self._wait(action.until)
        return False

    def _check_settled(self, connection: Accepted, now: float) -> None:
        if now >= self._until or connection.settled(now):
            self._settling = None
            self._tell(now)
        else:
            self._look = now + LOOK_EVERY
