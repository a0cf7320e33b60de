"""A sequence chart as SVG, to stand in a page.

It has no style of its own: ``static/chart.css`` goes once into the page. Its strokes and text
take the colour of the text around them, so that it is as light or as dark as the page. It has
its natural size, and scrolls in its box where that is too wide.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final

from gearspec.failure import escaped
from gearspec.sequence import Arrow, Note, Rule, case_rows, parties, record_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearspec.report import Record
    from gearspec.script.case import Case
    from gearspec.sequence import Row

_CHAR: Final = 7.6
_SMALL: Final = 6.7
"""How wide a character is, in pixels; a monospaced one of some other font fits as well."""
_LINE: Final = 16
_WRAP: Final = 34
_LINES: Final = 5
"""A text is broken after so many characters, and cut after so many lines."""
_APART: Final = 120
_INSET: Final = 8


def draw_case(case: Case, address: Callable[[str], str] | None = None) -> str:
    """The script of a case.

    Args:
        case: whose whole script is drawn, its branches one after the other.
        address: where the page of a clause is, by its id; without it nothing is a link.
    """
    return _draw(case_rows(case), case.title, address)


def draw_record(record: Record) -> str:
    """The transcript of a record, with a mark where the program did not do as it should."""
    return _draw(record_rows(record), f"{record['title']}: {record['verdict']}", None)


def _draw(rows: Sequence[Row], title: str, address: Callable[[str], str] | None) -> str:
    sheet = _Sheet(_columns(rows), address)
    for row in rows:
        sheet.add(row)
    return sheet.finish(title)


def scrolled(picture: str) -> str:
    """A picture in a box of its own, which mouse and keyboard scroll where the page is too narrow for it."""
    return f'<div class="chart" role="group" aria-label="a picture that scrolls" tabindex="0">{picture}</div>'


def _columns(rows: Sequence[Row]) -> dict[str, float]:
    """Where each lifeline stands: far enough from the others for what travels between them."""
    arrows = [row for row in rows if isinstance(row, Arrow)]
    places: dict[str, float] = {}
    for name in parties(rows):
        place = max(places.values(), default=-_APART) + _APART
        for row in arrows:
            other = row.receiver if row.sender == name else row.sender
            if name in {row.sender, row.receiver} and other in places:
                place = max(place, places[other] + _width(_wrapped(row.text)) + 24)
        places[name] = place
    return places


def _wrapped(text: str) -> list[str]:
    lines = textwrap.wrap(text, _WRAP, break_on_hyphens=False)
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], lines[_LINES - 1][: _WRAP - 3] + "..."]


def _width(lines: Sequence[str], char: float = _CHAR) -> float:
    return max(map(len, lines), default=0) * char


@dataclass(slots=True)
class _Frame:
    """A box round some rows; each part of it has a heading."""

    depth: int
    parts: list[tuple[float, str]]
    bottom: float = 0.0


@dataclass(slots=True)
class _Sheet:
    """A chart that grows downwards; how wide it is, is known at its end."""

    places: dict[str, float]
    address: Callable[[str], str] | None
    parts: list[str] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    inside: list[_Frame] = field(default_factory=list)
    first: float = 0.0
    last: float = 0.0
    left: float = 0.0
    right: float = 0.0
    y: float = 52.0

    def __post_init__(self) -> None:
        ends = self.places.values() or (0.0,)
        self.first, self.last = min(ends), max(ends)
        self.left, self.right = self.first - 16, self.last + 16

    def add(self, row: Row) -> None:
        """Draw a row below the others."""
        if isinstance(row, Rule):
            self.rule(row)
            return
        if row.at is not None:
            self.text(-24, f"{row.at * 1000:.1f} ms", "time")
        middle = self.arrow(row) if isinstance(row, Arrow) else self.note(row)
        for remark in row.remarks:
            self.line(middle, remark, "remark middle")
        if row.clause:
            self.line(middle, f"decides {row.clause}", "remark middle", self.link(row.clause))
        self.y += 12

    def link(self, clause: str) -> str | None:
        """Where a clause is told."""
        return self.address(clause) if self.address else None

    def arrow(self, row: Arrow) -> float:
        """Draw it with its text above it; returns where its middle is."""
        start, stop = self.places[row.sender], self.places[row.receiver]
        middle, ahead = (start + stop) / 2, 1 if start < stop else -1
        for line in _wrapped(row.text):
            self.line(middle, line, "middle")
        y = self.y - 8
        style = f' class="{row.style}"' if row.style in {"loose", "odd"} else ""
        tip = (
            "m-5-5l10 10m0-10l-10 10"
            if row.style == "end"
            else f"m{-8 * ahead}-4l{8 * ahead} 4l{-8 * ahead} 4"
        )
        self.parts.append(f'<path{style} d="M{start:.0f} {y:.0f}H{stop:.0f}"/>')
        self.parts.append(f'<path d="M{stop:.0f} {y:.0f}{tip}"/>')
        self.y += 8
        return middle

    def note(self, row: Note) -> float:
        """Write it into a box, which lies between the outer lifelines; returns where its middle is."""
        lines = _wrapped(row.text)
        decides = [f"decides {row.clause}"] if row.clause else []
        width = max(_width(lines) + 16, _width([*row.remarks, *decides], _SMALL))
        place = self.places[row.party]
        outer = place - 12 if place == self.first else place + 12 - width
        start = outer if place in {self.first, self.last} else place - width / 2
        self.parts.append(_rectangle("note", start, self.y - 14, width, len(lines) * _LINE + 6))
        for line in lines:
            self.line(start + width / 2, line, "middle")
        self.y += 6
        return start + width / 2

    def rule(self, rule: Rule) -> None:
        """Begin, go on with or end a frame, or say something across all lifelines."""
        if rule.kind == "close":
            frame = self.inside.pop()
            frame.bottom = self.y - 8
            self.y += 18
        elif rule.kind in {"open", "next"}:
            if rule.kind == "open":
                self.inside.append(_Frame(len(self.inside), []))
                self.frames.append(self.inside[-1])
            self.inside[-1].parts.append((self.y - 8, rule.text))
            self.y += 26
        else:
            self.remark(rule)

    def remark(self, rule: Rule) -> None:
        """Say where rows are left out, or where it broke."""
        lines = textwrap.wrap(rule.text, max(_WRAP, int((self.last - self.first) / _CHAR)))
        self.parts.append(f'<g class="{rule.kind}">')
        if rule.kind == "break":
            self.parts.append(f'<path d="M{self.first - 12:.0f} {self.y - 10:.0f}H{self.last + 12:.0f}"/>')
            self.y += 8
        for line in lines:
            self.line(self.first, line, "")
        self.parts.append("</g>")
        self.y += 12

    def line(self, x: float, text: str, style: str, address: str | None = None) -> None:
        """Write a line, and go to the next."""
        self.text(x, text, style, address)
        self.y += _LINE

    def text(self, x: float, text: str, style: str, address: str | None = None) -> None:
        """Write something, and note how far it reaches."""
        width = len(text) * (_SMALL if "remark" in style or style == "time" else _CHAR)
        start = x - width / 2 if "middle" in style else x - width if style == "time" else x
        self.left, self.right = min(self.left, start), max(self.right, start + width)
        drawn = f'<text class="{style}" x="{x:.0f}" y="{self.y:.0f}">{escape(text, quote=False)}</text>'
        self.parts.append(f'<a href="{escape(address)}">{drawn}</a>' if address else drawn)

    def finish(self, title: str) -> str:
        """The chart with its heads, lifelines and frames."""
        bottom = self.y + 4
        deepest = max((frame.depth for frame in self.frames), default=-1)
        margin = _INSET * (deepest + 2)
        under = [f'<path class="life" d="M{x:.0f} 30V{bottom:.0f}"/>' for x in self.places.values()]
        for frame in self.frames:
            under += self.frame(frame, _INSET * (deepest - frame.depth + 1))
        for name, x in self.places.items():
            self.heading(name, x, bottom)
        left, width = self.left - margin, self.right - self.left + 2 * margin
        role = "group" if self.address else "img"
        height = f"{bottom + 30:.0f}"
        size = f'viewBox="{left:.0f} 0 {width:.0f} {height}" width="{width:.0f}" height="{height}"'
        about = f"A sequence chart of {', '.join(self.places) or 'nobody'}."
        return scrolled(
            f'<svg xmlns="http://www.w3.org/2000/svg" role="{role}" {size}>'
            f"<title>{escape(escaped(title))}</title><desc>{escape(about)}</desc>"
            f"{''.join(under)}{''.join(self.parts)}</svg>"
        )

    def heading(self, name: str, x: float, bottom: float) -> None:
        """The name of a party, above and below its lifeline."""
        for self.y in (20.0, bottom + 18):
            self.text(x, name, "head middle")

    def frame(self, frame: _Frame, margin: float) -> list[str]:
        """A frame, and the headings of its parts."""
        start, stop = self.left - margin, self.right + margin
        top = frame.parts[0][0]
        drawn = [_rectangle("frame", start, top, stop - start, frame.bottom - top)]
        for y, text in frame.parts:
            if y != top:
                drawn.append(f'<path class="frame" d="M{start:.0f} {y:.0f}H{stop:.0f}"/>')
            heading = escape(text, quote=False)
            drawn.append(f'<text class="label" x="{start + 6:.0f}" y="{y + 15:.0f}">{heading}</text>')
        return drawn


def _rectangle(style: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{style}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="3"/>'
