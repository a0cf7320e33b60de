"""One case played to its end on one instance."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from gearspec.errors import TargetGone
from gearspec.script.play import plays
from gearspec.script.verdict import Result, Verdict, worst

if TYPE_CHECKING:
    from gearspec.harness.instance import Instance
    from gearspec.script.case import Case
    from gearspec.script.play import Stage

DEAD: Final = frozenset({Verdict.CRASH, Verdict.HANG})
"""Outcomes after which nothing more can be played on an instance."""


def perform(case: Case, instance: Instance, stage: Stage) -> Result:
    """What comes of a case: of its plays, one after the other, the worst.

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
    if result.verdict is Verdict.CRASH and instance.process:
        result.came = result.came or instance.process.output()
    return result
