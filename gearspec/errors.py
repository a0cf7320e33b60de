"""Every error of gearspec, in one tree.

Each branch blames exactly one party, and that decides what pytest makes of it::

    GearspecError
    ├── AuthorError             the author of a file or of a command line      exit code 4
    │   ├── DocumentError       a YAML file: syntax, repeated key, alias
    │   │   ├── ClauseError     clauses.yaml
    │   │   ├── VectorError     a file of vectors
    │   │   ├── ScriptError     a case
    │   │   ├── TargetError     a target file or an expectations file
    │   │   └── ReportError     a report of a run, or a result that was kept
    │   └── UsageError          an option or an argument
    ├── WireError               bytes that the peer sent; judged, not raised past a verdict
    │   ├── PacketTooLarge      a header that announces more than is accepted
    │   ├── LineTooLong         text without a newline, past any sensible length
    │   ├── BadMagic            four bytes that begin neither kind of packet
    │   └── Truncated           the stream ended in mid-packet
    ├── TargetGone              the program under test is dead or mute         CRASH, HANG
    ├── AdapterError            the author of an adapter                       ERROR
    └── HarnessError            us                                             ERROR
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class GearspecError(Exception):
    """The root of the tree; never raised itself."""


class AuthorError(GearspecError):
    """A file or a command line that its author has to mend."""


class DocumentError(AuthorError):
    """A file that cannot be used; its text names the file and the line.

    Args:
        message: what is wrong and what to do, on one line.
        path: the file.
        line: counted from 1; None when the whole file is meant.
    """

    def __init__(self, message: str, path: Path | str, line: int | None = None) -> None:
        # A word of the file may stand in it, with whatever YAML can escape.
        message = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message)
        self.message, self.path, self.line = message, str(path), line
        where = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{where}: {message}")


class ClauseError(DocumentError):
    """A fault in the registry of clauses."""


class VectorError(DocumentError):
    """A fault in a file of test vectors."""


class ScriptError(DocumentError):
    """A fault in a case: it cannot be loaded, or it does not hold together."""


class TargetError(DocumentError):
    """A fault in a target file or in the expectations beside it."""


class ReportError(DocumentError):
    """A fault in a report of a run, or in a result that was kept."""


class UsageError(AuthorError):
    """An option or an argument that cannot be honoured."""


class WireError(GearspecError):
    """Bytes that no Gearman peer may send."""


class PacketTooLarge(WireError):  # noqa: N818 - it names a state of the wire, as hyperframe's errors do
    """A header announces more bytes than the decoder was told to accept.

    Args:
        size: the announced size of the body, in bytes.
        limit: what is accepted, in bytes.
    """

    def __init__(self, size: int, limit: int) -> None:
        self.size, self.limit = size, limit
        super().__init__(f"a packet announces {size} bytes of data; at most {limit} are accepted")


class LineTooLong(WireError):  # noqa: N818
    """A line of text that does not end.

    Args:
        limit: what is accepted, in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"a line of text has no end after {limit} bytes")


class BadMagic(WireError):  # noqa: N818
    """Four bytes that begin with NUL and are neither ``\\0REQ`` nor ``\\0RES``."""

    def __init__(self, magic: bytes) -> None:
        self.magic = magic
        super().__init__(f"magic is {magic!r}, neither b'\\x00REQ' nor b'\\x00RES'")


class Truncated(WireError):  # noqa: N818
    """A stream ended in mid-packet.

    Args:
        rest: the bytes that had come.
        missing: how many were still announced.
    """

    def __init__(self, rest: bytes, missing: int) -> None:
        self.rest, self.missing = rest, missing
        super().__init__(f"the stream ends in mid-packet: {len(rest)} bytes came, {missing} are missing")


class TargetGone(GearspecError):  # noqa: N818
    """The program under test died or does not answer any more.

    Args:
        outcome: ``CRASH`` or ``HANG``.
        message: what was seen, on one line.
    """

    def __init__(self, outcome: str, message: str) -> None:
        self.outcome, self.message = outcome, message
        super().__init__(message)


class AdapterError(GearspecError):
    """An adapter that breaks its contract: it does not start, says what it must not, or nothing in time."""


class HarnessError(GearspecError):
    """Our own fault: no verdict is possible."""
