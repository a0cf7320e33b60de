"""The pages of the text protocol: one a command, with what real servers answer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.page.template import Page, render, slug
from gearspec.page.words import load_words
from gearspec.protocol.admin import COMMANDS
from gearspec.protocol.clause import load_clauses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gearspec.protocol.admin import Command
    from gearspec.vector import Vector

ADMIN: Final = "admin.yaml"
"""The vectors of the text protocol."""


def text_pages(vectors: Sequence[Vector]) -> Iterator[Page]:
    """A page for each command, and the index."""
    requests = [one for one in vectors if one.path.name == ADMIN and not one.answers]
    answers: dict[str, list[Vector]] = {one.id: [] for one in requests}
    for one in vectors:
        if one.answers:
            answers[one.answers].append(one)
    asked: dict[Command | None, list[tuple[Vector, list[Vector]]]] = {None: []}
    for one in requests:
        asked.setdefault(_command(one), []).append((one, answers[one.id]))
    words = load_words().commands
    clauses = [clause for clause in load_clauses().values() if clause.group == "admin"]
    yield Page(
        "text/index.html",
        render("texts.html", commands=COMMANDS.values(), words=words, exchanges=asked[None], clauses=clauses),
    )
    for command in COMMANDS.values():
        yield Page(f"text/{slug(command.name.decode())}.html", command_page(command, asked[command]))


def command_page(command: Command, exchanges: Sequence[tuple[Vector, Sequence[Vector]]]) -> str:
    """The page of one command.

    Args:
        command: its row.
        exchanges: request lines of it, each with the replies that were captured.
    """
    ids = {name for asked, answers in exchanges for one in (asked, *answers) for name in one.clauses}
    clauses = [clause for clause in load_clauses().values() if clause.id in ids]
    name = command.name.decode()
    return render("text.html", name=name, words=load_words(), exchanges=exchanges, clauses=clauses)


def _command(vector: Vector) -> Command | None:
    """What a single line asks for, by the words that it begins with."""
    asked = tuple(vector.elements[0].raw.lower().split()) if len(vector.elements) == 1 else ()
    return next((one for one in COMMANDS.values() if one.words == asked[: len(one.words)]), None)
