"""A target and all that is played against it in one run."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gearspec.data import data_folder
from gearspec.errors import HarnessError, UsageError
from gearspec.harness.background import Background
from gearspec.harness.identity import identify
from gearspec.harness.instance import Instance, begin
from gearspec.harness.locate import Located, locate
from gearspec.harness.performance import DEAD, doubtful, perform, token
from gearspec.harness.spare import Spares
from gearspec.script.load import case_waits, load_cases
from gearspec.script.play import Stage
from gearspec.script.trait import unmet
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearspec.harness.target import Target
    from gearspec.script.case import Case
    from gearspec.script.trait import Traits
    from gearspec.wire.address import Address

PROBES: Final = "probes.gear.yaml"
"""The file of probes in the folder of suites; one case ``probe-NAME`` for each capability."""
_AGREED: Final = frozenset({Verdict.FAIL, Verdict.RECORDED})
"""Outcomes of a probe that bear out what the target file says; RECORDED is a FAIL on a newer clause."""
_DOUBTFUL: Final = DEAD | {Verdict.FAIL, Verdict.INCONCLUSIVE}
"""Outcomes that may mean that the server has died or gone mute."""


class NotRun(HarnessError):  # noqa: N818 - it names what became of a case
    """A case was not played; the text says why, on one line."""


class Session:
    """Plays cases against one target, and keeps it alive, or notices that it is not.

    Args:
        target: what to play against.
        scale: what deadlines are multiplied by.
        dangerous: whether dangerous cases may be played on a server that is not ours.

    Attributes:
        target: after `start`, with what is known of the version that was found.
        version: the version, None if it cannot be told.
        header: what a report says of the target, in lines.
        gone: why nothing can be played any more, on one line; None while something can.
        complaints: what programs of ours that have ended by now had printed of faults inside them, each
            line once.
    """

    def __init__(self, target: Target, *, scale: float = 1.0, dangerous: bool = False) -> None:
        self.target = target
        self.version: str | None = None
        self.header: list[str] = []
        self.gone: str | None = None
        self.complaints: list[str] = []
        self._scale, self._dangerous = scale, dangerous
        self._located: Located | None = None
        self._instance: Instance | None = None
        self._background: Background | None = None
        self._waiting: list[Case] = []
        self._apart: list[Background] = []
        self._spares = Spares(self._begin, _stop)
        self._probed: dict[str, Result] = {}
        self._last = ""

    @property
    def traits(self) -> Traits:
        """How the target is talked with."""
        return self.target.traits

    @property
    def address(self) -> Address:
        """Where the target is, once the session was started."""
        assert self._instance is not None, "a session is started before anything is asked of it"
        return self._instance.address

    def start(self) -> None:
        """Start the target or reach it, and make sure that it is what it should be.

        Raises:
            UsageError: it is not installed, does not start, is not there, or is something else.
        """
        if self.target.command:
            self._located = locate(self.target)
        instance = self._instance = self._begin()
        try:
            known = self._located.version if self._located else None
            self.target, self.version = identify(self.target, instance.address, known, self._scale)
        except BaseException:
            self.close()
            raise
        self.header = [
            f"target: {self.target.name} {self.version or '(version unknown)'}, {self.target.title}".rstrip(
                ", "
            ),
            f"edition of PROTOCOL: {self.traits.edition}; fence: {self.traits.fence}",
            *instance.notes,
            *self.target.notes,
        ]

    @property
    def subject(self) -> Target:
        """What is under test."""
        return self.target

    @property
    def edition(self) -> str:
        """The edition of PROTOCOL that it is held to."""
        return self.traits.edition

    @property
    def roles(self) -> frozenset[str]:
        """What a target is."""
        return frozenset({"server"})

    @property
    def owned(self) -> bool:
        """Whether it is ours: it may be killed, and is started again when it has died."""
        return self.target.address is None

    def prepare(self, cases: Sequence[Case], role: str = "server") -> None:  # noqa: ARG002 - it has no other
        """Begin to play those cases that wait for a clock; `play` collects what comes of them.

        Those that are dangerous begin with the first dangerous case of all, each on an instance of its own.
        """
        waiting = [case for case in cases if case_waits(case)]
        fit = [case for case in waiting if not self._lacks(case) and not doubtful(case, self._stage)]
        playable = [] if self.gone else fit
        self._waiting += [case for case in playable if case.dangerous and not self.target.address]
        harmless = [case for case in playable if not case.dangerous]
        if not harmless:
            return
        if self._background is None:
            # On an instance of its own where we have a say: a death is then either here or there.
            self._background = Background(self._begin(), self._stage)
        self._background.begin(harmless)

    def play(self, case: Case, role: str = "server") -> Result:  # noqa: ARG002 - likewise
        """Play a case, or collect what came of it in the background.

        A program that dies or goes mute is started again. Dangerous cases get an instance of their own.

        Raises:
            NotRun: the target is gone, or the case is dangerous and the server is not ours.
        """
        if self.gone:
            raise NotRun(self.gone)
        if case.dangerous and self.target.address and not self._dangerous:
            raise NotRun(f"dangerous, and the server is not ours: {case.dangerous}")
        return self._gate(case) or self._collect(case) or self._perform(case)

    def close(self) -> None:
        """Stop what we have started."""
        if self._background:
            self._background.close()
            ended = self._background.instance.ended
            self._retire(self._background.instance)
            self.complaints += (
                [f"the server {ended}, while several cases were played at once"] if ended else []
            )
        while self._apart:
            background = self._apart.pop()
            background.close()
            self._spares.give_back(background.instance)
        if self._instance:
            self._retire(self._instance)
        self._note(self._spares.close())
        self._background = self._instance = None

    # --- capabilities -----------------------------------------------------------------------

    def _lacks(self, case: Case) -> list[str]:
        return unmet(case.needs, "server", self.traits.capabilities)

    def _gate(self, case: Case) -> Result | None:
        """UNSUPPORTED, if a probe agrees with what the target file says that the server lacks."""
        lacking = self._lacks(case)
        for need in lacking:
            probe = self._probe(need)
            if probe.verdict is Verdict.PASS:
                return Result(
                    Verdict.FAIL, f"{self.target.name} is declared to lack {need}, but has it: mend its file"
                )
            if probe.verdict not in _AGREED:
                return replace(probe, message=f"probe-{need}: {probe.message}")
        return Result(Verdict.UNSUPPORTED, f"lacks {', '.join(lacking)}") if lacking else None

    def _probe(self, capability: str) -> Result:
        if capability not in self._probed:
            probes = {case.id: case for case in load_cases(data_folder("suites") / PROBES)}
            self._probed[capability] = self._perform(probes[f"probe-{capability}"])
        return self._probed[capability]

    # --- playing ----------------------------------------------------------------------------

    @property
    def _stage(self) -> Stage:
        return Stage(self.traits, token, time.time)

    def _collect(self, case: Case) -> Result | None:
        """What came of a case in the background; None if it has to be played now."""
        while case.dangerous and self._waiting:
            self._apart.append(Background(self._spares.take(), self._stage))
            self._apart[-1].begin([self._waiting.pop()])
        backgrounds = [*self._apart, *([self._background] if self._background else [])]
        results = (background.collect(case) for background in backgrounds)
        return next((result for result in results if result), None)

    def _perform(self, case: Case) -> Result:
        assert self._instance is not None, "a session is started before anything is played"
        if case.dangerous and not self.target.address:
            instance = self._spares.take()
            try:
                return self._examine(perform(case, instance, self._stage), instance)
            finally:
                self._spares.give_back(instance)
        if self._instance.ended:
            result = Result(Verdict.CRASH, f"the server {self._instance.ended}, after {self._last} was over")
        else:
            result = self._examine(perform(case, self._instance, self._stage), self._instance)
        self._last = case.id
        if result.verdict in DEAD and not self.target.address:
            self._renew()
        return result

    def _examine(self, result: Result, instance: Instance) -> Result:
        """If something went wrong, find out whether the server is still there."""
        told = result.verdict in DEAD and not self.target.address
        loss = None if told or result.verdict not in _DOUBTFUL else instance.loss(self.traits.fence)
        if loss is None:
            return result
        if self.target.address:
            self.gone = f"{self.target.address}: {loss.message}"
        return replace(
            result, verdict=Verdict(loss.outcome), message=f"{result.clause or 'setup'}: {loss.message}"
        )

    # --- instances --------------------------------------------------------------------------

    def _begin(self) -> Instance:
        return begin(self.target, self._located, self._scale)

    def _renew(self) -> None:
        assert self._instance is not None
        self._retire(self._instance)
        try:
            self._instance = self._begin()
        except UsageError as problem:
            self.gone = f"{self.target.name} cannot be started again: {problem}"

    def _retire(self, instance: Instance) -> None:
        self._note(_stop(instance))

    def _note(self, complaints: list[str]) -> None:
        self.complaints = list(dict.fromkeys([*self.complaints, *complaints]))


def _stop(instance: Instance) -> list[str]:
    """Stop an instance; what it had complained of, in lines."""
    process = instance.process
    before = process.complaints() if process else []
    instance.stop()
    after = process.complaints()[len(before) :] if process else []
    return [*before, *(f"{line} (while it was being stopped)" for line in after)]
