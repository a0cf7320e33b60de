"""The pages of the messages: one each, an index of them, and one of what is common to all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.page.account import supports
from gearspec.page.anatomy import arguments, runs
from gearspec.page.answer import answers, consequences
from gearspec.page.template import Page, render, slug
from gearspec.page.usage import usages
from gearspec.page.words import load_words
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import BACKGROUND, MESSAGES
from gearspec.vector import load_notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gearspec.page.account import Subject, Support
    from gearspec.page.answer import Consequence
    from gearspec.page.usage import Usage
    from gearspec.protocol.message import Message
    from gearspec.script.case import Case
    from gearspec.vector import Vector

FRAMING: Final = "framing.yaml"
"""The vectors that are no single message."""


def message_pages(
    cases: Sequence[Case], vectors: Sequence[Vector], subjects: Sequence[Subject]
) -> Iterator[Page]:
    """A page for each message, the index, and the page of framing.

    Args:
        cases: those that come with gearspec.
        vectors: likewise.
        subjects: the programs that were run.
    """
    follows, words = consequences(cases), load_words()
    used = usages(cases, answers(follows))
    yield Page("messages/index.html", render("messages.html", messages=MESSAGES, purposes=words.messages))
    yield Page("messages/framing.html", framing_page([one for one in vectors if one.path.name == FRAMING]))
    for message in MESSAGES:
        own = [one for one in vectors if one.path.stem == slug(message.name)]
        usage = used[message.name]
        known = supports(usage.tested.values(), subjects)
        text = message_page(message, usage, follows, own, known)
        yield Page(f"messages/{slug(message.name)}.html", text)


def message_page(
    message: Message,
    usage: Usage,
    follows: Mapping[Consequence, Case],
    vectors: Sequence[Vector],
    known: Mapping[str, Support],
) -> str:
    """The page of one message.

    Args:
        message: its row.
        usage: the cases and clauses that it has to do with.
        follows: what each message sets off.
        vectors: those in its file.
        known: how far programs have what the cases test, by their names.
    """
    place = MESSAGES.index(message)
    own = {one: case for one, case in follows.items() if message.name in one[:2]}
    return render(
        "message.html",
        message=message,
        words=load_words(),
        detached=message.name in BACKGROUND,
        arguments=arguments(message),
        answers={one.response: case for one, case in own.items() if one.request == message.name and one.back},
        effects={
            one.response: case for one, case in own.items() if one.request == message.name and not one.back
        },
        causes={one.request: case for one, case in own.items() if one.response == message.name},
        vectors=vectors,
        captured=sorted({f"{one.source.program} {one.source.version}" for one in vectors if one.source}),
        runs=runs,
        notes=load_notes(),
        usage=usage,
        known=known,
        before=MESSAGES[place - 1],
        after=MESSAGES[(place + 1) % len(MESSAGES)],
    )


def framing_page(vectors: Sequence[Vector]) -> str:
    """The page of what all packets have in common, with the vectors that are streams."""
    clauses = [clause for clause in load_clauses().values() if clause.group == "framing"]
    return render("framing.html", vectors=vectors, runs=runs, notes=load_notes(), clauses=clauses)
