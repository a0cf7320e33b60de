"""The bytes of a line that is sent, and the ways in which a case can be played."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import TYPE_CHECKING

from gearspec.protocol.message import BY_NAME, REQ
from gearspec.protocol.packet import Line, Packet
from gearspec.protocol.transcript import RAW, Note
from gearspec.script import case as words
from gearspec.script.case import Either, Message, Together
from gearspec.script.check import SILENT
from gearspec.script.load import walk
from gearspec.script.project import expects
from gearspec.script.value import names_in, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gearspec.protocol.transcript import What
    from gearspec.script.case import Step


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to play a case that has several.

    Attributes:
        choices: for each either that is sent, by its line: which branch.
        cut: where the line with ``split: anywhere`` is cut; 0 if there is none.
        reverse: the testee is given its servers in reverse order (K4).
    """

    choices: tuple[tuple[int, int], ...] = ()
    cut: int = 0
    reverse: bool = False


def variants(steps: tuple[Step, ...], role: str) -> list[Variant]:
    """Every way in which a script is played: one, unless it has branches that are sent or a cut anywhere.

    Args:
        steps: as the role sees them.
        role: what is under test.
    """
    sent = [s for s in walk(steps) if isinstance(s, Either) and _sent(s, role)]
    choices = product(*([(either.line, index) for index in range(len(either.branches))] for either in sent))
    cuts = [
        _length(step) - 1
        for step in walk(steps)
        if isinstance(step, Message) and step.anywhere and not expects(step, role)
    ]
    places = range(1, max(cuts) + 1) if cuts else (0,)
    return [Variant(choice, cut) for choice in choices for cut in places]


def _sent(step: Either, role: str) -> bool:
    """Whether it is ours to choose a branch."""
    first = next((found for branch in step.branches for found in branch.steps[:1]), None)
    return first is not None and not isinstance(first, Together) and not expects(first, role)


def _length(step: Message) -> int:
    """How long the packet of a line is, with 16 bytes for every name."""
    names = {
        name: b"." * 16 for value in (*step.values.values(), *(step.args or ())) for name in names_in(value)
    }
    data, _ = encode(replace(step, what="JOB_ASSIGN") if step.what == words.ASSIGN else step, names, 0)
    return len(data)


def encode(
    step: Message, names: Mapping[str, bytes], wall: float, magic: bytes = REQ
) -> tuple[bytes, list[What]]:
    """The bytes of a sent line, and what they are.

    Args:
        step: a line that is sent: a message of the table, TEXT or RAW.
        names: every name in it is bound here.
        wall: unix time, in seconds.
        magic: that of who sends it.
    """
    values = {name: render(value, names, wall) for name, value in step.values.items()}
    if step.what == words.RAW:
        return values["hex"] * step.times, [Note(RAW, values["hex"])] * step.times
    if step.what == words.TEXT:
        line = values["line"] + b"\n"
        return line * step.times, [Line(line)] * step.times
    if step.args is not None:
        arguments = [render(value, names, wall) for value in step.args]
    else:
        arguments = [values.get(name, SILENT.get(name, b"")) for name in BY_NAME[step.what].arguments]
    packet = _framed(step, b"\0".join(arguments), magic)
    return packet.encode() * step.times, [packet] * step.times


def _framed(step: Message, body: bytes, magic: bytes) -> Packet:
    frame, size = step.frame, None
    if frame.size is not None:
        size = (int(frame.size) + (len(body) if frame.size[0] in "+-" else 0)) % 2**32
    type_ = BY_NAME[step.what].type if frame.type is None else frame.type
    return Packet(frame.magic or magic, type_, body, size)


def writes(held: tuple[bytes, ...], data: bytes, cuts: tuple[int, ...]) -> tuple[bytes, ...]:
    """What goes out in one write each.

    Args:
        held: what was to be sent, in writes; the last of them goes on with `data`.
        data: the bytes that come next.
        cuts: offsets at which these are cut, rising.
    """
    *before, last = held or (b"",)
    first, *rest = (data[start:stop] for start, stop in pairwise([0, *cuts, len(data)]))
    return (*before, last + first, *rest)


def cuts(step: Message, variant: Variant, length: int) -> tuple[int, ...]:
    """The offsets at which the packet of a line is cut in this variant."""
    if step.anywhere:
        wanted: tuple[int, ...] | range = (variant.cut,)
    else:
        wanted = range(1, length) if step.split == () else (step.split or ())
    return tuple(cut for cut in wanted if cut < length)
