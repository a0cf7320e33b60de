"""The search for an example that a program does not survive, and for a smaller one like it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings

from gearspec.harness.expectation import SOUND
from gearspec.harness.performance import DEAD
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hypothesis.strategies import SearchStrategy

Example = TypeVar("Example")
if TYPE_CHECKING:
    Examples = SearchStrategy[Example]
Attempt_contra = TypeVar("Attempt_contra", contravariant=True)
Attempt = TypeVar("Attempt")

DEATHS: Final = 12
"""How often a server may die or go mute until no smaller example is looked for; each may take seconds."""
_QUICK: Final = settings(
    deadline=None,  # the arena has its own deadlines
    database=None,  # what was found elsewhere is no part of this run
    phases=[Phase.generate, Phase.shrink],
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


def search(
    arena: Arena[Attempt],
    trial: Callable[[Example], Attempt],
    examples: Examples[Example],
    *,
    count: int,
    start: int = 0,
) -> Result:
    """Try examples until one does not pass; then smaller ones, as long as they do not pass either.

    Args:
        arena: where they are tried.
        trial: makes an attempt of an example.
        examples: where they come from; they can be compared.
        count: how many are tried at most.
        start: the seed; the same one gives the same examples.

    Returns:
        What came of the smallest example that did not pass, else PASS.
    """
    failed: list[tuple[Example, Result]] = []
    found = Result(Verdict.PASS)

    @seed(start)
    @settings(_QUICK, max_examples=count)
    @given(examples)
    def try_one(example: Example) -> None:
        nonlocal found
        # The smallest is tried again to be told; the program need not die once more for that.
        result = next((known for one, known in failed if one == example), None)
        if result is None:
            tired = sum(known.verdict in DEAD for _, known in failed) >= DEATHS
            if tired or arena.gone:
                return
            result = arena.try_out(trial(example))
            if result.verdict in SOUND:
                return
            failed.append((example, result))
        found = result
        raise _Found

    with suppress(_Found):
        try_one()
    return found
