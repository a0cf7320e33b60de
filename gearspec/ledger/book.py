"""A transcript, sorted into connections, exchanges and jobs, with what can be known of each."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gearspec.protocol.message import BY_NAME, GRABS, REQ, SUBMITS, TERMINAL
from gearspec.protocol.packet import Line, Packet, check, request
from gearspec.protocol.transcript import CLOSE, HALF_CLOSE, OPEN, RESET, Note, Speech, raw_bytes

if TYPE_CHECKING:
    from gearspec.model import Dialect
    from gearspec.protocol.transcript import Event, Transcript

SERVER: Final = "server"
"""The party that is judged."""
ASSIGNMENTS: Final = frozenset(GRABS.values())
WORK: Final = TERMINAL | {"WORK_DATA", "WORK_WARNING", "WORK_STATUS"}
"""What a worker sends about a job, and a client gets."""
_EXCHANGES: Final = {
    "JOB_CREATED": (SUBMITS, {"JOB_CREATED"}),
    "ASSIGNMENT": (GRABS, ASSIGNMENTS | {"NO_JOB"}),
    "ECHO_RES": ({"ECHO_REQ"}, {"ECHO_RES"}),
    "OPTION_RES": ({"OPTION_REQ"}, {"OPTION_RES"}),
    "STATUS_RES": ({"GET_STATUS"}, {"STATUS_RES"}),
    "STATUS_RES_UNIQUE": ({"GET_STATUS_UNIQUE"}, {"STATUS_RES_UNIQUE"}),
}
"""What is asked, and what answers it, once each; ERROR or silence may stand in for any answer."""
ASKS: Final = {name: tuple(BY_NAME[ask].type for ask in asks) for name, (asks, _) in _EXCHANGES.items()}
"""The types of what is asked, by the name of the exchange."""
_ASKED_IN: Final = {name: exchange for exchange, (asks, _) in _EXCHANGES.items() for name in asks}
ANSWERED_IN: Final = {name: exchange for exchange, (_, replies) in _EXCHANGES.items() for name in replies}
_ENDS: Final = frozenset({CLOSE, HALF_CLOSE, RESET})


def _lists() -> defaultdict[Any, list[int]]:
    return defaultdict(list)


@dataclass(slots=True, eq=False)
class Connection:
    """One connection of one party. Its numbers are indices into the events.

    Attributes:
        party: the name of the side that is not the server.
        sent: well-formed requests, up to the first malformed one.
        received: packets of the server, up to the same point.
        ends: where the party closed it, or its own side of it.
        torn: whether the party closed both sides, so that what it sent last may never have been read.
        dropped: whether the server closed it, and not in answer to the party.
        blurred: where the party sent something malformed.
        said: everything that it sent, text and rubbish too.
        unclear: packets of the server after something malformed was sent.
        stray: what came from the server and is no packet.
        requests: those sent that are answered, by the name of the exchange.
        answers: those received that answer something, likewise.
        told: the WORK_* packets among those sent, by job handle.
        heard: the WORK_* packets among those received, by job handle.
    """

    party: str
    sent: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    torn: bool = False
    dropped: bool = False
    blurred: int | None = None
    said: list[int] = field(default_factory=list)
    unclear: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    requests: defaultdict[str, list[int]] = field(default_factory=_lists)
    answers: defaultdict[str, list[int]] = field(default_factory=_lists)
    told: defaultdict[bytes, list[int]] = field(default_factory=_lists)
    heard: defaultdict[bytes, list[int]] = field(default_factory=_lists)


@dataclass(slots=True)
class Job:
    """What is known of a job handle. Its numbers are indices into the events.

    Attributes:
        announced: each JOB_CREATED that names it.
        assigned: each assignment of it, with the connection that got it.
        ends: what surely ended it, sent by a worker that had it or received by any client.
    """

    announced: list[int] = field(default_factory=list)
    assigned: dict[int, Connection] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)


class Book:
    """What a transcript shows.

    What stands in the transcript as received may have arrived long before. So the order of the
    events is trusted in two ways only: on one connection, in each direction, they stand in the
    order of the wire; and whatever caused an event stands before it.

    Attributes:
        events: of the transcript.
        dialect: the choices of the server.
        terminal: the messages that end a job.
        connections: in the order in which they were opened.
        clear: where the first malformed packet was sent. It may be the cause of whatever stands
            after it, on any connection.
        origins: for each answer, the requests that it may answer. An answer that came too often is
            not in it, nor is any other of the same exchange on its connection.
        surplus: for each exchange with too many answers, the first that answers nothing, and its name.
        unanswered: submits that may have got no JOB_CREATED.
        commands: the lines of text that were sent.
        jobs: by job handle.
    """

    def __init__(self, transcript: Transcript, dialect: Dialect) -> None:
        self.events = transcript.events
        self.dialect = dialect
        self.terminal = TERMINAL if dialect.exception_ends else TERMINAL - {"WORK_EXCEPTION"}
        self.connections: list[Connection] = []
        self.commands: list[bytes] = []
        self.origins: dict[int, list[int]] = {}
        self.surplus: dict[int, str] = {}
        self.unanswered: list[int] = []
        self.jobs: defaultdict[bytes, Job] = defaultdict(Job)
        self._split()
        blurred = [one.blurred for one in self.connections if one.blurred is not None]
        self.clear = min(blurred, default=len(self.events))
        for connection in self.connections:
            for name in _EXCHANGES:
                self._pair(connection, name)
            self._enter(connection)
        for handle, job in self.jobs.items():
            self._end(handle, job)

    def packet(self, event: int) -> Packet:
        """A packet that was sent or received."""
        what = self.events[event].what
        assert isinstance(what, Packet), "only packets are entered in the book"
        return what

    def said(self, connection: Connection) -> bytes:
        """All bytes that a party sent on a connection."""
        return b"".join(raw_bytes(self.events[event].what) for event in connection.said)

    def name(self, event: int) -> str:
        """The name of such a packet."""
        return self.packet(event).name

    def handle(self, event: int) -> bytes:
        """The job handle in such a packet, without a NUL that has no business there."""
        return self.packet(event).fields.get("handle", b"").partition(b"\0")[0]

    def asked(self, answer: int) -> int:
        """The last place where what is answered can have been asked."""
        return self.origins.get(answer, [answer])[-1]

    def _split(self) -> None:
        """Give each event to its connection; a party that opens again has another one."""
        current: dict[str, Connection] = {}
        for index, event in enumerate(self.events):
            if SERVER not in {event.sender, event.receiver} or isinstance(event.what, Speech):
                continue
            party = event.receiver if event.sender == SERVER else event.sender
            if party not in current or _reopens(event, current[party]):
                current[party] = Connection(party)
                self.connections.append(current[party])
            self._note(current[party], index, event)

    def _note(self, connection: Connection, index: int, event: Event) -> None:
        what, from_server = event.what, event.sender == SERVER
        assert not isinstance(what, Speech), "it is on no connection"
        if not from_server:
            connection.said.append(index)
        if isinstance(what, Packet):
            self._note_packet(connection, index, what, from_server=from_server)
        elif isinstance(what, Note) and what.kind in _ENDS:
            if from_server:
                connection.dropped = connection.dropped or not connection.ends
            else:
                connection.ends.append(index)
                connection.torn = connection.torn or what.kind in {CLOSE, RESET}
        elif isinstance(what, Line) and not from_server:
            self.commands.append(what.text)
        elif from_server:
            connection.stray.append(index)
        elif raw_bytes(what) and connection.blurred is None:
            connection.blurred = index

    def _note_packet(self, connection: Connection, index: int, packet: Packet, *, from_server: bool) -> None:
        if connection.blurred is not None:
            connection.unclear.extend([index] if from_server else [])
            if packet.name == "JOB_CREATED":  # of a submit that nobody knows
                self.jobs[self.handle(index)].announced.append(index)
        elif from_server or self._well_formed(packet):
            self._file(connection, index, packet.name, from_server=from_server)
        else:
            connection.blurred = index

    def _file(self, connection: Connection, index: int, name: str, *, from_server: bool) -> None:
        """Enter a packet under all that it is looked up by."""
        if from_server:
            every, exchange, by_exchange = connection.received, ANSWERED_IN.get(name), connection.answers
        else:
            every, exchange, by_exchange = connection.sent, _ASKED_IN.get(name), connection.requests
        every.append(index)
        if exchange:
            by_exchange[exchange].append(index)
        elif name in WORK:
            by_handle = connection.heard if from_server else connection.told
            by_handle[self.handle(index)].append(index)

    def _well_formed(self, packet: Packet) -> bool:
        """Whether the server must understand a request."""
        if "reducer" in packet.fields and packet.body.count(b"\0") < self.dialect.reduce_arguments:
            return False
        return packet.magic == REQ and not check(packet)

    def _pair(self, connection: Connection, name: str) -> None:
        """Say which requests each answer of an exchange may answer.

        Answers come in the order of their requests. So when some requests went unanswered, answer
        number i belongs to one of the requests from i to i plus their count, if it was sent by then.
        """
        requests, answers = connection.requests[name], connection.answers[name]
        by_then = [bisect_left(requests, answer) for answer in answers]
        spare = len(requests) - len(answers)
        if name == "JOB_CREATED" and spare:
            self.unanswered.extend(requests)
        for number, answer in enumerate(answers):
            if by_then[number] <= number:
                self.surplus[answer] = name
                return
        for number, answer in enumerate(answers):
            self.origins[answer] = requests[number : min(number + spare + 1, by_then[number])]

    def _enter(self, connection: Connection) -> None:
        """Enter which jobs a connection was told of or given."""
        for index in connection.received:
            if self.name(index) == "JOB_CREATED":
                self.jobs[self.handle(index)].announced.append(index)
            elif self.name(index) in ASSIGNMENTS:
                self.jobs[self.handle(index)].assigned[index] = connection

    def _end(self, handle: bytes, job: Job) -> None:
        """Enter what surely ended a job."""
        for connection in self.connections:
            reports = connection.heard.get(handle, [])
            job.ends.extend(index for index in reports if self.name(index) in self.terminal)
        for assignment in job.assigned:
            fate, index = self.fate(job, assignment, len(self.events))
            job.ends.extend([index] if fate == "ended" else [])

    def said_over(self, handle: bytes) -> list[int]:
        """Where somebody said that a job is over; the server may have heard that, or not."""
        reports = (index for connection in self.connections for index in connection.told.get(handle, []))
        return [index for index in reports if self.name(index) in self.terminal]

    def fate(self, job: Job, assignment: int, until: int) -> tuple[str, int]:
        """What had become of an assigned job before an event, and where.

        Returns:
            ``held``, ``ended``, or ``gone`` for a job that its worker may have lost in another way.
        """
        holder, packet = job.assigned[assignment], self.packet(assignment)
        grabs = self.origins.get(assignment)
        if holder.dropped or not grabs or any(self.name(index) == "CAN_DO_TIMEOUT" for index in holder.sent):
            return "gone", assignment
        for index in sorted(holder.sent + holder.ends):
            if grabs[0] < index < until and (fate := self._step(packet.fields, index)):
                return fate if index > grabs[-1] and not holder.torn else "gone", index
        return "held", assignment

    def _step(self, assigned: dict[str, bytes], index: int) -> str | None:
        """What an event on the connection of its worker means for an assigned job."""
        if not isinstance(self.events[index].what, Packet) or self.name(index) == "RESET_ABILITIES":
            return "gone"
        if self.packet(index) == request("CANT_DO", function=assigned.get("function", b"")):
            return "gone"
        if self.name(index) in TERMINAL and self.handle(index) == assigned["handle"]:
            return "ended" if self.name(index) in self.terminal else "gone"
        return None


def _reopens(event: Event, connection: Connection) -> bool:
    """Whether an event is the first of another connection of the same party."""
    if event.sender == SERVER:
        return False
    opens = isinstance(event.what, Note) and event.what.kind == OPEN
    return bool(connection.ends) or (opens and bool(connection.sent or connection.received))
