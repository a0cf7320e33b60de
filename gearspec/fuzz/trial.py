"""What is sent, as a script: what must hold whatever a server makes of it.

So a trial is played like a case of the suites, and what it finds is one: it can be kept, and played again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gearspec.document import load
from gearspec.fuzz.line import lines
from gearspec.fuzz.strategy import MARK
from gearspec.harness.performance import perform
from gearspec.protocol.packet import Line, Packet
from gearspec.script import case as words
from gearspec.script.case import Case, Message
from gearspec.script.project import SERVER
from gearspec.script.step import StepParser
from gearspec.script.value import Template
from gearspec.script.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gearspec.fuzz.arena import Ordeal
    from gearspec.fuzz.strategy import Sending
    from gearspec.harness.instance import Instance
    from gearspec.script.case import Step
    from gearspec.script.play import Stage
    from gearspec.script.trait import Traits
    from gearspec.script.value import Value
    from gearspec.script.verdict import Result

CHUNKING: Final = "frame-any-chunking"
"""The clause that a server breaks for which it matters where a stream is cut."""
_WORD: Final = "word"
"""The name of the fresh word that is sent in place of `MARK`."""
_END: Final = "end"
"""The name of what the last question asks for."""


def _steps(text: str) -> tuple[Step, ...]:
    return StepParser(__name__).steps(load(text, __name__), 1)


# --- others have a job between them all the while --------------------------------------------------

_BEGUN: Final = _steps("""
- worker -> server: CAN_DO
  function: $fn
- client -> server: SUBMIT_JOB
  function: $fn
  workload: in
- server -> client: JOB_CREATED
  handle: $job
- worker -> server: GRAB
- server -> worker: ASSIGN
  handle: $job
- worker2 -> server: CAN_DO
  function: $other
- worker2 -> server: PRE_SLEEP
- server -> worker: nothing
  clause: server-survives
""")
_LOOSE: Final = _steps("""
- server -> client2: anything
  clause: server-survives
""")
_LEAVES: Final = _steps("""
- client2 -> server: CLOSE
""")
_ENDED: Final = _steps("""
- worker -> server: WORK_COMPLETE
  handle: $job
  data: out
- server -> client: WORK_COMPLETE
  clause: other-connections-undisturbed
  args: [$job, out]
- server -> worker: nothing
- client -> server: SUBMIT_JOB
  function: $other
  workload: in
- server -> client: JOB_CREATED
  handle: $next
- server -> worker2: NOOP
- worker2 -> server: GRAB
- server -> worker2: ASSIGN
  handle: $next
  workload: in
""")
_ASKED: Final = _steps("""
- client -> server: OPTION_REQ
  option: exceptions
- server -> client: OPTION_RES
  option: exceptions
""")
_RAISED: Final = _steps("""
- worker2 -> server: WORK_EXCEPTION
  handle: $next
  data: no
- server -> client: WORK_EXCEPTION
  args: [$next, no]
""")
_FAILED: Final = _steps("""
- worker2 -> server: WORK_FAIL
  handle: $next
- server -> client: WORK_FAIL
  args: [$next]
""")
_ANEW: Final = _steps("""
- client3 -> server: GET_STATUS
  handle: $none
- server -> client3: STATUS_RES
  clause: server-survives
  handle: $none
""")


def survive(sending: Sending) -> Ordeal:
    """Somebody sends this; nobody else notices, and what he gets is what a server may answer."""
    return lambda instance, stage: perform(survival(sending, stage.traits), instance, stage)


def survival(sending: Sending, traits: Traits) -> Case:
    """A case in which ``client2`` sends this, while the others have jobs between them.

    One worker has a job meanwhile, another sleeps, and their client has asked for exceptions where it
    can. All of them go on afterwards as if nothing had been.
    """
    asks = "exceptions" in traits.capabilities
    return _case(
        "others-go-on-whatever-one-sends",
        "The others go on with their jobs, whatever one of them sends",
        ("server-survives", "other-connections-undisturbed"),
        *(_ASKED if asks else ()),
        *_BEGUN,
        *_sent(sending, "client2"),
        *_LOOSE,
        *(() if sending.lingers else _LEAVES),
        *_ENDED,
        *(_RAISED if asks else _FAILED),
        *(_LEAVES if sending.lingers else ()),
        *_ANEW,
    )


# --- it is all one how it is cut -------------------------------------------------------------------

_HEARD: Final = _steps("""
- server -> client: anything
  clause: frame-pipelining
