"""How a search gets on: one line on a terminal, written over as it goes, and gone when it ends."""

from __future__ import annotations

import time
from contextlib import nullcontext
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import pytest

    from gearspec.fuzz.survey import Survey

EVERY: Final = 0.5
"""Seconds between two of them."""


class Progress:
    """Shows surveys; nothing at all where the output of pytest is no terminal, as in a log or under xdist.

    Args:
        config: pytest's.
        title: what is searched.
        clock: seconds.
    """

    def __init__(
        self, config: pytest.Config, title: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        manager = config.pluginmanager
        reporter = manager.get_plugin("terminalreporter")
        self._reporter: Any = reporter if reporter and reporter.isatty else None
        self._capture: Any = manager.get_plugin("capturemanager")
        self._title, self._clock = title, clock
        self._due = clock() + EVERY
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __call__(self, survey: Survey[Any]) -> None:
        """Show it, if it is time to."""
        if self._reporter and self._clock() >= self._due:
            self._due = self._clock() + EVERY
            line = f"{self._title}: {survey}"[: get_terminal_size().columns - 1]
            with self._uncaptured():
                if not self._shown:
                    self._reporter.ensure_newline()
                self._reporter.rewrite(line, erase=True)
            self._shown = True

    def __exit__(self, *_: object) -> None:
        if self._shown:
            with self._uncaptured():
                self._reporter.rewrite("", erase=True)
                self._reporter.rewrite("")  # what pytest writes next begins the line

    def _uncaptured(self) -> AbstractContextManager[None]:
        """While this lasts, what is written goes to the terminal and not to the report of a test."""
        found: AbstractContextManager[None] = (
            self._capture.global_and_fixture_disabled() if self._capture else nullcontext()
        )
        return found
