"""A driver in memory that remembers what it was asked to do, and servers that are slow in some way."""

from __future__ import annotations

from collections import defaultdict

from gearspec.model.server import Server
from gearspec.protocol.packet import Line, Packet
from gearspec.script import rehearse
from gearspec.script.action import Open, Send, Shut
from gearspec.script.play import Stage
from gearspec.script.talk import Talk
from gearspec.script.trait import Traits
from tests.miniature import Wrapped, named


class Driver(rehearse._Rehearsal):
    """Carries out actions with a server in memory.

    Attributes:
        log: every action but waits, in words: ``open P``, ``send P MESSAGE..``, ``shut P HOW``.
    """

    def __init__(self, server=None):
        super().__init__(server or Server(), rehearse._Clock())
        self.log = []
        self.count = 0

    def token(self, length):
        self.count += 1
        return f"{self.count:0{length}d}"

    def stage(self, **traits):
        return Stage(Traits(**traits), self.token, self.clock)

    def talk(self, marked=(), **traits):
        return Talk(Traits(**traits), self.token, marked)

    @property
    def passed(self):
        """Seconds since the beginning."""
        return self.clock.now - rehearse.EPOCH

    def do(self, action):
        if isinstance(action, Open):
            self.log.append(f"open {action.party}")
        elif isinstance(action, Send):
            self.log.append(f"send {action.party} {words(action.data)}")
        elif isinstance(action, Shut):
            self.log.append(f"shut {action.party} {action.how.name}")
        super().do(action)


def words(data):
    """What bytes are, by their names: those of packets, ``TEXT``, or ``..`` for what is not whole."""
    decoder = rehearse.Decoder()
    items = decoder.feed(data)
    names = ["TEXT" if isinstance(item, Line) else item.name for item in items]
    return " ".join(names + ([".."] if decoder.rest else []))


class ReadsOnce(Driver):
    """Drives a server that takes each segment for the beginning of a packet."""

    def send(self, number, data):
        if number in self.decoders:
            self.decoders[number] = rehearse.Decoder()
        super().send(number, data)


class Deferring(Server):
    """Handles what a connection has sent only when it asks something, as another thread might."""

    silent = frozenset({"WORK_STATUS", "WORK_COMPLETE", "CAN_DO", "SET_CLIENT_ID"})

    def __init__(self, *args):
        super().__init__(*args)
        self.waiting = defaultdict(list)

    def received(self, connection, item):
        self.waiting[connection].append(item)
        if isinstance(item, Packet) and item.name in self.silent:
            return []
        items, self.waiting[connection] = self.waiting[connection], []
        return [effect for one in items for effect in super(Deferring, self).received(connection, one)]


class Oblivious(Server):
    """Notices that a connection has ended only once others have sent so many packets or lines."""

    def __init__(self, after):
        super().__init__()
        self.after = after
        self.gone = []

    def closed(self, connection):
        self.gone.append((connection, self.after))
        return []

    def received(self, connection, item):
        effects = []
        self.gone = [(number, left - 1) for number, left in self.gone]
        for number, left in list(self.gone):
            if left <= 0:
                self.gone.remove((number, left))
                effects += super().closed(number)
        return [*effects, *super().received(connection, item)]


class Late(Wrapped):
    """Sends every packet of a name so many seconds late.

    Args:
        name: the message.
        delay: in seconds.
    """

    def __init__(self, name, delay):
        super().__init__()
        self.name, self.delay = name, delay
        self.now = 0.0
        self.held = []

    @property
    def deadline(self):
        times = [at for at, _ in self.held] + ([super().deadline] if super().deadline is not None else [])
        return min(times, default=None)

    def twist(self, effect):
        if not named(effect, self.name):
            return [effect]
        self.held.append((self.now + self.delay, effect))
        return []

    def tick(self, now):
        self.now = now
        due = [effect for at, effect in self.held if at <= now]
        self.held = [(at, effect) for at, effect in self.held if at > now]
        return [*super().tick(now), *due]
