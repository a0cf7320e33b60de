"""Cases as data: what a script file says, and nothing about how it is played."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gearspec.script.value import Value

ROLES: Final = ("server", "client", "worker")
"""What can be under test."""
GRAB: Final = "GRAB"
ASSIGN: Final = "ASSIGN"
TEXT: Final = "TEXT"
TABLE: Final = "TABLE"
RAW: Final = "RAW"
CLOSE: Final = "CLOSE"
RESET: Final = "RESET"
HALF_CLOSE: Final = "HALF_CLOSE"
NOTHING: Final = "nothing"
ANYTHING: Final = "anything"


@dataclass(frozen=True, slots=True)
class Frame:
    """How a sent packet's header lies.

    Attributes:
        size: what it announces: a number, or one relative to the truth (``+1``, ``-1``).
        type: the type, in place of the message's.
        magic: the magic, in place of ``\\0REQ``.
    """

    size: str | None = None
    type: int | None = None
    magic: bytes | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One line in which something travels, or must not.

    Attributes:
        line: where it stands in its file, counted from 1.
        sender: a party.
        receiver: a party.
        what: a message of the table, or one of the other words of SCRIPTS: ``GRAB``, ``ASSIGN``,
            ``TEXT``, ``TABLE``, ``RAW``, ``CLOSE``, ``RESET``, ``HALF_CLOSE``, ``nothing``,
            ``anything``.
        values: arguments by name; ``line`` for TEXT and ``hex`` for RAW.
        args: arguments by position, in place of `values`.
        rows: the cells of a TABLE; None stands for any cell.
        frame: how the header lies.
        split: offsets at which the packet is cut; ``()`` for each byte; None for not at all.
        anywhere: the line is played once for each place where the packet can be cut.
        join: the packet is held back, to be sent in one write with this connection's next.
        times: how many copies.
        within: seconds in which it must have come; None for the default.
        not_before: seconds before which it must not come.
        since: the mark both count from; None for the last thing the harness did.
        mark: the name this line gives to its moment.
        clause: the clause that this line decides.
        task: the name of the task that this line binds or speaks of (testees only).
    """

    line: int
    sender: str
    receiver: str
    what: str
    values: dict[str, Value] = field(default_factory=dict)
    args: tuple[Value, ...] | None = None
    rows: tuple[tuple[Value | None, ...], ...] = ()
    frame: Frame = Frame()
    split: tuple[int, ...] | None = None
    anywhere: bool = False
    join: bool = False
    times: int = 1
    within: float | None = None
    not_before: float | None = None
    since: str | None = None
    mark: str | None = None
    clause: str | None = None
    task: str | None = None

    @property
    def sent(self) -> bool:
        """Whether it goes to a server."""
        return not self.sender.startswith(("server", "first", "second"))

    @property
    def party(self) -> str:
        """The client, worker or admin whose connection it travels on."""
        return self.sender if self.sent else self.receiver


@dataclass(frozen=True, slots=True)
class Listen:
    """What the harness does to a scripted server: ``REFUSE``, ``ACCEPT`` or ``DIE``."""

    line: int
    server: str
    what: str


@dataclass(frozen=True, slots=True)
class Call:
    """What a testee is asked to do."""

    line: int
    party: str
    operation: str
    values: dict[str, Value] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a testee must report."""

    line: int
    party: str
    event: str
    values: dict[str, Value] = field(default_factory=dict)
    within: float | None = None
    clause: str | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """Expected lines that may come in any order."""

    line: int
    steps: tuple[Message | Report, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One way a conversation may go on.

    Attributes:
        grade: ``pass``, ``tolerated`` or ``recorded``.
        flag: the name of this way; None for ``pass``.
        steps: what it consists of.
    """

    line: int
    grade: str
    flag: str | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """A place where the conversation may go on in several ways."""

    line: int
    branches: tuple[Branch, ...]


Step = Message | Listen | Call | Report | Together | Either


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation.

    Attributes:
        id: unique over all suites; expectations key on it.
        title: one sentence.
        clauses: what it decides.
        under_test: the roles that a program under test can take.
        needs: capabilities without which the case is UNSUPPORTED.
        dangerous: why it runs last and alone; None if it is harmless.
        leaves: why it may leave jobs queued; None if it may not.
        steps: the script.
        path: the file, as it was found.
        line: where it begins, counted from 1.
    """

    id: str
    title: str
    clauses: tuple[str, ...]
    under_test: tuple[str, ...]
    needs: tuple[str, ...]
    dangerous: str | None
    leaves: str | None
    steps: tuple[Step, ...]
    path: str
    line: int
