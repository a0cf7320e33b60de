"""The connections of a play: sending with fences, closing, grabbing with patience, and silence.

The rules are S2 to S6, S8 and S10 of SCRIPTS. Between connections there is no
order except what a fence makes, and a fence is a request whose answer proves
that everything sent before it has been handled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from gearspec.errors import TargetGone
from gearspec.protocol.message import REQ
from gearspec.protocol.packet import Line, Packet, request
from gearspec.protocol.transcript import CLOSE, HALF_CLOSE, OPEN, RAW, RESET, Note, Transcript
from gearspec.script.action import Arrival, How, Moment, Open, Send, Shut, Sign, Wait
from gearspec.script.encode import writes
from gearspec.script.link import Link, Received
from gearspec.script.verdict import Stopped, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from gearspec.protocol.transcript import What
    from gearspec.script.action import Action
    from gearspec.script.trait import Traits

    T = TypeVar("T")
    Talking = Generator[Action, Moment, T]

FENCE: Final = 2.0
"""Seconds in which a fence is answered; else the connection is mute."""
EARLY: Final = 0.150
"""Seconds after which an expected line that has not come is looked into (S5)."""
GRACE: Final = 0.100
"""Seconds that it is still waited for once every connection was fenced (S5)."""
LULL: Final = 0.050
"""Seconds of silence that have to do where nothing can be fenced (S4)."""
PATIENCE: Final = 50
"""How often a party grabs again before it is clear that it is woken for nothing."""
FLOOD: Final = 10_000
"""How many packets or lines may wait on one connection for the lines that take them."""
ROUNDS: Final = 8
"""How often connections that act again while they are fenced are fenced anew."""
POLL: Final = 0.002
"""Seconds between two looks at the table of workers."""
_SIGNS: Final = {Sign.CLOSED: CLOSE, Sign.RESET: RESET, Sign.REFUSED: "REFUSED", Sign.RUBBISH: RAW}
EYE: Final = "~eye"
"""The player's own connection, its helper and admin. What begins with ``~`` stays out of the transcript."""
_WITNESS: Final = "~witness"


