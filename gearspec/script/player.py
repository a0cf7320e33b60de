"""What playing a script has in common, whichever role is under test.

A player goes through the steps of a script. What is ours it does, what is the
other side's it waits for and judges. How things are done and where they come
from is what `gearspec.script.play` and `gearspec.script.testee` add.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from gearspec.errors import TargetGone
from gearspec.protocol.clause import load_clauses
from gearspec.script import case as words
from gearspec.script.case import Either, Message, Report, Together
from gearspec.script.check import DEFAULT_WITHIN
from gearspec.script.phrase import came, wanted
from gearspec.script.project import expects, is_loose, is_silence, project
from gearspec.script.value import names_in
from gearspec.script.verdict import Result, Stopped, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from gearspec.script.case import Branch, Call, Case, Listen, Step
    from gearspec.script.encode import Variant
    from gearspec.script.fit import Arrived

_GRADES: Final = {"pass": Verdict.PASS, "tolerated": Verdict.TOLERATED, "recorded": Verdict.RECORDED}


class Head(Protocol):
    """Something that came, and that no line has taken yet."""

    @property
    def at(self) -> float:
        """When it came."""

    @property
    def what(self) -> Arrived:
        """What it is."""


Expected = Message | Report
Doing = TypeVar("Doing")
"""What a play may yield."""
Heard = TypeVar("Heard")
"""What it is sent."""
Found = TypeVar("Found", bound=Head)
"""How what came is kept."""


class Player(ABC, Generic[Doing, Heard, Found]):
    """One play of one case.

    Args:
        case: the case.
        role: what is under test.
        variant: which of the ways to play it.
        edition: the edition of PROTOCOL that the program under test answers to.
        token: makes a fresh word of so many characters.
        grab: the kind of grab that ``GRAB`` and ``ASSIGN`` stand for; None for any.

    Attributes:
        script: the steps as the role sees them.
        names: what is bound.
        clause: what is being decided; None while the script is still setting up.
        step: where the play is.
        expected: what is awaited there, in words.
        found: what came instead, in words.
        loose: who is sent what no line asks for, and it is no matter: parties, or servers of a testee.
    """

    def __init__(
        self,
        case: Case,
        role: str,
        variant: Variant,
        *,
        edition: str,
        token: Callable[[int], str],
        grab: str | None,
    ) -> None:
        self.case, self.role, self.variant = case, role, variant
        self.edition, self.token, self.kind = edition, token, grab
        self.script = project(case.steps, role)
        self.names: dict[str, bytes] = {}
        self.marks: dict[str, float] = {}
        self.clause: str | None = None
        self.verdict = Verdict.PASS
        self.flags: set[str] = set()
        self.loose: set[str] = set()
        self.step: Step = case.steps[0]
        self.expected = self.found = ""

    # --- what differs -----------------------------------------------------------------------

    @abstractmethod
    def act(self, step: Message | Listen | Call, rest: tuple[Step, ...]) -> Generator[Doing, Heard, None]:
        """Play a line that is ours; `rest` is what follows it."""

    def prompt(
        self,
        steps: list[Expected],  # noqa: ARG002 - for those that override it
        rest: tuple[Step, ...],  # noqa: ARG002 - likewise
    ) -> Generator[Doing, Heard, None]:
        """Bring about what these lines expect, where that takes more than the script says."""
        yield from ()

    def sort_out(self, stop: Stopped) -> Generator[Doing, Heard, Stopped]:
        """Find out more about why the play cannot go on."""
        yield from ()
        return stop

    @abstractmethod
    def head(self, step: Expected) -> Found | None:
        """What a line would take now."""

    @abstractmethod
    def take(self, step: Expected, head: Found) -> None:
        """Take it; it fits."""

    @abstractmethod
    def fits(self, step: Expected, what: Arrived) -> dict[str, bytes] | None:
        """The names that a line binds to what came; None if it is not what the line says."""

    @abstractmethod
    def same(self, step: Expected, what: Arrived) -> bool:
        """Whether it is the message of the line, whatever its arguments."""

    @abstractmethod
    def malformed(self, what: Arrived) -> str | None:
        """What is wrong with the structure of a packet that a line takes."""

    @abstractmethod
    def await_any(self, ready: Callable[[], bool], steps: list[Expected]) -> Generator[Doing, Heard, None]:
        """Wait until `ready`, or until the lines can be said not to be met."""

    @abstractmethod
    def hush(self, step: Message, loud: list[Expected]) -> Generator[Doing, Heard, None]:
        """Make sure that all that was to come to a silent line has come; `loud` are the lines beside it."""

    @property
    @abstractmethod
    def acted_at(self) -> float:
        """When we last did something."""

    # --- the course of it -------------------------------------------------------------------

    def course(self, end: Generator[Doing, Heard, None]) -> Generator[Doing, Heard, Result]:
        """Play all steps and the end; what that comes to."""
        try:
            yield from self.steps(self.script)
            yield from end
        except Stopped as stop:
            stop = yield from self.sort_out(stop)
            return self.stopped(stop.verdict, stop.message)
        except TargetGone as gone:
            return self.stopped(Verdict(gone.outcome), gone.message)
        return Result(self.verdict, ", ".join(sorted(self.flags)), tuple(sorted(self.flags)), self.clause)

    def stopped(self, verdict: Verdict, message: str) -> Result:
        """The result of a play that went no further."""
        clause = load_clauses()[self.clause] if self.clause else None
        if verdict is Verdict.FAIL and clause and not clause.in_edition(self.edition):
            return Result(Verdict.RECORDED, message, (f"not-in-{self.edition}",), self.clause, self.step.line)
        return Result(
            verdict=verdict,
            message=f"{self.clause or 'setup'}: {message}",
            clause=self.clause,
            line=self.step.line,
            expected=self.expected,
            came=self.found,
        )

    def steps(self, steps: tuple[Step, ...], after: tuple[Step, ...] = ()) -> Generator[Doing, Heard, None]:
        """Play steps one after the other; `after` is what follows them."""
        for index, step in enumerate(steps):
            rest = steps[index + 1 :] + after
            self.step = step
            if isinstance(step, Either):
                yield from self.either(step, rest)
            elif isinstance(step, Together):
                yield from self.together(step, rest)
            elif isinstance(step, Report) or (isinstance(step, Message) and expects(step, self.role)):
                yield from self.expect(step, rest)
            else:
                yield from self.act(step, rest)

    # --- names and marks --------------------------------------------------------------------

    def bind(self, step: Message | Call) -> None:
        """Make the names that this line is the first to hold."""
        unnamed = step.args if isinstance(step, Message) and step.args else ()
        for argument, value in [*step.values.items(), *(("", value) for value in unnamed)]:
            for name in names_in(value):
                if name not in self.names:
                    self.names[name] = self._fresh(argument)

    def _fresh(self, argument: str) -> bytes:
        """A new value of 16 bytes; one for a handle looks like a handle."""
        word = self.token(11).encode()
        return b"H:gs:" + word if argument == "handle" else b"gear-" + word

    @property
    def shown(self) -> dict[bytes, str]:
        """The values that are bound, and how they are printed."""
        return {value: f"${name}" for name, value in self.names.items() if value}

    def mark(self, step: Step, at: float) -> None:
        """Note the moment of a line that gives it a name."""
        if isinstance(step, Message) and step.mark is not None:
            self.marks[step.mark] = at

    def base(self, step: Expected) -> float:
        """The moment that the times of a line count from."""
        since = step.since if isinstance(step, Message) else None
        return self.acted_at if since is None else self.marks[since]

    def timed(self, step: Expected) -> bool:
        """Whether a line says itself when it has to come."""
        return step.within is not None or (isinstance(step, Message) and step.not_before is not None)

    def deadline(self, steps: Iterable[Expected]) -> float:
        """Until when the last of some lines has to come."""
        return max(self.base(step) + self._patience(step) for step in steps)

    @staticmethod
    def _patience(step: Expected) -> float:
        early = (step.not_before if isinstance(step, Message) else None) or 0.0
        return step.within or early + DEFAULT_WITHIN

    # --- expecting --------------------------------------------------------------------------

    def expect(self, step: Expected, rest: tuple[Step, ...]) -> Generator[Doing, Heard, None]:
        """Play a line that the other side has to send, or must not."""
        self.turn_to(step)
        if isinstance(step, Message) and step.what == words.NOTHING:
            yield from self.expect_nothing(step, rest)
            return
        if is_loose(step):
            self.loose.add(self.place(step))
            return
        yield from self.prompt([step], rest)
        for _ in range(step.times if isinstance(step, Message) else 1):
            head = yield from self.await_head(step)
            self.judge(step, head)

    def turn_to(self, step: Expected) -> None:
        """From here on, failures are about this line, and its clause if it has one."""
        self.step = step
        self.clause = step.clause or self.clause
        self.expected, self.found = wanted(step, self.kind), ""

    def expect_nothing(
        self,
        step: Message,
        rest: tuple[Step, ...],  # noqa: ARG002 - for those that override it
    ) -> Generator[Doing, Heard, None]:
        """Play a line that says that nothing comes."""
        yield from self.hush(step, [])
        head = self.head(step)
        if head is not None:
            raise self.unexpected(step, head)

    def await_head(self, step: Expected) -> Generator[Doing, Heard, Found]:
        """What a line takes, once it has come."""
        yield from self.await_any(lambda: self.head(step) is not None, [step])
        head = self.head(step)
        if head is None:
            raise self.silence(step)
        return head

    def silence(self, step: Expected) -> Stopped:
        """Nothing came."""
        return Stopped(
            Verdict.FAIL, f"{self.place(step)} expected {self.expected}, nothing came", silence=True
        )

    def unexpected(self, step: Expected, head: Found) -> Stopped:
        """Something else came."""
        self.found = came(head.what, self.names)
        return Stopped(Verdict.FAIL, f"{self.place(step)} expected {self.expected}, came {self.found}")

    @staticmethod
    def place(step: Expected) -> str:
        """Where a line is met."""
        return step.receiver if isinstance(step, Message) else f"the user of the {step.party}"

    def judge(self, step: Expected, head: Found) -> None:
        """Hold what came against a line: bind its names, or fail."""
        bound = self.fits(step, head.what)
        wrong = self.malformed(head.what) if bound is not None or self.same(step, head.what) else None
        if wrong:
            self.found = came(head.what, self.names)
            raise Stopped(Verdict.FAIL, f"{self.place(step)} got a malformed packet: {wrong}")
        if bound is None:
            raise self.unexpected(step, head)
        if isinstance(step, Message):
            early = step.not_before
            if early is not None and head.at < self.base(step) + early:
                self.found = "it came earlier"
                what = f"expected {self.expected}, it came before {early:g} s had passed"
                raise Stopped(Verdict.FAIL, f"{self.place(step)} {what}")
        self.names.update(bound if not isinstance(step, Message) or step.times == 1 else {})
        self.take(step, head)
        self.mark(step, head.at)

    # --- together and either ----------------------------------------------------------------

    def together(self, step: Together, rest: tuple[Step, ...]) -> Generator[Doing, Heard, None]:
        """Lines that come in any order: each thing that comes is taken by the first line it fits."""
        left = [s for s in step.steps for _ in range(s.times if isinstance(s, Message) else 1)]
        yield from self.prompt(left, rest)
        while left:
            self.turn_to(left[0])
            yield from self.await_any(lambda: any(self.head(one) for one in left), left)
            heads = [(one, head) for one in left if (head := self.head(one)) is not None]
            if not heads:
                raise self.silence(left[0])
            chosen, head = self._best(heads) or heads[0]
            self.turn_to(chosen)
            self.judge(chosen, head)
            left.remove(chosen)

    def _best(self, heads: list[tuple[Expected, Found]]) -> tuple[Expected, Found] | None:
        """Among lines and what came for each: the first full match, else the first of the same message."""
        full = (pair for pair in heads if self.fits(pair[0], pair[1].what) is not None)
        same = (pair for pair in heads if self.same(pair[0], pair[1].what))
        return next(full, None) or next(same, None)

    def either(self, step: Either, rest: tuple[Step, ...]) -> Generator[Doing, Heard, None]:
        """A fork: by choice where it is ours, by what comes where it is not (S7)."""
        chosen = dict(self.variant.choices).get(step.line)
        branch = step.branches[chosen] if chosen is not None else (yield from self._choose(step, rest))
        if branch.flag:
            self.flags.add(branch.flag)
            grade = _GRADES[branch.grade]
            self.verdict = max(self.verdict, grade, key=lambda verdict: verdict.rank)
        yield from self.steps(branch.steps, rest)

    def _choose(self, step: Either, rest: tuple[Step, ...]) -> Generator[Doing, Heard, Branch]:
        firsts = [(first_expected(branch), branch) for branch in step.branches]
        loud = [first for first, _ in firsts if not is_silence(first)]
        quiet = next((pair for pair in firsts if is_silence(pair[0])), None)
        self.clause = next((first.clause for first, _ in firsts if first.clause), self.clause)
        self.expected = ", or ".join(wanted(first, self.kind) for first, _ in firsts)
        yield from self.prompt(loud, rest)
        if quiet and not any(self.timed(first) for first in loud):
            assert isinstance(quiet[0], Message)
            yield from self.hush(quiet[0], loud)
        else:
            yield from self.await_any(lambda: self._fitting(loud) is not None, loud)
        chosen = self._fitting(loud)
        if chosen is not None:
            return next(branch for first, branch in firsts if first is chosen)
        if quiet and self.head(quiet[0]) is None:
            return quiet[1]
        for first in loud:
            head = self.head(first)
            if head is not None:
                raise self.unexpected(first, head)
        raise self.silence(loud[0])

    def _fitting(self, firsts: list[Expected]) -> Expected | None:
        """The branch that what has come belongs to, as far as can be said yet."""
        best = self._best([(first, head) for first in firsts if (head := self.head(first)) is not None])
        return best[0] if best else None


def first_expected(branch: Branch) -> Expected:
    """The line that a branch begins with, where what comes decides."""
    first = branch.steps[0]
    assert isinstance(first, Message | Report), "the checker wants every branch to begin with such a line"
    return first
