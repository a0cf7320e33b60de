"""Whether what came is what a line expects, and which names it binds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearspec.protocol.message import GRABS
from gearspec.protocol.packet import Line
from gearspec.protocol.transcript import Speech
from gearspec.script import case as words
from gearspec.script.action import Sign
from gearspec.script.value import match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gearspec.protocol.packet import Item
    from gearspec.script.case import Message, Report
    from gearspec.script.value import Value

    Arrived = Item | Sign | Speech


def message_name(step: Message, grab: str | None) -> str:
    """The message that a line means.

    Args:
        step: the line.
        grab: the kind of grab that ``GRAB`` and ``ASSIGN`` stand for; None if any kind will do.
    """
    if grab is None:
        return step.what
    return {words.GRAB: grab, words.ASSIGN: GRABS[grab]}.get(step.what, step.what)


def same_message(step: Message, what: Arrived, grab: str | None) -> bool:
    """Whether it is the message of the line, whatever its arguments."""
    if isinstance(what, Sign):
        return step.what in {words.CLOSE, words.RESET} and what in {Sign.CLOSED, Sign.RESET}
    if isinstance(what, Speech):
        return False
    if isinstance(what, Line):
        return step.what in {words.TEXT, words.TABLE}
    if step.what == words.GRAB and grab is None:
        return what.name in GRABS
    return what.name == message_name(step, grab)


def fits(
    step: Message, what: Arrived, grab: str | None, names: Mapping[str, bytes]
) -> dict[str, bytes] | None:
    """The names that the line binds to what came; None if it is not what the line says."""
    if not same_message(step, what, grab):
        return None
    if isinstance(what, Line):
        return match(step.values["line"], what.text, names) if step.what == words.TEXT else {}
    if isinstance(what, Sign | Speech):
        return {}
    if step.args is not None:
        if len(step.args) != len(what.arguments):
            return None
        return _match_all(list(zip(step.args, what.arguments, strict=True)), names)
    fields = what.fields
    if not step.values.keys() <= fields.keys():
        return None
    return _match_all([(value, fields[name]) for name, value in step.values.items()], names)


def fits_report(step: Report, what: Arrived, names: Mapping[str, bytes]) -> dict[str, bytes] | None:
    """The names that the line binds to a report; None if it is not what the line says."""
    if not (isinstance(what, Speech) and what.name == step.event):
        return None
    fields = dict(what.fields)
    if not step.values.keys() <= fields.keys():
        return None
    return _match_all([(value, fields[name]) for name, value in step.values.items()], names)


def _match_all(pairs: list[tuple[Value, bytes]], names: Mapping[str, bytes]) -> dict[str, bytes] | None:
    bound: dict[str, bytes] = {}
    for value, data in pairs:
        found = match(value, data, {**names, **bound} if bound else names)
        if found is None:
            return None
        bound.update(found)
    return bound


def cells(line: bytes) -> list[bytes]:
    """A row of a table: cells between tabs, or between blanks where there is no tab."""
    return line.split(b"\t") if b"\t" in line else line.split()


def same_rows(step: Message, rows: list[list[bytes]], names: Mapping[str, bytes]) -> bool:
    """Whether the rows are those of a TABLE line, in any order."""
    return _match_rows(step.rows, rows, names)


def _match_rows(
    wanted: tuple[tuple[Value | None, ...], ...], rows: list[list[bytes]], names: Mapping[str, bytes]
) -> bool:
    """Whether the rows can be dealt to those wanted: one that fits several must not be missed elsewhere."""
    if len(wanted) != len(rows):
        return False
    return not wanted or any(
        _same_row(wanted[0], row, names) and _match_rows(wanted[1:], [*rows[:at], *rows[at + 1 :]], names)
        for at, row in enumerate(rows)
    )


def _same_row(want: tuple[Value | None, ...], row: list[bytes], names: Mapping[str, bytes]) -> bool:
    pairs = zip(want, row, strict=False)
    return len(want) == len(row) and all(w is None or match(w, cell, names) is not None for w, cell in pairs)
