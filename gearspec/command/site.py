"""``gearspec site``: the reference of the protocol as a folder of HTML."""

from __future__ import annotations

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
def site(out: Path) -> None:
    """Make the reference of the protocol, as pages.

    It has a page for each message and each case, the clauses, and the guides.

    It opens from the folder, without a server and without a network. It is made
    with Sphinx, which comes with gearspec[site].
    """
    from gearspec.page.site import build  # noqa: PLC0415 - 'gearspec --help' shall be quick

    build(out)
    click.echo(f"open {out / 'index.html'}")
