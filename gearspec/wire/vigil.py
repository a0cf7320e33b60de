"""The watch over the life of the program under test."""

from __future__ import annotations

from selectors import EVENT_READ, BaseSelector
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.errors import TargetGone
    from gearspec.wire.run import PlayRun

ASK_EVERY: Final = 0.05
"""Seconds of waiting after which we ask whether the program under test is alive."""
GRACE: Final = 0.03
"""Seconds for which a close that nobody asked for is kept back.

A dying program closes its sockets first, and only then can its death be seen.
"""


class Vigil:
    """Asks in time whether the program under test is alive.

    Args:
        alive: what to ask.
        watch: a file that becomes readable when the program dies, or None.
        selector: watches it.
        now: the time.

    Attributes:
        due: when it will ask at the latest.
    """

    def __init__(
        self, alive: Callable[[], TargetGone | None], watch: int | None, selector: BaseSelector, now: float
    ) -> None:
        self.due = now + ASK_EVERY
        self._alive = alive
        self._watch = watch
        self._selector = selector
        self._grace = 0.0 if watch is None else GRACE
        if watch is not None:
            selector.register(watch, EVENT_READ, self)

    def ready(self, mask: int, now: float) -> None:  # noqa: ARG002 - as Source has it
        """The program died; a file that says so goes on saying it, and once is enough."""
        self.due = now
        assert self._watch is not None
        self._selector.unregister(self._watch)

    def keep(self, running: list[PlayRun], now: float) -> None:
        """Ask whether it is alive, if it is time, and tell the plays if not."""
        for run in running:
            if run.inbox.ended:
                run.inbox.ended = False
                run.hold = now + self._grace
                self.due = now
        if now < self.due:
            return
        self.due = now + ASK_EVERY
        gone = self._alive()
        if gone:
            for run in running:
                run.bereave(gone)
