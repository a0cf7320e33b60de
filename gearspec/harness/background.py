"""Cases that wait for a clock, played beside everything else."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gearspec.script.action import Wait
from gearspec.script.play import plays
from gearspec.script.verdict import Result, Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearspec.harness.instance import Instance
    from gearspec.script.action import Play
    from gearspec.script.case import Case
    from gearspec.script.play import Stage

    Outcome = Future[Result | None]

_UNCERTAIN: Final = frozenset({Verdict.CRASH, Verdict.HANG, Verdict.INCONCLUSIVE})
"""Outcomes for which, of several cases at once, any may be the cause."""
LATE: Final = 0.3
"""Seconds by which we may be late for a clock; if we were later, a failure may be our own."""
_STEP: Final = 0.02


class Background:
    """Plays batches of cases, each batch in a thread and all its cases at once.

    Args:
        instance: what they are played against.
        stage: what they need of the world.

    Attributes:
        instance: what they are played against.
    """

    def __init__(self, instance: Instance, stage: Stage) -> None:
        self.instance, self._stage = instance, stage
        self._outcomes: dict[str, list[Outcome]] = {}
        self._lateness = 0.0
        self._threads: list[threading.Thread] = []

    def begin(self, cases: Sequence[Case]) -> None:
        """Start a batch."""
        batch: list[tuple[Play, Outcome]] = []
        for case in cases:
            mine: list[tuple[Play, Outcome]] = [(play, Future()) for play in plays(case, self._stage)]
            self._outcomes[case.id] = [outcome for _, outcome in mine]
            batch += mine
        thread = threading.Thread(target=self._play, args=(batch,), name="gearspec background", daemon=True)
        self._threads.append(thread)
        thread.start()

    def collect(self, case: Case) -> Result | None:
        """What came of a case, as soon as it has come to its end.

        Returns:
            None if the case was in no batch, or has to be played again alone: the server or the
            harness failed while others were played as well, and one of those may be the reason, or
            it failed while we were late.
        """
        outcomes = self._outcomes.pop(case.id, [])
        results = [outcome.result() for outcome in outcomes]
        certain = [result for result in results if result and result.verdict not in _UNCERTAIN]
        if not certain or len(certain) < len(results):
            return None
        result = worst(certain)
        if result.verdict is not Verdict.FAIL:
            return result
        lost = self._lateness > LATE or self.instance.loss(self._stage.traits.fence)
        return None if lost else result

    def close(self) -> None:
        """End whatever is still played; the instance is left as it is."""
        self.instance.abandon()
        for thread in self._threads:
            thread.join()

    def _play(self, batch: list[tuple[Play, Outcome]]) -> None:
        # A fault of ours shows again, and is told, when the case is played alone.
        with suppress(Exception):
            told = [_tell(play, outcome) for play, outcome in batch]
            self.instance.play([*told, self._watch([outcome for _, outcome in batch])])
        for _, outcome in batch:
            if not outcome.done():
                outcome.set_result(None)

    def _watch(self, outcomes: Sequence[Outcome]) -> Play:
        """A play that waits in small steps while others wait for their clocks, to see how late we are."""
        moment = yield Wait(0.0)
        while not all(outcome.done() for outcome in outcomes):
            due = moment.now + _STEP
            moment = yield Wait(due)
            self._lateness = max(self._lateness, moment.now - due)
        return Result(Verdict.PASS)


def _tell(play: Play, outcome: Outcome) -> Play:
    """A play that says what it came to as soon as it has, and not when all the others have."""
    try:
        result = yield from play
    except Exception:  # noqa: BLE001 - as above; and the others of the batch go on
        result = Result(Verdict.ERROR)
        outcome.set_result(None)
    else:
        outcome.set_result(result)
    return result
