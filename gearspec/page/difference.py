"""What changed between two runs of one program."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.harness.expectation import SOUND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gearspec.standing import Finding, Standing

WORSE: Final = "does not pass any more"
BETTER: Final = "passes now"
OTHERWISE: Final = "comes to something else"
NEW: Final = "was not there before"
GONE: Final = "is not there any more"
KINDS: Final = (WORSE, BETTER, OTHERWISE, NEW, GONE)
"""What can become of an item, what matters most first."""


class Change(NamedTuple):
    """One item that came to something else.

    Attributes:
        item: its id.
        before: what came of it in the earlier run; None if it was not in it.
        after: the same of the later run.
    """

    item: str
    before: Finding | None
    after: Finding | None


class Difference(NamedTuple):
    """Two runs of one program.

    Attributes:
        before: the earlier run.
        after: the later one.
        changes: by their kind, of `KINDS`; a kind without any is not among them.
    """

    before: Standing
    after: Standing
    changes: dict[str, list[Change]]


def differences(standings: Iterable[Standing]) -> list[Difference]:
    """What changed from each run of a program to its next.

    Args:
        standings: those of one program stand together, in the order of time.
    """
    runs = [list(same) for _, same in groupby(standings, key=lambda one: (one.kind, one.name))]
    return [
        Difference(before, after, compare(before, after)) for same in runs for before, after in pairwise(same)
    ]


def compare(before: Standing, after: Standing) -> dict[str, list[Change]]:
    """What changed from one run to another, by the kind of change.

    What is missing in one that was a part only has not changed.
    """
    items = sorted(before.findings.keys() | after.findings.keys())
    changes = [Change(item, before.findings.get(item), after.findings.get(item)) for item in items]
    found = [(_kind(change), change) for change in changes]
    told = [kind for kind in KINDS if (kind != NEW or before.whole) and (kind != GONE or after.whole)]
    kinds = {kind: [change for its, change in found if its == kind] for kind in told}
    return {kind: several for kind, several in kinds.items() if several}


def _kind(change: Change) -> str | None:
    before, after = change.before, change.after
    if before is None or after is None:
        return NEW if before is None else GONE
    if (before.verdict in SOUND) != (after.verdict in SOUND):
        return BETTER if after.verdict in SOUND else WORSE
    same = (before.verdict, before.flags, before.message) == (after.verdict, after.flags, after.message)
    return None if same else OTHERWISE
