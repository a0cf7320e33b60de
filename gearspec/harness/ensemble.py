"""Scenes of several items, played so many at once beside everything else."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gearspec.errors import AdapterError, UsageError
from gearspec.protocol.transcript import Speech, Transcript
from gearspec.script.verdict import Result, Verdict, worst
from gearspec.wire.bench import Bench, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gearspec.harness.adapter import Adapter
    from gearspec.script.scene import Scene

    Item = tuple[str, str]

_BROKEN: Final = frozenset({Verdict.CRASH, Verdict.HANG, Verdict.ERROR})
"""Outcomes that the adapter itself may have said something about."""


class _Understudy:
    """Starts the adapter of one scene when its turn has come, and remembers it."""

    def __init__(self, begin: Callable[[], Adapter]) -> None:
        self._begin = begin
        self._adapter: Adapter | None = None

    def __call__(self) -> Adapter:
        try:
            self._adapter = self._begin()
        except UsageError as problem:
            raise AdapterError(f"the adapter does not start: {problem}") from None
        return self._adapter

    def explain(self, result: Result) -> Result:
        """The result, with what the adapter wrote to its standard error, unless all is well."""
        words = self._adapter.words() if self._adapter and result.verdict is not Verdict.PASS else []
        if not words:
            return result
        events = list(result.transcript.events)
        transcript = Transcript(events)
        at = max((event.at for event in events), default=0.0)
        for line in words:
            transcript.add(at, "adapter", "stderr", Speech("says", line))
        broken = result.verdict in _BROKEN
        return replace(
            result,
            transcript=transcript,
            message=f"{result.message}: {words[-1]}" if result.verdict is Verdict.ERROR else result.message,
            came=result.came or ("\n".join(words) if broken else ""),
        )


def unsure(results: list[Result]) -> bool:
    """Whether what came of the scenes of an item cannot be told."""
    return bool(results) and worst(results).verdict is Verdict.INCONCLUSIVE


class Ensemble:
    """Plays scenes in a thread of its own; it begins at once.

    Args:
        items: the scenes of each item (a case and a role), in the order in which they are begun.
        begin: starts an adapter.
        most: how many scenes are played at once.
        rising: of how many of them the adapter may still be starting, if not of all.
        scale: what deadlines are multiplied by.
    """

    def __init__(
        self,
        items: Mapping[Item, Sequence[Scene]],
        begin: Callable[[], Adapter],
        *,
        most: int = 1,
        rising: int | None = None,
        scale: float = 1.0,
    ) -> None:
        self._outcomes = {item: [Future[Result]() for _ in scenes] for item, scenes in items.items()}
        self._all = [outcome for outcomes in self._outcomes.values() for outcome in outcomes]
        self._parts = [_Understudy(begin) for _ in self._all]
        scenes = [scene for several in items.values() for scene in several]
        turns = [Turn(scene, part) for scene, part in zip(scenes, self._parts, strict=True)]
        self._bench = Bench(turns, self._done, most=most, rising=rising, scale=scale)
        self._thread = threading.Thread(target=self._play, name="gearspec ensemble", daemon=True)
        self._thread.start()

    def collect(self, item: Item) -> list[Result]:
        """What came of the scenes of an item, as soon as they have all ended; empty if it is none of ours."""
        return [outcome.result() for outcome in self._outcomes.pop(item, [])]

    def doubtful(self) -> list[Item]:
        """The items that nobody has collected and that could not be told, once all have been played."""
        self.finish()
        results = {item: [each.result() for each in parts] for item, parts in self._outcomes.items()}
        return [item for item, found in results.items() if unsure(found)]

    def finish(self) -> None:
        """Wait until all has been played."""
        self._thread.join()

    def close(self) -> None:
        """End whatever is still played."""
        self._bench.abandon()
        self.finish()

    def _play(self) -> None:
        try:
            self._bench.play()
        finally:
            for outcome in self._all:
                if not outcome.done():
                    outcome.set_result(Result(Verdict.ERROR, "it was not played to its end"))

    def _done(self, index: int, result: Result) -> None:
        self._all[index].set_result(self._parts[index].explain(result))
