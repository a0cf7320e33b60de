"""A conversation as the rows of a sequence chart, whoever draws them.

A script and a transcript become the same rows: arrows between two parties,
notes at one of them, and rules across all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gearspec.failure import escaped
from gearspec.protocol.transcript import ends
from gearspec.script import case as words
from gearspec.script.case import Call, Either, Frame, Listen, Message, Report, Step, Together
from gearspec.script.value import show
from gearspec.script.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gearspec.report import Entry, Record
    from gearspec.script.case import Branch, Case

SHOWN: Final = 200
"""How many events of a transcript have a row; those in the middle of a longer one have none."""
_LONG: Final = 300
"""How many characters of one event are shown."""
_SIDES: Final = ("client", "server", "first", "second", "worker", "admin")
_ENDS: Final = (words.CLOSE, words.RESET, words.HALF_CLOSE)
_BROKEN: Final = (Verdict.FAIL, Verdict.CRASH, Verdict.HANG, Verdict.INCONCLUSIVE, Verdict.ERROR)


@dataclass(frozen=True, slots=True)
class Arrow:
    """Something that travels, or must not.

    Attributes:
        sender: a party.
        receiver: another one.
        text: what it is, in words.
        style: ``packet``, ``odd`` (cut, or with a header that lies), ``end`` of a connection, or ``loose``
            (nothing, or anything).
        remarks: when it must come, and what its moment is called.
        clause: what it decides.
        at: seconds since the conversation began; None in a script.
    """

    sender: str
    receiver: str
    text: str
    style: str = "packet"
    remarks: tuple[str, ...] = ()
    clause: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What happens at one party; the attributes are those of `Arrow`."""

    party: str
    text: str
    remarks: tuple[str, ...] = ()
    clause: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across all lifelines.

    Attributes:
        kind: ``open``, ``next`` or ``close`` of a frame; ``gap`` where rows are left out; ``break`` where
            a program did not do as it should.
        text: what is said there.
    """

    kind: str
    text: str


Row = Arrow | Note | Rule


def case_rows(case: Case) -> list[Row]:
    """The whole script, its branches one after the other."""
    return list(_rows(case.steps))


def record_rows(record: Record) -> list[Row]:
    """The transcript of a record, with a break where the program did not do as it should."""
    entries = record["transcript"]
    if record["verdict"] not in _BROKEN:
        return _shortened(entries, SHOWN)
    place, later = _break(record), SHOWN // 4
    broken = Rule("break", _outcome(record))
    return [*_shortened(entries[:place], SHOWN - later), broken, *_shortened(entries[place:], later)]


def _shortened(entries: list[Entry], most: int) -> list[Row]:
    """The rows of some events; those in the middle are left out where there are too many."""
    head, left, tail = ends(entries, most)
    gap = [Rule("gap", f"{left} more")] if left else []
    return [*map(_event, head), *gap, *map(_event, tail)]


def parties(rows: Iterable[Row]) -> list[str]:
    """Who takes part, from left to right: clients, servers, workers, admins, and whoever else."""
    found: dict[str, None] = {}
    for row in rows:
        if isinstance(row, Arrow):
            found |= {row.sender: None, row.receiver: None}
        elif isinstance(row, Note):
            found[row.party] = None
    return sorted(found, key=_place)


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


def _rows(steps: Iterable[Step]) -> Iterator[Row]:
    for step in steps:
        if isinstance(step, Together):
            yield Rule("open", "in any order")
            yield from _rows(step.steps)
            yield Rule("close", "from here on in order")
        elif isinstance(step, Either):
            yield from _fork(step)
        elif isinstance(step, Message):
            yield _arrow(step)
        else:
            yield _note(step)


def _fork(step: Either) -> Iterator[Row]:
    for index, branch in enumerate(step.branches):
        yield Rule("next", f"or: {_grade(branch)}") if index else Rule("open", f"either: {_grade(branch)}")
        yield from _rows(branch.steps)
    yield Rule("close", "in either case")


def _grade(branch: Branch) -> str:
    return branch.grade if branch.flag is None else f"{branch.grade}, {branch.flag}"


def _arrow(step: Message) -> Arrow:
    return Arrow(step.sender, step.receiver, label(step), _style(step), tuple(_remarks(step)), step.clause)


def _style(step: Message) -> str:
    if step.what in {words.NOTHING, words.ANYTHING}:
        return "loose"
    if step.what in _ENDS:
        return "end"
    cut = step.split is not None or step.anywhere
    return "odd" if cut or step.what == words.RAW or step.frame != Frame() else "packet"


def _note(step: Call | Report | Listen) -> Note:
    if isinstance(step, Listen):
        return Note(step.server, step.what)
    values = [f"{name}='{show(value)}'" for name, value in step.values.items()]
    task = [f"of {step.task}"] if step.task else []
    if isinstance(step, Call):
        values += [f"{name}={value}" for name, value in step.settings.items()]
        return Note(step.party, " ".join(["calls", step.operation, *task, *values]))
    text = " ".join(["reports", step.event, *task, *values])
    return Note(step.party, text, tuple(_remarks(step)), step.clause)


def _remarks(step: Message | Report) -> Iterator[str]:
    """When a line must come, and what its moment is called."""
    since = f" after {step.since}" if isinstance(step, Message) and step.since else ""
    if isinstance(step, Message) and step.not_before is not None:
        yield f"not before {step.not_before:g} s{since}"
    if step.within is not None:
        yield f"within {step.within:g} s{since}"
    if isinstance(step, Message) and step.mark:
        yield f"this moment is {step.mark}"


def _place(party: str) -> tuple[int, str]:
    """Clients stand to the left of the servers, workers and admins to the right."""
    name = party.rstrip("0123456789")
    return _SIDES.index(name) if name in _SIDES else len(_SIDES), party


def _event(entry: Entry) -> Row:
    """One event; what a library is told, tells its user or complains of is a note."""
    sender, receiver, text = (_short(entry[key]) for key in ("sender", "receiver", "what"))
    if sender == "adapter" or receiver == "user":
        return Note(sender, text, at=entry["at"])
    if sender == "user":
        return Note(receiver, text, at=entry["at"])
    style = "end" if text in _ENDS else "packet"
    return Arrow(sender, receiver, text, style, at=entry["at"])


def _short(text: str) -> str:
    cut = escaped(text[:_LONG])
    return cut if len(text) <= _LONG else f"{cut}... ({len(text)} characters)"


def _break(record: Record) -> int:
    """Where a conversation broke: after what came instead, or else where nothing more was said.

    What an adapter wrote to its standard error stands below that, since nobody knows when it did.
    """
    entries = record["transcript"]
    said = next((n for n, entry in enumerate(entries) if entry["sender"] == "adapter"), len(entries))
    came = record["came"].removeprefix("the report ").partition(" ")[0]
    heads = [entry["what"].removeprefix("reports ").partition(" ")[0] for entry in entries[:said]]
    return said - heads[::-1].index(came) if came in heads else said


def _outcome(record: Record) -> str:
    """What a break says."""
    came = _short(record["came"].strip().partition("\n")[0]) or "nothing"
    if not record["expected"]:
        return f"{record['verdict']}: {came}"
    return f"{record['verdict']}: expected {_short(record['expected'])}; came {came}"
