"""``gearspec site``: the reference of the protocol as a folder of HTML."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gearspec.command.word import examples


@click.command("site", epilog=examples("gearspec site --out=reference"))
@click.option(
    "--out",
    metavar="FOLDER",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put it; an earlier site that is there is replaced.",
)
@click.pass_context
def site(context: click.Context, out: Path) -> None:
    """Make the reference of the protocol, as pages.

    It has a page for each message and each case, the clauses, and the guides.

    It opens from the folder, without a server and without a network. It is made
    with Sphinx, which comes with gearspec[site].
    """
    from gearspec.command.manual import manuals, run_options  # noqa: PLC0415 - 'gearspec --help' shall be quick
    from gearspec.page.option import option_pages  # noqa: PLC0415 - likewise
    from gearspec.page.site import build  # noqa: PLC0415 - likewise

    group = context.find_root().command
    assert isinstance(group, click.Group), "it is a command of the command line"
    more = list(option_pages(manuals(group), run_options()))
    with click.progressbar(length=100, label="making the pages", file=sys.stderr) as bar:
        build(out, more, lambda percent: bar.update(percent - bar.pos))
    click.echo(f"open {out / 'index.html'}")
