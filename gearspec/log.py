"""A whole report: of a run that is over, or as it was kept in a file.

Whatever people look at is made of this, so that it says the same whether it is made
at the end of a run or from the file years later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from gearspec.errors import ReportError
from gearspec.failure import escaped
from gearspec.report import FORMAT, keep

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from gearspec.report import Footer, Header, Record, Subject

_SCHEMA: Final = Path(__file__).with_name("report.schema.json")
LONGEST: Final = 2_000
"""How many characters of one text are shown to people."""
_SHOWN: Final = 200
"""How many characters of a fault are shown: a schema repeats what it refuses."""


@dataclass(frozen=True, slots=True)
class Log:
    """The header, the records and the footer of a run.

    Attributes:
        header: what was tested, and how.
        records: by the id of the item, as `gearspec.report.keep` keeps them.
        footer: None when the run was cut off.
    """

    header: Header
    records: dict[str, Record]
    footer: Footer | None

    @property
    def whole(self) -> bool:
        """Whether every item that there is has a record."""
        return self.footer is not None and self.footer["complete"]

    @property
    def subjects(self) -> dict[str, Subject]:
        """What was under test: the ``target``, the ``testee``, or both."""
        found = {"target": self.header["target"], "testee": self.header["testee"]}
        return {kind: subject for kind, subject in found.items() if subject}


def plain(log: Log) -> Log:
    """The same, with nothing in it that is not printable, and what is too long to be read cut."""
    return Log(_plain(log.header), _plain(log.records), log.footer)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        # Hexadecimal is harmless, and would be none any more if it were cut.
        return {key: inner if key == "hex" else _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not isinstance(value, str):
        return value
    shown, left = escaped(value[:LONGEST]), len(value) - LONGEST
    return f"{shown}... ({left} more characters)" if left > 0 else shown


def read_log(path: Path) -> Log:
    """Read the report of a run; a last line that was not written to its end is left out.

    Raises:
        ReportError: the file cannot be read, or a line is none of a report.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ReportError("this is not UTF-8, so it is no report", path) from None
    except OSError as problem:
        raise ReportError(f"cannot be read: {problem.strerror}", path) from None
    lines = [_line(line, number, path) for number, line in enumerate(text.split("\n")[:-1], 1)]
    kinds = [kind for kind, _ in lines]
    if kinds[:1] != ["header"] or "header" in kinds[1:] or "footer" in kinds[:-1]:
        raise ReportError("a report is one header, a line for each item, and a footer", path)
    footer: Any = lines[-1][1] if kinds[-1] == "footer" else None
    records: dict[str, Record] = {}
    for kind, line in lines:
        if kind == "case":
            keep(records, line)
    return Log(lines[0][1], records, footer)


def _line(text: str, number: int, path: Path) -> tuple[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        raise ReportError("this is not JSON, so it is no line of a report", path, number) from None
    kind = line.get("kind") if isinstance(line, dict) else None
    if not isinstance(kind, str) or kind not in _kinds():
        raise ReportError(f"'kind' is one of: {', '.join(_kinds())}", path, number)
    if kind == "header" and line.get("format") != FORMAT:
        raise ReportError(
            f"the format is not {FORMAT}: read it with the gearspec that wrote it", path, number
        )
    if fault := best_match(_kinds()[kind].iter_errors(line)):
        where = ".".join(map(str, fault.absolute_path)) or "this line"
        raise ReportError(f"{where}: {escaped(fault.message)[:_SHOWN]}", path, number)
    del line["kind"]
    return kind, line


@cache
def _kinds() -> dict[str, Validator]:
    """What each kind of line is held against."""
    validator = Draft202012Validator(json.loads(_SCHEMA.read_text("utf-8")))
    kinds = ("header", "case", "footer")
    return {kind: validator.evolve(schema={"$ref": f"#/$defs/{kind}"}) for kind in kinds}
