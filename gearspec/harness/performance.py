"""One case played to its end on one instance."""

from __future__ import annotations

import secrets
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gearspec.errors import TargetGone
from gearspec.script.load import case_closes
from gearspec.script.play import plays
from gearspec.script.verdict import Result, Verdict, worst

if TYPE_CHECKING:
    from gearspec.harness.instance import Instance
    from gearspec.script.case import Case
    from gearspec.script.play import Stage

DEAD: Final = frozenset({Verdict.CRASH, Verdict.HANG})
"""Outcomes after which nothing more can be played on an instance."""
TRIES: Final = 3
"""How often a case is played where one play proves nothing."""
DIFFER: Final = "plays differ, and the server never shows that it has noticed a close"
"""What is said of a case that came to one thing and then to another."""
_FINAL: Final = DEAD | {Verdict.ERROR}


def doubtful(case: Case, stage: Stage) -> bool:
    """Whether one play proves nothing: somebody leaves, and the server never shows that it has noticed."""
    return stage.traits.close_fence is None and case_closes(case)


def perform(case: Case, instance: Instance, stage: Stage) -> Result:
    """What comes of a case; INCONCLUSIVE if it is doubtful and a play in `TRIES` comes to something else."""
    first = _play(case, instance, stage)
    for _ in range(1, TRIES if doubtful(case, stage) and first.verdict not in _FINAL else 1):
        other = _play(case, instance, stage)
        if other.verdict in _FINAL:
            return other
        if (other.verdict, other.message) != (first.verdict, first.message):
            return replace(worst([first, other]), verdict=Verdict.INCONCLUSIVE, message=DIFFER)
    return first


def _play(case: Case, instance: Instance, stage: Stage) -> Result:
    """What comes of the plays that a case consists of, one after the other: the worst.

    The death of the program ends it at once. Whatever else goes wrong is our own fault: ERROR, with
    the traceback as what came.
    """
    results: list[Result] = []
    try:
        for play in plays(case, stage):
            results += instance.play([play])
            if results[-1].verdict in DEAD:
                break
    except TargetGone as gone:
        results.append(Result(Verdict(gone.outcome), gone.message))
    except Exception as fault:  # noqa: BLE001 - a fault of ours must not be taken for the target's, nor end the run
        reason = str(fault).partition("\n")[0]
        return Result(Verdict.ERROR, f"{type(fault).__name__}: {reason}", came=traceback.format_exc())
    result = worst(results)
    harm = instance.harm()
    if harm and result.verdict not in DEAD:
        message = f"{result.clause or 'setup'}: its memory is harmed, as it printed: {harm}"
        result = replace(result, verdict=Verdict.FAIL, message=message)
    if result.verdict is Verdict.CRASH and instance.process:
        result.came = result.came or instance.process.output()
    return result


def token(length: int) -> str:
    """A fresh word of so many characters, of digits and some letters."""
    return secrets.token_hex(length)[:length]
