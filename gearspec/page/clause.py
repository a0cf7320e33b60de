"""The pages of the clauses: one for each group, and an index of all of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gearspec.page.account import accounts, concerns
from gearspec.page.template import Page, render
from gearspec.page.words import load_words
from gearspec.protocol.clause import GROUPS, load_clauses
from gearspec.tally import decided

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gearspec.page.account import Account, Subject
    from gearspec.protocol.clause import Clause
    from gearspec.script.case import Case


@dataclass(slots=True)
class Habit:
    """What one program does about one clause.

    Attributes:
        about: what the program is, in a few words.
        tried: in how many items the clause was decided.
        otherwise: those in which it did otherwise, for the sake of this clause.
    """

    about: str
    tried: int = 0
    otherwise: list[Account] = field(default_factory=list)


def clause_pages(cases: Sequence[Case], subjects: Sequence[Subject]) -> Iterator[Page]:
    """A page for each group, and the index.

    Args:
        cases: those that come with gearspec.
        subjects: the programs that were run.
    """
    clauses = list(load_clauses().values())
    deciding: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for name in case.clauses:
            deciding[name].append(case)
    found = {case.id: accounts(case, subjects) for case in cases}
    groups = {group: [clause for clause in clauses if clause.group == group] for group in GROUPS}
    yield Page("clauses/index.html", render("clauses.html", groups=groups, words=load_words().groups))
    for group, own in groups.items():
        habits = {clause.id: habits_of(clause, deciding[clause.id], found) for clause in own}
        yield Page(f"clauses/{group}.html", clause_page(group, own, deciding, habits))


def clause_page(
    group: str,
    clauses: Sequence[Clause],
    deciding: Mapping[str, Sequence[Case]],
    habits: Mapping[str, Mapping[str, Habit]],
) -> str:
    """The page of one group.

    Args:
        group: its name.
        clauses: those in it.
        deciding: the cases that decide each of them, by its id.
        habits: what programs do about each of them, by its id and the name of the program.
    """
    return render(
        "clause.html",
        group=group,
        words=load_words().groups,
        clauses=clauses,
        deciding=deciding,
        habits=habits,
    )


def habits_of(
    clause: Clause, cases: Sequence[Case], found: Mapping[str, Sequence[Account]]
) -> dict[str, Habit]:
    """What programs do about a clause, by their names.

    Args:
        clause: whichever.
        cases: those that decide it.
        found: what programs did in each case, by its id.
    """
    habits: dict[str, Habit] = {}
    for case in cases:
        for account in found[case.id]:
            told = decided(account.verdict, account.clause, case.clauses)
            if account.role in clause.roles and clause.id in told:
                habit = habits.setdefault(account.program, Habit(account.about))
                habit.tried += 1
                habit.otherwise += [account] if concerns(account, clause.id, case) else []
    return habits
