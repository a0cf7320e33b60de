"""The outcome of a run as Markdown, short enough for a comment or for the summary of a CI job.

Markdown has no way to quote a text that may hold anything, so whatever is not ours is written
as references to characters wherever a character could mean something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from gearspec.log import plain
from gearspec.page.summary import KNOWN, PARTS, UNEXPECTED, summarise, word
from gearspec.page.template import render

if TYPE_CHECKING:
    from gearspec.log import Log

LIMIT: Final = 60_000
"""How many characters a comment may have; GitHub takes 65,536."""
_FULL: Final = 50
_LONG: Final = 400
_MEANING: Final = re.compile(r"[^\w ,.:;/=(){}?%+\"'-]|_")


def comment(log: Log) -> str:
    """The Markdown; of many failures the first ones, until it is long enough for a comment."""
    summary = summarise(plain(log))
    for shown in (_FULL, _FULL // 5, 0):
        text = render(
            "comment.md",
            summary=summary,
            unexpected=summary.parts.get(UNEXPECTED, []),
            known=summary.parts.get(KNOWN, []),
            parts=PARTS,
            shown=shown,
            word=word,
            inert=inert,
        )
        if len(text) <= LIMIT:
            break
    return text


def inert(text: str) -> Markup:
    """A text as one line of Markdown in which nothing means anything, cut where it is long."""
    line = " ".join(text[:_LONG].split()) + ("..." if len(text) > _LONG else "")
    return Markup(_MEANING.sub(lambda found: f"&#{ord(found[0])};", line))  # noqa: S704 - it is escaped here
