"""What a failure says to a person: what was demanded, what came, and how to see it again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from gearspec.protocol.clause import load_clauses
from gearspec.protocol.transcript import MOST
from gearspec.suite import is_own, item_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from gearspec.protocol.clause import Clause
    from gearspec.script.case import Case
    from gearspec.script.verdict import Result


def escaped(text: str) -> str:
    """A text without anything that could steer a terminal or end an XML document; lines stay lines."""
    return "".join(char if " " <= char <= "~" or char == "\n" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def demand(clause: Clause) -> str:
    """A clause in words, with how binding it is and where it stands."""
    where = f'PROTOCOL, "{clause.section}"' if clause.section else "seen at " + ", ".join(clause.practice)
    return f"{clause.id}: {clause.text} ({clause.level}; {where})"


def replay_command(case: Case, role: str, option: str) -> str:
    """The command that plays a case again, alone and with its whole transcript.

    Args:
        case: what was played.
        role: what was under test.
        option: what puts the same program under test.
    """
    item = case.id if len(case.under_test) == 1 else item_id(case, role)
    return shlex.join(["gearspec", "replay", item if is_own(case) else f"{case.path}::{item}", option])


def advice(roles: Collection[str]) -> str:
    """What a reader of failures does next, by the roles in which programs failed; empty if there are none."""
    if not roles:
        return ""
    program = ", and with --as=python --target=TARGET makes a program of it for a bug report"
    more = program if "server" in roles else ""
    return f"what now: 'gearspec explain CASE' says what a case demands and why{more}"


def explain_failure(case: Case, result: Result, message: str, again: str, *, most: int | None = MOST) -> str:
    """All that a reader needs to understand a failure.

    Args:
        case: what was played.
        result: what came of it.
        message: why that is a failure: the result's own message, or what the list of known
            deviations has to say.
        again: the command that plays it again.
        most: how many events of the transcript are shown, those at its beginning and its end; None for all.
    """
    judged = message if message != result.message else ""
    facts = [("case", f"{case.title} ({case.path}:{result.line or case.line})")]
    facts += [("clause", demand(load_clauses()[name])) for name in _clauses(case, result)]
    facts += [
        ("expected", result.expected),
        ("came", result.came),
        ("verdict", f"{result.verdict}: {result.message}" if judged else ""),
    ]
    width = max(len(name) for name, text in facts if text)
    lines = [judged or f"{result.verdict}: {result.message}", ""]
    lines += [f"{name:{width}}  {text}" for name, text in facts if text]
    transcript = result.transcript.render(result.names, most=most) or "nothing was sent"
    lines += ["", "transcript of all sides:", transcript, "", f"again: {again}"]
    return escaped("\n".join(lines))


def _clauses(case: Case, result: Result) -> tuple[str, ...]:
    """The clause that was being decided; while the script was setting up, all that it would have decided."""
    return (result.clause,) if result.clause else case.clauses
