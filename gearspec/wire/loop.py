"""The driver of plays on real sockets: one thread, one selector, any number of plays at once."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from math import inf
from selectors import BaseSelector, DefaultSelector
from time import monotonic
from typing import TYPE_CHECKING, Final

from gearspec.wire.pace import Pace
from gearspec.wire.run import PlayRun
from gearspec.wire.vigil import Vigil

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearspec.errors import TargetGone
    from gearspec.script.action import Play
    from gearspec.script.verdict import Result
    from gearspec.wire.address import Address
    from gearspec.wire.source import Source

START_EVERY: Final = 0.001
"""Seconds between the starts of plays.

The kernel drops what comes faster than a server accepts, and what it dropped it repeats only a second later.
"""


class Loop:
    """Carries out plays against the server at an address.

    Args:
        address: of the server; a name is resolved here, once.
        scale: how many times longer than asked a `Wait` lasts at most (``--gear-timeout-scale``).
        alive: asked whether the program under test is gone: when a connection ended that we had not
            closed, when `watch` becomes readable, and every `ASK_EVERY` seconds of waiting. It must not
            play on this loop itself, but may on another.
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
        pace = Pace(monotonic)
        with DefaultSelector() as selector, ExitStack() as stack:
            runs = [PlayRun(play, self._place, selector, pace, self._scale) for play in plays]
            for run in runs:
                stack.callback(run.close)
            vigil = Vigil(self._alive, self._watch, selector, pace.now())
            waiting, running = deque(runs), list[PlayRun]()
            while waiting or running:
                if waiting:
                    running.append(waiting.popleft())
                    running[-1].start()
                latest = pace.now() + START_EVERY if waiting else inf
                _turn(running, selector, pace, vigil, latest)
                running = [run for run in running if run.result is None]
        return [run.result for run in runs if run.result]


def _turn(running: list[PlayRun], selector: BaseSelector, pace: Pace, vigil: Vigil, latest: float) -> None:
    """Wait for what comes first, read it, and let those plays go on that have something to do."""
    now = pace.now()
    timeout = max(0.0, min([latest, vigil.due, *[run.due for run in running]]) - now)
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
