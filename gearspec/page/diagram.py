"""A state machine as SVG: boxes in a row, above them what leads to the right, below what leads back."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.page.drawing import scrolled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CHAR: Final = 6.7
_LINE: Final = 14
_WRAP: Final = 34
_HALF: Final = 38
"""Half the width of a box; its height is the same."""
_PORT: Final = 10
"""How far two lines that reach one side of a box are apart."""


class Edge(NamedTuple):
    """What leads from one box to another.

    Attributes:
        start: the place of the box where it begins, counted from the left.
        stop: that of the box where it ends.
        lines: what stands on it.
    """

    start: int
    stop: int
    lines: tuple[str, ...]

    @property
    def gap(self) -> int:
        """The gap between two boxes that its words stand in: the one it comes to first."""
        return min(self.start, self.stop) if self.start < self.stop else self.start - 1

    def meets(self, other: Edge) -> bool:
        """Whether both need the same place, were they drawn at the same height."""
        mine, yours = sorted(self[:2]), sorted(other[:2])
        return mine[0] < yours[1] and yours[0] < mine[1]


def draw_diagram(boxes: Sequence[str], arrows: Iterable[tuple[str, str, str]], title: str) -> str:
    """Boxes and arrows.

    Args:
        boxes: their names, from left to right.
        arrows: from which box to which other, and why; there may be several between two boxes.
        title: what it shows, for those who do not see it.
    """
    edges = _edges(boxes, arrows)
    places = _places(len(boxes), edges)
    above = _side([edge for edge in edges if edge.start < edge.stop], places, -1)
    below = _side([edge for edge in edges if edge.start > edge.stop], places, 1)
    top, bottom = above[1] - _HALF / 2 - 8, below[1] + _HALF / 2 + 8
    parts = [_box(name, place) for name, place in zip(boxes, places, strict=True)]
    width, height = places[-1] + 2 * _HALF + 16, bottom - top
    return scrolled(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
        f' viewBox="{-_HALF - 8} {top:.0f} {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}">'
        f"<title>{escape(title)}</title>{''.join([*parts, *above[0], *below[0]])}</svg>"
    )


def _edges(boxes: Sequence[str], arrows: Iterable[tuple[str, str, str]]) -> list[Edge]:
    """The arrows between each two boxes as one edge; the short ones first."""
    found: dict[tuple[int, int], list[str]] = {}
    for start, stop, text in arrows:
        if start != stop:
            lines = textwrap.wrap(escape(text, quote=False), _WRAP)
            found.setdefault((boxes.index(start), boxes.index(stop)), []).extend(lines)
    edges = [Edge(*ends, tuple(lines)) for ends, lines in found.items()]
    return sorted(edges, key=lambda edge: abs(edge.stop - edge.start))


def _places(count: int, edges: Sequence[Edge]) -> list[float]:
    """Where the middle of each box is: far enough from the next for the words between them."""
    places = [0.0]
    for gap in range(count - 1):
        words = [len(line) for edge in edges if edge.gap == gap for line in edge.lines]
        places.append(places[-1] + 2 * _HALF + max(words, default=4) * _CHAR + 8)
    return places


def _side(edges: Sequence[Edge], places: Sequence[float], way: int) -> tuple[list[str], float]:
    """The edges on one side of the boxes, and how far they reach; `way` is -1 above, and 1 below."""
    lanes: list[list[Edge]] = []
    for edge in edges:
        free = next((lane for lane in lanes if not any(edge.meets(other) for other in lane)), None)
        lanes.append([edge]) if free is None else free.append(edge)
    order = [edge for lane in lanes for edge in lane]
    parts, y = [], way * _HALF / 2
    for lane in lanes:
        room = max(len(edge.lines) for edge in lane) * _LINE
        y += way * (12 if way < 0 else 18)
        for edge in lane:
            parts += _edge(edge, order, places, y, way)
        y += way * room
    return parts, y


def _edge(edge: Edge, order: Sequence[Edge], places: Sequence[float], y: float, way: int) -> list[str]:
    """One edge, whose middle part lies at a height, and the words beside that."""
    start, stop = (_port(edge, end, order, places) for end in edge[:2])
    side = way * _HALF / 2
    middle = (places[edge.gap] + places[edge.gap + 1]) / 2
    first = y - 4 - (len(edge.lines) - 1) * _LINE if way < 0 else y + 12
    words = [
        f'<text class="remark middle" x="{middle:.0f}" y="{first + n * _LINE:.0f}">{line}</text>'
        for n, line in enumerate(edge.lines)
    ]
    tip = f"m-4 {way * 8}l4 {-way * 8}l4 {way * 8}"
    line = f"M{start:.0f} {side:.0f}V{y:.0f}H{stop:.0f}V{side:.0f}"
    return [f'<path d="{line}"/>', f'<path d="M{stop:.0f} {side:.0f}{tip}"/>', *words]


def _port(edge: Edge, end: int, order: Sequence[Edge], places: Sequence[float]) -> float:
    """Where an edge reaches a box: the lower it lies, the further out, so that none crosses another there."""
    other = edge.stop if end == edge.start else edge.start
    right = other > end
    beside = [one for one in order if end in one[:2] and (sum(one[:2]) - end > end) == right]
    offset = _HALF - 8 - _PORT * beside.index(edge)
    return places[end] + (offset if right else -offset)


def _box(name: str, place: float) -> str:
    left, top = place - _HALF, -_HALF / 2
    return (
        f'<rect class="note" x="{left:.0f}" y="{top:.0f}" width="{2 * _HALF}" height="{_HALF}" rx="12"/>'
        f'<text class="head middle" x="{place:.0f}" y="4">{escape(name, quote=False)}</text>'
    )
