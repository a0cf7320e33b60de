"""The driver of plays on real sockets: one thread, one selector, any number of plays at once."""

from __future__ import annotations

from contextlib import ExitStack
from selectors import EVENT_READ, BaseSelector, DefaultSelector
from typing import TYPE_CHECKING, Final, Protocol

from gearspec.wire.pace import Pace
from gearspec.wire.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearspec.errors import TargetGone
    from gearspec.script.action import Play
    from gearspec.script.verdict import Result
    from gearspec.wire.address import Address

ASK_EVERY: Final = 0.05
"""Seconds of waiting after which we ask whether the program under test is alive."""
GRACE: Final = 0.03
"""Seconds for which a close that nobody asked for is kept back.

A dying program closes its sockets first, and only then can its death be seen.
"""


class Source(Protocol):
    """What is registered with the selector as the data of a file."""

    def ready(self, mask: int, now: float) -> None:
        """The selector saw the events of `mask`; it is `now`."""


class Loop:
    """Carries out plays against the server at an address.

    Args:
        address: of the server; a name is resolved here, once.
        scale: how many times longer than asked a `Wait` lasts at most (``--gear-timeout-scale``).
        alive: asked whether the program under test is gone: when a connection ended that we had not
            closed, when `watch` becomes readable, and every `ASK_EVERY` seconds of waiting. It may itself
            play on this loop.
        watch: a file descriptor that becomes readable when the program dies, a pidfd for one. With it, a
            close that nobody asked for is kept back for `GRACE` seconds, so that a death is not taken for
            a mere close.

    Raises:
        UsageError: the name of the address cannot be resolved.
    """

    def __init__(
        self,
        address: Address,
        *,
        scale: float = 1.0,
        alive: Callable[[], TargetGone | None] = lambda: None,
        watch: int | None = None,
    ) -> None:
        self._place = address.resolve()
        self._scale = scale
        self._alive = alive
        self._watch = watch

    def play(self, plays: Sequence[Play]) -> list[Result]:
        """Play all of them at once until each has ended; their results, in the same order.

        Whatever happens, all plays are closed and so are their sockets. A play that lets `TargetGone`
        escape comes to CRASH or HANG; any other exception of a play ends them all.

        Raises:
            HarnessError: a play uses a connection that it does not have, or this machine has no socket left.
        """
        pace = Pace()
        with DefaultSelector() as selector, ExitStack() as stack:
            runs = [Run(play, self._place, selector, pace, self._scale) for play in plays]
            for run in runs:
                stack.callback(run.close)
            vigil = _Vigil(self._alive, self._watch, selector, pace.now())
            for run in runs:
                run.start()
            while running := [run for run in runs if run.result is None]:
                _turn(running, selector, pace, vigil)
        return [run.result for run in runs if run.result]


class _Vigil:
    """Watches over the life of the program under test."""

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

    def keep(self, running: list[Run], now: float) -> None:
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


def _turn(running: list[Run], selector: BaseSelector, pace: Pace, vigil: _Vigil) -> None:
    """Wait for what comes first, read it, and let those plays go on that have something to do."""
    now = pace.now()
    timeout = max(0.0, min(vigil.due, *[run.due for run in running]) - now)
    pace.sleep(now, timeout)
    events = selector.select(timeout)
    now = pace.wake()
    for key, mask in events:
        source: Source = key.data
        source.ready(mask, now)
    vigil.keep(running, now)
    for run in running:
        if run.result is None and run.due <= now:
            run.resume(now)
