"""A driver of scenes in memory, and puppets in the place of libraries: no socket, no process, no clock."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from gearspec.protocol.packet import Decoder, Packet, request
from gearspec.script.action import Arrival, How, Send, Shut, Sign, Wait
from gearspec.script.guest import TesteeStage
from gearspec.script.load import parse_cases
from gearspec.script.scene import Ask, Clock, Deafen, Ended, Listen, News, Said, Settle, Spent
from gearspec.script.testee import scenes
from gearspec.script.trait import ABILITIES
from gearspec.script.verdict import Result, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gearspec.script.case import Case
    from gearspec.script.scene import Scene, Tidings

FEATURES = {
    "client": frozenset(ABILITIES["client"])
    - {"picks-at-random", "exceptions-per-task", "exceptions-always"},
    "worker": frozenset(ABILITIES["worker"]),
}


class Puppet:
    """Something in the place of a library and its adapter; what it does is `asked` and `came`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.arrivals: deque[Tidings] = deque()
        self.listening: dict[str, bool] = {}
        self.accepted: dict[str, int] = {}
        self.servers: list[str] = []
        self.asks: list[dict[str, Any]] = []
        self.decoders: dict[str, Decoder] = {}

    # --- what a puppet may do ---------------------------------------------------------------

    def open(self, server: str) -> str | None:
        """Connect to a server; None if it refuses."""
        if not self.listening.get(server):
            return None
        number = self.accepted[server] = self.accepted.get(server, 0) + 1
        name = f"{server}#{number}"
        self.decoders[name] = Decoder()
        self.arrivals.append(Arrival(name, self.now, Sign.ACCEPTED))
        return name

    def send(self, connection: str, message: str | Packet, **arguments: bytes) -> None:
        packet = message if isinstance(message, Packet) else request(message, **arguments)
        self.arrivals.append(Arrival(connection, self.now, packet))

    def close(self, connection: str) -> None:
        self.decoders.pop(connection, None)
        self.arrivals.append(Arrival(connection, self.now, Sign.CLOSED))

    def tell(self, event: str, **fields: Any) -> None:
        self.arrivals.append(Said(self.now, {"event": event, **fields}))

    def done(self, asked: dict[str, Any]) -> None:
        self.arrivals.append(Said(self.now, {"id": asked["id"], "done": True}))

    def die(self, how: str) -> None:
        self.arrivals.append(Ended(self.now, how))

    # --- what a puppet is -------------------------------------------------------------------

    def asked(self, asked: dict[str, Any]) -> None:
        """A request came."""
        if asked["do"] == "connect":
            self.servers = asked["servers"]
        self.done(asked)
        if asked["do"] == "quit":
            self.die("exited with status 0")

    def came(self, connection: str, packet: Packet) -> None:
        """A packet came."""

    def ended(self, connection: str) -> None:
        """A server ended a connection."""

    def spent(self) -> dict[int, float]:
        """The seconds that each of its threads has been on a processor."""
        return {1: 0.0}


def perform(scene: Scene, puppet: Puppet) -> Result:
    """Play one scene with a puppet."""
    try:
        cue = next(scene)
        while True:
            _carry_out(cue, puppet)
            news = News(puppet.now, tuple(puppet.arrivals))
            puppet.arrivals.clear()
            cue = scene.send(news)
    except StopIteration as end:
        result: Result = end.value
        return result


def _carry_out(cue: Any, puppet: Puppet) -> None:
    if isinstance(cue, Listen | Deafen):
        puppet.listening[cue.server] = isinstance(cue, Listen)
    elif isinstance(cue, Ask):
        puppet.asks.append(dict(cue.request))
        puppet.asked(dict(cue.request))
    elif isinstance(cue, Send):
        if cue.party in puppet.decoders:
            for item in puppet.decoders[cue.party].feed(cue.data):
                assert isinstance(item, Packet)
                puppet.came(cue.party, item)
    elif isinstance(cue, Shut):
        if puppet.decoders.pop(cue.party, None) and cue.how is not How.HALF_CLOSE:
            puppet.ended(cue.party)
    elif isinstance(cue, Clock):
        puppet.arrivals.append(Spent(puppet.now, puppet.spent()))
    elif isinstance(cue, Wait | Settle) and not puppet.arrivals:
        puppet.now = max(puppet.now, cue.until)


def words() -> Callable[[int], str]:
    """Fresh words that are the same in every run."""
    numbers: Iterator[int] = iter(range(1, 10**9))
    return lambda length: f"{next(numbers):x}".rjust(length, "0")[-length:]


def stage(role: str, *without: str, **more: Any) -> TesteeStage:
    """A stage for a library with every feature but some."""
    features = more.pop("features", FEATURES[role] - set(without))
    return TesteeStage(role, frozenset(features), "2.0.0", words(), lambda: 1000.0)


def play(case: Case, role: str, make: Callable[[], Puppet], *without: str, **more: Any) -> Result:
    """Play every scene of a case, each with a puppet of its own."""
    return worst([perform(scene, make()) for scene in scenes(case, stage(role, *without, **more))])


def case_of(script: str, role: str, clause: str) -> Case:
    """A case with that script, indented by two; the clause is among those of the lines."""
    head = f"- id: a\n  title: A case\n  clauses: [{clause}]\n  under-test: [{role}]\n  script:\n"
    return parse_cases(head + script, "case.gear.yaml")[0]
