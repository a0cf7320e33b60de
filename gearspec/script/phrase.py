"""Lines and packets in words that are the same in every run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gearspec.protocol.packet import Line
from gearspec.protocol.transcript import Speech, describe, printable
from gearspec.script import case as words
from gearspec.script.action import Sign
from gearspec.script.case import Report
from gearspec.script.fit import message_name
from gearspec.script.value import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gearspec.script.case import Message
    from gearspec.script.fit import Arrived
    from gearspec.script.value import Value

_SIGNS = {
    Sign.CLOSED: "the end of the connection",
    Sign.RESET: "a reset of the connection",
    Sign.REFUSED: "a refusal of the connection",
    Sign.ACCEPTED: "a connection",
    Sign.RUBBISH: "bytes that are neither packet nor text",
}


def wanted(step: Message | Report, grab: str | None) -> str:
    """What a line expects."""
    if isinstance(step, Report):
        return " ".join(["the report", step.event, *_written(step.values)])
    if step.what == words.NOTHING:
        return "nothing"
    if step.what in {words.CLOSE, words.RESET}:
        return "the end of the connection"
    if step.what == words.TABLE:
        rows = "; ".join(" ".join("*" if cell is None else show(cell) for cell in row) for row in step.rows)
        return f"a table with {rows or 'no row of ours'}"
    written = _written(step.values) if step.args is None else [f"'{show(value)}'" for value in step.args]
    return " ".join([message_name(step, grab), *written])


def _written(values: Mapping[str, Value]) -> list[str]:
    return [f"{name}='{show(value)}'" for name, value in values.items()]


def came(what: Arrived, names: Mapping[str, bytes]) -> str:
    """What came, with ``$name`` for every value that is bound, and no handle that is not."""
    if isinstance(what, Sign):
        return _SIGNS[what]
    if isinstance(what, Speech):
        told = [f"{name}='{_masked(value, names)}'" for name, value in what.fields]
        return " ".join(["the report", what.name, *told])
    if isinstance(what, Line):
        return f"TEXT '{_masked(what.text, names)}'"
    known = {value: f"'${name}'" for name, value in names.items() if value}
    fields = what.fields
    handle = fields.get("handle")
    if handle and handle not in known:
        known[handle] = _strange(handle, names)
    for value in fields.values():
        if value not in known and any(bound in value for bound in known):
            known[value] = f"'{_masked(value, names)}'"
    return describe(what, known)


def listed(step: Message, rows: list[list[bytes]], names: Mapping[str, bytes]) -> str:
    """The rows of a table that came, with ``*`` for a cell that the line leaves open and that holds no name.

    Such a cell may be the number of a file or the like, and another one in the next run.
    """
    judged = {index for row in step.rows for index, cell in enumerate(row) if cell is not None}
    shown = [
        " ".join(
            _masked(cell, names) if index in judged or _masked(cell, names) != printable(cell) else "*"
            for index, cell in enumerate(row)
        )
        for row in rows
    ]
    return "; ".join(shown) or "no such row"


def _strange(handle: bytes, names: Mapping[str, bytes]) -> str:
    """A handle that no name is bound to: told by what is odd about it, as it changes from run to run."""
    for name, value in names.items():
        if value and handle.startswith(value):
            return f"'${name}{printable(handle[len(value) :])}'"
    return "(another)"


def _masked(value: bytes, names: Mapping[str, bytes]) -> str:
    """A text with ``$name`` for every bound value inside it."""
    longest_first = sorted(((v, n) for n, v in names.items() if v), key=lambda pair: -len(pair[0]))
    pattern = re.compile(b"|".join(re.escape(v) for v, _ in longest_first) or rb"(?!)")
    by_value = dict(longest_first)
    parts, end = [], 0
    for found in pattern.finditer(value):
        parts += [printable(value[end : found.start()]), f"${by_value[found[0]]}"]
        end = found.end()
    return "".join([*parts, printable(value[end:])])
