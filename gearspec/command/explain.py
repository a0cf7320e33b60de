"""``gearspec explain``: what a case does, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gearspec.command.word import CASE, TARGET, TESTEE, examples
from gearspec.errors import UsageError

if TYPE_CHECKING:
    from gearspec.script.case import Case
    from gearspec.script.trait import Traits


@click.command(
    "explain",
    epilog=examples(
        "gearspec explain exception-reaches-a-client-that-asked",
        "gearspec explain echo-returns-what-was-sent --as=python --target=localhost:4730 > case.py",
        "gearspec explain client-is-told-an-exception --testee=perl",
    ),
)
@click.argument("what", metavar="CASE|FILE|FILE::CASE", type=CASE)
@click.option(
    "--target", type=TARGET, help="The server that a program shall talk with; a running one is asked."
)
@click.option("--testee", type=TESTEE, help="Say as well what becomes of it with this library.")
@click.option("--as", "form", type=click.Choice(["text", "python"]), default="text", help="What to print.")
def explain(what: str, target: str | None, testee: str | None, form: str) -> None:
    """Say what a case does and why, with its chart.

    Its clauses are told in words, with where they stand in PROTOCOL.

    With --as=python, print a program instead that does the same to a server, and
    needs neither gearspec nor anything else that does not come with Python.
    """
    from gearspec.suite import find_cases  # noqa: PLC0415 - 'gearspec --help' shall be quick

    for case in find_cases(what):
        _explain(case, target, testee, form)


def _explain(case: Case, target: str | None, testee: str | None, form: str) -> None:
    from gearspec.explain import explain as in_words  # noqa: PLC0415 - likewise
    from gearspec.explain import prospects  # noqa: PLC0415 - likewise
    from gearspec.failure import escaped  # noqa: PLC0415 - likewise
    from gearspec.harness.casting import started  # noqa: PLC0415 - likewise
    from gearspec.reproduce import reproduce  # noqa: PLC0415 - likewise

    if form == "text":
        click.echo(in_words(case))
        if testee:
            with started(testee) as casting:
                click.echo("\n" + escaped(prospects(case, casting)))
    elif "server" not in case.under_test:
        raise UsageError(f"{case.id} puts no server under test: there is no such program")
    else:
        click.echo(reproduce(case, _traits(target) if target else None))


def _traits(name: str) -> Traits:
    """How a server is talked with: one that is only an address has to be asked, as for a run."""
    from gearspec.harness.identity import identify  # noqa: PLC0415 - likewise
    from gearspec.harness.target import resolve_target  # noqa: PLC0415 - likewise

    target = resolve_target(name)
    if target.address:
        target, _ = identify(target, target.address)
    return target.traits
