"""The driver of scenes: one thread, any number of scenes, so many of them at once."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from traceback import extract_tb
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.errors import GearspecError
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.pace import Pace
from gearspec.wire.scene import SceneRun
from gearspec.wire.source import Hook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gearspec.script.scene import Scene
    from gearspec.wire.channel import Adapter
    from gearspec.wire.source import Source

HOST: Final = "127.0.0.1"
"""Where scripted servers listen, unless told otherwise."""
MOST: Final = 6
"""How many scenes are played at once, unless told otherwise."""
HEED_EVERY: Final = 0.05
"""Seconds after which `Bench.abandon` is heard at the latest."""


class Turn(NamedTuple):
    """A scene that waits for its turn.

    Attributes:
        scene: not started yet.
        start: starts its adapter; what it raises ends this scene alone, and an `AdapterError` is
            thrown into it.
    """

    scene: Scene
    start: Callable[[], Adapter]


class Bench:
    """Plays scenes, each with an adapter of its own.

    Args:
        turns: what to play, in the order in which it is begun.
        done: is told what a turn came to, by its index, as soon as it has ended and nothing is left of it.
            A scene with a fault of ours, or with one of its adapter that it lets escape, comes to ERROR,
            and the others go on.
        most: how many scenes are played at once.
        rising: of how many of them the adapter may still be starting, if not of all. That takes a processor,
            and who is short of one hears too late what comes; a scene that is up mostly waits.
        scale: how many times longer than asked a `Wait` lasts at most (``--gear-timeout-scale``).
        host: where the scripted servers listen, ``127.0.0.1`` or ``::1``.
    """

    def __init__(
        self,
        turns: Iterable[Turn],
        done: Callable[[int, Result], None],
        *,
        most: int = MOST,
        rising: int | None = None,
        scale: float = 1.0,
        host: str = HOST,
    ) -> None:
        self._waiting = deque(enumerate(turns))
        self._done = done
        self._most, self._rising = most, rising or most
        self._scale = scale
        self._host = host
        self._running: dict[SceneRun, int] = {}
        self._leaving: dict[SceneRun, int] = {}
        self._abandoned = False

    def play(self) -> None:
        """Play them all until each has ended; to be called once.

        Whatever happens, all scenes are closed, and nothing is left of what they began.
        """
        self._pace = Pace(monotonic)
        with DefaultSelector() as self._selector:
            try:
                while (self._waiting or self._running or self._leaving) and not self._abandoned:
                    if self._has_room():
                        self._begin()
                    self._turn()
            finally:
                self._clear()

    def abandon(self) -> None:
        """End all scenes, from another thread; nobody is told what became of them."""
        self._abandoned = True

    def _has_room(self) -> bool:
        there = len(self._running) + len(self._leaving)
        rising = sum(run.rising for run in self._running)
        return bool(self._waiting) and there < self._most and rising < self._rising

    def _begin(self) -> None:
        index, turn = self._waiting.popleft()
        try:
            selector = DefaultSelector()
        except OSError as problem:
            turn.scene.close()
            self._done(index, _error(problem))
            return
        run = SceneRun(
            turn.scene, turn.start, host=self._host, selector=selector, pace=self._pace, scale=self._scale
        )
        self._running[run] = index
        self._selector.register(selector, EVENT_READ, Hook(lambda now: self._try(run, lambda: run.hear(now))))
        self._try(run, run.start)
        self._end(run)

    def _turn(self) -> None:
        """Wait for what comes first, read it, and let those scenes go on that have something to do."""
        now = self._pace.now()
        latest = now if self._has_room() else now + HEED_EVERY
        timeout = max(0.0, min([latest, *[run.due for run in self._running]]) - now)
        self._pace.sleep(now, timeout)
        events = self._selector.select(timeout)
        now = self._pace.wake()
        for key, mask in events:
            source: Source = key.data
            source.ready(mask, now)
        for run in list(self._running):
            if run.result is None and run.due <= now:
                self._try(run, partial(run.resume, now))
            self._end(run)

    @staticmethod
    def _try(run: SceneRun, call: Callable[[], None]) -> None:
        """Do something for one scene; whatever goes wrong is that one's end."""
        try:
            call()
        except Exception as problem:  # noqa: BLE001 - as the class promises
            run.result = _error(problem)
            with suppress(Exception):
                run.close()

    def _end(self, run: SceneRun) -> None:
        """If it is over, wait until its adapter is gone."""
        if run.result is None:
            return
        self._selector.unregister(run.selector)
        run.selector.close()
        self._leaving[run] = self._running.pop(run)
        if run.adapter is None or run.adapter.watch is None:
            self._leave(run)
        else:
            watch = run.adapter.watch
            self._selector.register(watch, EVENT_READ, Hook(lambda _: self._bury(run, watch)))

    def _bury(self, run: SceneRun, watch: int) -> None:
        self._selector.unregister(watch)
        self._leave(run)

    def _leave(self, run: SceneRun) -> None:
        if run.adapter:
            run.adapter.stop()
        assert run.result is not None
        self._done(self._leaving.pop(run), run.result)

    def _clear(self) -> None:
        for _, turn in self._waiting:
            turn.scene.close()
        for run in self._running:
            with suppress(Exception):  # something else is being told already, or nobody wants to know
                run.close()
            run.selector.close()
        for run in (*self._running, *self._leaving):
            if run.adapter:
                run.adapter.stop()


def _error(problem: Exception) -> Result:
    """The result of a scene that ended in a fault of ours, or of its adapter; the message is one line."""
    text = str(problem)
    if not isinstance(problem, GearspecError):
        frame = extract_tb(problem.__traceback__)[-1]
        text = f"{type(problem).__name__}: {text} ({Path(frame.filename).name}:{frame.lineno})"
    return Result(Verdict.ERROR, " ".join(text.split()))
