"""The minutes of a run: what is kept of it, and what is said of it at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearspec.errors import AuthorError, UsageError
from gearspec.failure import advice
from gearspec.harness.expectation import Outcome, sign
from gearspec.log import Log
from gearspec.report import Footer, Record, Report, make_header
from gearspec.script.verdict import Verdict
from gearspec.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearspec.run import Run


class Minutes:
    """Takes the records of a run as they come in, in whichever process they were made.

    Args:
        runs: their sessions are started, so that a program that cannot be reached is told before any case.
        planned: the ids of every item that there is, where that matters.
        selected: the ids of those that this run was asked for.

    Raises:
        AuthorError: a program cannot be reached, a file has a fault or cannot be written, or a part of
            what there is cannot bring the expectations up to date.

    Attributes:
        runs: as given.
        tally: what came so far.
        said: what became of the files that this run was asked to write, where that has to be told.
        refused: whether one of them could not be written, or not be brought up to date.
    """

    def __init__(self, runs: Sequence[Run], planned: frozenset[str], selected: frozenset[str]) -> None:
        self.tally = Tally()
        self.said: list[str] = []
        self.refused = False
        self.runs, self._planned, self._options = runs, planned, runs[0].options
        self._header = make_header({run.kind: run.facts for run in runs}, self._options.changed())
        self._footer: Footer | None = None
        if self._options.update is not None:
            if self._options.update and len(runs) > 1:
                raise UsageError(
                    "--gear-update-expectations=FILE is about one program: name it with --target or --testee"
                )
            for run in runs:
                run.known_so_far()
            if missing := len(planned - selected):
                left_out = f"{missing} of {len(planned)} items are not selected"
                raise UsageError(f"a part cannot bring the expectations up to date: {left_out}")
        self._report = Report(self._options.report) if self._options.report else None
        if self._report:
            self._report.header(self._header)

    def add(self, record: Record) -> None:
        """Note what came of one item."""
        self.tally.add(record)
        self._note(lambda report: report.case(record))

    def close(self) -> None:
        """Finish the report, and bring the expectations up to date where that was asked for."""
        complete = self._planned <= self.tally.records.keys()
        footer: Footer = {"planned": len(self._planned), "run": self.tally.run, "complete": complete}
        self._footer = footer
        self._note(lambda report: report.footer(footer))
        if self._options.update is not None:
            self._update(complete=complete)

    @property
    def log(self) -> Log:
        """All that the report says, whether one is written or not."""
        return Log(self._header, self.tally.records, self._footer)

    def lines(self) -> list[str]:
        """What is said at the end."""
        editions = {role: run.edition for run in self.runs for role in sorted(run.roles)}
        failed = {one["role"] for one in self.tally.records.values() if not one["as_expected"]}
        return [*self.tally.lines(editions), *self.said, *filter(None, [advice(failed)])]

    def refuse(self, reason: str) -> None:
        """Say at the end what could not be done of what was asked for; the exit code says so too."""
        self.refused = True
        self.said.append(reason)

    def _note(self, write: Callable[[Report], None]) -> None:
        """Go on with the report; one that cannot be written any more is given up, and the run is not."""
        try:
            if self._report:
                write(self._report)
        except UsageError as problem:
            self._report = None
            self.refuse(str(problem))

    def _update(self, *, complete: bool) -> None:
        outcomes = {name: _outcome(record) for name, record in self.tally.records.items()}
        if not complete:
            self.refuse("expectations: not brought up to date, since the run was cut short")
        elif any(outcome.verdict is Verdict.ERROR for outcome in outcomes.values()):
            self.refuse("expectations: not brought up to date, since there were errors of our own")
        else:
            try:
                self.said.append("; ".join(run.update(outcomes) for run in self.runs))
            except (AuthorError, OSError) as problem:
                self.refuse(f"expectations: not brought up to date: {problem}")


def _outcome(record: Record) -> Outcome:
    if record["verdict"] is None:
        return Outcome(None, record["message"])
    verdict = Verdict(record["verdict"])
    return Outcome(verdict, sign(verdict, record["flags"], record["message"]))