class Talk:
    """All connections of one play.

    Args:
        traits: how this server is talked with.
        token: makes a fresh word of so many characters.
        marked: parties that will close, and so have to be recognisable in the table of workers.
    """

    def __init__(self, traits: Traits, token: Callable[[int], str], marked: Iterable[str]) -> None:
        self.traits, self.token = traits, token
        self.marked = frozenset(marked)
        self.links: dict[str, Link] = {}
        self.transcript = Transcript()
        self.now = self.start = 0.0
        self.acted_at = 0.0
        self.lagged = False

    # --- the loop ---------------------------------------------------------------------------

    def do(self, action: Action) -> Talking[bool]:
        """Carry out one action and take in what had come meanwhile; says whether nothing had."""
        moment = yield action
        self.start = self.start or moment.now
        self.now, self.lagged = moment.now, moment.lagged
        for arrival in moment.arrivals:
            yield from self._take_in(arrival)
        return not moment.arrivals

    def pause(self, until: float) -> Talking[bool]:
        """Wait until something came, or until a time; says whether that time has come and nothing did.

        The clock is no help here: a driver that was held up, or is told to be slow, lets more time pass.
        """
        return (yield from self.do(Wait(until)))

    def _take_in(self, arrival: Arrival) -> Talking[None]:
        link = self.links[arrival.party]
        what = arrival.what
        if isinstance(what, Sign):
            link.open = False
            link.nonce = None
            self._note(link, arrival.at, Note(_SIGNS[what], arrival.rest))
        elif link.nonce is not None and _answers(what, link.nonce):
            link.nonce = None
            return
        else:
            self._note(link, arrival.at, what)
        if link.grab and isinstance(what, Packet) and what.name in {"NO_JOB", "NOOP"}:
            yield from self._be_patient(link, what.name)
        else:
            link.queue.append(Received(arrival.at, what, link.last == "PRE_SLEEP"))
            if len(link.queue) > FLOOD:
                raise Stopped(
                    Verdict.FAIL, f"{link.party} is flooded with more than {FLOOD} packets or lines"
                )

    def _note(self, link: Link, at: float, what: What) -> None:
        if not link.party.startswith("~"):
            self.transcript.add(at - self.start, "server", link.party, what)

    def _be_patient(self, link: Link, answer: str) -> Talking[None]:
        """S6: sleep on NO_JOB, grab again on NOOP."""
        link.rounds += 1
        if link.rounds > PATIENCE:
            raise Stopped(Verdict.FAIL, f"{link.party} is woken again and again, and never given a job")
        if answer == "NO_JOB":
            yield from self.put(link, request("PRE_SLEEP"))
        elif link.grab and link.last == "PRE_SLEEP":
            yield from self.put(link, request(link.grab))

    # --- sending ----------------------------------------------------------------------------

    def link(self, party: str) -> Talking[Link]:
        """The connection of a party, opened if it is not."""
        link = self.links.get(party)
        if link is None or not (link.open or link.talking):
            link = self.links[party] = Link(party)
            yield from self.do(Open(party))
            self._sent(link, Note(OPEN))
            if party in self.marked and self.traits.close_fence == "workers":
                link.mark = b"gs-" + self.token(13).encode()
                yield from self.put(link, request("SET_CLIENT_ID", id=link.mark))
        return link

    def _sent(self, link: Link, what: What) -> None:
        if not link.party.startswith("~"):
            self.transcript.add(self.now - self.start, link.party, "server", what)

    def put(self, link: Link, packet: Packet) -> Talking[None]:
        """Send one packet without any fence."""
        self._sent(link, packet)
        link.last = packet.name
        yield from self._write(link, packet.encode())

    def put_line(self, link: Link, line: bytes) -> Talking[None]:
        """Send one line of text, its newline included, without any fence."""
        self._sent(link, Line(line))
        link.last = ""
        yield from self._write(link, line)

    def _write(self, link: Link, data: bytes) -> Talking[None]:
        link.sent.feed(data)
        link.acted = True
        yield from self.do(Send(link.party, data))
        self.acted_at = self.now

    def send(
        self, party: str, data: bytes, what: list[What], cuts: tuple[int, ...] = (), grab: str | None = None
    ) -> Talking[None]:
        """S2: send on a connection once everything sent on the others has been handled.

        Args:
            party: whose connection.
            data: the bytes.
            what: what they are, for the transcript.
            cuts: offsets; before each write but the first the helper makes a round trip (S10).
            grab: the message that is repeated until it brings a job, if this one is to be patient.
        """
        yield from self.settle(but=party)
        link = yield from self.link(party)
        link.grab, link.rounds = grab, 0
        for item in what:
            self._sent(link, item)
            link.last = item.name if isinstance(item, Packet) else ""
        found, link.held = writes(link.held, data, cuts), ()
        for number, piece in enumerate(found):
            if number and link.open:
                yield from self.round_trip()
            yield from self._write(link, piece)

    def hold(self, party: str, data: bytes, what: list[What], cuts: tuple[int, ...] = ()) -> Talking[None]:
        """Keep bytes back until this connection's next line is sent."""
        yield from self.settle(but=party)
        link = yield from self.link(party)
        link.held = writes(link.held, data, cuts)
        for item in what:
            self._sent(link, item)

    def grab(self, party: str, *, patient: bool) -> Talking[None]:
        """Send a grab of the kind that the server knows."""
        packet = request(self.traits.grab)
        yield from self.send(party, packet.encode(), [packet], grab=packet.name if patient else None)

    # --- fences -----------------------------------------------------------------------------

    def settle(self, but: str = "") -> Talking[None]:
        """Fence every connection that has sent since its last fence, but one."""
        for _ in range(ROUNDS):
            links = [link for link in self.links.values() if link.acted and link.party not in {but, EYE}]
            if not links:
                return
            yield from self.fence(links)

    def fence(self, links: list[Link]) -> Talking[None]:
        """Prove that what was sent on these connections has been handled.

        A connection that is in mid-packet, or closed, cannot be fenced and is passed over.
        """
        asked = [link for link in links if link.fenceable]
        for link in links:
            link.acted = False
        for link in asked:
            link.nonce = b"gs-fence-" + self.token(12).encode()
            yield from self.do(Send(link.party, self._question(link.nonce)))
        until = self.now + FENCE
        while waiting := [link for link in asked if link.nonce is not None]:
            if (yield from self.pause(until)) and any(link.nonce is not None for link in waiting):
                yield from self._mute(waiting[0])

    def _question(self, nonce: bytes) -> bytes:
        if self.traits.fence == "echo":
            return request("ECHO_REQ", data=nonce).encode()
        return request("GET_STATUS", handle=nonce).encode()

    def _mute(self, link: Link) -> Talking[None]:
        """A fence is not answered: is it one connection, or the server?"""
        if self.lagged:
            raise Stopped(Verdict.INCONCLUSIVE, "the harness itself was held up too long to tell")
        link.nonce = None
        witness = yield from self.link(_WITNESS)
        witness.nonce = b"gs-fence-" + self.token(12).encode()
        yield from self.do(Send(_WITNESS, self._question(witness.nonce)))
        until = self.now + FENCE
        while witness.nonce is not None:
            if (yield from self.pause(until)):
                raise TargetGone("HANG", "a fresh connection is not answered within 2 s")
        raise Stopped(
            Verdict.FAIL, f"the connection of {link.party} is not answered any more, a fresh one is"
        )

    def round_trip(self) -> Talking[None]:
        """One question and its answer on the helper connection."""
        yield from self.fence([(yield from self.link(EYE))])

    # --- closing ----------------------------------------------------------------------------

    def close(self, party: str) -> Talking[None]:
        """S3: half-close, read to the end, and make sure that the server noticed."""
        yield from self.settle(but=party)
        link = self.links[party]
        yield from self.half_close(party)
        until = self.now + FENCE
        while link.open and not (yield from self.pause(until)):
            pass
        yield from self._shut(link, How.CLOSE)
        yield from self._noticed(link)

    def reset(self, party: str) -> Talking[None]:
        """S3: close so that the server gets a RST, and make sure that it noticed."""
        yield from self.settle(but=party)
        link = self.links[party]
        self._sent(link, Note(RESET))
        yield from self._shut(link, How.RESET)
        yield from self._noticed(link)

    def half_close(self, party: str) -> Talking[None]:
        """Stop sending."""
        yield from self.settle(but=party)
        link = self.links[party]
        link.talking = link.acted = False
        link.grab = None
        self._sent(link, Note(HALF_CLOSE))
        yield from self.do(Shut(party, How.HALF_CLOSE))
        self.acted_at = self.now

    def _shut(self, link: Link, how: How) -> Talking[None]:
        link.open = link.talking = link.acted = False
        link.grab = None
        link.queue.clear()
        yield from self.do(Shut(link.party, how))
        self.acted_at = self.now

    def _noticed(self, link: Link) -> Talking[None]:
        if self.traits.close_fence != "workers" or link.mark is None:
            # Whoever handles events one by one has seen the end before it answers the second question.
            yield from self.round_trip()
            yield from self.round_trip()
            return
        until = self.now + FENCE
        while any(link.mark in row for row in (yield from self.ask(b"workers\n"))):
            if self.now >= until:
                raise Stopped(
                    Verdict.FAIL, f"the server still lists {link.party} 2 s after it closed its connection"
                )
            yield from self.pause(min(until, self.now + 0.002))

    def ask(self, command: bytes) -> Talking[list[bytes]]:
        """Ask a question of the text protocol that is answered by a list; its lines without the end."""
        eye = yield from self.link(EYE)
        eye.queue.clear()
        yield from self.put_line(eye, command)
        until = self.now + FENCE
        while not (eye.queue and isinstance(eye.queue[-1].what, Line) and eye.queue[-1].what.text == b"."):
            if (yield from self.pause(until)):
                raise Stopped(Verdict.FAIL, f"the admin command {command.decode().strip()} is not answered")
        return [found.what.text for found in eye.queue if isinstance(found.what, Line)][:-1]

    # --- silence ----------------------------------------------------------------------------

    def hush(self, party: str) -> Talking[None]:
        """S4: make sure that all that was to come on a connection has come."""
        yield from self.settle()
        link = self.links[party]
        if link.fenceable:
            yield from self.fence([link])
        elif link.open:
            yield from self.round_trip()
            until = self.now + LULL
            while not (yield from self.pause(until)):
                pass

    def look(self) -> Talking[None]:
        """S5: what has not come after a while will not come, once every connection was fenced."""
        yield from self.settle()
        yield from self.fence([link for link in self.links.values() if link.party != EYE])


def _answers(what: Packet | Line, nonce: bytes) -> bool:
    """Whether a packet is the answer to a fence."""
    return isinstance(what, Packet) and what.magic != REQ and what.arguments[:1] == (nonce,)
