"""The page of the command line: every command and every option, as the code declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gearspec.page.template import Page, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Option(NamedTuple):
    """One option.

    Attributes:
        names: as they are typed, with what they take.
        help: what it does.
    """

    names: str
    help: str


class Manual(NamedTuple):
    """What there is to know of one command.

    Attributes:
        name: of the command, without ``gearspec``.
        usage: its form.
        paragraphs: what it does; the first is one line.
        options: all of them, in order.
        examples: command lines.
    """

    name: str
    usage: str
    paragraphs: Sequence[str]
    options: Sequence[Option]
    examples: Sequence[str]


def option_pages(commands: Sequence[Manual], run: Sequence[Option]) -> Iterator[Page]:
    """The one page.

    Args:
        commands: what the command line has.
        run: the options of a run, which belong to pytest as well as to ``gearspec run``.
    """
    yield Page("options/index.html", render("options.html", commands=commands, run=run))
