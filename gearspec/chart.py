"""A script as a sequence chart in plain text: a lifeline for each party, an arrow for each line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gearspec.script import case as words
from gearspec.script.case import Call, Either, Listen, Message, Report, Step, Together
from gearspec.script.load import walk
from gearspec.script.value import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearspec.script.case import Branch, Case

_NARROW: Final = 16
_WIDE: Final = 44
_WIDTH: Final = 88
"""Columns between two lifelines: at least narrow, at most wide, and all of them within this width."""
_SIDES: Final = ("client", "server", "first", "second", "worker", "admin")


def chart(case: Case) -> str:
    """The whole script, its branches one after the other."""
    parties = sorted({party for step in walk(case.steps) for party in _parties(step)}, key=_place)
    labels = [label(step) for step in walk(case.steps) if isinstance(step, Message)]
    apart = max(_NARROW, min(_WIDE, max(map(len, labels), default=0) + 5, _WIDTH // max(len(parties) - 1, 1)))
    canvas = _Canvas(parties, apart)
    canvas.heads()
    canvas.steps(case.steps)
    canvas.heads()
    return "\n".join(canvas.lines)


def label(step: Message) -> str:
    """What travels on a line, in words."""
    if step.what == words.TABLE:
        rows = [" ".join("*" if cell is None else show(cell) for cell in row) for row in step.rows]
        return "TABLE " + ("; ".join(rows) or "without a row of ours")
    if step.args is not None:
        arguments = [f"'{show(value)}'" for value in step.args]
    else:
        arguments = [f"{name}='{show(value)}'" for name, value in step.values.items()]
    return " ".join([step.what, *arguments, *_how(step)])


def _how(step: Message) -> Iterator[str]:
    """What is unusual about the way in which it is sent."""
    if step.frame.size is not None:
        yield f"(size says {step.frame.size})"
    if step.frame.type is not None:
        yield f"(type says {step.frame.type})"
    if step.frame.magic is not None:
        yield f"(magic {step.frame.magic.hex()})"
    if step.anywhere:
        yield "(cut at every place in turn)"
    elif step.split is not None:
        yield f"(cut at {', '.join(map(str, step.split))})" if step.split else "(byte by byte)"
    if step.join:
        yield "(in one write with the next)"
    if step.times > 1:
        yield f"x {step.times}"


def remarks(step: Message | Report) -> list[str]:
    """What a line decides, and when it must come."""
    found = []
    if isinstance(step, Message):
        since = f" after {step.since}" if step.since else ""
        if step.not_before is not None:
            found.append(f"not before {step.not_before:g} s{since}")
        if step.within is not None:
            found.append(f"within {step.within:g} s{since}")
        if step.mark:
            found.append(f"this moment is {step.mark}")
    elif step.within is not None:
        found.append(f"within {step.within:g} s")
    if step.clause:
        found.append(f"decides {step.clause}")
    return found


def _parties(step: Step) -> tuple[str, ...]:
    if isinstance(step, Message):
        return (step.sender, step.receiver)
    if isinstance(step, Listen):
        return (step.server,)
    return (step.party,) if isinstance(step, Call | Report) else ()


def _place(party: str) -> tuple[int, str]:
    """Clients stand to the left of the servers, workers and admins to the right."""
    return _SIDES.index(party.rstrip("0123456789")), party


@dataclass(slots=True)
class _Canvas:
    parties: list[str]
    apart: int
    lines: list[str] = field(default_factory=list)

    def column(self, party: str) -> int:
        return self.parties.index(party) * self.apart + 4

    def write(self, *texts: tuple[int, str], fill: str = "|") -> None:
        """One row: the lifelines, and texts over them from some column on."""
        row = [" "] * (self.column(self.parties[-1]) + 1)
        for party in self.parties:
            row[self.column(party)] = fill
        for start, text in texts:
            row += " " * (start + len(text) - len(row))
            row[start : start + len(text)] = text
        self.lines.append("".join(row).rstrip())

    def heads(self) -> None:
        self.write(*((self.column(party) - len(party) // 2, party) for party in self.parties))

    def rule(self, text: str) -> None:
        self.lines.append(f"--- {text} ".ljust(self.column(self.parties[-1]) + 5, "-"))

    def steps(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if isinstance(step, Message):
                self.arrow(step)
            elif isinstance(step, Together):
                self.rule("in any order")
                self.steps(step.steps)
                self.rule("from here on in order")
            elif isinstance(step, Either):
                self.fork(step)
            else:
                self.note(step)

    def arrow(self, step: Message) -> None:
        start, stop = self.column(step.sender), self.column(step.receiver)
        left, right = min(start, stop), max(start, stop)
        line = ("- " if step.what in {words.NOTHING, words.ANYTHING} else "-") * (right - left)
        shaft = line[: right - left - 2]
        shaft = f"{shaft}>" if start < stop else f"<{shaft}"
        self.write()
        self.write((left + 2, label(step)))
        self.write((left + 1, shaft))
        for remark in remarks(step):
            self.write((left + 2, f"({remark})"))

    def note(self, step: Call | Report | Listen) -> None:
        if isinstance(step, Listen):
            party, text = step.server, step.what
        else:
            values = [f"{name}='{show(value)}'" for name, value in step.values.items()]
            if isinstance(step, Call):
                values += [f"{name}={value}" for name, value in step.settings.items()]
            verb = f"calls {step.operation}" if isinstance(step, Call) else f"reports {step.event}"
            task = [f"of {step.task}"] if step.task else []
            party, text = step.party, " ".join([verb, *task, *values])
        self.write()
        self.write((self.column(party), f"[{text}]"))
        for remark in remarks(step) if isinstance(step, Report) else ():
            self.write((self.column(party) + 2, f"({remark})"))

    def fork(self, step: Either) -> None:
        for index, branch in enumerate(step.branches):
            self.rule(f"{'or' if index else 'either'}: {_grade(branch)}")
            self.steps(branch.steps)
        self.rule("in either case")


def _grade(branch: Branch) -> str:
    return branch.grade if branch.flag is None else f"{branch.grade}, {branch.flag}"
