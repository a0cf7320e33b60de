"""What a run comes to: how much passed, how much was exercised, and whether anything was tested at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

from gearspec.harness.expectation import SOUND
from gearspec.protocol.clause import LEVELS, load_clauses
from gearspec.report import keep
from gearspec.script.case import ROLES
from gearspec.script.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gearspec.report import Record

EXERCISED: Final = SOUND | {Verdict.FAIL, Verdict.HANG, Verdict.CRASH}
"""Verdicts on what a program did. UNSUPPORTED, INCONCLUSIVE and ERROR say nothing of that."""


def decided(verdict: str | None, clause: str | None, clauses: Iterable[str]) -> dict[str, bool]:
    """What one item says of clauses: whether each was kept.

    Args:
        verdict: of the item; None when it was not run.
        clause: the one that was being decided when it ended.
        clauses: all that the case decides.
    """
    if verdict in SOUND:
        return dict.fromkeys(clauses, True)
    return {clause: False} if verdict in EXERCISED and clause else {}


@dataclass(slots=True)
class Count:
    """One cell pair of the summary: how many passed, were exercised, and there are.

    Attributes:
        passed: PASS, TOLERATED and RECORDED; a skip is none of them.
        exercised: those, and what failed.
        total: cases that were selected, or clauses that the roles under test can be held to.
    """

    passed: int = 0
    exercised: int = 0
    total: int = 0

    def add(self, verdict: str | None) -> None:
        """Count one more case."""
        self.total += 1
        self.exercised += verdict in EXERCISED
        self.passed += verdict in SOUND


@dataclass(slots=True)
class Tally:
    """The records of a run, counted.

    Attributes:
        records: by the id of the item, as `gearspec.report.keep` keeps them.
    """

    records: dict[str, Record] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count one more."""
        keep(self.records, record)

    @property
    def run(self) -> int:
        """How many items have a verdict."""
        return sum(record["verdict"] is not None for record in self.records.values())

    @property
    def untested(self) -> bool:
        """Whether must-cases were selected and none of them was exercised: then nothing was tested."""
        must = self.cases()["must"]
        return must.total > 0 and must.exercised == 0

    def cases(self) -> dict[str, Count]:
        """The cases by level."""
        counts = {level: Count() for level in LEVELS}
        for record in self.records.values():
            counts[record["level"]].add(record["verdict"])
        return counts

    def clauses(self, edition: str) -> dict[str, Count]:
        """The clauses by level, of those that an edition has and that the roles under test can be held to.

        A clause is exercised when a case decided it, one way or the other, and passed when no case
        decided it to the contrary.
        """
        roles = {record["role"] for record in self.records.values()}
        passed, failed = self._decided()
        counts = {level: Count() for level in LEVELS}
        for clause in load_clauses().values():
            if clause.in_edition(edition) and roles.intersection(clause.roles):
                count = counts[clause.level]
                count.total += 1
                count.exercised += clause.id in passed | failed
                count.passed += clause.id in passed - failed
        return counts

    def _decided(self) -> tuple[set[str], set[str]]:
        passed: set[str] = set()
        failed: set[str] = set()
        for record in self.records.values():
            for clause, kept in decided(record["verdict"], record["clause"], record["clauses"]).items():
                (passed if kept else failed).add(clause)
        return passed, failed

    def of(self, role: str) -> Tally:
        """Those of its records that are about one role."""
        return Tally({name: record for name, record in self.records.items() if record["role"] == role})

    def lines(self, editions: Mapping[str, str]) -> list[str]:
        """The summary, as text.

        Args:
            editions: for each role that was under test, the edition of PROTOCOL that it is held to.
        """
        tables = [self.of(role)._table(role, editions[role]) for role in ROLES if role in editions]  # noqa: SLF001 - of its own kind
        return [*chain.from_iterable(tables), self._verdicts(), *self.notes()]

    def _table(self, role: str, edition: str) -> list[str]:
        cases, clauses = self.cases(), self.clauses(edition)
        if not self.records:
            return []
        lines = [
            f"{role:10}{'clauses':^26}  {'cases':^26}",
            f"{'level':10}" + 2 * " passed exercised      of  ",
        ]
        lines += [
            f"{level:10}{_cells(clauses[level])}  {_cells(cases[level])}".rstrip()
            for level in LEVELS
            if clauses[level].total or cases[level].total
        ]
        return lines

    def _verdicts(self) -> str:
        verdicts = [record["verdict"] for record in self.records.values()]
        counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict if verdict in verdicts]
        known = sum(bool(record["known"]) for record in self.records.values())
        return "verdicts: " + (", ".join(counts) or "none") + (f"; {known} known and listed" if known else "")

    def notes(self) -> list[str]:
        """What a reader must know beside the numbers."""
        gaps: dict[str, int] = {}
        for record in self.records.values():
            if record["verdict"] is None:
                gaps[record["message"]] = gaps.get(record["message"], 0) + 1
        notes = [f"not run: {count}, {reason}" for reason, count in gaps.items()]
        avoided: Counter[str] = Counter()
        for record in self.records.values():
            avoided.update(record["avoided"])
            notes += _search(record)
        if avoided:
            counts = ", ".join(f"{name} {count}" for name, count in sorted(avoided.items()))
            notes.append(f"inputs not tried, as it is known to die of them or to get them wrong: {counts}")
        if self.untested:
            notes.append("nothing was tested: not one of the must-cases came to a verdict on the program")
        return notes


def _search(record: Record) -> list[str]:
    """How much was tried, if it was a search."""
    searched = record["searched"]
    if not searched:
        return []
    undecided = f", {searched['undecided']} of them undecided" if searched["undecided"] else ""
    tried = f"{searched['examples']} examples{undecided}, {searched['behaviours']} behaviours"
    return [f"searched {record['id']}: {tried}, seed {searched['seed']}"]


def _cells(count: Count) -> str:
    return f"{count.passed:7}{count.exercised:10}{count.total:8} "
