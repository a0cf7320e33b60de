"""Reads a file of cases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gearspec.document import Mapping, Sequence, Text, load
from gearspec.errors import ScriptError
from gearspec.script.case import NOTHING, ROLES, Branch, Call, Case, Either, Listen, Message, Step, Together
from gearspec.script.check import DEFAULT_WITHIN, check_case
from gearspec.script.step import StepParser
from gearspec.script.trait import ABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX: Final = ".gear.yaml"
_REQUIRED: Final = ("id", "title", "clauses", "under-test", "script")
_KEYS: Final = frozenset(_REQUIRED) | {"needs", "dangerous", "leaves"}
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def load_cases(path: Path | str) -> list[Case]:
    """Read and check every case of a file.

    Raises:
        ScriptError: the first fault, with file and line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ScriptError(f"this file cannot be read: {problem}", path) from None
    return parse_cases(text, path)


def parse_cases(text: str, path: Path | str) -> list[Case]:
    """Read and check every case of a text; `path` is what errors name."""
    document = load(text, path, ScriptError)
    if not isinstance(document, Sequence):
        raise ScriptError("a file of cases is a list of cases", path, 1)
    cases: dict[str, Case] = {}
    for entry in document:
        case = _case(entry, path, document.line)
        if case.id in cases:
            raise ScriptError(f"the id '{case.id}' stands here twice", path, case.line)
        check_case(case)
        cases[case.id] = case
    return list(cases.values())


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step of a script, those of all branches among them."""
    for step in steps:
        yield step
        if isinstance(step, Together):
            yield from step.steps
        elif isinstance(step, Either):
            for branch in step.branches:
                yield from walk(branch.steps)


def first_message(branch: Branch) -> Message:
    """The line that a branch begins with, calls and reports left out."""
    return next(step for step in branch.steps if isinstance(step, Message))


def case_waits(case: Case) -> bool:
    """Whether a case spends its time waiting for a clock, so that it had better be played beside others."""
    return any(
        step.not_before is not None
        or (step.within or 0) > DEFAULT_WITHIN
        or (step.what == NOTHING and step.within is not None)
        for step in walk(case.steps)
        if isinstance(step, Message)
    )


def case_closes(case: Case) -> bool:
    """Whether a party of the case closes or resets its connection, so that the server has to notice it."""
    return any(
        isinstance(step, Message) and step.what in {"CLOSE", "RESET"} and step.sent
        for step in walk(case.steps)
    )


def _case(entry: Any, path: Path | str, line: int) -> Case:  # noqa: ANN401 - YAML
    if not isinstance(entry, Mapping):
        raise ScriptError("a case is a mapping with id, title, clauses, under-test and script", path, line)
    for key in entry:
        if key not in _KEYS:
            raise ScriptError(f"a case has no key '{key}'", path, key.line)
    for key in _REQUIRED:
        if key not in entry:
            raise ScriptError(f"this case has no '{key}'", path, entry.line)
    if not _ID.fullmatch(_text(entry, "id", path)):
        raise ScriptError(
            f"'{entry['id']}' is not an id: lower case, digits and dashes", path, entry["id"].line
        )
    return Case(
        id=_text(entry, "id", path),
        title=_text(entry, "title", path),
        clauses=_words(entry, "clauses", path),
        under_test=_words(entry, "under-test", path, ROLES),
        needs=_words(entry, "needs", path, _abilities(entry, path)) if "needs" in entry else (),
        dangerous=_text(entry, "dangerous", path) if "dangerous" in entry else None,
        leaves=_text(entry, "leaves", path) if "leaves" in entry else None,
        steps=StepParser(path).steps(entry["script"], entry.line_of("script")),
        path=str(path),
        line=entry.line,
    )


def _abilities(entry: Mapping, path: Path | str) -> tuple[str, ...]:
    """What a case may need of the roles that it puts under test."""
    roles = _words(entry, "under-test", path, ROLES)
    return tuple(dict.fromkeys(word for role in roles for word in ABILITIES[role]))


def _text(entry: Mapping, key: str, path: Path | str) -> str:
    found = entry[key]
    if not isinstance(found, Text) or not found.strip():
        raise ScriptError(f"'{key}' is a text", path, entry.line_of(key))
    return str(found)


def _words(entry: Mapping, key: str, path: Path | str, choices: tuple[str, ...] = ()) -> tuple[str, ...]:
    found = entry[key]
    if not isinstance(found, Sequence) or not found or not all(isinstance(word, Text) for word in found):
        raise ScriptError(f"'{key}' is a list of words, and not an empty one", path, entry.line_of(key))
    for word in found:
        if choices and word not in choices:
            raise ScriptError(f"'{key}' knows {', '.join(choices)}, but not '{word}'", path, word.line)
    if len(set(found)) < len(found):
        raise ScriptError(f"'{key}' names something twice", path, found.line)
    return tuple(str(word) for word in found)


def servers(steps: tuple[Step, ...]) -> list[str]:
    """The servers of a script, in the order of their names."""
    found: set[str] = set()
    for step in walk(steps):
        if isinstance(step, Message):
            found.add(step.receiver if step.sent else step.sender)
        elif isinstance(step, Listen):
            found.add(step.server)
        elif isinstance(step, Call):
            found.update(step.settings.get("servers", "").split())
    return sorted(found)
