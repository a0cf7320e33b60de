"""How long is searched: rounds of examples, each with a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK: Final = "quick"
"""The profile of a normal run: the same examples each time, and nothing is kept."""
PROFILES: Final[dict[str, tuple[int | None, float | None]]] = {
    QUICK: (1, None),
    "ci": (20, None),
    "deep": (None, 600.0),
}
"""For each profile: how many rounds, and after how many seconds no further example is tried."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What one process spends on one property.

    A find can be seen again with the seed of its round alone, in one round.

    Attributes:
        rounds: how many rounds all processes together go; None for as many as there is time for.
        seconds: after which no further example is tried; None for as long as it takes.
        seed: of the first round; each further one has the next.
        part: which of the processes this is, counted from 0; they take turns with the rounds.
        parts: how many they are.
    """

    rounds: int | None = 1
    seconds: float | None = None
    seed: int = 0
    part: int = 0
    parts: int = 1

    def seeds(self) -> Iterator[int]:
        """Those of the rounds that are for this process."""
        rounds = count() if self.rounds is None else range(self.rounds)
        return (self.seed + number for number in islice(rounds, self.part, None, self.parts))


def make_effort(profile: str, seconds: float | None, seed: int, part: int = 0, parts: int = 1) -> Effort:
    """What a profile asks for.

    Args:
        profile: one of `PROFILES`.
        seconds: in place of those of the profile.
        seed: of the first round.
        part: as in `Effort`.
        parts: as in `Effort`.
    """
    rounds, usual = PROFILES[profile]
    return Effort(rounds, usual if seconds is None else seconds, seed, part, parts)
