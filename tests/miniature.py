"""Job servers of a few lines that are deliberately wrong, for the tests of the player."""

from __future__ import annotations

from gearspec.model.effect import Close, Send
from gearspec.model.server import Server
from gearspec.protocol.packet import Line, Packet, response


class Wrapped(Server):
    """The model, with everything that it sends passed through `twist`."""

    def twist(self, effect):
        """What is done in place of an effect: a list."""
        return [effect]

    def _all(self, effects):
        return [twisted for effect in effects for twisted in self.twist(effect)]

    def received(self, connection, item):
        return self._all(super().received(connection, item))

    def closed(self, connection):
        return self._all(super().closed(connection))

    def tick(self, now):
        return self._all(super().tick(now))


def named(effect, name):
    """Whether an effect sends a packet of this name."""
    return isinstance(effect, Send) and isinstance(effect.item, Packet) and effect.item.name == name


class Mute(Server):
    """Answers nothing at all."""

    def received(self, connection, item):
        super().received(connection, item)
        return []


class Closing(Server):
    """Closes every connection at its first packet."""

    def received(self, connection, item):
        super().received(connection, item)
        return [Close(connection)]


class Doubling(Wrapped):
    """Sends every result twice."""

    def twist(self, effect):
        return [effect, effect] if named(effect, "WORK_COMPLETE") else [effect]


class Dropping(Wrapped):
    """Loses every result."""

    def twist(self, effect):
        return [] if named(effect, "WORK_COMPLETE") else [effect]


class Terminating(Wrapped):
    """Ends the handle of every WORK_FAIL with a NUL."""

    def twist(self, effect):
        if not named(effect, "WORK_FAIL"):
            return [effect]
        return [effect._replace(item=effect.item._replace(body=effect.item.body + b"\0"))]


class Waking(Wrapped):
    """Wakes the sender of every PRE_SLEEP, work or no work."""

    def received(self, connection, item):
        effects = super().received(connection, item)
        if isinstance(item, Packet) and item.name == "PRE_SLEEP":
            return [*effects, Send(connection, response("NOOP"))]
        return effects


class Flooding(Server):
    """Answers everything with more lines than anybody can want."""

    def received(self, connection, item):
        super().received(connection, item)
        return [Send(connection, Line(b"rubbish\n"))] * 100_001


class Selective(Server):
    """Stops answering one connection at its first submit, and goes on with the others."""

    def __init__(self):
        super().__init__()
        self.deaf = set()

    def received(self, connection, item):
        if isinstance(item, Packet) and item.name == "SUBMIT_JOB":
            self.deaf.add(connection)
        effects = super().received(connection, item)
        return [effect for effect in effects if effect.connection not in self.deaf]
