"""What one program came to in one run: a verdict for each item, and nothing of what was said.

It is made of a report, and small enough to be kept: ``suites/results/`` has one of every program
that gearspec knows, with the version of both and the date. The matrix and the pages of the
reference are made of these. ``standing.schema.json`` describes the files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from gearspec.data import data_folder
from gearspec.errors import ReportError
from gearspec.run import KINDS
from gearspec.script.verdict import Verdict
from gearspec.suite import role_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gearspec.log import Log
    from gearspec.report import Record

FORMAT: Final = 1
"""The version of the format; it grows when a reader of the old one could go wrong."""
_SCHEMA: Final = Path(__file__).with_name("standing.schema.json")
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one item.

    Attributes:
        verdict: None when it was not run.
        flags: what TOLERATED and RECORDED name.
        message: why it is no PASS, or why it was not run.
        clause: the clause that was being decided when it ended otherwise than wanted.
        known: what the list of known deviations says of it; empty if it is not listed.
    """

    verdict: Verdict | None
    flags: tuple[str, ...] = ()
    message: str = ""
    clause: str = ""
    known: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One program in one run.

    Attributes:
        kind: ``target`` or ``testee``.
        name: of the program.
        version: of the program; empty if it is not known.
        edition: the edition of PROTOCOL that it was held to.
        gearspec: the version of gearspec.
        time: when the run began, in UTC, as ISO 8601 has it.
        whole: whether every item that there was has a finding.
        findings: by the id of the item.
    """

    kind: str
    name: str
    version: str
    edition: str
    gearspec: str
    time: str
    whole: bool
    findings: Mapping[str, Finding]

    @property
    def date(self) -> str:
        """The day of the run."""
        return self.time.partition("T")[0]

    @property
    def title(self) -> str:
        """The name of the program with its version."""
        return f"{self.name} {self.version}".rstrip()

    @property
    def roles(self) -> frozenset[str]:
        """What it was tested as."""
        return frozenset(map(role_of, self.findings))


def make_standings(log: Log) -> list[Standing]:
    """Those of the programs that were under test in a run; two, if it was on a target and a testee."""
    header = log.header
    return [
        Standing(
            kind=kind,
            name=subject["name"],
            version=subject["version"] or "",
            edition=subject["edition"],
            gearspec=header["gearspec"],
            time=header["time"],
            whole=log.whole,
            findings={
                item: _find(record) for item, record in log.records.items() if record["role"] in KINDS[kind]
            },
        )
        for kind, subject in log.subjects.items()
    ]


def _find(record: Record) -> Finding:
    verdict = Verdict(record["verdict"]) if record["verdict"] else None
    clause = record["clause"] if verdict is not Verdict.PASS else None
    return Finding(verdict, tuple(record["flags"]), record["message"], clause or "", record["known"])


def dump(standing: Standing) -> str:
    """The text of its file: sorted, a line an item, so that two of them can be compared."""
    head = {
        "format": FORMAT,
        **{name: getattr(standing, name) for name in standing.__slots__ if name != "findings"},
    }
    lines = [f" {json.dumps(name)}: {json.dumps(value)}," for name, value in head.items()]
    findings = [f"  {json.dumps(item)}: {_dump(one)}" for item, one in sorted(standing.findings.items())]
    return "\n".join(["{", *lines, ' "findings": {', ",\n".join(findings), " }", "}", ""])


def _dump(finding: Finding) -> str:
    values = {name: getattr(finding, name) for name in finding.__slots__}
    return json.dumps({name: value for name, value in values.items() if value or name == "verdict"})


def load_standing(path: Path) -> Standing:
    """Read a file.

    Raises:
        ReportError: it cannot be read, or its form is not that of ``standing.schema.json``.
    """
    try:
        document: Any = json.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise ReportError(f"cannot be read: {problem.strerror}", path) from None
    except ValueError:
        raise ReportError("this is not JSON", path) from None
    if fault := best_match(_validator().iter_errors(document)):
        raise ReportError(f"{'.'.join(map(str, fault.absolute_path))}: {fault.message}", path)
    del document["format"]
    findings = {item: _read(entry) for item, entry in document.pop("findings").items()}
    return Standing(**document, findings=findings)


def _read(entry: dict[str, Any]) -> Finding:
    verdict = Verdict(entry.pop("verdict")) if entry["verdict"] else entry.pop("verdict")
    return Finding(verdict, tuple(entry.pop("flags", ())), **entry)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(_SCHEMA.read_text("utf-8")))


def standing_file(kind: str, name: str, folder: Path | None = None) -> Path:
    """Where that of a program is kept; unless a folder is given, among those that gearspec comes with."""
    return (folder or data_folder("suites") / "results") / kind / (name + _SUFFIX)


@cache
def known_standings() -> tuple[Standing, ...]:
    """Those that gearspec comes with: servers, then libraries, each in the order of their names.

    Raises:
        ReportError: a file has a fault.
    """
    folders = [standing_file(kind, "").parent for kind in KINDS]
    return tuple(load_standing(path) for folder in folders for path in sorted(folder.glob("*" + _SUFFIX)))
