"""A client or worker library to try lies on, each with an adapter of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.harness.expectation import SOUND

if TYPE_CHECKING:
    from gearspec.harness.casting import Casting
    from gearspec.script.case import Case
    from gearspec.script.verdict import Result

TRIES: Final = 2
"""How often a case is played that does not pass; what passes once is a race, and no find."""


class Audition:
    """A testee that is lied to: the arena of its role.

    Args:
        casting: a session with it, started; whoever started it closes it.
        role: what it is.

    Attributes:
        gone: always None, since each case has an adapter of its own.
        complaints: none; what an adapter writes to its standard error is in the transcript of its case.
    """

    gone: str | None = None

    def __init__(self, casting: Casting, role: str) -> None:
        self._casting, self._role = casting, role
        self.complaints: list[str] = []

    def try_out(self, case: Case) -> Result:
        """What comes of a case; the last time counts of one that never passes."""
        for _ in range(TRIES):
            result = self._casting.play(case, self._role)
            if result.verdict in SOUND:
                break
        result.case = case
        return result

    def close(self) -> None:
        """Nothing is left of a case when it is over."""
