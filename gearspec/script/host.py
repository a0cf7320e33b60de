"""The scripted servers of a play, the connections that a testee opens to them, and its adapter."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from gearspec.errors import AdapterError, TargetGone
from gearspec.protocol.transcript import CLOSE, HALF_CLOSE, OPEN, RAW, RESET, Note, Speech, Transcript
from gearspec.script.action import How, Send, Shut, Sign, Wait
from gearspec.script.encode import writes
from gearspec.script.scene import Ask, Deafen, Ended, Listen, Said, Settle, Spent
from gearspec.script.verdict import Stopped, Verdict

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from gearspec.protocol.packet import Packet
    from gearspec.protocol.transcript import What
    from gearspec.script.action import Arrival
    from gearspec.script.fit import Arrived
    from gearspec.script.scene import Cue, News

    T = TypeVar("T")
    Hosting = Generator[Cue, News, T]

SETTLE: Final = 0.050
"""Seconds in which a testee has read a piece of a packet before the next one is sent anyway (S10)."""
STALLS: Final = 5
"""After how many pieces in a row that a testee has not read in time the rest is sent without waiting."""
FLOOD: Final = 100_000
"""How many packets or lines may wait on one connection for the lines that take them."""
_SIGNS: Final = {Sign.CLOSED: CLOSE, Sign.RESET: RESET, Sign.REFUSED: CLOSE, Sign.RUBBISH: RAW}
_ENDS: Final = {How.CLOSE: CLOSE, How.RESET: RESET, How.HALF_CLOSE: HALF_CLOSE}
_USER: Final = "user"
"""Who calls the library, in a transcript."""


@dataclass(slots=True, eq=False)
class Visit:
    """A connection that a testee opened.

    Attributes:
        name: of the connection, such as ``server#1``.
        server: which of the scripted servers it came to.
        queue: what has come on it and was not taken by a line yet.
        open: neither side has ended it.
        asleep: a worker sleeps on it: the last that came was PRE_SLEEP, and no NOOP was sent since.
        grab: how a worker grabbed on it last.
        held: what is sent with the next bytes, in writes.
    """

    name: str
    server: str
    queue: deque[Catch] = field(default_factory=deque)
    open: bool = True
    asleep: bool = False
    grab: str = "GRAB_JOB"
    held: tuple[bytes, ...] = ()


class Catch(NamedTuple):
    """Something that came.

    Attributes:
        at: when.
        what: a packet, a line, a sign, or what the library told its user.
        visit: the connection that it came on; None for a report.
        task: the task that a report is about.
    """

    at: float
    what: Arrived
    visit: Visit | None = None
    task: str | None = None


class Host:
    """All that a play with a testee has to do with.

    Args:
        role: what is under test.

    Attributes:
        visits: every connection so far, in the order in which they were accepted.
        reports: what the library told its user, and no line has taken yet.
        pending: the requests that are not answered, by their ids.
        connected: the adapter has answered a request to connect, or a connection came.
        leaving: the adapter was asked to end.
        ended: it has.
        alias: how the script calls its servers, once that is known.
        spent: how long the adapter had been on a processor when that was last asked.
    """

    def __init__(self, role: str) -> None:
        self.role = role
        self.visits: list[Visit] = []
        self.reports: list[Catch] = []
        self.pending: dict[int, str] = {}
        self.connected = self.leaving = False
        self.ended: str | None = None
        self.alias: dict[str, str] = {}
        self.spent: Spent | None = None
        self.transcript = Transcript()
        self.now = self.start = self.acted_at = 0.0
        self.lagged = False
        self._asked = 0

    # --- the loop ---------------------------------------------------------------------------

    def do(self, cue: Cue) -> Hosting[bool]:
        """Carry out one cue and take in what had come meanwhile; says whether nothing had."""
        news = yield cue
        self.start = self.start or news.now
        self.now, self.lagged = news.now, news.lagged
        for arrival in news.arrivals:
            if isinstance(arrival, Said):
                self._hear(arrival)
            elif isinstance(arrival, Ended):
                self.ended = arrival.how
            elif isinstance(arrival, Spent):
                self.spent = arrival
            else:
                self._take_in(arrival)
        return not news.arrivals

    def pause(self, until: float) -> Hosting[bool]:
        """Wait until something came, or until a time; says whether that time has come and nothing did.

        That the adapter has ended is told only here, so that it is always the line that waits which fails.

        Raises:
            AdapterError: it ended before it had connected.
            TargetGone: it ended later, and had not been asked to.
        """
        self.check_alive()
        return (yield from self.do(Wait(until)))

    def check_alive(self) -> None:
        """Raise what `pause` raises if the adapter has ended."""
        if self.ended is not None and not self.connected:
            raise AdapterError(f"the adapter {self.ended} before it had connected")
        if self.ended is not None and not self.leaving:
            raise TargetGone("CRASH", f"the {self.role} {self.ended}")

    def _take_in(self, arrival: Arrival) -> None:
        if arrival.what is Sign.ACCEPTED:
            self.visits.append(Visit(arrival.party, arrival.party.partition("#")[0]))
            self.connected = True
        visit = next(visit for visit in self.visits if visit.name == arrival.party)
        what = arrival.what
        if isinstance(what, Sign):
            note = Note(_SIGNS.get(what, OPEN), arrival.rest)
            self._note(arrival.at, self.role, visit.server, note)
            if what is Sign.ACCEPTED:
                return
            visit.open = visit.asleep = False
        else:
            self._note(arrival.at, self.role, visit.server, what)
        visit.queue.append(Catch(arrival.at, what, visit))
        if len(visit.queue) > FLOOD:
            raise Stopped(Verdict.FAIL, f"the {self.role} floods a connection with more than {FLOOD} packets")

    def told(self) -> Transcript:
        """All that was said, with the servers under the names that the script has for them."""
        renamed = (
            replace(event, sender=self.called(event.sender), receiver=self.called(event.receiver))
            for event in self.transcript.events
        )
        return Transcript(list(renamed))

    def called(self, server: str) -> str:
        """How the script calls a server."""
        return self.alias.get(server, server)

    def _note(self, at: float, sender: str, receiver: str, what: What) -> None:
        self.transcript.add(at - self.start, sender, receiver, what)

    # --- the adapter ------------------------------------------------------------------------

    def ask(self, **request: Any) -> Hosting[None]:  # noqa: ANN401 - JSON
        """Hand a request to the adapter; its answer is taken in when it comes."""
        self._asked += 1
        self.pending[self._asked] = request["do"]
        self.leaving |= request["do"] == "quit"
        if request["do"] != "hello":
            self._note(self.now, _USER, self.role, Speech("calls", request["do"], tuple(_fields(request))))
        yield from self.do(Ask({"id": self._asked, **request}))
        self.acted_at = self.now

    def _hear(self, said: Said) -> None:
        if "event" in said.line:
            speech = Speech("reports", said.line["event"], tuple(_fields(said.line)))
            self.reports.append(Catch(said.at, speech, None, said.line.get("task")))
            self._note(said.at, self.role, _USER, speech)
            return
        done = self.pending.pop(said.line["id"], None)
        if done is None:
            raise AdapterError(f"the adapter answers request {said.line['id']}, which is not open")
        if said.line.get("unsupported"):
            raise AdapterError(f"the adapter refuses '{done}', though its features promise what was asked")
        self.connected |= done == "connect"

    # --- the servers ------------------------------------------------------------------------

    def listen(self, server: str) -> Hosting[None]:
        """Accept who connects to a server."""
        yield from self.do(Listen(server))
        self.acted_at = self.now

    def deafen(self, server: str) -> Hosting[None]:
        """Refuse who connects to a server."""
        yield from self.do(Deafen(server))
        self.acted_at = self.now

    def open_visits(self, servers: Iterable[str]) -> list[Visit]:
        """The connections to some servers that are still there."""
        return [visit for visit in self.visits if visit.open and visit.server in set(servers)]

    def send(self, visit: Visit, data: bytes, what: list[What], cuts: tuple[int, ...] = ()) -> Hosting[None]:
        """Send on a connection.

        Args:
            visit: the connection.
            data: the bytes.
            what: what they are, for the transcript.
            cuts: offsets; before each piece but the first the testee has read what came before it (S10),
                unless it has stopped reading.
        """
        self._tell(visit, what)
        found, visit.held = writes(visit.held, data, cuts), ()
        stalls = 0
        for number, piece in enumerate(found):
            if number and stalls < STALLS:
                until = self.now + SETTLE
                yield from self.do(Settle(visit.name, until))
                stalls = stalls + 1 if self.now >= until else 0
            yield from self.do(Send(visit.name, piece))
        self.acted_at = self.now

    def hold(self, visit: Visit, data: bytes, what: list[What], cuts: tuple[int, ...] = ()) -> None:
        """Keep bytes back until the next are sent on this connection."""
        self._tell(visit, what)
        visit.held = writes(visit.held, data, cuts)

    def reply(self, visit: Visit, packet: Packet) -> Hosting[None]:
        """Send what no line asks for; it is nothing that a deadline counts from."""
        self._tell(visit, [packet])
        yield from self.do(Send(visit.name, packet.encode()))

    def shut(self, visit: Visit, how: How) -> Hosting[None]:
        """End a connection, or our side of it."""
        self._tell(visit, [Note(_ENDS[how])])
        visit.asleep = False
        visit.open = how is How.HALF_CLOSE
        if not visit.open:
            visit.queue.clear()
        yield from self.do(Shut(visit.name, how))
        self.acted_at = self.now

    def _tell(self, visit: Visit, what: list[What]) -> None:
        for item in what:
            self._note(self.now, visit.server, self.role, item)


def _fields(line: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """What goes with a call or an event, in bytes; of tasks and plans, each for itself."""
    found: list[tuple[str, bytes]] = []
    for key, value in line.items():
        if key in {"id", "do", "event", "role"}:
            continue
        if isinstance(value, list) and key in {"tasks", "plan"}:
            inner = value if key == "tasks" else [step for plan in value for step in plan]
            found += [pair for part in inner for pair in _fields(part)]
        elif isinstance(value, list):
            found.append((key, "/".join(map(str, value)).encode("ascii", "backslashreplace")))
        else:
            raw = value if isinstance(value, bytes) else str(value).encode("ascii", "backslashreplace")
            found.append((key, raw))
    return found
