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
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.packet import STRUCTURAL, Line, Packet, check
from gearspec.protocol.transcript import Transcript
from gearspec.script import case as words
from gearspec.script.action import How, Sign
from gearspec.script.case import Branch, Case, Either, Message, Step, Together
from gearspec.script.check import DEFAULT_WITHIN
from gearspec.script.clean import clean
from gearspec.script.encode import Variant, cuts, encode, variants
from gearspec.script.fit import cells, fits, same_message, same_rows
from gearspec.script.load import first_message, walk
from gearspec.script.phrase import came, wanted
from gearspec.script.talk import EARLY, GRACE, Stopped, Talk
from gearspec.script.value import names_in
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.protocol.packet import Item
    from gearspec.script.action import Play
    from gearspec.script.link import Received
    from gearspec.script.talk import Talking
    from gearspec.script.trait import Traits

_GRADES: Final = {"pass": Verdict.PASS, "tolerated": Verdict.TOLERATED, "recorded": Verdict.RECORDED}
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
    return [_Player(case, stage, variant).play() for variant in variants(case)]


class _Player:
    """One play of one case."""

    def __init__(self, case: Case, stage: Stage, variant: Variant) -> None:
        self.case, self.stage, self.variant = case, stage, variant
        closing = [s.party for s in walk(case.steps) if isinstance(s, Message) and s.sent and s.what in _ENDS]
        self.talk = Talk(stage.traits, stage.token, closing)
        self.names: dict[str, bytes] = {}
        self.marks: dict[str, float] = {}
        self.clause: str | None = None
        self.verdict = Verdict.PASS
        self.flags: set[str] = set()
        self.step: Step = case.steps[0]
        self.expected = self.found = ""

    # --- the whole --------------------------------------------------------------------------

    def play(self) -> Play:
        """Play the case to its end, say what it came to, and leave the server clean."""
        result = yield from self._outcome()
        result.transcript = Transcript(list(self.talk.transcript.events))
        result.names = {value: f"${name}" for name, value in self.names.items() if value}
        if result.verdict not in {Verdict.CRASH, Verdict.HANG}:
            try:
                yield from clean(self.talk)
            except (Stopped, TargetGone) as problem:
                # A verdict stands, but a program that dies of being tidied up has not passed.
                verdict = Verdict(problem.outcome) if isinstance(problem, TargetGone) else problem.verdict
                if verdict.rank > result.verdict.rank:
                    result.verdict, result.message = verdict, f"while tidying up: {problem}"
        return result

    def _outcome(self) -> Talking[Result]:
        try:
            yield from self.steps(self.case.steps)
            yield from self._end()
        except Stopped as stop:
            return self._stopped(stop.verdict, stop.message)
        except TargetGone as gone:
            return self._stopped(Verdict(gone.outcome), gone.message)
        return Result(self.verdict, ", ".join(sorted(self.flags)), tuple(sorted(self.flags)), self.clause)

    def _stopped(self, verdict: Verdict, message: str) -> Result:
        edition = self.stage.traits.edition
        clause = load_clauses()[self.clause] if self.clause else None
        if verdict is Verdict.FAIL and clause and not clause.in_edition(edition):
            return Result(Verdict.RECORDED, message, (f"not-in-{edition}",), self.clause, self.step.line)
        return Result(
            verdict=verdict,
            message=f"{self.clause or 'setup'}: {message}",
            clause=self.clause,
            line=self.step.line,
            expected=self.expected,
            came=self.found,
        )

    def _end(self) -> Talking[None]:
        """S8: nothing more may come, on any connection; and the ledger must add up."""
        yield from self.talk.look()
        for link in self.talk.links.values():
            while link.queue and not link.party.startswith("~") and link.whole:
                received = link.queue.popleft()
                if not self._absorbed(received, words.NOTHING, at_end=True):
                    self.expected, self.found = "nothing more", came(received.what, self.names)
                    raise Stopped(Verdict.FAIL, f"after the last line {link.party} got {self.found}")
        named = {value: f"${name}" for name, value in self.names.items() if value}
        for finding in audit(self.talk.transcript, self.stage.traits.dialect, named):
            self.clause, self.expected, self.found = finding.clause, "", finding.message
            raise Stopped(Verdict.FAIL, finding.message)

    # --- steps ------------------------------------------------------------------------------

    def steps(self, steps: tuple[Step, ...], after: tuple[Step, ...] = ()) -> Talking[None]:
        """Play steps one after the other; `after` is what follows them."""
        for index, step in enumerate(steps):
            rest = steps[index + 1 :] + after
            self.step = step
            if isinstance(step, Either):
                yield from self.either(step, rest)
            elif isinstance(step, Together):
                yield from self.together([line for line in step.steps if isinstance(line, Message)])
            elif isinstance(step, Message):
                yield from (self.send(step, rest) if step.sent else self.expect(step))

    def send(self, step: Message, rest: tuple[Step, ...]) -> Talking[None]:
        """Play a line that a party sends."""
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
            self._bind(step)
            data, what = encode(step, self.names, self.stage.wall())
            if step.join:
                yield from self.talk.hold(step.party, data, what)
            else:
                yield from self.talk.send(step.party, data, what, cuts(step, self.variant, len(data)))
        self._mark(step, self.talk.acted_at)

    def _bind(self, step: Message) -> None:
        """Make the names that this line is the first to hold."""
        pairs = [*step.values.items(), *(("", value) for value in step.args or ())]
        for argument, value in pairs:
            for name in names_in(value):
                if name not in self.names:
                    self.names[name] = self._fresh(argument)

    def _fresh(self, argument: str) -> bytes:
        """A new value of 16 bytes; one for a handle looks like a handle."""
        word = self.stage.token(11).encode()
        return b"H:gs:" + word if argument == "handle" else b"gear-" + word

    def _mark(self, step: Message, at: float) -> None:
        if step.mark is not None:
            self.marks[step.mark] = at

    # --- expecting --------------------------------------------------------------------------

    def expect(self, step: Message) -> Talking[None]:
        """Play a line that the server has to send, or must not."""
        self._turn_to(step)
        if step.what == words.NOTHING:
            yield from self._expect_nothing(step)
            return
        for _ in range(step.times):
            received = yield from self._next(step)
            self._judge(step, received)
        self.talk.links[step.party].grab = None

    def _turn_to(self, step: Message) -> None:
        """From here on, failures are about this line, and its clause if it has one."""
        self.step = step
        self.clause = step.clause or self.clause
        self.expected, self.found = wanted(step, self.stage.traits), ""

    def _expect_nothing(self, step: Message) -> Talking[None]:
        if step.within is not None:
            until = self._base(step) + step.within
            while not (yield from self.talk.pause(until)):
                pass
        yield from self.talk.hush(step.party)
        link = self.talk.links[step.party]
        if link.queue:
            raise self._unexpected(step, link.queue[0])

    def _base(self, step: Message) -> float:
        return self.talk.acted_at if step.since is None else self.marks[step.since]

    def _next(self, step: Message) -> Talking[Received]:
        """The next thing on a party's connection, once it has come."""
        if step.what == words.TABLE:
            return (yield from self._table(step))
        yield from self._wait(lambda: self._head(step) is not None, [step])
        link = self.talk.links[step.party]
        if not link.queue:
            raise Stopped(Verdict.FAIL, f"{step.party} expected {self.expected}, nothing came")
        return link.queue.popleft()

    def _head(self, step: Message) -> Received | None:
        """What a line would take, after what is absorbed."""
        queue = self.talk.links[step.party].queue
        while queue and self._absorbed(queue[0], step.what):
            queue.popleft()
        return queue[0] if queue else None

    @staticmethod
    def _absorbed(received: Received, what: str, *, at_end: bool = False) -> bool:
        """S6: a NOOP for a sleeper is taken silently unless the line asks for it."""
        if not (received.asleep and isinstance(received.what, Packet) and received.what.name == "NOOP"):
            return False
        return at_end or what not in {"NOOP", words.NOTHING}

    def _wait(self, ready: Callable[[], bool], steps: list[Message]) -> Talking[None]:
        """Wait until `ready`, or until the lines can be said not to be met (S5)."""
        explicit = [step for step in steps if step.within is not None or step.not_before is not None]
        if explicit:
            until = max(self._base(s) + (s.within or (s.not_before or 0) + DEFAULT_WITHIN) for s in explicit)
            yield from self._until(ready, until)
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

    def _table(self, step: Message) -> Talking[Received]:
        """Take a whole list of the text protocol as one thing: its last line, once all rows are judged."""
        queue = self.talk.links[step.party].queue
        rows: list[list[bytes]] = []
        while True:
            yield from self._wait(lambda: bool(queue), [step])
            if not queue:
                raise Stopped(Verdict.FAIL, f"{step.party} expected {self.expected}, its end did not come")
            received = queue.popleft()
            if not isinstance(received.what, Line):
                raise self._unexpected(step, received)
            if received.what.text == b".":
                break
            rows.append(cells(received.what.text))
        mine = [row for row in rows if self._holds_a_name(row)]
        if not same_rows(step, mine, self.names):
            self.found = "; ".join(came(Line(b" ".join(row)), self.names) for row in mine) or "no such row"
            raise Stopped(Verdict.FAIL, f"{step.party} expected {self.expected}, came {self.found}")
        return received

    def _holds_a_name(self, row: list[bytes]) -> bool:
        # H:lap:1 is not held by a cell with H:lap:10.
        held = [re.escape(value) + rb"(?!\d)" for value in self.names.values() if value]
        return any(re.search(pattern, cell) for pattern in held for cell in row)

    # --- judging ----------------------------------------------------------------------------

    def _judge(self, step: Message, received: Received) -> None:
        """Hold what came against a line: bind its names, or fail."""
        link = self.talk.links[step.party]
        if step.what == words.TABLE:
            return
        bound = self._fits(step, received.what)
        if bound is None:
            raise self._unexpected(step, received)
        if isinstance(received.what, Packet):
            for violation in check(received.what, "server"):
                if violation.kind in STRUCTURAL:
                    self.found = came(received.what, self.names)
                    raise Stopped(Verdict.FAIL, f"{step.party} got a malformed packet: {violation.message}")
        if isinstance(received.what, Sign):
            link.talking = False
        if step.not_before is not None and received.at < self._base(step) + step.not_before:
            self.found = "it came earlier"
            what = f"expected {self.expected}, it came before {step.not_before:g} s had passed"
            raise Stopped(Verdict.FAIL, f"{step.party} {what}")
        self.names.update(bound if step.times == 1 else {})
        link.took(received.what)
        self._mark(step, received.at)

    def _fits(self, step: Message, what: Item | Sign) -> dict[str, bytes] | None:
        return fits(step, what, self.stage.traits, self.names)

    def _unexpected(self, step: Message, received: Received) -> Stopped:
        self.found = came(received.what, self.names)
        return Stopped(Verdict.FAIL, f"{step.party} expected {self.expected}, came {self.found}")

    # --- together and either ----------------------------------------------------------------

    def together(self, steps: list[Message]) -> Talking[None]:
        """Lines that come in any order: each packet that comes is taken by the first line it fits."""
        left = [step for step in steps for _ in range(step.times)]
        while left:
            self._turn_to(left[0])
            yield from self._wait(lambda: any(self._head(step) for step in left), left)
            headed = [step for step in left if self._head(step)]
            if not headed:
                raise Stopped(Verdict.FAIL, f"{left[0].party} expected {self.expected}, nothing came")
            step = self._pick(headed)
            self._turn_to(step)
            self._judge(step, self.talk.links[step.party].queue.popleft())
            self.talk.links[step.party].grab = None
            left.remove(step)

    def _pick(self, steps: list[Message]) -> Message:
        """The line that what came is for: by full match, else by party and message, else the first."""
        heads = [(step, self.talk.links[step.party].queue[0]) for step in steps]
        return self._best(heads) or steps[0]

    def _best(self, heads: list[tuple[Message, Received]]) -> Message | None:
        """Among lines and what came for each: the first full match, else the first of the same message."""
        full = (step for step, head in heads if self._fits(step, head.what) is not None)
        same = (step for step, head in heads if same_message(step, head.what, self.stage.traits))
        return next(full, None) or next(same, None)

    def either(self, step: Either, rest: tuple[Step, ...]) -> Talking[None]:
        """A fork: by choice where a party sends, by what comes where the server does (S7)."""
        chosen = dict(self.variant.choices).get(step.line)
        branch = step.branches[chosen] if chosen is not None else (yield from self._choose(step))
        if branch.flag:
            self.flags.add(branch.flag)
            grade = _GRADES[branch.grade]
            self.verdict = max(self.verdict, grade, key=lambda verdict: verdict.rank)
        yield from self.steps(branch.steps, rest)

    def _choose(self, step: Either) -> Talking[Branch]:
        firsts = [(first_message(branch), branch) for branch in step.branches]
        loud = [first for first, _ in firsts if first.what != words.NOTHING]
        quiet = next((pair for pair in firsts if pair[0].what == words.NOTHING), None)
        self.clause = next((first.clause for first, _ in firsts if first.clause), self.clause)
        self.expected = ", or ".join(wanted(first, self.stage.traits) for first, _ in firsts)
        if quiet and not any(first.within or first.not_before for first in loud):
            yield from self.talk.hush(quiet[0].party)
        else:
            yield from self._wait(lambda: self._fitting(loud) is not None, loud)
        chosen = self._fitting(loud)
        if chosen is not None:
            return next(branch for first, branch in firsts if first is chosen)
        if quiet and not self.talk.links[quiet[0].party].queue:
            return quiet[1]
        heads = [(first.party, head) for first in loud if (head := self._head(first))]
        if heads:
            party, head = heads[0]
            self.found = came(head.what, self.names)
            raise Stopped(Verdict.FAIL, f"{party} expected {self.expected}, came {self.found}")
        raise Stopped(Verdict.FAIL, f"{loud[0].party} expected {self.expected}, nothing came")

    def _fitting(self, firsts: list[Message]) -> Message | None:
        """The branch that what has come belongs to, as far as can be said yet."""
        return self._best([(first, head) for first in firsts if (head := self._head(first))])


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
