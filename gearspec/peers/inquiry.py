"""What a client asks of a server, and what answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.peers.value import Value, to_bytes, to_name, to_text
from gearspec.protocol.admin import COMMANDS, ReplyReader, render_request
from gearspec.protocol.packet import Item, Packet, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.peers.error import PeerError
    from gearspec.peers.task import Task
    from gearspec.protocol.admin import Reply

TEXT: Final = ""
"""What stands for the name of an answer in lines of text."""


class Status(NamedTuple):
    """What a server says of a job.

    Attributes:
        handle: of the job; or its unique, when one asked by it.
        known: whether the server knows the job.
        running: whether a worker has it.
        numerator: how far it is, as text; workers put anything here.
        denominator: of how much, as text.
        waiting: how many clients wait for it, as text, when one asked by the unique; None otherwise.
    """

    handle: bytes
    known: bool
    running: bool
    numerator: str
    denominator: str
    waiting: str | None


@dataclass(eq=False, slots=True)
class Inquiry:
    """A request that is answered by one packet, or by lines of text.

    Attributes:
        item: what is sent.
        reply: the name of the packet that answers it, or `TEXT`.
        key: what the answer begins with; None when that is not known.
        task: the task that it submits, if it is a submit.
        reader: collects the lines of the answer.
        asked: when it was sent.
        listener: is called with it when it is done, unless it submits a task.
        overtaken: whether something that was asked later has been answered already.
        answer: the answer, once it has come.
        error: why no answer comes, once that is known.
    """

    item: Item
    reply: str
    key: bytes | None = None
    task: Task | None = None
    reader: ReplyReader | None = None
    listener: Callable[[Inquiry], object] | None = None
    asked: float = 0.0
    overtaken: bool = False
    answer: Packet | Reply | None = None
    error: PeerError | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more will come of it, or nobody waits for it any more."""
        return self.task.done if self.task else bool(self.answer is not None or self.error)

    @property
    def packet(self) -> Packet:
        """The answer, if that is a packet."""
        assert isinstance(self.answer, Packet), "a reply in text was asked for, or none has come"
        return self.answer

    @property
    def text(self) -> Reply:
        """The answer, if that is text."""
        assert not isinstance(self.answer, Packet), "a packet was asked for"
        assert self.answer is not None, "no answer has come"
        return self.answer


def submit(task: Task) -> Inquiry:
    """Submit a task."""
    return Inquiry(task.packet, "JOB_CREATED", task=task)


def echo(data: Value) -> Inquiry:
    """Send bytes that come back."""
    sent = to_bytes(data)
    return Inquiry(request("ECHO_REQ", data=sent), "ECHO_RES", sent)


def option(name: Value) -> Inquiry:
    """Set an option of the connection."""
    sent = to_name(name, "option")
    return Inquiry(request("OPTION_REQ", option=sent), "OPTION_RES", sent)


def status(handle: Value) -> Inquiry:
    """Ask how a job is, by its handle."""
    sent = to_name(handle, "handle")
    return Inquiry(request("GET_STATUS", handle=sent), "STATUS_RES", sent)


def status_unique(unique: Value) -> Inquiry:
    """Ask how a job is, by its unique."""
    sent = to_name(unique, "unique")
    return Inquiry(request("GET_STATUS_UNIQUE", unique=sent), "STATUS_RES_UNIQUE", sent)


def admin(command: Value, *arguments: Value) -> Inquiry:
    """Ask in text.

    Raises:
        ValueError: there is no such command, or an argument would be read as several.
    """
    name, given = to_bytes(command), tuple(map(to_bytes, arguments))
    if name not in COMMANDS or len(given) not in COMMANDS[name].arities:
        raise ValueError(f"there is no command {to_text(name)} that takes {len(given)} arguments")
    if any(argument.split() != [argument] for argument in given):
        raise ValueError("an argument of a command in text may be neither empty nor hold white space")
    return Inquiry(render_request(name, *given), TEXT, reader=ReplyReader(COMMANDS[name]))


def read_status(packet: Packet) -> Status:
    """What a STATUS_RES or STATUS_RES_UNIQUE says; what is missing from it is empty.

    Clauses: status-res-reported, status-res-unique-reported, status-odd-numbers-survived.
    """
    fields = packet.fields
    texts = {name: to_text(fields.get(name, b"")) for name in ("numerator", "denominator", "waiting")}
    return Status(
        packet.arguments[0],
        fields.get("known") == b"1",
        fields.get("running") == b"1",
        texts["numerator"],
        texts["denominator"],
        texts["waiting"] if packet.name == "STATUS_RES_UNIQUE" else None,
    )
