"""Which cases and clauses a message has to do with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import BY_NAME, GRABS
from gearspec.script.case import ASSIGN, GRAB, Message
from gearspec.script.load import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gearspec.protocol.clause import Clause
    from gearspec.script.case import Case

_ANY_OF: Final = {GRAB: tuple(GRABS), ASSIGN: tuple(GRABS.values())}
"""The words of a script that stand for one of several messages."""


@dataclass(slots=True)
class Usage:
    """What a message has to do with.

    Attributes:
        clauses: those that name it.
        decided: the other clauses that a line of it decides.
        tested: the cases in which a line of it decides a clause.
        used: the other cases in which it occurs.
    """

    clauses: dict[str, Clause] = field(default_factory=dict)
    decided: dict[str, Clause] = field(default_factory=dict)
    tested: dict[str, Case] = field(default_factory=dict)
    used: dict[str, Case] = field(default_factory=dict)

    def note(self, case: Case, clause: str | None) -> None:
        """A case has a line of it, which decides a clause or nothing."""
        if clause:
            self.tested[case.id] = case
            self.used.pop(case.id, None)
            if clause not in self.clauses:
                self.decided[clause] = load_clauses()[clause]
        elif case.id not in self.tested:
            self.used[case.id] = case


def usages(cases: Iterable[Case]) -> dict[str, Usage]:
    """What each message has to do with, by its name."""
    found = {name: Usage() for name in BY_NAME}
    for clause in load_clauses().values():
        for name in BY_NAME.keys() & set(re.findall(r"\b[A-Z_]+\b", clause.text)):
            found[name].clauses[clause.id] = clause
    for case in cases:
        for step in walk(case.steps):
            if isinstance(step, Message):
                for name in _ANY_OF.get(step.what, (step.what,)):
                    if name in found:
                        found[name].note(case, step.clause)
    return found
