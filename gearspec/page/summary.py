"""What a report comes to, for whoever reads it: its items in the order in which they matter.

The page and the comment of a run are made of this, so they cannot tell different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gearspec.failure import advice, demand
from gearspec.harness.expectation import FLAGGED
from gearspec.page.board import ELSEWHERE, areas_of
from gearspec.protocol.clause import GROUPS, LEVELS, load_clauses
from gearspec.run import KINDS
from gearspec.script.case import ROLES
from gearspec.script.verdict import Verdict
from gearspec.suite import weigh
from gearspec.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gearspec.log import Log
    from gearspec.report import Record
    from gearspec.tally import Count

UNEXPECTED: Final = "unexpected"
KNOWN: Final = "known"
FLAGS: Final = "flagged"
UNTOLD: Final = "untold"
PASSED: Final = "passed"
PARTS: Final = {
    UNEXPECTED: "Not as expected",
    KNOWN: "Known deviations",
    FLAGS: "Other answers that the text allows, or is silent about",
    UNTOLD: "Not supported, or not run",
    PASSED: "Passed",
}
"""The parts of a report, what matters most first."""


_BEARING: Final = frozenset({"level", "expectations", "scale", "dangerous", "fuzz"})
"""The options that bear on what is found; the others say where it is written."""


@dataclass(frozen=True, slots=True)
class Item:
    """One record, with what a reader wants to know and a report does not repeat.

    Attributes:
        record: as it stands in the report.
        part: one of `PARTS`.
        areas: what its clauses are about.
        demands: the clause that was being decided, in words; all of its clauses if it did not come to one.
    """

    record: Record
    part: str
    areas: tuple[str, ...]
    demands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One level of one role: how much of it passed, was exercised, and there is."""

    role: str
    level: str
    clauses: Count
    cases: Count


@dataclass(frozen=True, slots=True)
class Summary:
    """A report, for whoever reads it.

    Attributes:
        title: what was tested.
        outcome: what came of it, in one line.
        good: whether all is as expected, and something was tested.
        log: the report.
        rows: the headline, by role and level.
        notes: what a reader must know before he believes it.
        parts: the items of each part; an empty part is not among them.
    """

    title: str
    outcome: str
    good: bool
    log: Log
    rows: list[Row]
    notes: list[str]
    parts: dict[str, list[Item]]

    @property
    def options(self) -> dict[str, object]:
        """Those that bear on what was found, where they are not at their defaults."""
        return {name: value for name, value in self.log.header["options"].items() if name in _BEARING}

    @property
    def advice(self) -> str:
        """What to do with what is not as expected; empty if all is."""
        return advice({item.record["role"] for item in self.parts.get(UNEXPECTED, ())})

    @property
    def areas(self) -> list[str]:
        """The areas that there are."""
        found = {area for item in self.items for area in item.areas}
        return [area for area in (*GROUPS, ELSEWHERE) if area in found]

    @property
    def verdicts(self) -> dict[str, int]:
        """How often each verdict was given, the worst first; ``not run`` for none."""
        given = [word(item.record) for item in self.items]
        return {name: given.count(name) for name in (*reversed(Verdict), word(None)) if name in given}

    @property
    def items(self) -> list[Item]:
        """All of them."""
        return [item for items in self.parts.values() for item in items]


def word(record: Record | None) -> str:
    """The verdict of a record, as it is shown."""
    return (record and record["verdict"]) or "not run"


def summarise(log: Log) -> Summary:
    """Put a report in order."""
    tally = Tally(log.records)
    records = sorted(log.records.values(), key=lambda record: (weigh(record["level"]), record["id"]))
    items = [_item(record) for record in records]
    parts = {part: [item for item in items if item.part == part] for part in PARTS}
    tested = bool(items) and not tally.untested
    return Summary(
        title=" and ".join(f"{one['name']} {one['version'] or ''}".rstrip() for one in log.subjects.values()),
        outcome=_outcome(parts, tested=tested),
        good=tested and not parts[UNEXPECTED],
        log=log,
        rows=list(_rows(log, tally)),
        notes=[*_state(log), *tally.notes()],
        parts={part: found for part, found in parts.items() if found},
    )


def _outcome(parts: dict[str, list[Item]], *, tested: bool) -> str:
    if not tested:
        return "nothing was tested"
    unexpected, passed = len(parts[UNEXPECTED]), len(parts[PASSED]) + len(parts[FLAGS])
    head = f"{unexpected} not as expected" if unexpected else "as expected"
    known = f", {len(parts[KNOWN])} known to deviate" if parts[KNOWN] else ""
    return f"{head}: {passed} of {sum(map(len, parts.values()))} passed{known}"


def _item(record: Record) -> Item:
    clauses = load_clauses()
    names = [record["clause"]] if record["clause"] else record["clauses"]
    return Item(
        record,
        _part(record),
        tuple(areas_of(record["clauses"])),
        tuple(demand(clauses[name]) if name in clauses else name for name in names),
    )


def _part(record: Record) -> str:
    if not record["as_expected"]:
        return UNEXPECTED
    if record["known"]:
        return KNOWN
    if record["verdict"] in FLAGGED:
        return FLAGS
    return PASSED if record["verdict"] == Verdict.PASS else UNTOLD


def _rows(log: Log, tally: Tally) -> Iterable[Row]:
    editions = {role: one["edition"] for kind, one in log.subjects.items() for role in KINDS[kind]}
    for role in ROLES:
        mine = tally.of(role)
        if mine.records and role in editions:
            cases, clauses = mine.cases(), mine.clauses(editions[role])
            for level in LEVELS:
                if cases[level].total or clauses[level].total:
                    yield Row(role, level, clauses[level], cases[level])


def _state(log: Log) -> Iterable[str]:
    if log.footer is None:
        yield "The run was cut off: what is missing here was not run, and nobody knows what it would come to."
    elif not log.whole:
        yield f"This is a part: {len(log.records)} of {log.footer['planned']} items."
