"""What a search has come to so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from gearspec.protocol.packet import Line
from gearspec.protocol.transcript import Note
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from gearspec.protocol.transcript import Transcript, What

Example = TypeVar("Example")


@dataclass(slots=True)
class Survey(Generic[Example]):
    """What was tried, and what was seen.

    Attributes:
        result: what came of the smallest example that did not pass, else PASS; INCONCLUSIVE when
            of no example could be told what it came to.
        example: that example; None if there is none.
        seed: of the last round that was begun; None while examples are tried that an earlier search found.
        examples: how many were tried.
        undecided: of how many of them could not be told what they came to, or came to something else
            when they were tried again.
        behaviours: a number for each of the distinct behaviours that were seen; see `behaviour`.
        seconds: since it began.
    """

    result: Result = field(default_factory=lambda: Result(Verdict.PASS))
    example: Example | None = None
    seed: int | None = None
    examples: int = 0
    undecided: int = 0
    behaviours: set[int] = field(default_factory=set)
    seconds: float = 0.0

    def __str__(self) -> str:
        """It in a few words."""
        seed = "found before" if self.seed is None else f"seed {self.seed}"
        rate = f"{self.examples / self.seconds:.0f}/s" if self.seconds else "0/s"
        return f"{self.examples} examples, {rate}, {len(self.behaviours)} behaviours, {seed}"


def behaviour(transcript: Transcript, role: str) -> int:
    """The shape of what a program said: the names of its messages, in order, to each of the others.

    Args:
        transcript: of all sides.
        role: the program.

    Returns:
        A number that is the same within one process for the same shape.
    """
    said: dict[str, list[str]] = {}
    for event in transcript.events:
        if event.sender == role:
            said.setdefault(event.receiver, []).append(_name(event.what))
    return hash(frozenset((receiver, *names) for receiver, names in said.items()))


def _name(what: What) -> str:
    if isinstance(what, Note):
        return what.kind
    return "TEXT" if isinstance(what, Line) else what.name
