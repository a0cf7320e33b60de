"""The part that all programs of ``gearspec explain --as=python`` share.

`gearspec.reproduce` copies what stands below the line into them, so it uses
nothing but the standard library. It is simpler than the player that judges
programs: it knows one kind of fence, and believes the clock.
"""

# ruff: noqa: T201 - a program that is run by hand prints what it sees
from __future__ import annotations

# --- from here on it is copied ---
import re
import secrets
import select
import socket
import struct
import sys
import time
from collections import deque
from typing import NamedTuple, NoReturn

NO_JOB, NOOP, PRE_SLEEP = 10, 6, 4
FENCE, FENCED = 16, 17
ARITIES: dict[int, int] = {}
NAMES: dict[int | str, str] = {}
ADDRESS = ("127.0.0.1", 4730)


class Name(NamedTuple):
    """A value that is remembered when it comes, and must be the same from then on."""

    text: str


Pattern = bytes | Name | re.Pattern[bytes] | tuple["Pattern", ...] | None
"""Of one argument: exactly this, a name, a regular expression, one of several, or anything."""


class Want(NamedTuple):
    """What may come to a party: a type of packet, "TEXT", "CLOSE" or "nothing", and its arguments."""

    party: str
    kind: int | str
    arguments: tuple[Pattern, ...] = ()
    exact: bool = False

    def __str__(self) -> str:
        shown = ["anything" if value is None else show(value) for value in self.arguments]
        return " ".join([f"{self.party}: {NAMES.get(self.kind, self.kind)}", *shown])


class Came(NamedTuple):
    """What came, and when."""

    at: float
    kind: int | str
    arguments: tuple[bytes, ...]

    def __str__(self) -> str:
        return " ".join([str(NAMES.get(self.kind, self.kind)), *map(show, self.arguments)])


class Peer:
    """One connection to the server."""

    def __init__(self) -> None:
        self.socket = socket.create_connection(ADDRESS, timeout=5)
        self.buffer = b""
        self.queue: deque[Came] = deque()
        self.held: tuple[bytes, ...] = ()  # what is sent with the next bytes, in writes
        self.open = True  # the server has not closed it
        self.loose = False  # it is no matter what comes on it
        self.sound = True  # nothing odd was sent on it, so that it can be fenced
        self.fenced = True
        self.grab = b""  # what is sent again until it brings a job
        self.asleep = False

    def read(self, party: str) -> None:
        """Take what the socket has, and cut it into packets and lines."""
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        now = time.monotonic()
        if not data:
            self.open = False
            self.queue.append(Came(now, "CLOSE", ()))
            print(f"server -> {party}: closed")
        self.buffer += data
        while self.buffer:
            if self.buffer[0]:
                line, newline, self.buffer = self.buffer.partition(b"\n")
                if not newline:
                    self.buffer = line
                    return
                came = Came(now, "TEXT", (line.removesuffix(b"\r"),))
            else:
                if len(self.buffer) < 12:
                    return
                magic, kind, size = struct.unpack(">4sII", self.buffer[:12])
                if len(self.buffer) < 12 + size:
                    return
                body, self.buffer = self.buffer[12 : 12 + size], self.buffer[12 + size :]
                arity = ARITIES.get(kind, 1)
                arguments = tuple(body.split(b"\0", arity - 1)) if arity else ()
                came = Came(now, kind, arguments)
                if not self.loose and (magic != b"\0RES" or len(arguments) < arity):
                    fail(f"{party}: a malformed packet came: {magic!r} {came}")
            self.queue.append(came)


peers: dict[str, Peer] = {}
names: dict[str, bytes] = {}
marks: dict[str, float] = {}
last_action = 0.0


def peer(party: str) -> Peer:
    """The connection of a party; a new one if it has none."""
    if party not in peers:
        peers[party] = Peer()
    return peers[party]


def show(value: object) -> str:
    """A value, with its name where it has one."""
    if isinstance(value, Name):
        return f"${value.text}"
    if isinstance(value, re.Pattern):
        return f"/{value.pattern!r}/"
    return next((f"${name}" for name, bound in names.items() if bound == value), repr(value))


def value(name: str, *, handle: bool = False) -> bytes:
    """What a name stands for; something fresh if nothing yet."""
    if name not in names:
        names[name] = (
            b"H:gs:" + secrets.token_hex(6).encode()[:11]
            if handle
            else b"gear-" + secrets.token_hex(6).encode()[:11]
        )
    return names[name]


