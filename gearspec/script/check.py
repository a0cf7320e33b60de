"""Whether a case holds together, before anything is sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gearspec.errors import ScriptError
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import BY_NAME
from gearspec.script import case as words
from gearspec.script.case import Branch, Case, Either, Message, Step, Together
from gearspec.script.step import StepParser
from gearspec.script.value import AnyOf, Clock, Matches, Value, names_in

DEFAULT_WITHIN: Final = 2.0
"""Seconds in which an expected line must come when it does not say."""
SILENT: Final = {
    **dict.fromkeys(("unique", "reducer", "workload", "data", "text", "id"), b""),
    **dict.fromkeys(("numerator", "denominator"), b"0"),
}
"""What is sent for an argument that is not written; every other one must be."""
_CUT: Final = frozenset({words.CLOSE, words.RESET, words.HALF_CLOSE, words.NOTHING})


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

    def error(self, message: str, step: Step | Branch) -> ScriptError:
        return ScriptError(message, self.case.path, step.line)

    def concerns(self, step: Message) -> bool:
        return self.role in {"server", step.party}

    def sent(self, step: Message) -> bool:
        """Whether the harness sends this line when the role is under test."""
        return step.sent is (self.role == "server")

    def steps(self, steps: tuple[Step, ...], scope: _Scope) -> None:
        for step in steps:
            if isinstance(step, Message):
                self.message(step, scope)
            elif isinstance(step, Together):
                self.together(step, scope)
            elif isinstance(step, Either):
                self.either(step, scope)

    def together(self, step: Together, scope: _Scope) -> None:
        for line in step.steps:
            if isinstance(line, Message):
                if line.sent is not (self.role != "server") or line.what == words.NOTHING:
                    raise self.error("'together' holds only lines that are expected, and not 'nothing'", line)
                self.message(line, scope)

    def either(self, step: Either, scope: _Scope) -> None:
        firsts = [
            next((s for s in b.steps if isinstance(s, Message) and self.concerns(s)), None)
            for b in step.branches
        ]
        kinds = {self.sent(first) for first in firsts if first is not None}
        if (
            len(kinds) > 1
            or (kinds and None in firsts)
            or any(isinstance(b.steps[0], Together) for b in step.branches)
        ):
            raise self.error("all branches begin with an expected line, or all with a sent one", step)
        scopes = []
        for branch in step.branches:
            inner = scope.copy()
            self.steps(branch.steps, inner)
            scopes.append(inner)
        scope.meet(scopes)

    def message(self, step: Message, scope: _Scope) -> None:
        self.direction(step)
        if not self.concerns(step):
            return
        if step.since is not None and step.since not in scope.marks:
            raise self.error(f"no earlier line has 'mark: {step.since}'", step)
        if self.sent(step):
            self.sending(step, scope)
        else:
            self.expecting(step, scope)
        if step.mark is not None:
            scope.marks.add(step.mark)

    def direction(self, step: Message) -> None:
        row = BY_NAME.get(step.what)
        if row and not (row.senders if step.sent else row.receivers):
            who = "to a server" if step.sent else "by a server"
            raise self.error(f"{step.what} is never sent {who}", step)
        if step.what in {words.GRAB, words.ASSIGN} and step.sent is (step.what == words.ASSIGN):
            raise self.error(f"{step.what} goes the other way", step)
        if step.what == words.TABLE and step.sent:
            raise self.error("a TABLE is what a server answers", step)

    def sending(self, step: Message, scope: _Scope) -> None:
        if step.within is not None or step.not_before is not None:
            raise self.error("'within' and 'not-before' stand on a line that is expected", step)
        if step.what in {words.NOTHING, words.TABLE}:
            raise self.error(f"'{step.what}' can only be expected", step)
        if step.clause:
            raise self.error(
                "'clause' stands on the line that decides it, and that is one that is expected", step
            )
        needed = StepParser.arguments(step.what) if step.args is None else ()
        if missing := [name for name in needed if name not in SILENT and name not in step.values]:
            raise self.error(f"{step.what} that is sent must say its {missing[0]}", step)
        for value in _values(step):
            if _holds(value, AnyOf | Matches):
                raise self.error("any-of and matches stand only on a line that is expected", step)
            if step.times == 1:
                scope.names.update(names_in(value))
            elif unbound := set(names_in(value)) - scope.names:
                raise self.error(
                    f"${min(unbound)} is not bound yet, and a line with 'times' binds nothing", step
                )
        scope.parties.add(step.party)

    def expecting(self, step: Message, scope: _Scope) -> None:
        if step.frame != words.Frame() or step.split is not None or step.anywhere or step.join:
            raise self.error("frame, split and join stand on a line that is sent", step)
        if self.role == "server" and step.party not in scope.parties:
            raise self.error(f"{step.party} has not sent anything yet, so it has no connection", step)
        if step.clause:
            if step.clause not in self.case.clauses:
                raise self.error(f"the clause '{step.clause}' is not among those of the case", step)
            self.decided.add(step.clause)
        if step.what in _CUT and (step.values or step.args or step.times > 1):
            raise self.error(f"{step.what} takes no arguments", step)
        if step.what == words.TEXT and "line" not in step.values:
            raise self.error("TEXT says its line", step)
        for value in _values(step):
            self.capture(step, value, scope)

    def capture(self, step: Message, value: Value, scope: _Scope) -> None:
        whole = getattr(value, "name", None)
        if whole and step.times == 1 and step.what != words.TABLE:
            scope.names.add(whole)
        elif unbound := set(names_in(value)) - scope.names:
            raise self.error(f"${min(unbound)} is not bound here; only a whole value can bind it", step)
        if _holds(value, Clock):
            raise self.error("clock stands only on a line that is sent", step)


def _values(step: Message) -> list[Value]:
    cells = [cell for row in step.rows for cell in row if cell is not None]
    return [*step.values.values(), *(step.args or ()), *cells]


def _holds(value: Value, kind: object) -> bool:
    if isinstance(value, kind):  # type: ignore[arg-type] # a class or a union of classes
        return True
    inner = getattr(value, "values", ()) or ((value.value,) if hasattr(value, "value") else ())
    return any(_holds(child, kind) for child in inner)
