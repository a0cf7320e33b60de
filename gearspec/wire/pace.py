"""The clock of a loop, and how much of its time the loop lost.

Silence proves nothing while we are not listening. So the loop accounts for the
time in which it was held up: it slept longer than it had asked for, or the work
of one turn took long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LAG: Final = 0.02
"""Seconds of delay that are no lag yet; an idle machine stays well below."""


class Pace:
    """A clock that never goes back, and an account of the time lost.

    Args:
        clock: seconds.

    Attributes:
        now: read the clock.
        lost: seconds that were lost so far.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.now = clock
        self.lost = 0.0
        self._woke = clock()
        self._due = 0.0

    def sleep(self, now: float, timeout: float) -> None:
        """Say that the loop begins to wait, for `timeout` seconds at most."""
        self._lose(now - self._woke)
        self._due = now + timeout

    def wake(self) -> float:
        """Say that the loop woke up; returns the time."""
        self._woke = self.now()
        self._lose(self._woke - self._due)
        return self._woke

    def _lose(self, delay: float) -> None:
        if delay > LAG:
            self.lost += delay
