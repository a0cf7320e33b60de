"""What a server shows to a stranger, and which of the known ones it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gearspec.errors import UsageError
from gearspec.harness.target import known_targets
from gearspec.protocol.packet import Line, Packet, request
from gearspec.script.action import Open, Send, Sign, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.loop import Loop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gearspec.harness.target import Target
    from gearspec.protocol.packet import Item
    from gearspec.script.action import Play
    from gearspec.wire.address import Address

ECHO: Final = "echo"
STATUS: Final = "status"
"""The fences: ECHO_REQ, and GET_STATUS of a job that does not exist."""
_FENCES: Final = {
    ECHO: request("ECHO_REQ", data=b"gearspec"),
    STATUS: request("GET_STATUS", handle=b"H:gearspec:0"),
}
_ANSWERS: Final = {ECHO: "ECHO_RES", STATUS: "STATUS_RES"}
_TABLES: Final = ("status", "workers")
_PATIENCE: Final = 2.0
_LULL: Final = 0.5
_VISIBLE: Final = frozenset({"text", "echo", "version"})


@dataclass(frozen=True, slots=True)
class Sight:
    """What came back.

    Attributes:
        fences: the fences that were answered, `ECHO` and `STATUS`.
        replies: the first line that answered each line of text; what was not answered is left out.
    """

    fences: frozenset[str]
    replies: Mapping[str, str]

    def lists(self, line: str) -> bool:
        """Whether a line of text was answered by what may be a table."""
        return line in self.replies and not self.replies[line].startswith("ERR")

    @property
    def visible(self) -> frozenset[str]:
        """The capabilities that can be told from here, of ``text``, ``echo`` and ``version``."""
        shown = {"text": self.lists("status"), "echo": ECHO in self.fences, "version": self.lists("version")}
        return frozenset(name for name, seen in shown.items() if seen)


def observe(
    address: Address, fences: Iterable[str] = (STATUS, ECHO), lines: Iterable[str] = (), scale: float = 1.0
) -> Sight:
    """Ask a server some harmless questions, each on a connection of its own.

    Args:
        address: of the server.
        fences: which fences to try.
        lines: lines of text to send, without their newlines.
        scale: what deadlines are multiplied by.

    Raises:
        UsageError: the address cannot be found, or connected to.
    """
    packets = {f"fence {name}": _FENCES[name].encode() for name in fences}
    texts = {f"line {line}": line.encode() + b"\n" for line in lines}
    answers: dict[str, Item | Sign] = {}
    Loop(address, scale=scale).play([_ask({**packets, **texts}, answers)])
    if Sign.REFUSED in answers.values():
        raise UsageError(f"cannot connect to {address}: is a server running there?")
    found = frozenset(name for name in fences if _is_answer(answers.get(f"fence {name}"), name))
    replies = {line: answers.get(f"line {line}") for line in lines}
    return Sight(
        found,
        {line: reply.text.decode("latin-1") for line, reply in replies.items() if isinstance(reply, Line)},
    )


def questions() -> list[str]:
    """The lines of text that tell the known targets apart."""
    versions = [target.version.line for target in known_targets() if target.version]
    return sorted({*_TABLES, *(line for line in versions if line)})


def recognise(sight: Sight) -> Target | None:
    """The known target that answers like this to `questions`; None if none or several do.

    One that tells its version is known by that. One that does not is known by which of ECHO_REQ,
    the text protocol and its ``version`` it answers.
    """
    found = [target for target in known_targets() if _looks_like(target, sight)]
    return found[0] if len(found) == 1 else None


def _looks_like(target: Target, sight: Sight) -> bool:
    if target.version and target.version.line:
        return target.version.find(sight.replies.get(target.version.line, "")) is not None
    return sight.visible == target.traits.capabilities & _VISIBLE


def _is_answer(answer: Item | Sign | None, fence: str) -> bool:
    return isinstance(answer, Packet) and answer.name == _ANSWERS[fence]


def _ask(asked: Mapping[str, bytes], answers: dict[str, Item | Sign]) -> Play:
    """Ask one thing after the other; what comes first on each connection is its answer.

    A server that accepts slowly would lose some of several connections at once for a second.
    """
    patience = _PATIENCE
    for party, data in asked.items():
        moments = [(yield Open(party)), (yield Send(party, data))]
        until = moments[-1].now + patience
        while party not in answers:
            for arrival in [arrival for moment in moments for arrival in moment.arrivals]:
                answers.setdefault(arrival.party, arrival.what)
            if party not in answers:
                moments = [(yield Wait(until))]
                if not moments[0].arrivals:
                    break
        if not isinstance(answers.get(party, Sign.CLOSED), Sign):
            # It is up and answers: what it does not answer soon it hardly will.
            patience = _LULL
    return Result(Verdict.PASS)
