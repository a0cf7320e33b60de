"""Who does what: programs side by side, by area, by clause and by case.

There is a board for each role, since a server and a worker have no case in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.harness.expectation import case_of
from gearspec.protocol.clause import GROUPS, LEVELS, load_clauses
from gearspec.script.case import ROLES
from gearspec.suite import case_level, own_cases, own_properties, role_of
from gearspec.tally import Count, decided

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gearspec.log import Log
    from gearspec.protocol.clause import Clause
    from gearspec.standing import Finding, Standing

ELSEWHERE: Final = "other"
"""The area of a case whose clauses are not ours, as those of another version of gearspec may be."""
KEPT: Final = "kept"
BROKEN: Final = "broken"
OPEN: Final = "not exercised"
ABSENT: Final = "not in its edition"
UNTRIED: Final = ""
"""What a program makes of a clause; the last where no case of its run decides it."""


class Entry(NamedTuple):
    """What is known of a case without a run.

    Attributes:
        title: of the case.
        level: the strongest of its clauses.
        clauses: what it decides.
    """

    title: str
    level: str
    clauses: tuple[str, ...]


Catalogue = dict[str, Entry]
"""Cases by their ids."""


class Line(NamedTuple):
    """One case, with what each program came to."""

    item: str
    entry: Entry
    findings: list[Finding | None]


@dataclass(frozen=True, slots=True)
class Board:
    """The programs that have a role.

    Attributes:
        role: server, client or worker.
        standings: a column each.
        must: for each, how many must-clauses it keeps.
        areas: by the area, how many of its cases each program passes.
        clauses: by the area, what each program makes of a clause, such as `KEPT`.
        cases: by the area, its cases.
    """

    role: str
    standings: list[Standing]
    must: list[Count]
    areas: dict[str, list[Count]]
    clauses: dict[str, list[tuple[Clause, list[str]]]]
    cases: dict[str, list[Line]]


def areas_of(clauses: Iterable[str]) -> list[str]:
    """What some clauses are about, in the order of `GROUPS`."""
    known = load_clauses()
    groups = {known[name].group if name in known else ELSEWHERE for name in clauses} or {ELSEWHERE}
    return [area for area in (*GROUPS, ELSEWHERE) if area in groups]


def own_catalogue() -> Catalogue:
    """The cases and the properties that come with gearspec."""
    own = own_cases() + own_properties()
    return {case.id: Entry(case.title, case_level(case), case.clauses) for case in own}


def log_catalogue(log: Log) -> Catalogue:
    """The cases of a run, some of which may be a user's."""
    return {
        record["case"]: Entry(record["title"], record["level"], tuple(record["clauses"]))
        for record in log.records.values()
    }


def make_boards(standings: Sequence[Standing], catalogue: Catalogue) -> list[Board]:
    """A board for each role that a program was tested in."""
    return [
        _board(role, mine, catalogue)
        for role in ROLES
        if (mine := [standing for standing in standings if role in standing.roles])
    ]


def _board(role: str, standings: list[Standing], catalogue: Catalogue) -> Board:
    stances = [stance(standing, role, catalogue) for standing in standings]
    items = {item for standing in standings for item in standing.findings if role_of(item) == role}
    areas: dict[str, list[Count]] = {}
    cases: dict[str, list[Line]] = {}
    for item in sorted(items):
        entry = _entry(item, catalogue)
        findings = [standing.findings.get(item) for standing in standings]
        groups = areas_of(entry.clauses)
        cases.setdefault(groups[0], []).append(Line(item, entry, findings))
        for area in groups:
            for count, finding in zip(
                areas.setdefault(area, [Count() for _ in standings]), findings, strict=True
            ):
                if finding:
                    count.add(finding.verdict)
    order = [area for area in (*GROUPS, ELSEWHERE) if area in areas]
    return Board(
        role,
        standings,
        [count_must(one) for one in stances],
        {area: areas[area] for area in order},
        _clauses(role, stances),
        {area: cases[area] for area in order if area in cases},
    )


def _clauses(role: str, stances: Sequence[Mapping[str, str]]) -> dict[str, list[tuple[Clause, list[str]]]]:
    """Those that any program was tried on, by what they are about."""
    rows = [
        (clause, [one[clause.id] for one in stances])
        for clause in load_clauses().values()
        if role in clause.roles
    ]
    tried = [row for row in rows if not {UNTRIED, ABSENT}.issuperset(row[1])]
    areas = {area: [row for row in tried if row[0].group == area] for area in GROUPS}
    return {area: several for area, several in areas.items() if several}


def _entry(item: str, catalogue: Catalogue) -> Entry:
    """What an item is about; nobody knows it of a case that is not in the suites any more."""
    return catalogue.get(case_of(item)) or Entry("", LEVELS[-1], ())


def stance(standing: Standing, role: str, catalogue: Catalogue) -> dict[str, str]:
    """What a program makes of each clause that its role can be held to.

    A clause is broken when a case decided it so, and kept when no case did and another one decided it.
    """
    kept: dict[str, bool] = {}
    tried: set[str] = set()
    for item, finding in standing.findings.items():
        if role_of(item) == role:
            clauses = _entry(item, catalogue).clauses
            tried.update(clauses)
            for clause, well in decided(finding.verdict, finding.clause, clauses).items():
                kept[clause] = kept.get(clause, True) and well
    return {
        clause.id: _state(clause, standing.edition, kept, tried)
        for clause in load_clauses().values()
        if role in clause.roles
    }


def _state(clause: Clause, edition: str, kept: Mapping[str, bool], tried: set[str]) -> str:
    if not clause.in_edition(edition):
        return ABSENT
    if clause.id in kept:
        return KEPT if kept[clause.id] else BROKEN
    return OPEN if clause.id in tried else UNTRIED


def count_must(states: Mapping[str, str]) -> Count:
    """How many must-clauses are kept, were exercised, and there are in the edition of a program."""
    must = [
        state for name, state in states.items() if load_clauses()[name].level == LEVELS[0] and state != ABSENT
    ]
    return Count(must.count(KEPT), must.count(KEPT) + must.count(BROKEN), len(must))
