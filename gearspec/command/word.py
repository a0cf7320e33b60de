"""What the words of a command line stand for, and how a shell completes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Word(StringParamType):
    """A word that may be one of those that gearspec knows, or something else.

    Args:
        name: what it is called in a help.
        known: lists those that are known; it is called only when a shell asks.
    """

    def __init__(self, name: str, known: Callable[[], Iterable[str]]) -> None:
        self.name = name
        self._known = known

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click passes it
        param: click.Parameter,  # noqa: ARG002 - likewise
        incomplete: str,
    ) -> list[CompletionItem]:
        """Those that begin with what was typed; paths as well, since a file may take their place."""
        found = [CompletionItem(word) for word in self._known() if word.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def _cases() -> Iterable[str]:
    from gearspec.suite import own_cases  # noqa: PLC0415 - 'gearspec --help' shall be quick

    return sorted(case.id for case in own_cases())


def _targets() -> Iterable[str]:
    from gearspec.harness.target import known_names  # noqa: PLC0415 - likewise

    return known_names()


def _testees() -> Iterable[str]:
    from gearspec.harness.testee import known_testees  # noqa: PLC0415 - likewise

    return known_testees()


CASE: Final = Word("CASE", _cases)
"""The id of a case."""
TARGET: Final = Word("TARGET", _targets)
"""A server: a name, ``host:port``, or a target file."""
TESTEE: Final = Word("TESTEE", _testees)
"""A client or worker library: a name, a file, or the command of an adapter."""

timeout_scale: Final = click.option(
    "--timeout-scale",
    metavar="FACTOR",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    help="Multiply every deadline, for machines that are slow.",
)


def examples(*lines: str) -> str:
    """The end of a help: command lines to begin with, each with what it does."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
