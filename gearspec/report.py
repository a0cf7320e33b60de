"""What a run says to programs: a record for each case, as JSON lines.

The first line is a header, the last one a footer; a report without a footer is
of a run that was cut off. ``report.schema.json`` beside this module describes
every line, and `gearspec.log` reads them again.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Final, TypedDict

from gearspec import __version__
from gearspec.errors import UsageError
from gearspec.protocol.transcript import SPOKEN, describe, raw_bytes
from gearspec.script.verdict import Verdict
from gearspec.suite import case_level, case_levels, item_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gearspec.fuzz.survey import Survey
    from gearspec.harness.expectation import Judgement
    from gearspec.protocol.transcript import Transcript
    from gearspec.script.case import Case
    from gearspec.script.verdict import Result

FORMAT: Final = 1
"""The version of the format; it grows when a reader of the old one could go wrong."""


class Subject(TypedDict):
    """A program under test.

    Attributes:
        name: its name, or the address or the command that was given.
        version: as a probe or an adapter told it; None if none did.
        edition: the edition of PROTOCOL that it is held to.
    """

    name: str
    version: str | None
    edition: str


class Header(TypedDict):
    """What is tested, and how.

    Attributes:
        format: `FORMAT`.
        gearspec: our version.
        target: the server under test, if there is one.
        testee: the library under test, if there is one.
        options: those of gearspec that are not at their defaults.
        time: when the run began, in UTC, as ISO 8601 has it.
    """

    format: int
    gearspec: str
    target: Subject | None
    testee: Subject | None
    options: dict[str, object]
    time: str


class Footer(TypedDict):
    """How much of what there is was run.

    Attributes:
        planned: how many items there are for the roles under test.
        run: how many items have a verdict.
        complete: whether every one that was planned has a line.
    """

    planned: int
    run: int
    complete: bool


class Entry(TypedDict):
    """One event of a transcript.

    Attributes:
        at: seconds since the conversation began.
        sender: a party.
        receiver: a party.
        what: the event in words.
        hex: its bytes; empty for an event that has none.
    """

    at: float
    sender: str
    receiver: str
    what: str
    hex: str


class Searched(TypedDict):
    """What a search for an example that does not pass has come to.

    Attributes:
        seed: that of its first round.
        examples: how many were tried.
        undecided: of how many of them could not be told what they came to.
        behaviours: how many distinct behaviours were seen, by one process at least.
    """

    seed: int
    examples: int
    undecided: int
    behaviours: int


class Record(TypedDict):
    """What came of one item; JSON can hold it, so it travels from a worker of xdist to its controller.

    Attributes:
        id: ``case[role]``.
        case: the id of the case.
        role: what was under test.
        title: of the case.
        clauses: what the case decides.
        levels: the level of each of them.
        level: the strongest of them.
        verdict: None when the item was not run.
        flags: what TOLERATED and RECORDED name.
        message: why it is no PASS, or why it was not run.
        clause: the clause that was being decided; None while the script was still setting up.
        expected: what the script wanted where it ended.
        came: what came instead.
        as_expected: whether it passes, or deviates as the list of known deviations says.
        known: what that list says of it; empty if it is not listed.
        again: the command that plays it again.
        duration: seconds.
        avoided: how many inputs were not tried because the program is known to die of them or to get
            them wrong, by the reason.
        searched: how much was tried; None for what is no search.
        transcript: of all sides, when the verdict is no PASS.
    """

    id: str
    case: str
    role: str
    title: str
    clauses: list[str]
    levels: list[str]
    level: str
    verdict: str | None
    flags: list[str]
    message: str
    clause: str | None
    expected: str
    came: str
    as_expected: bool
    known: str
    again: str
    duration: float
    avoided: dict[str, int]
    searched: Searched | None
    transcript: list[Entry]


def make_header(under_test: Mapping[str, Subject], options: Mapping[str, object]) -> Header:
    """The header of a run that begins now.

    Args:
        under_test: the ``target`` and the ``testee``; one may be missing.
        options: those of gearspec that are not at their defaults.
    """
    return {
        "format": FORMAT,
        "gearspec": __version__,
        "target": under_test.get("target"),
        "testee": under_test.get("testee"),
        "options": dict(options),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def make_record(
    case: Case, role: str, result: Result, judgement: Judgement, *, again: str, duration: float
) -> Record:
    """The record of an item that was run."""
    return _blank(case, role) | {
        "verdict": str(result.verdict),
        "flags": list(result.flags),
        "message": result.message,
        "clause": result.clause,
        "expected": result.expected,
        "came": result.came,
        "as_expected": judgement.action != "fail",
        "known": judgement.message if judgement.action == "known" else "",
        "again": again,
        "duration": round(duration, 6),
        "transcript": [] if result.verdict is Verdict.PASS else entries(result.transcript, result.names),
    }


def make_gap(case: Case, role: str, reason: str) -> Record:
    """The record of an item that was not run."""
    return _blank(case, role) | {"message": reason}


def make_searched(survey: Survey[Any], seed: int) -> Searched:
    """What a record says of a search that began with a seed."""
    return {
        "seed": seed,
        "examples": survey.examples,
        "undecided": survey.undecided,
        "behaviours": len(survey.behaviours),
    }


def keep(records: dict[str, Record], record: Record) -> None:
    """Add a record to those of a run, by the ids of the items.

    The last one of an item counts; but of the parts of a search the worst, with all that was tried.
    """
    known = records.get(record["id"])
    records[record["id"]] = _joined(known, record) if known else record


def _joined(one: Record, other: Record) -> Record:
    if not (one["searched"] and other["searched"]):
        return other
    mine, others = one["searched"], other["searched"]
    worse = max(one, other, key=lambda record: Verdict(record["verdict"] or Verdict.PASS).rank)
    searched: Searched = {
        "seed": mine["seed"],
        "examples": mine["examples"] + others["examples"],
        "undecided": mine["undecided"] + others["undecided"],
        "behaviours": max(mine["behaviours"], others["behaviours"]),
    }
    avoided = dict(Counter(one["avoided"]) + Counter(other["avoided"]))
    return {**worse, "searched": searched, "avoided": avoided}


def _blank(case: Case, role: str) -> Record:
    return {
        "id": item_id(case, role),
        "case": case.id,
        "role": role,
        "title": case.title,
        "clauses": list(case.clauses),
        "levels": case_levels(case),
        "level": case_level(case),
        "verdict": None,
        "flags": [],
        "message": "",
        "clause": None,
        "expected": "",
        "came": "",
        "as_expected": True,
        "known": "",
        "again": "",
        "duration": 0.0,
        "avoided": {},
        "searched": None,
        "transcript": [],
    }


def entries(transcript: Transcript, names: Mapping[bytes, str]) -> list[Entry]:
    """A transcript as data, in the order of time."""
    return [
        {
            "at": round(event.at, 6),
            "sender": event.sender,
            "receiver": event.receiver,
            "what": describe(event.what, names, SPOKEN),
            "hex": raw_bytes(event.what).hex(),
        }
        for event in sorted(transcript.events, key=lambda event: event.at)
    ]


class Report:
    """The JSON lines of one run, written as it goes, so that what is there when it is killed stays there.

    Args:
        path: the file; what it held before is gone.

    Raises:
        UsageError: it cannot be written, or not any more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: IO[str] = path.open("w", encoding="ascii")
        except OSError as problem:
            raise self._lost(problem) from None

    def header(self, header: Header) -> None:
        """Say what is tested, and how."""
        self._write("header", header)

    def case(self, record: Record) -> None:
        """Add one item."""
        self._write("case", record)

    def footer(self, footer: Footer) -> None:
        """Say how much of what there is was run, and close the file."""
        self._write("footer", footer)
        self._file.close()

    def _write(self, kind: str, fields: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps({"kind": kind, **fields}) + "\n")
            self._file.flush()
        except OSError as problem:
            with suppress(OSError):
                self._file.close()  # else the line would be tried again when nobody listens
            raise self._lost(problem) from None

    def _lost(self, problem: OSError) -> UsageError:
        return UsageError(f"--gear-report={self._path}: {problem.strerror}")
