"""One example, tried on a server: what is sent, and what must hold whatever the server makes of it.

A trial is a play like that of a case: a generator of actions that knows neither sockets nor clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Protocol

from gearspec.errors import TargetGone
from gearspec.fuzz.strategy import MARK
from gearspec.protocol.message import GRABS
from gearspec.protocol.packet import Line, Packet, check, request
from gearspec.protocol.transcript import RAW, Note, describe
from gearspec.script.action import Sign
from gearspec.script.clean import clean
from gearspec.script.talk import Talk
from gearspec.script.verdict import Result, Stopped, Verdict

if TYPE_CHECKING:
    from gearspec.fuzz.strategy import Sending
    from gearspec.protocol.packet import Item
    from gearspec.protocol.transcript import What
    from gearspec.script.action import Play
    from gearspec.script.play import Stage
    from gearspec.script.talk import Talking

SURVIVES: Final = "server-survives"
"""The clause that a server breaks which dies or goes mute."""
UNDISTURBED: Final = "other-connections-undisturbed"
"""The clause that it breaks when others suffer."""
CHUNKING: Final = "frame-any-chunking"
"""The clause that it breaks when it matters where a stream is cut."""
_ATTACKER: Final = "attacker"
_BROKEN: Final = {
    "WRONG_MAGIC": "frame-response-magic",
    "UNKNOWN_TYPE": "frame-type-numbers",
    "UNEXPECTED_DATA": "frame-no-arguments",
    "MISSING_ARGUMENT": "frame-arguments-separated",
}
"""Defects of a packet that are the server's own, with the clause that each breaks.

