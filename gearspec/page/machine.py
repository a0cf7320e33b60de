"""State machines of connections and of jobs, as a job server has them.

They are written down here to be drawn. A test walks about in the model and holds them against
what happens there: every transition does, and no other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.page.diagram import draw_diagram
from gearspec.page.template import Page, render
from gearspec.protocol.message import BACKGROUND, GRABS, TERMINAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CLOSES: Final = "it closes"
JOB_COMES: Final = "a job for it comes"
TOO_LONG: Final = "its job times out"
WORKER_GONE: Final = "the worker of its job closes"
DETACHED: Final = "a worker speaks of its background job"
DUE: Final = "its time comes"
WORKER_CLOSES: Final = "its worker closes"
OVERDUE: Final = "it times out"
CLIENT_GONE: Final = "a client closes"
WITHDRAWN: Final = "its worker withdraws the function"
CANCELLED: Final = "cancel job"
"""What happens beside the packets that come."""

_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "a change of abilities": ("CAN_DO", "CAN_DO_TIMEOUT", "CANT_DO", "RESET_ABILITIES"),
    "a grab": tuple(GRABS),
    "a job": tuple(GRABS.values()),
    "an update": ("WORK_DATA", "WORK_STATUS", "WORK_WARNING"),
    "an end": tuple(sorted(TERMINAL)),
    "a question": ("ECHO_REQ", "GET_STATUS", "GET_STATUS_UNIQUE", "OPTION_REQ"),
    "its answer": ("ECHO_RES", "OPTION_RES", "STATUS_RES", "STATUS_RES_UNIQUE"),
    "a submit": ("SUBMIT_JOB", "SUBMIT_JOB_HIGH", "SUBMIT_JOB_LOW", "SUBMIT_REDUCE_JOB"),
    "a background submit": tuple(sorted(BACKGROUND - {"SUBMIT_JOB_EPOCH", "SUBMIT_JOB_SCHED"})),
}
"""Messages that do the same, by what they are called together."""


class Transition(NamedTuple):
    """What may happen in a state.

    Attributes:
        state: where it happens.
        event: a message that comes, a kind of messages, or one of the other events.
        answer: the message or the kind of messages that goes to whom the machine is about; empty for none.
        after: the state where it leads.
    """

    state: str
    event: str
    answer: str
    after: str

    @property
    def text(self) -> str:
        """Event and answer, as they stand on an arrow."""
        return f"{self.event} / {self.answer}" if self.answer else self.event


class Machine(NamedTuple):
    """One state machine.

    Attributes:
        name: in an address.
        title: whose it is.
        states: what each means, in the order in which they stand side by side.
        kinds: the messages that each name for several of them stands for.
        transitions: all that may happen, in the order of the states.
    """

    name: str
    title: str
    states: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]
    transitions: tuple[Transition, ...]


def _machine(
    name: str, title: str, states: Mapping[str, str], events: Mapping[str, Sequence[tuple[str, str, str]]]
) -> Machine:
    """A machine of its transitions by state; where several states stand behind one, it may be any of them."""
    transitions = tuple(
        Transition(state, event, answer, after)
        for state, found in events.items()
        for event, answer, afters in found
        for after in afters.split()
    )
    named = {word for one in transitions for word in (one.event, one.answer)}
    return Machine(name, title, states, {kind: _KINDS[kind] for kind in _KINDS if kind in named}, transitions)


MACHINES: Final = (
    _machine(
        "worker",
        "The connection of a worker",
        {
            "awake": "It has no job, and has to ask for one.",
            "asleep": "It has no job and has said PRE_SLEEP, so it is told when there may be one.",
            "working": "It has a job, or several.",
            "gone": "It is closed; its jobs are queued again, or dropped if nobody waits for them.",
        },
        {
            "awake": [
                ("a change of abilities", "", "awake"),
                ("a grab", "NO_JOB", "awake"),
                ("a grab", "a job", "working"),
                ("PRE_SLEEP", "", "asleep"),
                ("PRE_SLEEP", "NOOP", "awake"),
                (JOB_COMES, "", "awake"),
                (CLOSES, "", "gone"),
            ],
            "asleep": [
                ("a change of abilities", "", "asleep"),
                ("a grab", "NO_JOB", "awake"),
                ("a grab", "a job", "working"),
                ("PRE_SLEEP", "", "asleep"),
                ("PRE_SLEEP", "NOOP", "awake"),
                (JOB_COMES, "NOOP", "awake"),
                (CLOSES, "", "gone"),
            ],
            "working": [
                ("a change of abilities", "", "working"),
                ("a grab", "NO_JOB", "working"),
                ("a grab", "a job", "working"),
                ("PRE_SLEEP", "", "working"),
                ("PRE_SLEEP", "NOOP", "working"),
                (JOB_COMES, "", "working"),
                (JOB_COMES, "NOOP", "working"),
                ("an update", "", "working"),
                ("an end", "", "awake asleep working"),
                (TOO_LONG, "", "awake asleep working"),
                (CLOSES, "", "gone"),
            ],
        },
    ),
    _machine(
        "client",
        "The connection of a client",
        {
            "idle": "It waits for no job.",
            "waiting": "It waits for a job, or for several.",
            "gone": "It is closed; a queued job that only it waited for is dropped.",
        },
        {
            "idle": [
                ("a question", "its answer", "idle"),
                ("a submit", "JOB_CREATED", "waiting"),
                ("a submit", "ERROR", "idle"),
                ("a background submit", "JOB_CREATED", "idle"),
                ("a background submit", "ERROR", "idle"),
                (DETACHED, "", "idle"),
                (CLOSES, "", "gone"),
            ],
            "waiting": [
                ("a question", "its answer", "waiting"),
                ("a submit", "JOB_CREATED", "waiting"),
                ("a submit", "ERROR", "waiting"),
                ("a background submit", "JOB_CREATED", "waiting"),
                ("a background submit", "ERROR", "waiting"),
                (DETACHED, "", "waiting"),
                ("an update", "an update", "waiting"),
                ("WORK_COMPLETE", "WORK_COMPLETE", "idle waiting"),
                ("WORK_FAIL", "WORK_FAIL", "idle waiting"),
                ("WORK_EXCEPTION", "WORK_EXCEPTION", "idle waiting"),
                ("WORK_EXCEPTION", "WORK_FAIL", "idle waiting"),
                (TOO_LONG, "WORK_FAIL", "idle waiting"),
                (WORKER_GONE, "", "waiting"),
                (CLOSES, "", "gone"),
            ],
        },
    ),
    _machine(
        "job",
        "A job",
        {
            "unknown": "The server has no such job: it was not submitted yet, or it is over.",
            "delayed": "It waits for its time.",
            "queued": "It waits for a worker.",
            "running": "A worker has it.",
        },
        {
            "unknown": [
                ("a submit", "", "queued"),
                ("a background submit", "", "queued"),
                ("SUBMIT_JOB_EPOCH", "", "delayed queued"),
            ],
            "delayed": [
                ("a submit", "", "delayed"),
                ("a background submit", "", "delayed"),
                ("SUBMIT_JOB_EPOCH", "", "delayed"),
                (CLIENT_GONE, "", "delayed"),
                (DUE, "", "queued"),
                (CANCELLED, "", "unknown"),
            ],
            "queued": [
                ("a submit", "", "queued"),
                ("a background submit", "", "queued"),
                ("SUBMIT_JOB_EPOCH", "", "queued"),
                ("a grab", "", "running"),
                (CLIENT_GONE, "", "queued unknown"),
                (CANCELLED, "", "unknown"),
            ],
            "running": [
                ("a submit", "", "running"),
                ("a background submit", "", "running"),
                ("SUBMIT_JOB_EPOCH", "", "running"),
                ("an update", "", "running"),
                (WITHDRAWN, "", "running"),
                (CLIENT_GONE, "", "running"),
                (WORKER_CLOSES, "", "queued unknown"),
                ("an end", "", "unknown"),
                (OVERDUE, "", "unknown"),
                (CANCELLED, "", "unknown"),
            ],
        },
    ),
)


def machine_pages() -> Iterator[Page]:
    """The page of all state machines."""
    yield Page("machines/index.html", render("machines.html", machines=MACHINES, draw=draw_machine))


def draw_machine(machine: Machine) -> str:
    """A machine as a diagram: what leads from one state to another."""
    arrows = [(one.state, one.after, one.text) for one in machine.transitions]
    return draw_diagram(
        list(machine.states), arrows, f"{machine.title}: what leads from one state to another"
    )