def packet(
    kind: int, *arguments: bytes, size: str | None = None, magic: bytes = b"\0REQ", says: int | None = None
) -> bytes:
    """A packet to the server, whose header may lie about its size, magic or type."""
    body = b"\0".join(arguments)
    length = len(body)
    if size is not None:
        length = int(size) + (length if size[0] in "+-" else 0)
    return struct.pack(">4sII", magic, kind if says is None else says, length) + body


def pump(until: float) -> bool:
    """Read from all connections until something came, or until a time; says whether something came."""
    open_peers = {one.socket: party for party, one in peers.items() if one.open}
    ready = select.select(list(open_peers), [], [], max(0.0, until - time.monotonic()))[0]
    for one in ready:
        peers[open_peers[one]].read(open_peers[one])
    return bool(ready)


def fence(party: str) -> None:
    """Wait until the server has dealt with everything that was sent on a connection."""
    one = peer(party)
    if one.fenced or not one.open or not one.sound:
        return
    nonce = secrets.token_hex(8).encode()
    one.socket.sendall(packet(FENCE, nonce))
    until = time.monotonic() + 2
    while time.monotonic() < until and one.open:
        answer = next(
            (came for came in one.queue if (came.kind, came.arguments[:1]) == (FENCED, (nonce,))), None
        )
        if answer:
            one.queue.remove(answer)
            break
        pump(until)
    one.fenced = True


def send(
    party: str,
    data: bytes,
    what: str,
    *,
    cuts: tuple[int, ...] | None = (),
    hold: bool = False,
    sound: bool = True,
) -> None:
    """Send bytes, once the server has dealt with what others have sent; without cuts, byte by byte."""
    global last_action  # noqa: PLW0603 - this is a program, and there is one of it
    for other in peers:
        if other != party:
            fence(other)
    one = peer(party)
    print(f"{party} -> server: {what}   {data[:64].hex(' ')}{' ...' if len(data) > 64 else ''}")
    places = range(1, len(data)) if cuts is None else [place for place in cuts if place < len(data)]
    *before, last = one.held or (b"",)
    first, *rest = (data[start:stop] for start, stop in zip((0, *places), (*places, len(data)), strict=True))
    writes = (*before, last + first, *rest)
    one.sound, one.held = one.sound and sound, writes if hold else ()
    if hold:
        return
    one.grab, one.asleep, one.fenced = b"", data.endswith(packet(PRE_SLEEP)), False
    for number, piece in enumerate(writes):
        if number:
            peer("helper").fenced = False
            fence("helper")
        one.socket.sendall(piece)
    last_action = time.monotonic()


def grab(party: str, kind: int) -> None:
    """Ask for a job, and sleep and ask again until there is one."""
    send(party, packet(kind), NAMES[kind])
    peer(party).grab = packet(kind)


def end(party: str, how: str) -> None:
    """End a connection: "HALF_CLOSE", "CLOSE" or "RESET"."""
    for other in peers:
        fence(other)
    one = peer(party)
    print(f"{party} -> server: {how}")
    if how == "RESET":
        one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif one.open:
        one.socket.shutdown(socket.SHUT_WR)
    if how == "HALF_CLOSE":
        one.sound = False
        return
    until = time.monotonic() + 1
    while how == "CLOSE" and one.open and time.monotonic() < until:
        pump(until)
    one.socket.close()
    del peers[party]
    until = time.monotonic() + 0.2  # nothing tells when the server has noticed
    while pump(until) or time.monotonic() < until:
        continue


def head(want: Want, kinds: set[int | str]) -> Came | None:
    """What came first to a party, after what it answers by itself: no job yet, or wake up."""
    one = peer(want.party)
    if one.loose:
        return next((came for came in one.queue if fits(want, came, bind=False)), None)
    while one.queue:
        came = one.queue[0]
        if came.kind == NO_JOB and one.grab and NO_JOB not in kinds:
            one.socket.sendall(packet(PRE_SLEEP))
            one.asleep, one.fenced = True, False
        elif came.kind == NOOP and not kinds & {NOOP, "nothing"} and (one.grab or one.asleep):
            one.socket.sendall(one.grab)
        else:
            return came
        one.queue.popleft()
    return None


def fits(want: Want, came: Came, *, bind: bool = True) -> bool:
    """Whether what came is what was wanted; if so, its names are remembered unless told otherwise."""
    if want.kind != came.kind or (want.exact and len(want.arguments) != len(came.arguments)):
        return False
    bound: dict[str, bytes] = {}
    padded = (*came.arguments, *[None] * len(want.arguments))
    if not all(matches(one, other, bound) for one, other in zip(want.arguments, padded, strict=False)):
        return False
    names.update(bound if bind else {})
    return True


