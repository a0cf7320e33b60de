"""``gearspec list``: which cases, clauses and vectors there are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from gearspec import __version__
from gearspec.command.word import TESTEE, examples

if TYPE_CHECKING:
    from gearspec.script.case import Case

_LEVELS: Final = ("must", "should", "may", "practice")
_ROLES: Final = ("server", "client", "worker")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """What is to be listed; None leaves a question open.

    Attributes:
        level: of the case or the clause.
        group: what the clause is about.
        clause: its id.
        role: what is tested on it.
        testee: only cases that this library is played with, by its roles and by what it has.
        dangerous: only cases that are, and clauses that such a case cites.
    """

    level: str | None
    group: str | None
    clause: str | None
    role: str | None
    testee: str | None
    dangerous: bool


@click.command(
    "list",
    epilog=examples(
        "gearspec list                                 # every case, a line each",
        "gearspec list --group=exceptions --role=client",
        "gearspec list clauses --level=must --json     # for a program",
    ),
)
@click.argument("what", type=click.Choice(["cases", "clauses", "vectors"]), default="cases")
@click.option("--level", type=click.Choice(_LEVELS), help="Only what has this level.")
@click.option("--group", help="Only what is about this, say 'framing'.")
@click.option("--clause", help="Only this clause, or what cites it.")
@click.option("--role", type=click.Choice(_ROLES), help="Only what this role is tested on.")
@click.option("--testee", type=TESTEE, help="Only what is played with this library.")
@click.option("--dangerous", is_flag=True, help="Only what may kill a target.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with everything that is known.")
def listing(what: str, *, as_json: bool, **chosen: Any) -> None:  # noqa: ANN401 - click's
    """List the cases, the clauses or the vectors that there are."""
    only = Filter(**chosen)
    head: Row = {"gearspec": __version__}
    if what == "cases":
        rows, columns = _cases(only), ("id", "level", "title")
    elif what == "clauses":
        rows, columns = _clauses(only), ("id", "level", "text")
    else:
        head, rows = _vectors(only)
        columns = ("id", "result", "title")
    if as_json:
        click.echo(json.dumps({**head, what: rows}, indent=2))
        return
    width = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        name, middle, last = (row[column] for column in columns)
        click.echo(f"{name:{width}}  {middle:10}  {last}")


def _cases(only: Filter) -> list[Row]:
    from gearspec.protocol.clause import load_clauses  # noqa: PLC0415 - 'gearspec --help' shall be quick
    from gearspec.suite import case_level, own_cases  # noqa: PLC0415 - likewise

    clauses = load_clauses()
    return [
        {
            "id": case.id,
            "title": case.title,
            "level": case_level(case),
            "clauses": case.clauses,
            "groups": sorted({clauses[name].group for name in case.clauses}),
            "under_test": case.under_test,
            "needs": case.needs,
            "dangerous": case.dangerous,
            "path": case.path,
            "line": case.line,
        }
        for case in (_fitting(only.testee) if only.testee else own_cases())
        if only.level in {None, case_level(case)}
        and only.group in {None, *(clauses[name].group for name in case.clauses)}
        and only.clause in {None, *case.clauses}
        and only.role in {None, *case.under_test}
        and (case.dangerous or not only.dangerous)
    ]


def _fitting(testee: str) -> list[Case]:
    """The cases that a library is played with in at least one of its roles."""
    from gearspec.harness.casting import started  # noqa: PLC0415 - likewise
    from gearspec.suite import own_cases  # noqa: PLC0415 - likewise

    with started(testee) as casting:
        return [
            case
            for case in own_cases()
            if any(not casting.lacks(case, role) for role in casting.roles.intersection(case.under_test))
        ]


def _clauses(only: Filter) -> list[Row]:
    from gearspec.protocol.clause import load_clauses  # noqa: PLC0415 - likewise

    cases = _cases(Filter(None, None, None, only.role, only.testee, only.dangerous))
    return [
        {**asdict(clause), "cases": citing}
        for clause in load_clauses().values()
        for citing in [[case["id"] for case in cases if clause.id in case["clauses"]]]
        if only.level in {None, clause.level}
        and only.group in {None, clause.group}
        and only.clause in {None, clause.id}
        and only.role in {None, *clause.roles}
        and (citing or not (only.dangerous or only.testee))
    ]


def _vectors(only: Filter) -> tuple[Row, list[Row]]:
    from gearspec.vector import export  # noqa: PLC0415 - likewise

    if only.level or only.group or only.role or only.testee or only.dangerous:
        raise click.UsageError("of vectors only --clause is known: they have no level, group, role or danger")
    document = export()
    rows = document.pop("vectors")
    return document, [row for row in rows if only.clause in {None, *row["clauses"]}]
