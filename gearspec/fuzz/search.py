"""The search for an example that a program does not survive, and for a smaller one like it."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar
from unittest import SkipTest
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning, Unsatisfiable
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from gearspec.fuzz.effort import Effort
from gearspec.fuzz.survey import Survey, behaviour
from gearspec.harness.expectation import SOUND
from gearspec.harness.performance import DEAD
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from hypothesis.database import ExampleDatabase
    from hypothesis.strategies import SearchStrategy

Example = TypeVar("Example")
if TYPE_CHECKING:
    Examples = SearchStrategy[Example]
Attempt_contra = TypeVar("Attempt_contra", contravariant=True)
Attempt = TypeVar("Attempt")

PATIENCE: Final = 30.0
"""Seconds for which a smaller example is looked for."""
DEATHS: Final = 50
"""How often a program may die or go mute meanwhile; each may take seconds."""
_NOTHING: Final = SOUND | {Verdict.INCONCLUSIVE}
_SETTINGS: Final = settings(
    deadline=None,  # the arena has its own deadlines
    derandomize=False,  # the seed decides, also where Hypothesis finds itself in a CI
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),  # of a server that is slow, or must be spared most inputs
)


class Arena(Protocol[Attempt_contra]):
    """Where examples are tried: a program that is started again whenever one of them has killed it.

    An attempt is whatever the arena takes; for a server it is a `gearspec.fuzz.arena.Ordeal`.
    """

    complaints: list[str]
    """What programs that have ended by now had printed of faults inside them."""

    @property
    def gone(self) -> str | None:
        """Why nothing can be tried any more; None while something can."""

    def try_out(self, attempt: Attempt_contra, /) -> Result:
        """What comes of it."""

    def close(self) -> None:
        """Stop what was started."""


class Filter(Generic[Example]):
    """Lets through what a target is not known to die of.

    Args:
        hazards: what an example holds that some program dies of, in words of ``avoid``.
        avoid: what this one is known to die of.

    Attributes:
        avoided: how many examples were not tried, by the reason.
    """

    def __init__(self, hazards: Callable[[Example], Collection[str]], avoid: Collection[str]) -> None:
        self.avoided: Counter[str] = Counter()
        self._hazards, self._avoid = hazards, frozenset(avoid)

    def __call__(self, example: Example) -> bool:
        """Whether an example may be tried; one that may not is counted."""
        found = self._avoid.intersection(self._hazards(example))
        self.avoided.update(found)
        return not found


class _Found(Exception):  # noqa: N818 - it ends a search, with success
    """An example that does not pass."""


class _Late(BaseException):  # Hypothesis goes on after an Exception, and may draw for minutes
    """Nothing more is tried."""


@contextmanager
def _undistracted() -> Iterator[None]:
    """Let the same seed give the same examples wherever it is used.

    Hypothesis also draws the constants of whichever modules of the user are loaded, remembers them, and
    has no setting against it. Nor need it mind how long a script is that it prints to nobody.
    """
    with (
        warnings.catch_warnings(action="ignore", category=HypothesisWarning),
        patch.object(providers, "_get_local_constants", Constants, create=True),
        patch.object(providers, "CONSTANTS_CACHE", {}, create=True),
    ):
        yield


class Search(Generic[Example, Attempt]):
    """Tries examples until one does not pass; then smaller ones, as long as the same comes of them.

    Args:
        arena: where they are tried.
        trial: makes an attempt of an example.
        examples: where they come from; they can be compared.
        role: what is under test.
        watch: is shown the survey after each example.
        clock: seconds.

    Attributes:
        survey: what it has come to so far.
    """

    def __init__(
        self,
        arena: Arena[Attempt],
        trial: Callable[[Example], Attempt],
        examples: Examples[Example],
        *,
        role: str = "server",
        watch: Callable[[Survey[Example]], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.survey: Survey[Example] = Survey()
        self._arena, self._trial, self._examples = arena, trial, examples
        self._role, self._watch, self._clock = role, watch, clock
        self._failed: list[tuple[Example, Result]] = []
        self._began = self._found_at = clock()
        self._seconds: float | None = None
        self._deaths = 0

    def run(
        self, count: int, effort: Effort | None = None, database: ExampleDatabase | None = None
    ) -> Survey[Example]:
        """Search to the end.

        Args:
            count: how many examples a round has.
            effort: how many rounds there are; one if it is None.
            database: what earlier searches found is tried first, and what is found is added.

        Returns:
            The survey; the seed in it is that of the round that decided.
        """
        effort = effort or Effort()
        self._seconds = effort.seconds
        usual = settings(_SETTINGS, max_examples=count, database=database)
        if database:
            self._go(settings(usual, phases=[Phase.reuse, Phase.shrink]), effort.seed)
        for start in effort.seeds():
            if self._failed or self._over():
                break
            self.survey.seed = start
            self._go(settings(usual, phases=[Phase.generate, Phase.shrink]), start)
        if self.survey.examples == self.survey.undecided:
            self.survey.result = Result(Verdict.INCONCLUSIVE, "of no example could be told what it came to")
        return self.survey

    def _go(self, how: settings, start: int) -> None:
        """Go one round."""

        @how  # after the seed, which would take the database away
        @seed(start)
        @given(self._examples)
        def try_one(example: Example) -> None:
            # The smallest is tried again to be told; the program need not die once more for that.
            known = next((result for one, result in self._failed if one == example), None)
            if not known and self._over():
                raise _Late
            if known or not self._passes(example):
                self.survey.example = example
                self.survey.result = known or self._failed[-1][1]
                raise _Found

        # SkipTest and Unsatisfiable: nothing was kept, or all of it is to be avoided.
        with suppress(_Found, _Late, SkipTest, Unsatisfiable), _undistracted():
            try_one()

    def _over(self) -> bool:
        """Whether nothing more is tried, neither another example nor a smaller one."""
        now = self._clock()
        if self._failed:
            late = now - self._found_at >= PATIENCE or self._deaths >= DEATHS
        else:
            late = self._seconds is not None and now - self._began >= self._seconds
        return late or self._arena.gone is not None

    def _passes(self, example: Example) -> bool:
        """Whether an example shows nothing; while a smaller one is looked for, another fault is nothing."""
        result = self._try_out(example)
        self._note(result)
        found = self.survey.result
        if result.verdict in _NOTHING or (self._failed and _sign(result) != _sign(found)):
            return True
        if not self._failed:
            # A program that is gone is gone; anything else may have been ours, as when the machine was busy.
            proven = result.verdict is Verdict.CRASH or self._arena.gone is not None
            if not proven and _sign(self._try_out(example)) != _sign(result):
                self.survey.undecided += 1
                return True
            self._found_at = self._clock()
        self._failed.append((example, result))
        return False

    def _try_out(self, example: Example) -> Result:
        return self._arena.try_out(self._trial(example))

    def _note(self, result: Result) -> None:
        survey = self.survey
        survey.examples += 1
        survey.undecided += result.verdict is Verdict.INCONCLUSIVE
        survey.behaviours.add(behaviour(result.transcript, self._role))
        survey.seconds = self._clock() - self._began
        self._deaths += result.verdict in DEAD
        self._watch(survey)


def _sign(result: Result) -> tuple[Verdict, str | None]:
    """By what the same fault is known."""
    return result.verdict, result.clause
