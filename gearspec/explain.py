"""What a case does, and why, for somebody who has to understand its failure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from gearspec.chart import chart
from gearspec.protocol.clause import load_clauses
from gearspec.script.trait import meaning
from gearspec.suite import case_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearspec.harness.casting import Casting
    from gearspec.script.case import Case

_WIDTH: Final = 96


def explain(case: Case) -> str:
    """The case in words, the clauses that it decides, and its sequence chart."""
    return "\n".join([*_facts(case), "", "why:", *_reasons(case), "", "what happens:", "", chart(case)])


def prospects(case: Case, casting: Casting) -> str:
    """What becomes of a case with a testee, whose session was started."""
    lines = [f"with {casting.subject.name}:"]
    for role in sorted(casting.roles.intersection(case.under_test)):
        lacking = ", ".join(casting.lacks(case, role))
        lines.append(f"  {role}: " + (f"UNSUPPORTED, it lacks {lacking}" if lacking else "it is played"))
    return "\n".join(lines if lines[1:] else [f"{lines[0]} it is not played"])


def _facts(case: Case) -> Iterator[str]:
    yield case.id
    yield f"  {case.title}."
    yield ""
    yield f"level:       {case_level(case)}"
    yield f"under test:  {', '.join(case.under_test)}"
    yield f"script:      {case.path}:{case.line}"
    for need in case.needs:
        yield f"needs:       {need} ({meaning(need, case.under_test)})"
    if case.dangerous:
        yield f"dangerous:   {case.dangerous}"
    if case.leaves:
        yield f"leaves jobs: {case.leaves}"


def _reasons(case: Case) -> Iterator[str]:
    for name in case.clauses:
        clause = load_clauses()[name]
        yield f"  {clause.id} ({clause.level})"
        yield from _wrapped(clause.text)
        yield from _wrapped(clause.origin)
        if clause.contradictions:
            yield from _wrapped(f"But: {clause.contradictions}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")
