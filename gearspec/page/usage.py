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
    from collections.abc import Collection, Iterable, Mapping, Sequence

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
        tested: the cases in which a line of it decides a clause, or one of what answers it.
        kindred: those in which a line does that which stands for it or another message.
        used: the other cases in which it occurs.
    """

    clauses: dict[str, Clause] = field(default_factory=dict)
    decided: dict[str, Clause] = field(default_factory=dict)
    tested: dict[str, Case] = field(default_factory=dict)
    kindred: dict[str, Case] = field(default_factory=dict)
    used: dict[str, Case] = field(default_factory=dict)


def usages(cases: Iterable[Case], answers: Mapping[str, Collection[str]]) -> dict[str, Usage]:
    """What each message has to do with, by its name.

    Args:
        cases: those to look at.
        answers: the messages that answer each message.
    """
    found = {name: Usage() for name in BY_NAME}
    for clause in load_clauses().values():
        for name in BY_NAME.keys() & set(re.findall(r"\b[A-Z_]+\b", clause.text)):
            found[name].clauses[clause.id] = clause
    for case in cases:
        lines = [step for step in walk(case.steps) if isinstance(step, Message)]
        for name, usage in found.items():
            own, replies = _lines_of({name}, lines), _lines_of(answers.get(name, ()), lines)
            _note(usage, case, own, replies)
    return found


def _lines_of(names: Collection[str], lines: Sequence[Message]) -> list[Message]:
    return [line for line in lines if any(name in names for name in _ANY_OF.get(line.what, (line.what,)))]


def _note(usage: Usage, case: Case, lines: Sequence[Message], replies: Sequence[Message]) -> None:
    """A case has some lines of a message, and some that may answer them."""
    deciding = [line for line in lines if line.clause]
    named = [line for line in lines if line.what not in _ANY_OF]
    for clause in (load_clauses()[str(line.clause)] for line in deciding):
        if clause.id not in usage.clauses:
            usage.decided[clause.id] = clause
    if named and any(line.clause for line in (*named, *replies)):
        usage.tested[case.id] = case
    elif deciding:
        usage.kindred[case.id] = case
    elif lines:
        usage.used[case.id] = case
