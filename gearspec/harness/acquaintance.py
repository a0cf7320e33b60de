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
    from pathlib import Path

_KEYS: Final = ("server", "client", "worker", "finding", "reason")
ANY: Final = "*"


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

    def fits(self, server: str, client: str, worker: str, finding: str) -> bool:
        """Whether a finding is this one."""
        pairs = ((self.server, server), (self.client, client), (self.worker, worker))
        return all(mine in {ANY, theirs} for mine, theirs in pairs) and finding.startswith(self.finding)


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

    def has(self, server: str, client: str, worker: str, finding: str) -> bool:
        """Whether a finding of a meeting is known."""
        return any(entry.fits(server, client, worker, finding) for entry in self.entries)

    def _entry(self, entry: object) -> Acquaintance:
        mapping = self._form.keys(entry, frozenset(_KEYS), _KEYS)
        return Acquaintance(*(str(mapping[key]) for key in _KEYS))
