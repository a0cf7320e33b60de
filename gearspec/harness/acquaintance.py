"""What is known of meetings of real programs, and why: ``suites/interop/known.yaml``.

An entry holds for a server, a client and a worker, or for any of them (``*``), and for findings that begin
as it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gearspec.data import data_folder
from gearspec.document import Sequence
from gearspec.errors import TargetError
from gearspec.form import Form

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KEYS: Final = ("server", "client", "worker", "finding", "reason")
ANY: Final = "*"
Party = tuple[str, str, str]
"""The names of a server, a client and a worker."""


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Something that is known to go wrong.

    Attributes:
        server: the name of a target, or `ANY`.
        client: the name of a testee, or `ANY`.
        worker: likewise.
        finding: how it begins.
        reason: why it is so.
    """

    server: str
    client: str
    worker: str
    finding: str
    reason: str

    def concerns(self, party: Party) -> bool:
        """Whether it is about them."""
        pairs = zip((self.server, self.client, self.worker), party, strict=True)
        return all(mine in {ANY, theirs} for mine, theirs in pairs)


class Acquaintances:
    """All that is known.

    Args:
        path: the file; that of gearspec unless given.

    Raises:
        TargetError: it has a fault.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._form = Form(path or data_folder("suites") / "interop" / "known.yaml", TargetError)
        found = self._form.load()
        if not isinstance(found, Sequence):
            raise self._form.fault("a list of what is known is expected here", None)
        self.entries = [self._entry(entry) for entry in found]
        self._met: set[Acquaintance] = set()
        self._seen: set[Acquaintance] = set()

    def strange(self, party: Party, findings: Iterable[str]) -> list[str]:
        """Those findings of a meeting that are not known."""
        mine = [entry for entry in self.entries if entry.concerns(party)]
        self._met.update(mine)
        strange = []
        for finding in findings:
            fitting = [entry for entry in mine if finding.startswith(entry.finding)]
            self._seen.update(fitting)
            strange += [] if fitting else [finding]
        return strange

    def gone(self) -> list[Acquaintance]:
        """What was known of those who met, and was not seen in any of their meetings."""
        return [entry for entry in self.entries if entry in self._met - self._seen]

    def _entry(self, entry: object) -> Acquaintance:
        mapping = self._form.keys(entry, frozenset(_KEYS), _KEYS)
        return Acquaintance(*(str(mapping[key]) for key in _KEYS))
