"""The page of a run: one file that needs nothing else, and says first what is not as expected.

Whatever a program under test had to say is escaped here, cut where it is long, and cannot
be a script: the page allows only its own one, by its digest, and has all of its text without it.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from gearspec.log import plain
from gearspec.page.drawing import draw_record
from gearspec.page.summary import PARTS, UNEXPECTED, summarise, word
from gearspec.page.template import render
from gearspec.protocol.clause import LEVELS
from gearspec.protocol.transcript import MOST, event_lines, in_blocks

if TYPE_CHECKING:
    from gearspec.log import Log
    from gearspec.report import Entry, Record

BUDGET: Final = 2_200_000
"""How many characters of charts and transcripts a page has; those of what is less important are left out."""
_CHART: Final = Path(__file__).with_name("static") / "chart.css"


def report_page(log: Log) -> str:
    """The page, as HTML."""
    summary = summarise(plain(log))
    script = render("report.js")
    digest = b64encode(sha256(script.encode()).digest()).decode("ascii")
    return render(
        "report.html",
        summary=summary,
        parts=PARTS,
        opened=UNEXPECTED,
        levels=LEVELS,
        word=word,
        spoken=_Spoken(BUDGET),
        style=Markup(render("report.css") + _CHART.read_text("utf-8")),  # noqa: S704 - our own, with nothing filled in
        script=Markup(script),  # noqa: S704 - likewise
        digest=digest,
    )


class _Spoken:
    """What was said in each item, as a chart and as text, until there is too much of it for one page."""

    def __init__(self, budget: int) -> None:
        self._left = budget

    def __call__(self, record: Record) -> tuple[Markup, str] | None:
        """The chart and the text; None if there is no more room for them."""
        chart, text = draw_record(record), transcript(record["transcript"])
        self._left -= len(chart) + len(text)
        return None if self._left < 0 else (Markup(chart), text)  # noqa: S704 - it is escaped where it is drawn


def transcript(entries: list[Entry]) -> str:
    """A transcript as text, with bytes in hexadecimal; of a long one the beginning and the end."""
    return in_blocks(entries, _lines, MOST)


def _lines(entry: Entry) -> list[str]:
    raw = bytes.fromhex(entry["hex"])
    return event_lines(entry["at"], entry["sender"], entry["receiver"], entry["what"], raw)
