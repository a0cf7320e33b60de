"""Plays a case with a server under test.

Parties are played, the server is expected (S1 of SCRIPTS). A play is a
generator of actions, so it runs on a wire with real sockets and against the
model in memory alike; see `gearspec.script.action`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gearspec.errors import TargetGone
from gearspec.ledger import audit
from gearspec.protocol.packet import STRUCTURAL, Line, Packet, check
from gearspec.protocol.transcript import Transcript
from gearspec.script import case as words
from gearspec.script.action import Action, How, Moment, Sign
from gearspec.script.case import Either, Message, Step, Together
from gearspec.script.clean import clean
from gearspec.script.encode import cuts, encode, variants
from gearspec.script.fit import cells, fits, same_message, same_rows
from gearspec.script.link import Received
from gearspec.script.load import walk
from gearspec.script.phrase import came, listed
from gearspec.script.player import Expected, Player
from gearspec.script.project import SERVER, is_loose, project
from gearspec.script.talk import EARLY, GRACE, Talk
from gearspec.script.verdict import Stopped, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.script.action import Play
    from gearspec.script.case import Call, Case, Listen
    from gearspec.script.encode import Variant
    from gearspec.script.fit import Arrived
    from gearspec.script.talk import Talking
    from gearspec.script.trait import Traits

_ENDS: Final = {words.CLOSE: How.CLOSE, words.RESET: How.RESET, words.HALF_CLOSE: How.HALF_CLOSE}


@dataclass(frozen=True, slots=True)
class Stage:
    """What a play needs of the world, apart from its driver.

    Attributes:
        traits: how the server is talked with.
        token: makes a fresh word of so many characters, of letters and digits.
        wall: unix time, in seconds.
    """

    traits: Traits
    token: Callable[[int], str]
    wall: Callable[[], float]


def plays(case: Case, stage: Stage) -> list[Play]:
    """The plays of a case with a server under test, in order; the worst counts."""
    ways = variants(project(case.steps, SERVER), SERVER)
    return [_ServerPlayer(case, stage, variant).play() for variant in ways]


class _ServerPlayer(Player[Action, Moment, Received]):
    """One play of one case with a server."""

    def __init__(self, case: Case, stage: Stage, variant: Variant) -> None:
        traits = stage.traits
        super().__init__(case, SERVER, variant, edition=traits.edition, token=stage.token, grab=traits.grab)
        self.stage = stage
        messages = [step for step in walk(self.script) if isinstance(step, Message) and step.sent]
        # What a connection is taken for that is sent nonsense is not settled by a packet of the player's.
        loose = {step.party for step in walk(self.script) if isinstance(step, Message) and is_loose(step)}
        closing = {step.party for step in messages if step.what in _ENDS} - loose
        self.talk = Talk(stage.traits, stage.token, closing)

    # --- the whole --------------------------------------------------------------------------

    def play(self) -> Play:
        """Play the case to its end, say what it came to, and leave the server clean."""
        result = yield from self.course(self._end())
        result.transcript = Transcript(list(self.talk.transcript.events))
        result.names, result.case = self.shown, self.case
        if result.verdict not in {Verdict.CRASH, Verdict.HANG}:
            try:
                yield from clean(self.talk)
            except (Stopped, TargetGone) as problem:
                # A verdict stands, but a program that dies of being tidied up has not passed.
                verdict = Verdict(problem.outcome) if isinstance(problem, TargetGone) else problem.verdict
                if verdict.rank > result.verdict.rank:
                    # It may have begun to die before that, so the message does not tell when it was noticed.
                    result.verdict, result.message = verdict, f"{result.clause or 'setup'}: {problem}"
        return result

    def _end(self) -> Talking[None]:
        """S8: nothing more may come, on any connection; and the ledger must add up."""
        yield from self.talk.look()
        for link in (link for link in self.talk.links.values() if link.party not in self.loose):
            while link.queue and not link.party.startswith("~") and link.whole:
                received = link.queue.popleft()
                if not self._absorbed(received, words.NOTHING, at_end=True):
                    self.expected, self.found = "nothing more", came(received.what, self.names)
                    raise Stopped(Verdict.FAIL, f"after the last line {link.party} got {self.found}")
        named = {value: f"${name}" for name, value in self.names.items() if value}
        for finding in audit(self.talk.transcript, self.stage.traits.dialect, named):
            self.clause, self.expected, self.found = finding.clause, "", finding.message
            raise Stopped(Verdict.FAIL, finding.message)

    @property
    def acted_at(self) -> float:
        """When something was sent last."""
        return self.talk.acted_at

    # --- sending ----------------------------------------------------------------------------

    def act(self, step: Message | Listen | Call, rest: tuple[Step, ...]) -> Talking[None]:
        """Play a line that a party sends."""
        assert isinstance(step, Message), "a server is neither called nor told to listen"
        if step.what == words.CLOSE:
            yield from self.talk.close(step.party)
        elif step.what == words.RESET:
            yield from self.talk.reset(step.party)
        elif step.what == words.HALF_CLOSE:
            yield from self.talk.half_close(step.party)
        elif step.what == words.GRAB:
            single = "NO_JOB" in _upcoming(step.party, rest)
            yield from self.talk.grab(step.party, patient=not single)
        else:
            self.bind(step)
            data, what = encode(step, self.names, self.stage.wall())
            give = self.talk.hold if step.join else self.talk.send
            yield from give(step.party, data, what, cuts(step, self.variant, len(data)))
        self.mark(step, self.talk.acted_at)

    # --- expecting --------------------------------------------------------------------------

    def head(self, step: Expected) -> Received | None:
        """What a line would take, after what is absorbed."""
        assert isinstance(step, Message)
        queue = self.talk.links[step.party].queue
        while queue and self._absorbed(queue[0], step.what):
            queue.popleft()
        if step.party in self.loose:
            return next((received for received in queue if self.fits(step, received.what) is not None), None)
        return queue[0] if queue else None

    @staticmethod
    def _absorbed(received: Received, what: str, *, at_end: bool = False) -> bool:
        """S6: a NOOP for a sleeper is taken silently unless the line asks for it."""
        if not (received.asleep and isinstance(received.what, Packet) and received.what.name == "NOOP"):
            return False
        return at_end or what not in {"NOOP", words.NOTHING}

    def take(self, step: Expected, head: Received) -> None:
        """Take what came off its connection."""
        assert isinstance(step, Message)
        link = self.talk.links[step.party]
        while link.queue.popleft() is not head:
            continue
        if isinstance(head.what, Sign):
            link.talking = False
        link.took(head.what)
        link.grab = None

    def fits(self, step: Expected, what: Arrived) -> dict[str, bytes] | None:
        """The names that a line binds to what came."""
        assert isinstance(step, Message)
        return fits(step, what, self.kind, self.names)

    def same(self, step: Expected, what: Arrived) -> bool:
        """Whether it is the message of the line."""
        assert isinstance(step, Message)
        return same_message(step, what, self.kind)

    def malformed(self, what: Arrived) -> str | None:
        """The first fault in the structure of a packet."""
        wrong = check(what, "server") if isinstance(what, Packet) else []
        return next((fault.message for fault in wrong if fault.kind in STRUCTURAL), None)

    def hush(self, step: Message, loud: list[Expected]) -> Talking[None]:  # noqa: ARG002 - for testees
        """S4: make sure that all that was to come has come, and for as long as the line says."""
        if step.within is not None:
            until = self.base(step) + step.within
            while not (yield from self.talk.pause(until)):
                pass
        yield from self.talk.hush(step.party)

    def await_any(self, ready: Callable[[], bool], steps: list[Expected]) -> Talking[None]:
        """Wait until `ready`, or until the lines can be said not to be met (S5)."""
        explicit = [step for step in steps if self.timed(step)]
        if explicit:
            yield from self._until(ready, self.deadline(explicit))
        else:
            yield from self._until(ready, self.talk.now + EARLY)
            if not ready():
                yield from self.talk.look()
                yield from self._until(ready, self.talk.now + GRACE)
        if not ready() and self.talk.lagged:
            raise Stopped(Verdict.INCONCLUSIVE, "the harness itself was held up too long to tell")

    def _until(self, ready: Callable[[], bool], until: float) -> Talking[None]:
        while not ready():
            if (yield from self.talk.pause(until)):
                return

    # --- tables -----------------------------------------------------------------------------

    def expect(self, step: Expected, rest: tuple[Step, ...]) -> Talking[None]:
        """Play a line that the server has to send; a whole list of the text protocol is one."""
        if is_loose(step):
            self.talk.links[step.party].loose = True
        if not (isinstance(step, Message) and step.what == words.TABLE):
            yield from super().expect(step, rest)
            return
        self.turn_to(step)
        for _ in range(step.times):
            self.mark(step, (yield from self._table(step)).at)
        self.talk.links[step.party].grab = None

    def _table(self, step: Message) -> Talking[Received]:
        """Take the rows of a list and judge them; returns its last line."""
        queue = self.talk.links[step.party].queue
        rows: list[list[bytes]] = []
        while True:
            yield from self.await_any(lambda: bool(queue), [step])
            if not queue:
                raise Stopped(Verdict.FAIL, f"{step.party} expected {self.expected}, its end did not come")
            received = queue.popleft()
            if not isinstance(received.what, Line):
                raise self.unexpected(step, received)
            if received.what.text == b".":
                break
            rows.append(cells(received.what.text))
        mine = [row for row in rows if self._holds_a_name(row)]
        if not same_rows(step, mine, self.names):
            self.found = listed(step, mine, self.names)
            raise Stopped(Verdict.FAIL, f"{step.party} expected {self.expected}, came {self.found}")
        return received

    def _holds_a_name(self, row: list[bytes]) -> bool:
        # H:lap:1 is not held by a cell with H:lap:10.
        held = [re.escape(value) + rb"(?!\d)" for value in self.names.values() if value]
        return any(re.search(pattern, cell) for pattern in held for cell in row)


def _upcoming(party: str, steps: tuple[Step, ...]) -> set[str]:
    """What may be the next line of a party."""
    for step in steps:
        if isinstance(step, Message) and step.party == party:
            return {step.what}
        if isinstance(step, Together) and any(
            isinstance(s, Message) and s.party == party for s in step.steps
        ):
            return {s.what for s in step.steps if isinstance(s, Message) and s.party == party}
        if isinstance(step, Either) and (
            found := set().union(*(_upcoming(party, b.steps) for b in step.branches))
        ):
            return found
    return set()