- client -> server: GET_STATUS
  handle: $end
- either:
  - as: pass
    script:
    - server -> client: STATUS_RES
      handle: $end
  - as: tolerated
    flag: closes
    script:
    - server -> client: CLOSE
""")
_DONE: Final = _steps("""
- client -> server: GET_STATUS
  handle: $end
- server -> client: STATUS_RES
  clause: frame-any-chunking
  handle: $end
""")


def agree(sending: Sending) -> Ordeal:
    """The answers to this in one piece are the answers to it cut into pieces.

    Nothing is decided where the server ends the connection: what it had answered before may be lost.
    """

    def ordeal(instance: Instance, stage: Stage) -> Result:
        whole = perform(pipelined(sending), instance, stage)
        if whole.verdict is not Verdict.PASS:
            return whole
        return perform(chunked(sending, whole), instance, stage)

    return ordeal


def pipelined(sending: Sending) -> Case:
    """A case in which all of it is sent in one write, and then a question that is answered last."""
    return _case(
        "requests-in-one-piece-are-answered",
        "Valid requests that arrive in one piece are understood, and so is what comes after them",
        ("frame-pipelining",),
        *_sent(replace(sending, cuts=()), "client"),
        *_HEARD,
    )


def chunked(sending: Sending, whole: Result) -> Case:
    """A case in which it is sent in pieces, and answered as it was in one.

    Args:
        sending: with its cuts.
        whole: what came of `pipelined`.
    """
    return _case(
        "requests-in-pieces-are-answered-as-in-one",
        "Valid requests that arrive in pieces get the answers that they get in one piece",
        (CHUNKING,),
        *_sent(sending, "client"),
        *_answers(whole),
        *_DONE,
    )


def _answers(whole: Result) -> Iterator[Message]:
    """What came before the answer to the last question, as lines that expect it again."""
    names = {value: name.removeprefix("$") for value, name in whole.names.items()}
    ends = [value for value, name in names.items() if name == _END]
    for event in whole.transcript.events:
        what = event.what
        if event.sender != SERVER or not isinstance(what, Packet | Line):
            continue
        if isinstance(what, Line):
            line: dict[str, Value] = {"line": _named(what.text, names)}
            yield Message(0, SERVER, "client", words.TEXT, line, clause=CHUNKING)
            continue
        if what.arguments[:1] == tuple(ends):
            return
        if what.fields.get("handle"):
            names.setdefault(what.fields["handle"], f"job{len(names)}")
        args = tuple(_named(argument, names) for argument in what.arguments)
        yield Message(0, SERVER, "client", what.name, args=args, clause=CHUNKING)


# --- both --------------------------------------------------------------------------------------------


def _case(id_: str, title: str, clauses: tuple[str, ...], *steps: Step) -> Case:
    return Case(
        id=id_,
        title=title,
        clauses=clauses,
        under_test=(SERVER,),
        needs=(),
        dangerous=None,
        leaves=None,
        steps=steps,
        path=__name__,
        line=1,
    )


def _sent(sending: Sending, party: str) -> Iterator[Message]:
    """The lines that send it, with a fresh word in place of `MARK`."""
    for line in lines(sending, party, SERVER):
        args = None if line.args is None else tuple(map(_fresh, line.args))
        values = {name: _fresh(value) for name, value in line.values.items()}
        yield replace(line, values=values, args=args)


def _fresh(value: Value) -> Value:
    assert isinstance(value, Template), "what is drawn has no other values"
    return _named(b"".join(part for part in value.parts if isinstance(part, bytes)), {MARK: _WORD})


def _named(data: bytes, names: Mapping[bytes, str]) -> Template:
    """Bytes with names in place of the values that stand in them."""
    parts: list[bytes | str] = [data]
    for value, name in names.items():
        parts = [new for part in parts for new in _cut(part, value, name)]
    return Template(tuple(part for part in parts if part))


def _cut(part: bytes | str, value: bytes, name: str) -> Iterator[bytes | str]:
    if isinstance(part, str):
        yield part
        return
    first, *rest = part.split(value)
    yield first
    for piece in rest:
        yield name
        yield piece
