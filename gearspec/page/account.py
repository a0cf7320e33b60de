"""What real programs did in a case when they were run, and why that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gearspec.harness.expectation import FLAGGED, case_of, load_expectations
from gearspec.harness.target import resolve_target
from gearspec.harness.testee import resolve_testee
from gearspec.run import TARGET
from gearspec.script.case import Either, Message, Report
from gearspec.script.load import walk
from gearspec.script.verdict import Verdict
from gearspec.standing import known_standings
from gearspec.suite import item_id, role_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gearspec.harness.expectation import Deviation, Expectations
    from gearspec.harness.program import Program
    from gearspec.script.case import Case
    from gearspec.standing import Standing


@dataclass(frozen=True, slots=True)
class Account:
    """What one program did in one item.

    Attributes:
        program: its name with its version.
        about: what it is, in a few words.
        item: the id of the item.
        verdict: what came of it.
        sign: the flags, or the message.
        clause: the clause that was being decided where it ended otherwise than wanted; may be empty.
        why: the entry of the list of known deviations; None if it is not there.
    """

    program: str
    about: str
    item: str
    verdict: Verdict
    sign: str = ""
    clause: str = ""
    why: Deviation | None = None

    @property
    def case(self) -> str:
        """The id of the case."""
        return case_of(self.item)

    @property
    def role(self) -> str:
        """What was under test."""
        return role_of(self.item)


@dataclass(frozen=True, slots=True)
class Subject:
    """A program that was run, and what is known of it.

    Attributes:
        program: what its file says.
        standing: what it came to.
        known: its known deviations; None if it has no list of them.
    """

    program: Program
    standing: Standing
    known: Expectations | None = None

    def account(self, item: str) -> Account | None:
        """What it did in an item; None if that was not run."""
        finding = self.standing.findings.get(item)
        if finding is None or finding.verdict is None:
            return None
        known = self.known.find(item, self.standing.version) if self.known else None
        return Account(
            program=self.standing.title,
            about=self.program.title,
            item=item,
            verdict=finding.verdict,
            sign=", ".join(finding.flags) or finding.message,
            clause=finding.clause,
            why=known if known and known.outcome is finding.verdict else None,
        )


def known_subjects() -> list[Subject]:
    """The programs whose results gearspec comes with: servers, then libraries, by name."""
    found = []
    for standing in known_standings():
        resolve = resolve_target if standing.kind == TARGET else resolve_testee
        program = resolve(standing.name)
        path = program.known
        found.append(Subject(program, standing, load_expectations(path) if path and path.exists() else None))
    return found


def accounts(case: Case, subjects: Iterable[Subject]) -> list[Account]:
    """What programs did in a case, in the order of its roles."""
    found = [subject.account(item_id(case, role)) for role in case.under_test for subject in subjects]
    return [account for account in found if account]


@dataclass(frozen=True, slots=True)
class Support:
    """How far one program has what some cases test.

    Attributes:
        about: what it is, in a few words.
        tried: in how many items it was tested; none, if it has nothing of what they need.
        failed: those that it did not pass.
    """

    about: str
    tried: int
    failed: tuple[Account, ...]


def supports(cases: Collection[Case], subjects: Iterable[Subject]) -> dict[str, Support]:
    """How far programs have what some cases test, by name; those that were played none are left out."""
    played: dict[str, list[Account]] = {}
    for subject in subjects:
        for account in (one for case in cases for one in accounts(case, [subject])):
            played.setdefault(account.program, []).append(account)
    return {
        program: Support(
            own[0].about,
            sum(one.verdict is not Verdict.UNSUPPORTED for one in own),
            tuple(one for one in own if one.verdict not in {*FLAGGED, Verdict.PASS, Verdict.UNSUPPORTED}),
        )
        for program, own in played.items()
    }


def concerns(account: Account, clause: str, case: Case) -> bool:
    """Whether it is about that clause that a program did otherwise than a case would have it.

    A flag is about what the lines of its fork decide; every other outcome about the clause that was being
    decided.
    """
    if account.verdict in {Verdict.PASS, Verdict.UNSUPPORTED}:
        return False
    if account.verdict not in FLAGGED:
        return account.clause == clause
    flags = set(account.sign.split(", "))
    forks = [step for step in walk(case.steps) if isinstance(step, Either)]
    taken = [fork for fork in forks if flags & {branch.flag for branch in fork.branches}]
    return any(clause in _decided(fork) for fork in taken) if taken else account.clause == clause


def _decided(fork: Either) -> set[str | None]:
    """The clauses that the first lines of its branches decide."""
    firsts = (branch.steps[0] for branch in fork.branches)
    return {first.clause for first in firsts if isinstance(first, Message | Report)}
