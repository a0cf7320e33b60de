"""Instances that are used once: the next one starts, and the last one stops, while one is played with."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from gearspec.harness.instance import Instance

AHEAD: Final = 1
"""How many instances are kept in readiness: it takes ten times as long to start one as to play one case."""


class Spares:
    """Hands out instances that nobody has used, and stops those that come back.

    Args:
        begin: starts one.
        stop: stops one, and says what it had complained of, in lines.
    """

    def __init__(self, begin: Callable[[], Instance], stop: Callable[[Instance], list[str]]) -> None:
        self._begin, self._stop = begin, stop
        self._hands = ThreadPoolExecutor(AHEAD, "spare instances")
        self._next: deque[Future[Instance]] = deque()
        self._stopped: list[Future[list[str]]] = []

    def take(self) -> Instance:
        """An instance of one's own; others are begun meanwhile.

        Raises:
            UsageError: it does not start.
        """
        while len(self._next) <= AHEAD:
            self._next.append(self._hands.submit(self._begin))
        return self._next.popleft().result()

    def give_back(self, instance: Instance) -> None:
        """Stop one that was taken, in its turn."""
        self._stopped.append(self._hands.submit(self._stop, instance))

    def close(self) -> list[str]:
        """Stop them all; what they complained of, in lines."""
        for begun in self._next:
            if not begun.exception():
                self.give_back(begun.result())
        self._next.clear()
        self._hands.shutdown()
        return [line for stopped in self._stopped for line in stopped.result()]
