"""The search for an example that a server does not survive, and for a smaller one that it does not either."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from gearspec.fuzz.hazard import hazards
from gearspec.harness.performance import DEAD
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from hypothesis.strategies import SearchStrategy

    from gearspec.fuzz.arena import Arena
    from gearspec.fuzz.strategy import Sending
    from gearspec.fuzz.trial import Trial

    Examples = SearchStrategy[Sending]

DEATHS: Final = 12
"""How often a server may die or go mute until no smaller example is looked for; each may take seconds."""
_QUICK: Final = settings(
    deadline=None,  # the arena has its own deadlines
    database=None,  # what was found elsewhere is no part of this run
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),  # of a server that is slow, or must be spared most inputs
)


class Filter:
    """Lets through what a target is not known to die of.

    Args:
        avoid: words of `gearspec.fuzz.hazard.hazards`.

    Attributes:
        avoided: how many examples were not tried, by the reason.
    """

    def __init__(self, avoid: Collection[str]) -> None:
        self.avoided: Counter[str] = Counter()
        self._avoid = frozenset(avoid)

    def __call__(self, sending: Sending) -> bool:
        """Whether an example may be tried; one that may not is counted."""
        found = hazards(sending) & self._avoid
        self.avoided.update(found)
        return not found


class _Found(Exception):  # noqa: N818 - it ends a search, with success
    """An example that does not pass."""


def search(arena: Arena, trial: Trial, examples: Examples, *, count: int, start: int = 0) -> Result:
    """Try examples until one does not pass; then smaller ones, as long as they do not pass either.

    Args:
        arena: where they are tried.
        trial: what they are tried for.
        examples: where they come from.
        count: how many are tried at most.
        start: the seed; the same one gives the same examples.

    Returns:
        What came of the smallest example that did not pass, else PASS.
    """
    failed: dict[Sending, Result] = {}
    found = Result(Verdict.PASS)

    @seed(start)
    @settings(_QUICK, max_examples=count)
    @given(examples)
    def try_one(sending: Sending) -> None:
        nonlocal found
        tired = sum(result.verdict in DEAD for result in failed.values()) >= DEATHS
        if sending not in failed and (tired or arena.gone):
            return
        # The smallest is tried again to be told; the server need not die once more for that.
        result = failed.get(sending) or arena.try_out(trial, sending)
        if result.verdict is not Verdict.PASS:
            failed[sending] = found = result
            raise _Found

    with suppress(_Found):
        try_one()
    return found
