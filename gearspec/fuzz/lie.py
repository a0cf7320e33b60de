"""Servers that lie to a client or a worker, as cases.

What the library makes of a lie is free: it goes on, reports an error, or drops the connection. So the
script of a lie asks for little: the user hears of the end of his task, of no result that was not sent,
and the next connection works.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from gearspec.fuzz.hazard import hazards, sightings
from gearspec.fuzz.line import lines
from gearspec.fuzz.strategy import MARK, Piece, Sending, cuts, pieces
from gearspec.protocol.message import BY_NAME, LEGAL, REQ, RES
from gearspec.protocol.packet import Packet, check, response
from gearspec.script import case as words
from gearspec.script.case import Branch, Call, Case, Either, Listen, Message, Report, Step
from gearspec.script.rest import CLAUSE
from gearspec.script.value import AnyOf, literal

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from gearspec.fuzz.author import Permits
    from gearspec.script.value import Value

BACK: Final = 15.0
"""Seconds in which a worker whose connection was ended is back."""
_FUNCTION: Final = b"gear-function"
_RESULTS: Final = frozenset(name for name in BY_NAME if name.startswith("WORK_"))
_MALFORMED: Final = frozenset({"UNEXPECTED_DATA", "MISSING_ARGUMENT", "TRAILING_NUL", "EXTRA_ARGUMENT"})
_CREATED: Final = response("JOB_CREATED", handle=MARK)
_TOLD: Final = (Piece(_CREATED.encode(), _CREATED),)
_BEGUN: Final = {
    "client": [Sending(()), Sending(_TOLD), Sending(_TOLD, lingers=True)],
    "worker": [Sending(()), Sending((), lingers=True)],
}
"""How a lie begins, and whether it ends with the connection."""


@st.composite
def lies(draw: DrawFn, role: str, permits: Permits = lambda _: True) -> Sending:
    """What a client that has submitted is sent, or a worker that has grabbed.

    The job of the client is called `MARK`; if the connection is left open, it is told so first. That is
    only so where every packet is whole: who was told that more is coming may wait for it.

    Args:
        draw: Hypothesis gives it.
        role: who is lied to.
        permits: whether there may be something that `truths` has a word for; a piece that would bring what
            may not be is left out, and the others are sent.
    """

    def bearable(begun: Sending, *more: Piece) -> bool:
        return all(map(permits, sorted(truths(replace(begun, pieces=(*begun.pieces, *more))))))

    def fits(one: Piece) -> bool:
        return (not begun.lingers or is_whole((one,))) and bearable(begun, one)

    pairs = [pair for pair in LEGAL if pair[0] == RES and role in pair[1].receivers]
    begun = draw(st.sampled_from(_BEGUN[role]).filter(bearable))
    piece = st.one_of(pieces(pairs, pairs), pieces(pairs)).filter(fits)
    some = (*begun.pieces, *draw(st.lists(piece, min_size=1, max_size=4)))
    whole = cuts(some).map(lambda found: Sending(some, found, begun.lingers))
    return draw(whole.filter(bearable))


def truths(sending: Sending) -> frozenset[str]:
    """Every message of a lie, and every class of `gearspec.harness.testee.LIES` that it belongs to."""
    seen = sightings(sending.data)
    whole = is_whole(sending.pieces)
    created = {packet.arguments[:1] for packet in seen if packet.name == "JOB_CREATED"}
    first = any(piece.what == _CREATED for piece in sending.pieces[:1])
    holds = {
        "created-again": sum(packet.name == "JOB_CREATED" for packet in seen) > first,
        "foreign-handle": any(
            packet.name in _RESULTS and packet.arguments[:1] not in created for packet in seen
        ),
        "in-pieces": bool(sending.cuts),
        "lost": not sending.lingers,
        "lost-early": not (sending.lingers or first),
        "malformed": any(one.kind in _MALFORMED for packet in seen for one in check(packet, "server")),
        "request": any(packet.magic == REQ for packet in seen),
        "text": any(not piece.data.startswith(b"\0") for piece in sending.pieces),
        "wrong-size": not whole,
    }
    return hazards(sending) | {name for name, held in holds.items() if held}


def is_whole(some: tuple[Piece, ...]) -> bool:
    """Whether nothing of it announces what does not come."""
    # What begins with no NUL may be taken for a line of text, whose end does not come.
    return all(
        isinstance(piece.what, Packet) and piece.what.size is None and piece.data.startswith(b"\0")
        for piece in some
    )


# --- a client ----------------------------------------------------------------------------------------


def client_case(sending: Sending) -> Case:
    """A client submits a job and is lied to; the job after that has to be done."""
    ends: list[list[Step]] = [[_report(event, "one")] for event in ("fail", "exception", "error")]
    if results := _results(sending):
        ends.append([_report("complete", "one", data=AnyOf(tuple(map(literal, results))))])
    ends.append([_submitted("one", 4), *_served("again", "one", b"again")])
    script = [
        *_submit("one"),
        _submitted("one"),
        _anything("client"),
        *lines(sending, "server", "client"),
        _proper() if sending.lingers else _from_server("client", words.CLOSE),
        _either(ends),
        *_submit("two"),
        _submitted("two", 5),
        *_served("next", "two", b"second"),
    ]
    return _case("client", script)


def _results(sending: Sending) -> list[bytes]:
    """What a client may take for the result of its job, wherever it believes that a packet begins."""
    seen = [packet for packet in sightings(sending.data) if len(packet.body) == (packet.size or 0)]
    mine = {packet.arguments[:1] for packet in seen if packet.name == "JOB_CREATED"}
    found = [
        packet.fields.get("data", b"")
        for packet in seen
        if packet.name == "WORK_COMPLETE" and packet.arguments[:1] in mine
    ]
    return list(dict.fromkeys([*found, *([b"done"] if sending.lingers else [])]))


def _proper() -> Message:
    """What the client has been waiting for."""
    return _from_server("client", "WORK_COMPLETE", handle=literal(MARK), data=literal(b"done"))


def _task(name: str) -> dict[str, Value]:
    return {"function": literal(_FUNCTION), "workload": literal(name.encode())}


def _submit(name: str) -> list[Step]:
    """Ask a client that was just made to submit a task."""
    return [
        Call(0, "client", "connect", settings={"servers": "server"}),
        _call("client", "submit", task=name, **_task(name)),
    ]


def _submitted(name: str, within: float | None = None) -> Message:
    return Message(
        0, "client", "server", "SUBMIT_JOB", dict(_task(name)), within=within, clause=CLAUSE, task=name
    )


def _served(handle: str, task: str, data: bytes) -> list[Step]:
    """A job that is done as it should be."""
    job = literal(b"H:gs:" + handle.encode())
    return [
        _from_server("client", "JOB_CREATED", handle=job),
        _from_server("client", "WORK_COMPLETE", handle=job, data=literal(data)),
        _report("complete", task, data=literal(data)),
    ]


def _report(event: str, task: str | None, **values: Value) -> Report:
    return Report(0, "client" if task else "worker", event, values, clause=CLAUSE, task=task)


# --- a worker ----------------------------------------------------------------------------------------


def worker_case(sending: Sending) -> Case:
    """A worker grabs and is lied to; a job after that has to be done."""
    script = [
        *_work(),
        Call(0, "worker", "complete", {"data": literal(b"r")}),
        _from_worker("CAN_DO", function=literal(_FUNCTION)),
        _from_worker(words.GRAB),
        _anything("worker"),
        *lines(sending, "server", "worker"),
        *(_goes_on() if sending.lingers else [_from_server("worker", words.CLOSE), _comes_back()]),
    ]
    return _case("worker", script)


def _goes_on() -> list[Step]:
    """The worker goes on, gives up the connection, or still waits for an answer to its grab."""
    leaves: list[list[Step]] = [
        [_from_worker(words.CLOSE)],
        [_report("error", None), Listen(0, "server", "DIE")],
    ]
    given, done = _job()
    # What it makes of a lie may show when it has gone on already.
    grabs: list[Step] = [_from_worker(words.GRAB), given, _either([[done], *leaves])]
    woken = [_from_worker("PRE_SLEEP"), _from_server("worker", "NOOP")]
    sleeps: list[Step] = [*woken, _either([grabs, *leaves])]
    waits: list[Step] = [
        _from_worker(words.NOTHING),
        _from_server("worker", "NO_JOB"),
        _either([sleeps, grabs, *leaves]),
    ]
    return [_either([sleeps, grabs, *leaves, waits])]


def _comes_back() -> Either:
    """The worker connects again, or its user is told and makes another."""
    back: list[Step] = [
        _from_worker("CAN_DO", within=BACK, function=literal(_FUNCTION)),
        _from_worker(words.GRAB),
        *_job(),
    ]
    return _either([back, [_report("error", None), *_work(), *back]])


def _work() -> list[Step]:
    """Ask for a worker that works."""
    return [
        Call(0, "worker", "connect", settings={"servers": "server"}),
        Call(0, "worker", "register", {"function": literal(_FUNCTION)}),
        Call(0, "worker", "work"),
    ]


def _job() -> list[Step]:
    """A job that is done as it should be."""
    job = literal(b"H:gs:next")
    given = {"handle": job, "function": literal(_FUNCTION), "workload": literal(b"w")}
    return [
        _from_server("worker", words.ASSIGN, **given),
        _from_worker("WORK_COMPLETE", handle=job, data=literal(b"r")),
    ]


def _from_worker(what: str, within: float | None = None, **values: Value) -> Message:
    return Message(0, "worker", "server", what, values, within=within, clause=CLAUSE)


# --- both ----------------------------------------------------------------------------------------------


def _case(role: str, script: list[Step]) -> Case:
    return Case(
        id=f"{role}-is-lied-to",
        title=f"A {role} survives what its server sends",
        clauses=(CLAUSE,),
        under_test=(role,),
        needs=(),
        dangerous=None,
        leaves=None,
        steps=tuple(script),
        path="",
        line=0,
    )


def _anything(role: str) -> Message:
    """From here on it may send what no line asks for, such as a grab after a NOOP that a client was sent."""
    return Message(0, role, "server", words.ANYTHING)


def _from_server(receiver: str, what: str, **values: Value) -> Message:
    return Message(0, "server", receiver, what, values)


def _call(party: str, operation: str, task: str | None = None, **values: Value) -> Call:
    return Call(0, party, operation, values, task=task)


def _either(ways: list[list[Step]]) -> Either:
    return Either(0, tuple(Branch(0, "pass", None, tuple(way)) for way in ways))