Others may be those of the request: a handle that is too long is sent back as it came.
"""


class Trial(Protocol):
    """Makes a play of an example."""

    def __call__(self, sending: Sending, stage: Stage) -> Play:
        """A play, not begun yet."""


def survive(sending: Sending, stage: Stage) -> Play:
    """Somebody sends this; nobody else notices, and what he gets are packets and lines of text."""
    return _Survival(sending, stage).play()


def agree(sending: Sending, stage: Stage) -> Play:
    """The answers to this in one piece are the answers to it cut into pieces."""
    return _Agreement(sending, stage).play()


class _Trial(ABC):
    """What both trials have in common.

    Attributes:
        clause: what is being decided.
    """

    clause = UNDISTURBED

    def __init__(self, sending: Sending, stage: Stage) -> None:
        self.sending, self.stage = sending, stage
        self.talk = Talk(stage.traits, stage.token, ())

    def play(self) -> Play:
        """Play it to its end, say what it came to, and leave the server clean."""
        result = Result(Verdict.PASS)
        try:
            yield from self.run()
            self.judge()
            yield from clean(self.talk)
        except Stopped as stop:
            result = Result(stop.verdict, f"{self.clause}: {stop.message}", clause=self.clause)
        except TargetGone as gone:
            result = Result(Verdict(gone.outcome), f"{SURVIVES}: {gone.message}", clause=SURVIVES)
        result.transcript = self.talk.transcript
        return result

    @abstractmethod
    def run(self) -> Talking[None]:
        """What is tried."""

    def judge(self) -> None:
        """What came from the server are packets and lines of text."""
        # A list of text holds names as somebody gave them, and one may begin like a packet.
        binary = all(isinstance(piece.what, Packet) for piece in self.sending.pieces)
        for event in self.talk.transcript.events:
            if event.sender == "server" and (fault := _fault(event.what, binary=binary)):
                self.clause, words = fault
                raise Stopped(Verdict.FAIL, f"{event.receiver} got {words}")

    def word(self) -> bytes:
        """A fresh word, as long as `MARK`."""
        return MARK[:5] + self.stage.token(len(MARK) - 5).encode()

    def give(self, party: str, sending: Sending, cuts: tuple[int, ...]) -> Talking[None]:
        """Send an example."""
        what = [piece.what for piece in sending.pieces]
        yield from self.talk.send(party, sending.data, what, cuts)

    def taken(self, party: str) -> Talking[list[Item | Sign]]:
        """All that has come to a party and was to come; but no NOOP, as servers send it when they like."""
        yield from self.talk.hush(party)
        queue = self.talk.links[party].queue
        found = [received.what for received in queue if _name(received.what) != "NOOP"]
        queue.clear()
        return found


class _Survival(_Trial):
    """Two others have a job between them all the while."""

    def run(self) -> Talking[None]:
        handle = yield from self.begin_job()
        yield from self.give(_ATTACKER, self.sending.freshened(self.word()), self.sending.cuts)
        # Whether the attacker is still answered is not asked: the server may wait for the rest of something.
        self.talk.links[_ATTACKER].acted = False
        if not self.sending.lingers:
            yield from self.talk.close(_ATTACKER)
        yield from self.end_job(handle)
        if self.sending.lingers:
            yield from self.talk.close(_ATTACKER)
        yield from self.talk.fence([(yield from self.talk.link("newcomer"))])

    def begin_job(self) -> Talking[bytes]:
        """A client submits, a worker grabs; the job handle."""
        word = self.word()
        yield from self.send("client", request("SUBMIT_JOB", function=word, unique=b"", workload=b"in"))
        yield from self.send("worker", request("CAN_DO", function=word))
        yield from self.talk.grab("worker", patient=False)
        created = yield from self.only("client", "JOB_CREATED")
        yield from self.only("worker", GRABS[self.stage.traits.grab])
        return created.fields["handle"]

    def end_job(self, handle: bytes) -> Talking[None]:
        """The worker completes it, and the client hears of that and of nothing else."""
        complete = request("WORK_COMPLETE", handle=handle, data=b"out")
        yield from self.send("worker", complete)
        heard = yield from self.only("client", "WORK_COMPLETE")
        if heard.body != complete.body:
            raise Stopped(Verdict.FAIL, "client got another WORK_COMPLETE than that of its worker")
        if found := (yield from self.taken("worker")):
            raise Stopped(Verdict.FAIL, f"worker expected nothing, came {_names(found)}")

    def send(self, party: str, packet: Packet) -> Talking[None]:
        """Send one well-formed packet."""
        yield from self.talk.send(party, packet.encode(), [packet])

    def only(self, party: str, name: str) -> Talking[Packet]:
        """Take what came to a party: one packet of this name."""
        found = yield from self.taken(party)
        if len(found) != 1 or not isinstance(found[0], Packet) or found[0].name != name:
            raise Stopped(Verdict.FAIL, f"{party} expected {name}, came {_names(found)}")
        return found[0]


class _Agreement(_Trial):
    """The same is sent twice, each time on a connection of its own and with words of its own."""

    def run(self) -> Talking[None]:
        whole = yield from self.answers("whole", ())
        parts = yield from self.answers("parts", self.sending.cuts)
        self.clause = CHUNKING
        if whole != parts:
            differing = next((pair for pair in zip(whole, parts, strict=False) if pair[0] != pair[1]), None)
            one, other = differing or (f"{len(whole)} answers", f"{len(parts)}")
            cuts = ", ".join(map(str, self.sending.cuts))
            raise Stopped(Verdict.FAIL, f"in one piece it is answered by {one}, cut at {cuts} by {other}")

    def answers(self, party: str, cuts: tuple[int, ...]) -> Talking[list[str]]:
        """What comes back, in words that are the same for the same answers."""
        word = self.word()
        yield from self.give(party, self.sending.freshened(word), cuts)
        found = yield from self.taken(party)
        handles: dict[bytes, str] = {}
        for what in found:
            if isinstance(what, Packet) and "handle" in what.fields:
                handles.setdefault(what.fields["handle"], f"$job{len(handles)}")
        return [_told(what, word, handles) for what in found]


def _told(what: Item | Sign, word: bytes, handles: dict[bytes, str]) -> str:
    """An answer without what is different each time."""
    if isinstance(what, Packet):
        names = {
            value: value.replace(word, MARK).decode("latin-1") for value in what.arguments if word in value
        }
        return describe(what, {**names, **handles})
    if isinstance(what, Sign):
        # Whether it ends in a FIN or a RST depends on what the server had not read by then.
        return "the end of the connection"
    return describe(what).replace(word.decode(), MARK.decode())


def _name(what: Item | Sign) -> str:
    return "TEXT" if isinstance(what, Line) else what.name


def _names(found: list[Item | Sign]) -> str:
    return ", ".join(map(_name, found)) or "nothing"


def _fault(what: What, *, binary: bool) -> tuple[str, str] | None:
    """What is wrong with something from a server: the clause that it breaks, and words."""
    if isinstance(what, Note):
        return ("frame-header", "bytes that are no packet") if binary and what.kind == RAW else None
    violations = check(what, "server") if isinstance(what, Packet) else []
    own = (violation for violation in violations if violation.kind in _BROKEN)
    return next(((_BROKEN[one.kind], f"a malformed packet: {one.message}") for one in own), None)
