"""Writes cases as a file that `gearspec.script.load` reads back as they were."""

from __future__ import annotations

from dataclasses import MISSING, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from gearspec.document import Inline, dump
from gearspec.script import case as words
from gearspec.script.case import Call, Case, Either, Frame, Listen, Message, Report, Together
from gearspec.script.value import AnyOf, Clock, Join, Repeat, Template, Value, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gearspec.script.case import Branch, Step

_KEYS: Final = {"steps": "script", "grade": "as", "anywhere": "split"}
"""Attributes that have another name in a file."""
_FLAGS: Final = {"anywhere": "anywhere", "join": "next"}
"""What is written for an attribute that is true."""
_PLACE: Final = frozenset({"path", "line"})
"""Attributes that the file gives."""


def write_cases(cases: Iterable[Case], remarks: Iterable[str] = ()) -> str:
    """The text of a file of cases.

    Loading it gives equal cases, but for their paths and lines. Only a template that no text can be,
    as it joins names to bytes that are not ASCII, comes back as a `Join` that means the same.

    Args:
        cases: that `gearspec.script.check.check_case` does not refuse.
        remarks: comments at the head of the file, a line each.
    """
    head = "".join(f"# {remark}".rstrip() + "\n" for remark in remarks)
    return "\n".join(filter(None, [head, *(dump([_mapping(case)]) for case in cases)]))


def _mapping(found: Case | Branch) -> dict[str, Any]:
    """A case or a branch, key by key, without what is empty."""
    values = ((part.name, getattr(found, part.name)) for part in fields(found) if part.name not in _PLACE)
    return {
        _KEYS.get(name, name.replace("_", "-")): [_step(step) for step in value] if name == "steps" else value
        for name, value in values
        if value
    }


def _step(step: Step) -> dict[str, Any]:
    if isinstance(step, Message):
        return {f"{step.sender} -> {step.receiver}": step.what, **_values(step), **dict(_manner(step))}
    if isinstance(step, Listen):
        return {step.server: step.what}
    if isinstance(step, Call):
        head = {f"{step.party} calls": step.operation}
        return {**head, **_values(step), **step.settings, **dict(_manner(step))}
    if isinstance(step, Report):
        return {f"{step.party} reports": step.event, **_values(step), **dict(_manner(step))}
    if isinstance(step, Together):
        return {"together": [_step(inner) for inner in step.steps]}
    assert isinstance(step, Either), "there is no other kind of step"
    return {"either": [_mapping(branch) for branch in step.branches]}


def _values(step: Message | Call | Report) -> dict[str, Any]:
    raw = isinstance(step, Message) and step.what == words.RAW
    return {name: _raw(value) if raw else _value(value) for name, value in step.values.items()}


def _manner(step: Message | Call | Report) -> Iterator[tuple[str, Any]]:
    """All that is not as it is when nothing is written of it."""
    for part in fields(step):
        value = getattr(step, part.name)
        if part.default is MISSING or value == part.default:
            continue
        written = (
            "each-byte" if part.name == "split" and not value else _FLAGS.get(part.name) or _plain(value)
        )
        yield _KEYS.get(part.name, part.name.replace("_", "-")), written


def _plain(found: object) -> Any:  # noqa: ANN401 - YAML
    """What stands beside the arguments of a line."""
    if found is None:
        return "*"
    if isinstance(found, str):
        return found
    if isinstance(found, tuple):
        return tuple(map(_plain, found))
    if isinstance(found, bytes):
        return found.hex()
    if isinstance(found, int | float):
        return f"{Decimal(repr(found)).normalize():f}"
    if isinstance(found, Frame):
        lies = ((part.name, getattr(found, part.name)) for part in fields(found))
        return Inline({name: _plain(lie) for name, lie in lies if lie is not None})
    assert isinstance(found, Value), "a line holds nothing else"
    # A cell of a table, where this text would be any cell.
    return Inline({"hex": "2a"}) if found == _STAR else _value(found)


_STAR: Final = literal(b"*")


def _value(value: Value) -> Any:  # noqa: ANN401 - YAML
    if isinstance(value, Template):
        return _template(value)
    if isinstance(value, Repeat):
        return Inline({"repeat": _value(value.value), "times": str(value.times)})
    if isinstance(value, Join | AnyOf):
        form = "join" if isinstance(value, Join) else "any-of"
        return Inline({form: tuple(map(_value, value.values))})
    if isinstance(value, Clock):
        return Inline({"clock": str(value.offset)})
    return Inline({"matches": value.pattern.pattern.decode("ascii")})


def _template(value: Template) -> Any:  # noqa: ANN401 - YAML
    if value.name:
        return f"${value.name}"
    if all(isinstance(part, str) or part.isascii() for part in value.parts):
        return "".join(map(_text, value.parts))
    if len(value.parts) > 1:
        return Inline({"join": tuple(_template(Template((part,))) for part in value.parts)})
    return Inline({"hex": _raw(value)})


def _text(part: bytes | str) -> str:
    return f"${{{part}}}" if isinstance(part, str) else part.decode("ascii").replace("$", "$$")


def _raw(value: Value) -> Any:  # noqa: ANN401 - YAML
    """The argument of RAW, whose text is hexadecimal already."""
    if isinstance(value, Template):
        data = b"".join(part for part in value.parts if isinstance(part, bytes))
        return data.hex(" ") if value == literal(data) else Inline({"join": (_template(value),)})
    return _value(value)
