"""Leaves a server as it was found: jobs that a case left are worked off, functions are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.ledger import unfinished
from gearspec.protocol.message import SUBMITS
from gearspec.protocol.packet import Line, Packet, request
from gearspec.script.action import How, Shut
from gearspec.script.talk import EYE

if TYPE_CHECKING:
    from gearspec.script.talk import Talk, Talking

DRAINER: Final = "~drainer"
LIMIT: Final = 0.5
"""Seconds that the draining may take; a server that does not play along keeps its jobs."""
MOST: Final = 1000
"""Jobs that are worked off at most."""


def clean(talk: Talk) -> Talking[None]:
    """Work off what is queued, then drop the functions, where the server can and nothing is left in them."""
    functions = _functions(talk)
    if not functions:
        return
    left = unfinished(talk.transcript, talk.traits.dialect)
    if left:
        yield from _drain(talk, functions)
    elif "drop-function" in talk.traits.capabilities:
        yield from _drop(talk, functions)


def _functions(talk: Talk) -> list[bytes]:
    """Every function that a party named."""
    named = {}
    for event in talk.transcript.events:
        what = event.what
        if isinstance(what, Packet) and what.name in _NAMING and what.arguments:
            named[what.arguments[0]] = True
    return [name for name in named if name and not set(name) & set(b"\0\r\n")]


_NAMING: Final = SUBMITS | {"CAN_DO", "CAN_DO_TIMEOUT"}


def _drain(talk: Talk, functions: list[bytes]) -> Talking[None]:
    """A worker that takes every job and completes it."""
    for link in list(talk.links.values()):
        if link.open and not link.party.startswith("~"):
            link.open = link.talking = link.acted = False
            yield from talk.do(Shut(link.party, How.CLOSE))
    yield from talk.round_trip()
    link = yield from talk.link(DRAINER)
    for function in functions:
        yield from talk.put(link, request("CAN_DO", function=function))
    until = talk.now + LIMIT
    for _ in range(MOST):
        yield from talk.put(link, request(talk.traits.grab))
        while not link.queue and link.open:
            if (yield from talk.pause(until)):
                return
        if not link.queue:
            return
        answer = link.queue.popleft().what
        if not isinstance(answer, Packet) or "handle" not in answer.fields:
            return
        yield from talk.put(link, request("WORK_COMPLETE", handle=answer.fields["handle"], data=b""))


def _drop(talk: Talk, functions: list[bytes]) -> Talking[None]:
    """Withdraw all abilities and drop the functions: some thousand left ones make ``status`` slow."""
    links = [link for link in talk.links.values() if link.fenceable and not link.party.startswith("~")]
    for link in links:
        yield from talk.put(link, request("RESET_ABILITIES"))
    # The last connection needs no fence: it is the one that drops, and what it sent comes first.
    last = links[-1] if links else (yield from talk.link(EYE))
    yield from talk.settle(but=last.party)
    last.queue.clear()
    yield from talk.put_line(last, b"".join(b"drop function %b\n" % function for function in functions))
    until = talk.now + LIMIT
    while last.open and sum(isinstance(found.what, Line) for found in last.queue) < len(functions):
        if (yield from talk.pause(until)):
            return
