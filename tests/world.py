"""A model with named peers, driven packet by packet: what the tests of the model share."""

from __future__ import annotations

from gearspec.model import Close, Dialect, Effect, Send, Server
from gearspec.protocol.packet import Line, Packet, request


class World:
    """Peers by name on one server; what each was sent waits until it is taken."""

    names = ("client", "client2", "worker", "worker2", "admin")

    def __init__(self, **choices):
        self.server = Server(Dialect(**choices))
        self.inbox = {name: [] for name in self.names}
        self.closed = set()
        for name in self.names:
            self.do(self.server.connected(self.number(name)))

    def number(self, name):
        return self.names.index(name) + 1

    def do(self, effects: list[Effect]):
        for effect in effects:
            name = self.names[effect.connection - 1]
            if isinstance(effect, Close):
                self.closed.add(name)
            else:
                assert isinstance(effect, Send)
                self.inbox[name].append(effect.item)

    def send(self, name, message, /, **arguments):
        """Send a well-formed packet; arguments are text."""
        self.give(name, request(message, **{key: value.encode() for key, value in arguments.items()}))

    def give(self, name, item):
        """Send any packet or line."""
        self.do(self.server.received(self.number(name), item))

    def leave(self, name):
        self.do(self.server.closed(self.number(name)))

    def tick(self, now):
        self.do(self.server.tick(now))

    def take(self, name):
        """What a peer was sent since the last call: a tuple a packet, bytes a line."""
        items, self.inbox[name] = self.inbox[name], []
        return [
            item.raw if isinstance(item, Line) else (item.name, *(value.decode() for value in item.arguments))
            for item in items
        ]

    def ask(self, name, message, /, **arguments):
        """Send a packet and return what that peer gets."""
        self.take(name)
        self.send(name, message, **arguments)
        return self.take(name)

    def tell(self, name, text):
        """Send a line of text and return the lines of the answer."""
        self.take(name)
        self.give(name, Line(text + b"\n"))
        return self.take(name)

    def submit(self, name, function="f", unique="", workload="", kind="SUBMIT_JOB", **more):
        """Submit a job and return its handle."""
        replies = self.ask(name, kind, function=function, unique=unique, workload=workload, **more)
        assert replies[0][0] == "JOB_CREATED", replies
        return replies[0][1]

    def grab(self, name, kind="GRAB_JOB"):
        """Grab and return the workload that came, or None."""
        (reply,) = self.ask(name, kind)
        return None if reply == ("NO_JOB",) else reply[-1]

    def raw(self, name, type_, body=b"", magic=b"\0REQ"):
        """Send any packet and return what that peer gets."""
        self.take(name)
        self.give(name, Packet(magic, type_, body))
        return self.take(name)
