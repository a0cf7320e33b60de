"""What an adapter is asked outside of any case: who it is, and whether it says no where it should.

An interview is a scene (`gearspec.script.scene`) without a script. Meanwhile the library finds a server
that answers whatever a library may want to know before it does anything.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeVar

from gearspec.errors import AdapterError
from gearspec.harness.contract import Hello, read_hello
from gearspec.protocol.message import BY_NAME, GRABS, RES
from gearspec.protocol.packet import Packet, response
from gearspec.script.action import Arrival, Send, Wait
from gearspec.script.scene import Ask, Ended, Listen, Said
from gearspec.script.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from gearspec.script.scene import Cue, News, Scene, Tidings

T = TypeVar("T")
if TYPE_CHECKING:
    Talk = Generator[Cue, News, T]

GREETING: Final = 10.0
"""Seconds that an adapter has to say who it is; its language and its library are loaded meanwhile."""
PATIENCE: Final = 5.0
"""Seconds for everything else, none of which may have to wait for a server."""
SEVERAL: Final = "several-servers"
"""The feature that connect itself asks for."""
_ENDS: Final = frozenset({"exited with status 0", "closed its output"})
_MADE_UP: Final = "recite"
_SERVERS: Final = ("server", "server2")
_FUNCTION: Final = b"gearspec-probe"
_TASK: Final = {"task": "t1", "function": _FUNCTION, "workload": b"w"}
_END: Final = {"complete": b"r"}


def _submit(**more: object) -> dict[str, Any]:
    return {"do": "submit", "tasks": [{**_TASK, **more}]}


def _register(*plan: Mapping[str, object], **more: object) -> dict[str, Any]:
    return {"do": "register", "function": _FUNCTION, "plan": [[*plan]], **more}


PROBES: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "client": {
        SEVERAL: {},
        "background": _submit(background=True),
        "priorities": _submit(priority="high"),
        "unique": _submit(unique=b"u"),
        "exceptions-by-option": {"do": "option", "option": "exceptions"},
        "exceptions-per-task": {**_submit(), "exceptions": True},
        "status": {"do": "status", "handle": b"H:gearspec:0"},
        "status-unique": {"do": "status_unique", "unique": b"u"},
        "echo": {"do": "echo", "data": b"x"},
        "retries": _submit(retries=1),
        "wait": {**_submit(), "wait": 1.0},
        "epoch": _submit(epoch=1_700_000_000, background=True),
        "reduce": _submit(reducer=b"r"),
    },
    "worker": {
        SEVERAL: {},
        "timeout": _register(_END, timeout=1000),
        "unregister": {"do": "unregister", "function": _FUNCTION},
        "work-data": _register({"data": b"d"}, _END),
        "progress": _register({"status": [1, 2]}, _END),
        "fail": _register({"fail": True}),
        "exceptions": _register({"exception": b"e"}),
        "raise": _register({"raise": b"e"}),
    },
}
"""What to ask for, to hear that a role has not got a feature; other features cannot be asked for."""


def greet(heard: list[Hello]) -> Scene:
    """Ask who it is, which goes to `heard`, and for something that there is not, which it has to refuse.

    Raises:
        AdapterError: it breaks its contract, says nothing in time, or ends.
    """
    interview = _Interview()
    heard.append(read_hello((yield from interview.ask({"do": "hello"}, GREETING))))
    said = yield from interview.ask({"do": _MADE_UP})
    if "unsupported" not in said:
        raise AdapterError(
            f"the adapter does not answer 'unsupported' to '{_MADE_UP}', which no adapter can do:"
            " it has to for every 'do' that it does not know"
        )
    return Result(Verdict.PASS)


def probe(role: str, feature: str) -> Scene:
    """Ask for a feature that the adapter does not list, which it has to refuse.

    Args:
        role: of the library.
        feature: one of `PROBES`.

    Raises:
        AdapterError: it does not refuse, breaks its contract, says nothing in time, or ends.
    """
    interview = _Interview()
    if feature == SEVERAL:
        said = yield from interview.connect(role, _SERVERS)
    else:
        yield from interview.connect(role)
        said = yield from interview.ask(PROBES[role][feature])
    if "unsupported" not in said:
        raise AdapterError(
            f"the adapter does not list {feature} for the {role},"
            " yet does not answer 'unsupported' when asked for it"
        )
    return Result(Verdict.PASS)


def part(role: str) -> Scene:
    """Connect and quit; it has to end by itself.

    Raises:
        AdapterError: it does not answer, or does not end, or ends with another status than 0.
    """
    interview = _Interview()
    yield from interview.connect(role)
    yield from interview.ask({"do": "quit"})
    how = yield from interview.end()
    if how not in _ENDS:
        raise AdapterError(f"after 'quit' the adapter {how}; it has to exit with status 0")
    return Result(Verdict.PASS)


class _Interview:
    """One adapter that is asked one thing after the other."""

    def __init__(self) -> None:
        self._number = 0
        self._news: deque[Tidings] = deque()

    def ask(self, request: Mapping[str, Any], within: float = PATIENCE) -> Talk[Mapping[str, Any]]:
        """Ask, and wait for the answer."""
        self._number += 1
        asked = f"when asked for '{request['do']}'"
        until = yield from self._do(Ask({"id": self._number, **request}), within)
        while True:
            said = yield from self._next(until)
            if said is None:
                raise AdapterError(f"the adapter does not answer within {within:g} s {asked}")
            if isinstance(said, Ended):
                raise AdapterError(f"the adapter {said.how} {asked}")
            if said.line.get("id") == self._number:
                return said.line

    def connect(self, role: str, servers: tuple[str, ...] = _SERVERS[:1]) -> Talk[Mapping[str, Any]]:
        """Let the library connect, now or later."""
        for server in servers:
            yield from self._do(Listen(server))
        return (yield from self.ask({"do": "connect", "role": role, "servers": [*servers]}))

    def end(self) -> Talk[str]:
        """Wait for its end; how it ended, as the rest of a sentence."""
        until = yield from self._do(Wait(0), PATIENCE)
        while True:
            said = yield from self._next(until)
            if said is None:
                return f"does not end within {PATIENCE:g} s"
            if isinstance(said, Ended):
                return said.how

    def _do(self, cue: Cue, within: float = 0) -> Talk[float]:
        """Do something, and keep what has come; the time when so many seconds will have passed."""
        news = yield cue
        self._news += news.arrivals
        return news.now + within

    def _next(self, until: float) -> Talk[Said | Ended | None]:
        """The next that the adapter says, or its end; None if nothing of it has come until then."""
        while True:
            while self._news:
                arrival = self._news.popleft()
                if isinstance(arrival, Said | Ended):
                    return arrival
                if isinstance(arrival, Arrival):
                    yield from self._serve(arrival)
            if (yield from self._do(Wait(until))) >= until and not self._news:
                return None

    def _serve(self, arrival: Arrival) -> Talk[None]:
        """Answer what a library may want to know before it does anything."""
        packet = arrival.what
        answer: Packet | None = None
        if isinstance(packet, Packet):
            if packet.name in GRABS:
                answer = response("NO_JOB")
            elif packet.name in {"OPTION_REQ", "ECHO_REQ"}:
                answer = Packet(RES, BY_NAME[packet.name].type + 1, packet.body)
        if answer:
            yield from self._do(Send(arrival.party, answer.encode()))
