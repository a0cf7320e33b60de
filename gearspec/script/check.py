"""Whether a case holds together, before anything is sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gearspec.errors import ScriptError
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import BY_NAME
from gearspec.script import case as words
from gearspec.script.case import Branch, Call, Case, Either, Message, Report, Step, Together
from gearspec.script.errand import BACKGROUND, OPERATIONS, SUBMITS, written
from gearspec.script.project import SERVER, concerns, expects, is_loose, is_silence, project
from gearspec.script.step import StepParser
from gearspec.script.value import AnyOf, Clock, Matches, Value, longest, names_in

DEFAULT_WITHIN: Final = 2.0
"""Seconds in which an expected line must come when it does not say."""
SILENT: Final = {
    **dict.fromkeys(("unique", "reducer", "workload", "data", "text", "id"), b""),
    **dict.fromkeys(("numerator", "denominator"), b"0"),
}
"""What is sent for an argument that is not written; every other one must be."""
LARGEST: Final = 256 * 1024 * 1024
"""Bytes that a line may be; what is written is held in memory, several times over."""
_ENDS: Final = frozenset({words.CLOSE, words.RESET, words.HALF_CLOSE})
_CUT: Final = _ENDS | {words.NOTHING, words.ANYTHING}
_OVER: Final = _ENDS | {"WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION", "ERROR"}
"""What ends a job of a client, or all of them."""


@dataclass(slots=True)
class _Scope:
    """What is known at one place of a script."""

    names: set[str] = field(default_factory=set)
    parties: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)

    def copy(self) -> _Scope:
        return _Scope(set(self.names), set(self.parties), set(self.marks))

    def meet(self, scopes: list[_Scope]) -> None:
        """Keep what every branch left: names of a branch not taken do not exist."""
        self.names |= set.intersection(*(scope.names for scope in scopes))
        self.parties |= set.intersection(*(scope.parties for scope in scopes))
        self.marks |= set.intersection(*(scope.marks for scope in scopes))


def check_case(case: Case) -> None:
    """Refuse a case that could not be played, or would decide nothing.

    Raises:
        ScriptError: the first fault, with file and line.
    """
    for clause in case.clauses:
        if clause not in load_clauses():
            raise ScriptError(f"there is no clause '{clause}'", case.path, case.line)
    decided = set()
    for role in case.under_test:
        checker = _Checker(case, role)
        checker.steps(case.steps, _Scope())
        if not checker.decided:
            raise ScriptError(f"no line of this case decides a clause for a {role}", case.path, case.line)
        decided |= checker.decided
    if missing := [clause for clause in case.clauses if clause not in decided]:
        raise ScriptError(f"no line says 'clause: {missing[0]}', which the case lists", case.path, case.line)


class _Checker:
    """Walks a case as one role sees it."""

    def __init__(self, case: Case, role: str) -> None:
        self.case, self.role = case, role
        self.decided: set[str] = set()
        self.written = written(case.steps, role)
        self.open = 0  # foreground jobs of the client that the script has not ended
        self.batching = False

    def error(self, message: str, step: Step | Branch) -> ScriptError:
        return ScriptError(message, self.case.path, step.line)

    def steps(self, steps: tuple[Step, ...], scope: _Scope) -> None:
        for step in steps:
            if isinstance(step, Message | Call | Report) and _size(step) > LARGEST:
                raise self.error(f"this line is more than {LARGEST} bytes", step)
            if isinstance(step, Message):
                self.message(step, scope)
            elif isinstance(step, Together):
                self.together(step, scope)
            elif isinstance(step, Either):
                self.either(step, scope)
            elif isinstance(step, Call) and concerns(step, self.role):
                self.call(step, scope)
            elif isinstance(step, Report) and concerns(step, self.role):
                self.report(step, scope)

    def together(self, step: Together, scope: _Scope) -> None:
        if any(concerns(line, self.role) != concerns(step.steps[0], self.role) for line in step.steps):
            raise self.error(f"a part of this 'together' is not seen by a {self.role} under test", step)
        for line in step.steps:
            if not concerns(line, self.role):
                continue
            if not expects(line, self.role) or is_silence(line) or is_loose(line):
                raise self.error(
                    "'together' holds only lines that are expected, and not 'nothing' or 'anything'", line
                )
            self.steps((line,), scope)

    def either(self, step: Either, scope: _Scope) -> None:
        firsts = [next(iter(project(branch.steps, self.role)), None) for branch in step.branches]
        kinds = {first is not None and expects(first, self.role) for first in firsts}
        if any(isinstance(first, Together | Either) for first in firsts) or (
            any(firsts) and (None in firsts or len(kinds) > 1)
        ):
            raise self.error(
                f"all branches begin with an expected line, or all with a sent one (seen by a {self.role})",
                step,
            )
        if loose := next((first for first in firsts if first and is_loose(first)), None):
            raise self.error("'anything' begins no branch, since it waits for nothing", loose)
        scopes, before = [], self.open
        for branch in step.branches:
            inner, self.open = scope.copy(), before
            self.steps(branch.steps, inner)
            scopes.append(inner)
        scope.meet(scopes)

    def message(self, step: Message, scope: _Scope) -> None:
        self.direction(step)
        if not concerns(step, self.role):
            return
        if step.since is not None and step.since not in scope.marks:
            raise self.error(f"no earlier line has 'mark: {step.since}'", step)
        if expects(step, self.role):
            self.expecting(step, scope)
        else:
            self.sending(step, scope)
        if step.mark is not None:
            scope.marks.add(step.mark)

    def direction(self, step: Message) -> None:
        row = BY_NAME.get(step.what)
        if row and not (row.senders if step.sent else row.receivers):
            who = "to a server" if step.sent else "by a server"
            raise self.error(f"{step.what} is never sent {who}", step)
        if step.args is not None and step.what not in BY_NAME:
            raise self.error(f"{step.what} takes no 'args', since it is no message of the table", step)
        if step.what in {words.GRAB, words.ASSIGN} and step.sent is (step.what == words.ASSIGN):
            raise self.error(f"{step.what} goes the other way", step)
        if step.what == words.TABLE and step.sent:
            raise self.error("a TABLE is what a server answers", step)
        if step.clause and step.clause not in self.case.clauses:
            raise self.error(f"the clause '{step.clause}' is not among those of the case", step)

    def connected(self, step: Message, scope: _Scope) -> None:
        if step.party not in scope.parties:
            raise self.error(f"{step.party} has not sent anything yet, so it has no connection", step)

    # --- ours -------------------------------------------------------------------------------

    def sending(self, step: Message, scope: _Scope) -> None:
        alone = len(self.case.under_test) == 1  # another role may look at what this line only says
        if alone and (step.within is not None or step.not_before is not None):
            raise self.error("'within' and 'not-before' stand on a line that is expected", step)
        if step.what in {words.NOTHING, words.ANYTHING, words.TABLE}:
            raise self.error(f"'{step.what}' can only be expected", step)
        if alone and step.clause:
            raise self.error(
                "'clause' stands on the line that decides it, and that is one that is expected", step
            )
        if step.what in _ENDS and self.role == SERVER:
            self.connected(step, scope)
        needed = StepParser.arguments(step.what) if step.args is None else ()
        if missing := [name for name in needed if name not in SILENT and name not in step.values]:
            raise self.error(f"{step.what} that is sent must say its {missing[0]}", step)
        for value in _values(step):
            self.render(step, value, scope, binds=step.times == 1)
        scope.parties.add(step.party)
        self.batching = False
        if step.what in _OVER:
            self.open = max(0, self.open - 1) if step.what in BY_NAME else 0

    def render(self, step: Message | Call, value: Value, scope: _Scope, *, binds: bool = True) -> None:
        """A value that is ours to make."""
        if _holds(value, AnyOf | Matches):
            raise self.error("any-of and matches stand only on a line that is expected", step)
        if binds:
            scope.names.update(names_in(value))
        elif unbound := set(names_in(value)) - scope.names:
            raise self.error(f"${min(unbound)} is not bound yet, and a line with 'times' binds nothing", step)

    def call(self, step: Call, scope: _Scope) -> None:
        """What a testee is asked."""
        for value in step.values.values():
            self.render(step, value, scope)
        if step.operation not in {"connect", "quit"}:
            self.ask(step, step.operation == "submit", "background" in step.settings)

    def ask(self, step: Call | Message, submits: bool, background: bool) -> None:  # noqa: FBT001 - see below
        """A client library that blocks takes nothing while a job of its own is under way, but one batch."""
        if self.role != "client":
            return
        if self.open and not (submits and self.batching) and "concurrent" not in self.case.needs:
            raise self.error("a client is asked while its job is under way, which needs: [concurrent]", step)
        self.batching = submits
        self.open += submits and not background

    # --- theirs -----------------------------------------------------------------------------

    def expecting(self, step: Message, scope: _Scope) -> None:
        if len(self.case.under_test) == 1 and (
            step.frame != words.Frame() or step.split is not None or step.anywhere or step.join
        ):
            raise self.error("frame, split and join stand on a line that is sent", step)
        if self.role == SERVER:
            self.connected(step, scope)
        self.decide(step)
        if step.what in _CUT and (step.values or step.args or step.times > 1):
            raise self.error(f"{step.what} takes no arguments", step)
        if step.what == words.TEXT and "line" not in step.values:
            raise self.error("TEXT says its line", step)
        implied = self.role != SERVER and self.implies(step)
        if implied and self.role == "client":
            self.ask(step, step.what in SUBMITS, step.what in BACKGROUND)
        for value in _values(step):
            if implied and not _holds(value, AnyOf | Matches):
                scope.names.update(names_in(value))
            self.capture(step, value, scope)

    def implies(self, step: Message) -> bool:
        """Whether a testee is asked for this line although the script does not say so (K2, W3)."""
        operation = OPERATIONS[self.role].get(step.what)
        return operation is not None and operation not in self.written

    def report(self, step: Report, scope: _Scope) -> None:
        """What a testee tells."""
        if step.clause and step.clause not in self.case.clauses:
            raise self.error(f"the clause '{step.clause}' is not among those of the case", step)
        self.decide(step)
        for value in step.values.values():
            self.capture(step, value, scope)
        self.open -= step.event == "error" and self.open > 0

    def decide(self, step: Message | Report) -> None:
        if step.clause:
            self.decided.add(step.clause)

    def capture(self, step: Message | Report, value: Value, scope: _Scope) -> None:
        whole = getattr(value, "name", None)
        single = isinstance(step, Report) or (step.times == 1 and step.what != words.TABLE)
        if whole and single:
            scope.names.add(whole)
        elif unbound := set(names_in(value)) - scope.names:
            raise self.error(f"${min(unbound)} is not bound here; only a whole value can bind it", step)
        if _holds(value, Clock) and len(self.case.under_test) == 1:
            raise self.error("clock stands only on a line that is sent", step)


def _size(step: Message | Call | Report) -> int:
    if isinstance(step, Message):
        return sum(map(longest, _values(step))) * step.times
    return sum(map(longest, step.values.values()))


def _values(step: Message) -> list[Value]:
    cells = [cell for row in step.rows for cell in row if cell is not None]
    return [*step.values.values(), *(step.args or ()), *cells]


def _holds(value: Value, kind: object) -> bool:
    if isinstance(value, kind):  # type: ignore[arg-type] # a class or a union of classes
        return True
    inner = getattr(value, "values", ()) or ((value.value,) if hasattr(value, "value") else ())
    return any(_holds(child, kind) for child in inner)
