"""The job ledger: what must hold in every conversation with a job server.

A case says how one conversation goes. The ledger says what no conversation may show, whatever its
script was after, so each transcript is one more test. It sees only what the connections of the
harness sent and got, and it never accuses on a guess; docs/ledger.md says how it keeps from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gearspec.ledger.book import Book
from gearspec.ledger.rule import KINDS, find
from gearspec.model import Dialect
from gearspec.protocol.packet import Packet
from gearspec.protocol.transcript import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gearspec.protocol.transcript import Transcript, What

__all__ = ["KINDS", "Finding", "audit", "unfinished"]

_DEFAULT: Final = Dialect()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a job server may never do, and did.

    Attributes:
        kind: one of `KINDS`.
        message: the packet and what is wrong with it, on one line that is the same in the next run.
        event: where it shows, as an index into the events of the transcript.
        clause: the id of the clause that is broken.
    """

    kind: str
    message: str
    event: int
    clause: str


def audit(
    transcript: Transcript, dialect: Dialect = _DEFAULT, names: Mapping[bytes, str] | None = None
) -> list[Finding]:
    """Everything in a transcript that no job server may do, in the order of the events.

    Args:
        transcript: of every connection that could have touched the jobs it shows, in the order that
            `gearspec.ledger.book.Book` asks for; the server in it is called ``server``.
        dialect: the choices of the server. Whether an exception ends a job and how many arguments a
            job with a reducer has matter here.
        names: values to print as ``$name``, so that two runs read the same.
    """
    book = Book(transcript, dialect)
    known = dict(names or {})
    known |= {value + b"\0": f"{name}\\0" for value, name in known.items()}
    found = []
    for kind, event, words in find(book):
        head = f"{book.events[event].receiver} got {_told(book.events[event].what, known)}"
        found.append(Finding(kind, f"{head}: {words}", event, KINDS[kind]))
    return sorted(found, key=lambda finding: finding.event)


def _told(what: What, known: Mapping[bytes, str]) -> str:
    """What came, in words that are the same in the next run if the names of all handles are known."""
    if not isinstance(what, Packet):
        return "text or rubbish"
    strange = {what.fields["handle"]: "(another)"} if known and "handle" in what.fields else {}
    return describe(what, {**strange, **known})


def unfinished(transcript: Transcript, dialect: Dialect = _DEFAULT) -> set[bytes]:
    """The handles of jobs that were created and, as far as the transcript shows, have not ended.

    Such a job may have ended unseen. One whose JOB_CREATED was never read is not known at all.
    """
    book = Book(transcript, dialect)
    return {
        handle
        for handle, job in book.jobs.items()
        if job.announced and max(job.ends, default=-1) < max(map(book.asked, job.announced))
    }
