"""``gearspec explain``: what a case does, and why."""

from __future__ import annotations

import click


@click.command("explain")
@click.argument("case_id", metavar="CASE")
@click.option("--as", "form", type=click.Choice(["text", "python"]), default="text", help="What to print.")
def explain(case_id: str, form: str) -> None:
    """Explain a case: what it does, which clauses it decides, and its sequence chart.

    With --as=python, print a program instead that does the same to a server, and
    needs neither gearspec nor anything else that does not come with Python.
    """
    from gearspec.explain import explain as in_words  # noqa: PLC0415 - 'gearspec --help' shall be quick
    from gearspec.reproduce import reproduce  # noqa: PLC0415 - likewise
    from gearspec.suite import find_case  # noqa: PLC0415 - likewise

    case = find_case(case_id)
    click.echo(reproduce(case) if form == "python" else in_words(case))
