"""A script as a sequence chart in plain text: a lifeline for each party, an arrow for each line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gearspec.sequence import Arrow, Note, Rule, case_rows, parties

if TYPE_CHECKING:
    from gearspec.script.case import Case
    from gearspec.sequence import Row

_NARROW: Final = 16
_WIDE: Final = 44
_WIDTH: Final = 88
"""Columns between two lifelines: at least narrow, at most wide, and all of them within this width."""


def chart(case: Case) -> str:
    """The whole script, its branches one after the other."""
    rows = case_rows(case)
    names = parties(rows)
    longest = max((len(row.text) for row in rows if isinstance(row, Arrow)), default=0)
    apart = max(_NARROW, min(_WIDE, longest + 5, _WIDTH // max(len(names) - 1, 1)))
    canvas = _Canvas(names, apart)
    canvas.heads()
    for row in rows:
        canvas.draw(row)
    canvas.heads()
    return "\n".join(canvas.lines)


@dataclass(slots=True)
class _Canvas:
    parties: list[str]
    apart: int
    lines: list[str] = field(default_factory=list)

    def column(self, party: str) -> int:
        return self.parties.index(party) * self.apart + 4

    def write(self, *texts: tuple[int, str]) -> None:
        """One row: the lifelines, and texts over them from some column on."""
        row = [" "] * (self.column(self.parties[-1]) + 1)
        for party in self.parties:
            row[self.column(party)] = "|"
        for start, text in texts:
            row += " " * (start + len(text) - len(row))
            row[start : start + len(text)] = text
        self.lines.append("".join(row).rstrip())

    def heads(self) -> None:
        self.write(*((self.column(party) - len(party) // 2, party) for party in self.parties))

    def draw(self, row: Row) -> None:
        if isinstance(row, Rule):
            self.lines.append(f"--- {row.text} ".ljust(self.column(self.parties[-1]) + 5, "-"))
            return
        self.write()
        start = self.arrow(row) if isinstance(row, Arrow) else self.note(row)
        for remark in [*row.remarks, *([f"decides {row.clause}"] if row.clause else [])]:
            self.write((start, f"({remark})"))

    def arrow(self, row: Arrow) -> int:
        """Draw it; returns the column for its remarks."""
        start, stop = self.column(row.sender), self.column(row.receiver)
        left, right = min(start, stop), max(start, stop)
        line = ("- " if row.style == "loose" else "-") * (right - left)
        shaft = line[: right - left - 2]
        shaft = f"{shaft}>" if start < stop else f"<{shaft}"
        self.write((left + 2, row.text))
        self.write((left + 1, shaft))
        return left + 2

    def note(self, row: Note) -> int:
        """Write it; returns the column for its remarks."""
        self.write((self.column(row.party), f"[{row.text}]"))
        return self.column(row.party) + 2
