"""``gearspec matrix``: programs side by side, made of the reports of their runs."""

from __future__ import annotations

from pathlib import Path

import click

from gearspec.command.word import examples
from gearspec.errors import UsageError

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(
    "matrix",
    epilog=examples(
        "gearspec matrix before.jsonl after.jsonl --out=matrix",
        "gearspec matrix mine.jsonl --known --out=matrix",
    ),
)
@click.argument("reports", metavar="[REPORT]...", nargs=-1, type=_FILE)
@click.option("--out", metavar="FOLDER", required=True, type=_FOLDER, help="Where the pages are put.")
@click.option("--known", is_flag=True, help="Also the programs whose results come with gearspec.")
def matrix(reports: tuple[Path, ...], out: Path, *, known: bool) -> None:
    """Show programs side by side, and what changed.

    They are shown by areas, by clauses and by cases.

    A REPORT is what a run wrote with --gear-report. Two runs of one program, say
    of two versions, are compared. Beside the pages of all runs there are badges,
    as SVG and as the JSON that shields.io reads.
    """
    from gearspec.log import read_log  # noqa: PLC0415 - 'gearspec --help' shall be quick
    from gearspec.page.matrix import matrix_files, write_files  # noqa: PLC0415 - likewise
    from gearspec.standing import known_standings  # noqa: PLC0415 - likewise

    if not (reports or known):
        raise click.UsageError("name the reports of some runs, or say --known")
    logs = [read_log(path) for path in reports]
    for path, log in zip(reports, logs, strict=True):
        if log.footer is None:
            raise UsageError(f"{path} is of a run that was cut off: run it again, to its end")
    try:
        write_files(matrix_files(logs, known_standings() if known else ()), out)
    except OSError as problem:
        raise UsageError(f"--out={out}: {problem.strerror}") from None
    click.echo(f"open {out / 'index.html'}")
