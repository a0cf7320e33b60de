"""One conversation with several servers: whether they come to the same, each in its own dialect.

Each server has a script of its own, written by the model in its dialect. Names stand for handles and fresh
words, so nothing differs by these; what both dialects explain is in the scripts; and what both servers get
wrong in the same way is no difference. What is left is told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gearspec.fuzz.arena import ServerArena
from gearspec.fuzz.conversation import converse
from gearspec.harness.session import Session
from gearspec.harness.target import resolve_target
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearspec.fuzz.arena import Ordeal
    from gearspec.harness.target import Target
    from gearspec.script.case import Case


class Comparison:
    """An arena of several servers; an attempt is an ordeal for each of them.

    Args:
        targets: the one under test, and those it is compared with.
        scale: what deadlines are multiplied by.

    Raises:
        UsageError: one of them does not start.

    Attributes:
        complaints: what programs that have ended by now had printed of faults inside them.
    """

    def __init__(self, targets: Sequence[Target], scale: float = 1.0) -> None:
        self.complaints: list[str] = []
        self._arenas: list[ServerArena] = []
        try:
            for target in targets:
                self._arenas.append(ServerArena(target, scale))
        except BaseException:
            self.close()
            raise

    @property
    def gone(self) -> str | None:
        """Why nothing can be tried any more; None while something can."""
        return next((arena.gone for arena in self._arenas if arena.gone), None)

    def try_out(self, ordeals: Sequence[Ordeal]) -> Result:
        """PASS if the same comes of all of them."""
        results = [arena.try_out(ordeal) for arena, ordeal in zip(self._arenas, ordeals, strict=True)]
        return compare([arena.target.name for arena in self._arenas], results)

    def close(self) -> None:
        """Stop what was started."""
        for arena in self._arenas:
            arena.close()
            self.complaints += arena.complaints


def compare(names: Sequence[str], results: Sequence[Result]) -> Result:
    """What the results of several servers come to.

    Args:
        names: of the servers.
        results: of the same conversation, in the same order.

    Returns:
        The worst, which tells of all; or PASS, if they are the same or one of them could not be told.
    """
    outcomes = {(result.verdict, result.message) for result in results}
    if len(outcomes) == 1 or any(verdict is Verdict.INCONCLUSIVE for verdict, _ in outcomes):
        return replace(results[0], verdict=Verdict.PASS, message="", case=None)
    found = max(results, key=lambda result: result.verdict.rank)
    words = (
        result.message.removeprefix(f"{result.clause}: ") or "as its dialect has it" for result in results
    )
    told = "; ".join(f"{name}: {said}" for name, said in zip(names, words, strict=True))
    # A script shows it on the server under test, or nowhere.
    case = found.case if found is results[0] else None
    return replace(found, message=f"{found.clause}: {told}", case=case)


def converse_with_each(scripts: Sequence[Case]) -> list[Ordeal]:
    """Each server goes through the script that is for it."""
    return [converse(script) for script in scripts]


def acquainted(name: str, scale: float = 1.0) -> Target:
    """A target, by a value of ``--gear-against``, with what is known of the version that is there.

    Raises:
        AuthorError: there is no such program, or its file has a fault.
    """
    session = Session(resolve_target(name), scale=scale)
    session.start()
    session.close()
    return session.target
