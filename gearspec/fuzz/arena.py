"""A server to try examples on, started again whenever one of them has killed it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gearspec.harness.instance import begin
from gearspec.harness.locate import locate
from gearspec.harness.performance import DEAD, TRIES, token
from gearspec.script.play import Stage
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.harness.instance import Instance
    from gearspec.harness.target import Target

    Ordeal = Callable[[Instance, Stage], Result]


LIFE: Final = 500
"""How many examples one instance serves at most.

Many leave a function behind, and most servers list it in every ``status`` from then on.
"""


class ServerArena:
    """A target of our own, or one that its owner lets us hurt.

    It is another instance than the one that cases are played on, so what examples leave behind
    harms no case.

    Args:
        target: with what is known of its version.
        scale: what deadlines are multiplied by.

    Raises:
        UsageError: it does not start.

    Attributes:
        target: as given.
        gone: why nothing can be tried any more; None while something can.
        complaints: what programs that have ended by now had printed of faults inside them.
    """

    def __init__(self, target: Target, scale: float = 1.0) -> None:
        self.target = target
        self.gone: str | None = None
        self.complaints: list[str] = []
        self._scale = scale
        self._stage = Stage(target.traits, token, time.time)
        self._located = locate(target) if target.command else None
        self._instance = self._begin()
        self._used = 0
        self._last = Result(Verdict.PASS)

    def try_out(self, ordeal: Ordeal) -> Result:
        """What comes of it; a server is started again when it dies of it, goes mute, or is worn out."""
        self._used += 1
        if self._instance.ended:
            message = f"server-survives: the server {self._instance.ended}, after the example before was over"
            result = replace(self._last, verdict=Verdict.CRASH, message=message, clause="server-survives")
        else:
            result = self._play(ordeal)
        self._last = result
        if result.verdict in DEAD and self.target.address:
            self.gone = f"{self.target.address}: {result.message}"
        elif result.verdict in DEAD or (self._used >= LIFE and not self.target.address):
            self._renew()
        return result

    def close(self) -> None:
        """Stop what we have started."""
        self._instance.stop()
        if self._instance.process:
            self.complaints += self._instance.process.complaints()

    def _play(self, ordeal: Ordeal) -> Result:
        for _ in range(TRIES):
            result = ordeal(self._instance, self._stage)
            if result.verdict is not Verdict.INCONCLUSIVE:
                break
        loss = self._instance.loss(self._stage.traits.fence) if result.verdict is Verdict.FAIL else None
        if loss:
            clause = result.clause or "server-survives"
            words = f"{clause}: {loss.message}"
            result = replace(result, verdict=Verdict(loss.outcome), message=words, clause=clause)
        if result.verdict is Verdict.CRASH and self._instance.process:
            result.came = self._instance.process.output()
        return result

    def _begin(self) -> Instance:
        return begin(self.target, self._located, self._scale)

    def _renew(self) -> None:
        self.close()
        self._instance = self._begin()
        self._used = 0
