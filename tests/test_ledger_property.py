"""The ledger on random conversations with the model, in any dialect."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.ledger import audit, unfinished
from gearspec.model import Dialect, Send, Server
from gearspec.protocol.message import BY_NAME, REQ, TERMINAL
from gearspec.protocol.packet import Packet
from gearspec.protocol.transcript import CLOSE, OPEN, RESET, Note, Transcript


class World:
    """A model of a server, four parties, and a network that may take its time with what the server sends."""

    def __init__(self, dialect):
        self.server = Server(dialect)
        self.numbers = {}
        self.coming = {}
        self.transcript = Transcript()
        self.now = 0.0

    def do(self, party, what):
        """A party sends a packet or ends its connection; it connects first if need be."""
        if party not in self.numbers:
            self.numbers[party] = len(self.transcript.events)
            self.transcript.add(self.now, party, "server", Note(OPEN))
            self.server.connected(self.numbers[party])
        number = self.numbers[party]
        self.transcript.add(self.now, party, "server", what)
        if isinstance(what, Packet):
            self.take(self.server.received(number, what))
        else:
            self.arrive(party)
            self.numbers.pop(party, None)  # the server may have been faster
            self.take(self.server.closed(number))

    def held_by(self, party):
        """The handle of a job that a party has; a made-up one if it has none."""
        jobs = self.server.exchange.queue.jobs.values()
        return next(
            (job.handle for job in jobs if job.running and job.worker == self.numbers.get(party)), b"h"
        )

    def pass_time(self, seconds):
        self.now += seconds
        self.take(self.server.tick(self.now))

    def take(self, effects):
        for effect in effects:
            party = next(name for name, number in self.numbers.items() if number == effect.connection)
            what = effect.item if isinstance(effect, Send) else Note(CLOSE)
            self.coming.setdefault(party, []).append(what)

    def arrive(self, party):
        """All that was on its way to a party is there."""
        for what in self.coming.pop(party, []):
            self.transcript.add(self.now, "server", party, what)
            if isinstance(what, Note):
                self.numbers.pop(party)

    def arrive_everywhere(self):
        for party in list(self.coming):
            self.arrive(party)


FUNCTIONS = st.sampled_from([b"f", b"g"])
HANDLES = st.sampled_from([b"H:gearspec:%d" % number for number in range(1, 3)])
ARGUMENTS = {
    "function": FUNCTIONS,
    "unique": st.sampled_from([b"", b"-", b"u"]),
    "reducer": st.just(b"r"),
    "workload": st.sampled_from([b"", b"v", b"w", b"v\0w"]),
    "epoch": st.sampled_from([b"0", b"1"]),
    "handle": HANDLES,
    "numerator": st.just(b"1"),
    "denominator": st.just(b"2"),
    "data": st.sampled_from([b"", b"1", b"2"]),
    "option": st.sampled_from([b"exceptions", b"other"]),
    "timeout": st.just(b"1000"),
    "id": st.just(b"me"),
}


REQUESTS = [row.name for row in BY_NAME.values() if row.senders and row.name != "SUBMIT_JOB_SCHED"]


def packet(name, *arguments):
    return Packet(REQ, BY_NAME[name].type, b"\0".join(arguments))


@st.composite
def reports(draw):
    """What a worker says about the job that it got first, whose handle is filled in."""
    name = draw(st.sampled_from(["WORK_DATA", "WORK_DATA", "WORK_STATUS", *sorted(TERMINAL)]))
    values = [draw(ARGUMENTS[argument]) for argument in BY_NAME[name].arguments[1:]]
    return lambda handle: packet(name, handle, *values)


@st.composite
def requests(draw, names):
    """A request of some kinds; now and then one that is malformed."""
    message = BY_NAME[draw(st.sampled_from(names))]
    body = packet(message.name, *(draw(ARGUMENTS[name]) for name in message.arguments)).body
    spoiled = draw(st.integers(0, 200))
    return Packet(REQ, message.type, body + b"\0" if spoiled == 200 else body[:3] if spoiled == 199 else body)


CLIENTS = st.sampled_from(["client", "client2"])
WORKERS = st.sampled_from(["worker", "worker2"])
PARTIES = CLIENTS | WORKERS


@st.composite
def moves(draw):
    """A party, and what it does: clients submit, workers grab and report, and all of them anything at all."""
    kind = draw(
        st.sampled_from(["submit"] * 3 + ["grab"] * 3 + ["report"] * 4 + ["any"] * 3 + ["late"] * 2 + ["end"])
    )
    if kind == "submit":
        return draw(CLIENTS), draw(requests(["SUBMIT_JOB", "SUBMIT_JOB", "SUBMIT_JOB_HIGH_BG"]))
    if kind == "grab":
        return draw(WORKERS), draw(requests(["GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL"]))
    if kind == "report":
        return draw(WORKERS), draw(reports())
    if kind == "any":
        return draw(PARTIES), draw(requests(REQUESTS))
    return draw(PARTIES), draw(st.sampled_from([Note(CLOSE), Note(RESET)])) if kind == "end" else None


MOVES = st.lists(moves(), min_size=20, max_size=80)
DIALECTS = st.builds(
    Dialect,
    order=st.sampled_from(["fifo", "lifo"]),
    coalescing=st.sampled_from(["function", "unique", "none"]),
    dash_unique=st.sampled_from(["ordinary", "workload"]),
    abandoned=st.sampled_from(["drop", "skip", "run"]),
    worker_death=st.sampled_from(["requeue", "fail"]),
    withdrawn=st.sampled_from(["keep", "requeue"]),
    timeout_outcome=st.sampled_from(["fail", "requeue", "none"]),
    exception_ends=st.booleans(),
    exceptions_to=st.sampled_from(["opted", "all"]),
    reduce_arguments=st.sampled_from([3, 4]),
    assign_all=st.sampled_from(["always", "reducer"]),
    malformed=st.sampled_from(["error", "close", "ignore"]),
    trailing_nul=st.sampled_from(["malformed", "forward"]),
    foreign_work=st.sampled_from(["error", "ignore"]),
    ignored=st.sampled_from(
        [frozenset(), frozenset({"ECHO_REQ", "SUBMIT_JOB_EPOCH", "GRAB_JOB", "OPTION_REQ"})]
    ),
)


def conversation(dialect, doings):
    """What the harness sees of such a conversation, and the model as it is then."""
    world = World(dialect)
    for party in ("worker", "worker2", "client"):
        world.do(party, packet("CAN_DO", b"f"))
    for party, what in doings:
        if what is None:
            world.pass_time(0.6)
            world.arrive(party)
        elif callable(what):
            world.do(party, what(world.held_by(party)))
        else:
            world.do(party, what)
    world.arrive_everywhere()
    return world


@settings(max_examples=50, deadline=None)
@given(DIALECTS, MOVES)
def test_the_model_is_never_accused_in_any_dialect_and_whatever_comes_late(dialect, doings):
    assert audit(conversation(dialect, doings).transcript, dialect) == []


@settings(max_examples=50, deadline=None)
@given(DIALECTS, MOVES)
def test_a_job_that_the_model_still_has_is_never_taken_for_finished(dialect, doings):
    world = conversation(dialect, doings)
    packets = [event.what for event in world.transcript.events if isinstance(event.what, Packet)]
    told_of = {packet.body for packet in packets if packet.name == "JOB_CREATED"}
    assert world.server.exchange.queue.jobs.keys() & told_of <= unfinished(world.transcript, dialect)
