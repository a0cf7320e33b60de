"""``gearspec report``: the report of a run as a page, or as a comment."""

from __future__ import annotations

from pathlib import Path

import click

from gearspec.command.word import examples

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    "report",
    epilog=examples(
        "gearspec report run.jsonl --html=run.html",
        "gearspec report run.jsonl --markdown=comment.md",
    ),
)
@click.argument("file", metavar="REPORT", type=_FILE)
@click.option("--html", metavar="FILE", type=_FILE, help="A page to look at, in one file.")
@click.option("--markdown", metavar="FILE", type=_FILE, help="A comment for a pull request.")
def report(file: Path, html: Path | None, markdown: Path | None) -> None:
    """Make something to read of a report.

    REPORT is what a run wrote with --gear-report. The same is made at the end of
    a run by --gear-html and --gear-markdown.
    """
    from gearspec.log import read_log  # noqa: PLC0415 - 'gearspec --help' shall be quick
    from gearspec.page.paper import Papers  # noqa: PLC0415 - likewise

    if not (html or markdown):
        raise click.UsageError("say what is to be made of it: --html=FILE, --markdown=FILE, or both")
    log = read_log(file)
    Papers({"html": html, "markdown": markdown}).write(log)
