"""Clauses: every normative statement of PROTOCOL, and what is written nowhere and expected by everyone.

A clause is what a case decides. They are data, in ``clauses.yaml`` beside this module;
docs/clauses.md says how a level is decided.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gearspec.document import Mapping, Text, load
from gearspec.errors import ClauseError

if TYPE_CHECKING:
    from collections.abc import Callable

EDITIONS: Final = ("1.1.18", "1.1.20", "2.0.0")
"""The editions of PROTOCOL, oldest first, by the gearmand that they were shipped with."""
LEVELS: Final = ("must", "should", "may", "practice")
"""How binding a clause is; ``practice`` is written nowhere and expected by everyone."""
ROLES: Final = ("server", "client", "worker")
GROUPS: Final = (
    *("framing", "echo", "errors", "options", "submitting", "background", "priorities", "coalescing"),
    *("epoch", "reduce", "status", "results", "exceptions", "tasks", "abilities", "grabbing", "sleep"),
    *("working", "timeouts", "disconnects", "admin", "robustness", "failover", "retry"),
)
"""What clauses are about, in the order of a report."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One normative statement.

    Attributes:
        id: stable, in kebab-case; cases and messages name it.
        text: the statement, in one sentence.
        level: one of `LEVELS`.
        roles: who can be tested on it, of `ROLES`; empty when nobody can from outside.
        group: one of `GROUPS`.
        section: the heading of PROTOCOL that it stands under; empty when the text is silent.
        line: where it begins in the 2.0.0 edition of PROTOCOL; 0 when the text is silent.
        practice: the real programs that do it, by their names as targets and testees.
        since: the first edition that has it.
        until: the last edition that has it.
        contradictions: where PROTOCOL contradicts itself or real programs contradict it; may be empty.
        untestable: why nobody can be tested on it; empty when somebody can.
    """

    id: str
    text: str
    level: str
    roles: tuple[str, ...]
    group: str
    section: str = ""
    line: int = 0
    practice: tuple[str, ...] = ()
    since: str = EDITIONS[0]
    until: str = EDITIONS[-1]
    contradictions: str = ""
    untestable: str = ""

    def in_edition(self, edition: str) -> bool:
        """Whether an edition of PROTOCOL, one of `EDITIONS`, has this clause."""
        return EDITIONS.index(self.since) <= EDITIONS.index(edition) <= EDITIONS.index(self.until)

    @property
    def origin(self) -> str:
        """Where it comes from, and in which editions it stands, as a sentence."""
        if self.section:
            found = f'PROTOCOL, "{self.section}", line {self.line} of the edition {EDITIONS[-1]}'
        else:
            found = f"Written nowhere; seen at {', '.join(self.practice)}"
        if self.since != EDITIONS[0]:
            found += f"; since the edition {self.since}"
        if self.until != EDITIONS[-1]:
            found += f"; until the edition {self.until}"
        return found + "."


_Rule: TypeAlias = "tuple[str, Callable[[Any], bool]]"


def _like(words: str, pattern: str) -> _Rule:
    return words, lambda value: isinstance(value, Text) and re.fullmatch(pattern, value) is not None


def _one_of(names: tuple[str, ...]) -> _Rule:
    return f"one of {', '.join(names)}", lambda value: isinstance(value, Text) and value in names


_REASON: Final = _like("a text", r".+")
_ENTRY: Final[dict[str, _Rule]] = {
    "id": _like("words in kebab-case", r"[a-z0-9]+(-[a-z0-9]+)*"),
    "text": _like("one sentence, from a capital to a full stop", r"[A-Z](?!.*[.!?] [A-Z]).*\."),
    "level": _one_of(LEVELS),
    "roles": (
        f"a list of {', '.join(ROLES)}",
        lambda value: isinstance(value, list) and all(role in ROLES for role in value),
    ),
    "group": _one_of(GROUPS),
    "source": ("a mapping", lambda value: isinstance(value, Mapping)),
    "since": _one_of(EDITIONS),
    "until": _one_of(EDITIONS),
    "contradictions": _REASON,
    "untestable": _REASON,
}
_SOURCE: Final[dict[str, _Rule]] = {
    "section": _REASON,
    "line": _like("a number", r"[1-9][0-9]*"),
    "practice": ("a list of programs", lambda value: isinstance(value, list) and value != []),
}
_ORIGIN: Final = {"must": ["section"], "should": ["section"], "may": [], "practice": ["practice"]}


@cache
def load_clauses(path: Path | None = None) -> dict[str, Clause]:
    """The clauses of a file by their ids, in its order; without a path, those of gearspec.

    Raises:
        ClauseError: the file breaks a rule; its text names the file and the line.
    """
    path = path or Path(__file__).with_name("clauses.yaml")
    clauses: dict[str, Clause] = {}
    for entry in load(path.read_text("utf-8"), path, ClauseError) or ():
        clause = _clause(entry, path)
        if clause.id in clauses:
            raise ClauseError(f"the id '{clause.id}' stands here twice", path, entry.line_of("id"))
        clauses[clause.id] = clause
    return clauses


def _clause(entry: Any, path: Path) -> Clause:  # noqa: ANN401 - YAML
    _judge(entry, _ENTRY, ["id", "text", "level", "roles", "group", "source"], path)
    _judge(entry["source"], _SOURCE, _ORIGIN[entry["level"]], path)
    fields = dict(entry | entry["source"])
    del fields["source"]
    fields |= {key: tuple(fields[key]) for key in ("roles", "practice") if key in fields}
    clause = Clause(**fields | {"line": int(fields.get("line", 0))})
    for broken, message in (
        (bool(clause.section) != bool(clause.line), "a section and a line go together"),
        (not clause.line and not clause.practice, "its source needs a section with a line, or a practice"),
        (bool(clause.roles) == bool(clause.untestable), "it needs roles, or else a reason in 'untestable'"),
        (not clause.in_edition(clause.until), "it ends before it begins"),
    ):
        if broken:
            raise ClauseError(f"{clause.id}: {message}", path, entry.line)
    return clause


def _judge(mapping: Any, rules: dict[str, _Rule], required: list[str], path: Path) -> None:  # noqa: ANN401 - YAML
    if not isinstance(mapping, Mapping):
        raise ClauseError("each clause must be a mapping", path, getattr(mapping, "line", None))
    if missing := [key for key in required if key not in mapping]:
        raise ClauseError(f"the key '{missing[0]}' is missing", path, mapping.line)
    for key, value in mapping.items():
        words, holds = rules.get(key, ("left out: there is no such key", lambda _: False))
        if not holds(value):
            raise ClauseError(f"'{key}' must be {words}", path, key.line)
