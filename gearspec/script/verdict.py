"""What a play of a case comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from gearspec.protocol.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gearspec.script.case import Case


class Verdict(StrEnum):
    """The outcomes of one case on one program, from best to worst.

    PASS: it did what the clause says.
    RECORDED: the text is silent, or newer than the program; the flag says which variant was seen.
    TOLERATED: another answer that the text allows or leaves open; the flag names it.
    UNSUPPORTED: the program is declared not to have this, and a probe in this run agreed.
    INCONCLUSIVE: the harness could not tell.
    FAIL: it did something else.
    HANG: a fresh connection is not answered any more.
    CRASH: the program is gone.
    ERROR: our own fault.
    """

    PASS = "PASS"  # noqa: S105 - not a password
    RECORDED = "RECORDED"
    TOLERATED = "TOLERATED"
    UNSUPPORTED = "UNSUPPORTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    FAIL = "FAIL"
    HANG = "HANG"
    CRASH = "CRASH"
    ERROR = "ERROR"

    @property
    def rank(self) -> int:
        """Where it stands among the others; the worst of several plays has the highest."""
        return list(Verdict).index(self)


@dataclass(slots=True)
class Result:
    """The outcome of one play, with all that is needed to explain it.

    Attributes:
        verdict: see `Verdict`.
        message: one line that is the same in the next run: names instead of values, no times. Empty for PASS.
        flags: the flags of the branches taken, sorted; what TOLERATED and RECORDED name.
        clause: the clause that was being decided, None while the script was still setting up.
        line: the line of the script where it ended, counted from 1.
        expected: what the script wanted there, in words.
        came: what came instead, in words.
        transcript: all sides.
        names: the values that were bound to ``$name``, for printing.
        case: what was played; None where it was no case.
    """

    verdict: Verdict
    message: str = ""
    flags: tuple[str, ...] = ()
    clause: str | None = None
    line: int | None = None
    expected: str = ""
    came: str = ""
    transcript: Transcript = field(default_factory=Transcript)
    names: Mapping[bytes, str] = field(default_factory=dict)
    case: Case | None = None


def worst(results: list[Result]) -> Result:
    """The result that counts for an item of several plays: the worst; of equals the first, with all flags.

    Flags of all plays are joined only when the verdict is one that names flags.
    """
    found = max(results, key=lambda result: result.verdict.rank)
    if found.verdict in {Verdict.RECORDED, Verdict.TOLERATED}:
        found.flags = tuple(sorted({flag for result in results for flag in result.flags}))
    return found


class Stopped(Exception):  # noqa: N818 - it carries an outcome, which need not be an error
    """The play cannot go on.

    Args:
        verdict: what it comes to.
        message: why, on one line that is the same in the next run.
        silence: it is because something did not come.
    """

    def __init__(self, verdict: Verdict, message: str, *, silence: bool = False) -> None:
        self.verdict, self.message, self.silence = verdict, message, silence
        super().__init__(message)