def matches(pattern: Pattern, data: bytes | None, bound: dict[str, bytes]) -> bool:
    """Whether one argument is what was wanted."""
    if pattern is None:
        return True
    if data is None:
        return False
    if isinstance(pattern, Name):
        return {**names, **bound}.get(pattern.text, data) == data and bound.setdefault(
            pattern.text, data
        ) == data
    if isinstance(pattern, re.Pattern):
        return pattern.fullmatch(data) is not None
    return (
        data == pattern if isinstance(pattern, bytes) else any(matches(one, data, bound) for one in pattern)
    )


def expect(*wants: Want, within: float = 2, not_before: float = 0, since: str = "", mark: str = "") -> Want:
    """Wait for one of several things, and take it; returns which it was."""
    base = marks[since] if since else last_action or time.monotonic()
    kinds = {want.kind for want in wants}
    while True:
        for want in wants:
            came = head(want, kinds)
            if came and fits(want, came):
                peers[want.party].queue.remove(came)
                peers[want.party].grab = b""
                if not_before and came.at < base + not_before:
                    fail(f"{want} came before {not_before} s had passed")
                marks[mark] = came.at
                print(f"server -> {want}")
                return want
        others = [came for want in wants if (came := head(want, kinds))]
        if time.monotonic() > base + within or len(others) == len(wants):
            break
        pump(base + within)
    seen = " and ".join(map(str, others)) or "nothing"
    return fail(f"expected {' or '.join(map(str, wants))}; came {seen}")


def expect_all(*wants: Want, within: float = 2) -> None:
    """Wait for several things in any order."""
    left = list(wants)
    while left:
        left.remove(expect(*left, within=within))


def choose(*wants: Want, within: float | None = None) -> int:
    """Find out which of several things comes, and leave it there; returns its place.

    Without a time, it is clear that nothing comes once the server has dealt with everything;
    where that cannot be asked, after a moment.
    """
    kinds = {want.kind for want in wants}
    for party in peers:
        fence(party)
    silent = [place for place, want in enumerate(wants) if want.kind == "nothing"]
    blind = any(not peer(wants[place].party).sound for place in silent)
    patience = within if within is not None else 0.2 * blind if silent else 2
    until = time.monotonic() + patience
    while True:
        heads = [(place, came) for place, want in enumerate(wants) if (came := head(want, kinds))]
        full = [place for place, came in heads if fits(wants[place], came, bind=False)]
        same = [place for place, came in heads if wants[place].kind == came.kind]
        if full or same or time.monotonic() > until:
            return (full or same or silent or [0])[0]
        pump(until)


def expect_nothing(party: str, seconds: float = 0) -> None:
    """Make sure that nothing has come to a party, nor comes for a while."""
    until = (last_action or time.monotonic()) + seconds
    while time.monotonic() < until:
        pump(until)
    for other in peers:
        fence(other)
    came = head(Want(party, "nothing"), {"nothing"})
    if came:
        fail(f"{party}: expected nothing; came {came}")


def overlook(party: str) -> None:
    """From here on it is no matter what comes to a party, unless something else is waited for."""
    peer(party).loose, peer(party).sound = True, False


def expect_table(party: str, *rows: tuple[Pattern, ...]) -> None:
    """Wait for a list that ends with a dot; of its rows only those with a name of ours count."""
    found: list[Came] = []
    while True:
        expect(Want(party, "TEXT", (Name("~row"),)))
        line = names.pop("~row")
        if line == b".":
            break
        cells = tuple(line.split(b"\t") if b"\t" in line else line.split())
        if any(bound and bound in cell for bound in names.values() for cell in cells):
            found.append(Came(0, "row", cells))
    left = list(rows)
    for came in found:
        mine = [row for row in left if fits(Want(party, "row", row, exact=True), came)]
        if not mine:
            fail(f"{party}: a row that was not expected: {came.arguments!r}")
        left.remove(mine[0])
    if left:
        fail(f"{party}: a row did not come: {' '.join(map(show, left[0]))}")


def finish() -> None:
    """Make sure that nothing more comes, and close everything."""
    for party in peers:
        fence(party)
    for party, one in peers.items():
        came = head(Want(party, "end"), {"end"})
        if came and one.sound and not one.loose:
            fail(f"{party}: after the last line came {came}")
    for one in peers.values():
        one.socket.close()
    peers.clear()
    names.clear()
    marks.clear()


def fail(message: str) -> NoReturn:
    """Say what is wrong, and end the program with 1."""
    print(f"NOT AS EXPECTED: {message}")
    sys.exit(1)
