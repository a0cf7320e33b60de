"""Plays a case with the model in memory: no socket, no clock, and two hours pass in no time."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING, Final

from gearspec.model.effect import Send as Sent
from gearspec.model.server import Server
from gearspec.protocol.packet import Decoder
from gearspec.script.action import Arrival, How, Moment, Open, Send, Shut, Sign, Wait
from gearspec.script.play import Stage, plays
from gearspec.script.trait import Traits
from gearspec.script.verdict import Result, worst

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.model.effect import Effect
    from gearspec.script.action import Action, Play
    from gearspec.script.case import Case

EPOCH: Final = 1_800_000_000.0
"""The unix time at which every rehearsal begins."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def rehearse(case: Case, make_server: Callable[[], Server] = Server, traits: Traits | None = None) -> Result:
    """The result of a case against a model server; every play gets one of its own."""
    random = Random(case.id)  # noqa: S311 - names that are the same in the next run
    clock = _Clock()

    def token(length: int) -> str:
        return "".join(random.choices(_LETTERS, k=length))

    staged = plays(case, Stage(traits or Traits(), token, clock))
    return worst([_Rehearsal(make_server(), clock).run(play) for play in staged])


class _Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> float:
        return self.now


class _Rehearsal:
    """One play with one server."""

    def __init__(self, server: Server, clock: _Clock) -> None:
        self.server, self.clock = server, clock
        self.parties: dict[int, str] = {}
        self.numbers: dict[str, int] = {}
        self.decoders: dict[int, Decoder] = {}
        self.arrivals: deque[Arrival] = deque()

    def run(self, play: Play) -> Result:
        self.effects(self.server.tick(self.clock.now))
        action = next(play)
        while True:
            self.do(action)
            moment = Moment(self.clock.now, tuple(self.arrivals))
            self.arrivals.clear()
            try:
                action = play.send(moment)
            except StopIteration as end:
                result: Result = end.value
                return result

    def do(self, action: Action) -> None:
        if isinstance(action, Open):
            self.open(action.party)
        elif isinstance(action, Send):
            self.send(self.numbers[action.party], action.data)
        elif isinstance(action, Shut):
            self.shut(self.numbers[action.party], action.how)
        else:
            self.wait(action)

    def open(self, party: str) -> None:
        number = self.numbers[party] = len(self.decoders)
        self.parties[number] = party
        self.decoders[number] = Decoder()
        self.effects(self.server.connected(number))

    def send(self, number: int, data: bytes) -> None:
        if number not in self.parties:
            return
        self.effects(self.server.tick(self.clock.now))
        decoder = self.decoders[number]
        for item in decoder.feed(data):
            self.effects(self.server.received(number, item))
        if decoder.error and number in self.parties:
            self.effects(self.server.broken(number, decoder.error))

    def shut(self, number: int, how: How) -> None:
        party = self.parties.pop(number, None)
        if party is None:
            return
        if how is How.HALF_CLOSE:
            self.arrivals.append(Arrival(party, self.clock.now, Sign.CLOSED))
        self.effects(self.server.closed(number))

    def wait(self, action: Wait) -> None:
        """Let time pass until something arrives, from one deadline of the server to the next."""
        while not self.arrivals and self.clock.now < action.until:
            due = self.server.deadline
            self.clock.now = action.until if due is None else min(max(due, self.clock.now), action.until)
            if due is not None and due <= self.clock.now:  # a server that told a later time sleeps until then
                self.effects(self.server.tick(self.clock.now))

    def effects(self, effects: list[Effect]) -> None:
        for effect in effects:
            party = self.parties.get(effect.connection)
            if party is None:
                continue
            if isinstance(effect, Sent):
                self.arrivals.append(Arrival(party, self.clock.now, effect.item))
            else:
                del self.parties[effect.connection]
                self.arrivals.append(Arrival(party, self.clock.now, Sign.CLOSED))
