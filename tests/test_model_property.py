"""Properties that hold for the model whatever is thrown at it, in whatever dialect."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Literal, get_args, get_origin, get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from gearspec.errors import BadMagic
from gearspec.model import Close, Dialect, Server
from gearspec.protocol.admin import COMMANDS, ReplyReader, Request, Table
from gearspec.protocol.message import BACKGROUND, BY_NAME, GRABS, REQ, RES, TERMINAL
from gearspec.protocol.packet import Line, Packet, check, request

CONNECTIONS = st.integers(1, 3)
HANDLES = st.integers(1, 4).map(lambda number: b"H:gearspec:%d" % number)
VALUES = {
    "function": st.sampled_from([b"f", b"g"]),
    "unique": st.sampled_from([b"", b"u", b"-"]),
    "reducer": st.sampled_from([b"", b"r"]),
    "handle": HANDLES,
    "option": st.sampled_from([b"exceptions", b"x"]),
    "timeout": st.sampled_from([b"0", b"500", b"3000"]),
    "epoch": st.sampled_from([b"0", b"3", b"6"]),
}
OTHER = st.sampled_from([b"", b"1", b"x", b"a\0b"])
TEXT = st.sampled_from([b"", b"1", b"x"])


def weighted(*pairs):
    """One of several strategies, each as often as its weight says; `one_of` would drop what is repeated."""
    return st.sampled_from([strategy for weight, strategy in pairs for _ in range(weight)]).flatmap(
        lambda chosen: chosen
    )


def packet(message):
    names = {
        name: VALUES.get(name, OTHER if message.opaque and name == message.arguments[-1] else TEXT)
        for name in message.arguments
    }
    return st.fixed_dictionaries(names).map(lambda arguments: request(message.name, **arguments))


def command(row):
    argument = st.one_of(HANDLES, VALUES["function"], st.sampled_from([b"1", b"0"]))
    counts = st.sampled_from(sorted(row.arities))
    return counts.flatmap(
        lambda count: st.tuples(*[argument] * count).map(lambda arguments: Request(row, arguments).line)
    )


REQUESTS = st.one_of([packet(message) for message in BY_NAME.values() if message.senders])
PLAN = ("CAN_DO", "GRAB_JOB", "GRAB_JOB_ALL", "PRE_SLEEP", "SUBMIT_JOB", "SUBMIT_JOB_HIGH", "SUBMIT_JOB_BG")
RARE = ("CAN_DO_TIMEOUT", "CANT_DO", "SUBMIT_JOB_EPOCH", "OPTION_REQ")
LIVELY = weighted(
    *[(3, packet(BY_NAME[name])) for name in PLAN], *[(1, packet(BY_NAME[name])) for name in RARE]
)
"""What makes jobs run; without a surplus of it, most conversations come to nothing."""
WORK = [name for name in BY_NAME if name.startswith("WORK_")]
NONSENSE = st.builds(Packet, st.sampled_from([REQ, RES]), st.integers(0, 50), st.binary(max_size=12))
LINES = st.one_of(
    *[command(row) for row in COMMANDS.values()], st.binary(max_size=9).map(lambda raw: Line(raw + b"\n"))
)
ITEMS = weighted((6, LIVELY), (2, REQUESTS), (1, NONSENSE), (1, LINES))
EVENT = weighted(
    (14, st.tuples(st.just("received"), CONNECTIONS, ITEMS)),
    (6, st.tuples(st.just("work"), CONNECTIONS, st.sampled_from(WORK), st.integers(0, 2))),
    (1, st.tuples(st.just("closed"), CONNECTIONS)),
    (1, st.tuples(st.just("broken"), CONNECTIONS, st.just(BadMagic(b"\0XXX")))),
    (2, st.tuples(st.just("tick"), st.floats(0, 9))),
)
EVENTS = st.lists(st.tuples(*[EVENT] * 8), max_size=6).map(
    lambda blocks: [event for block in blocks for event in block]
)
"""Conversations; in blocks, since a list of single events is mostly too short for a job to run."""


def choices(name, hint):
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if hint is bool:
        return st.booleans()
    if hint == frozenset[str]:
        return st.sampled_from([frozenset(), frozenset({"GRAB_JOB"})])
    return st.sampled_from([None, 0, 1] if name == "retries" else [0, 1])


HINTS = get_type_hints(Dialect)
DIALECTS = st.builds(
    Dialect, **{field.name: choices(field.name, HINTS[field.name]) for field in fields(Dialect)}
)


class Run:
    """Plays events; a connection that is not open is opened before it does something."""

    def __init__(self, dialect=None):
        self.server = Server(dialect or Dialect())
        self.sent = []
        self.open = set()

    def resolve(self, event):
        """A packet about one of the jobs that run, from the worker that has it; if none runs, about any."""
        _, connection, name, index = event
        running = [job for job in self.server.exchange.queue.jobs.values() if job.running]
        job = running[index % len(running)] if running else None
        handle = job.handle if job else b"H:gearspec:%d" % (index + 1)
        rest = [b"1"] * (len(BY_NAME[name].arguments) - 1)
        packet = Packet(REQ, BY_NAME[name].type, b"\0".join([handle, *rest]))
        return "received", job.worker if job else connection, packet

    def play(self, event):
        if event[0] == "work":
            event = self.resolve(event)
        kind, *arguments = event
        if kind != "tick" and arguments[0] not in self.open:
            self.open.add(arguments[0])
            assert self.server.connected(arguments[0]) == []
        effects = getattr(self.server, kind)(*arguments)
        if kind in {"closed", "broken"}:
            self.open.discard(arguments[0])
        for effect in effects:
            assert effect.connection in self.open or isinstance(effect, Close)
            if isinstance(effect, Close):
                self.open.discard(effect.connection)
        self.sent.append((event, effects))
        return effects

    def table(self, name):
        """A table of the administrator, asked for on a connection that does nothing else."""
        self.open.add(99)
        self.server.connected(99)
        reader = ReplyReader(COMMANDS[name])
        replies = [
            reader.feed(effect.item) for effect in self.server.received(99, Request(COMMANDS[name]).line)
        ]
        self.server.closed(99)
        assert isinstance(replies[-1], Table)
        return replies[-1].rows


@given(DIALECTS, EVENTS)
def test_no_event_raises_and_no_count_is_negative_in_any_dialect(dialect, events):
    run = Run(dialect)
    for event in events:
        run.play(event)
        assert run.server.deadline is None or run.server.deadline >= 0
    for name in (b"status", b"prioritystatus"):
        assert all(int(cell) >= 0 for _, *cells in run.table(name) for cell in cells)


@given(EVENTS)
def test_every_packet_that_is_sent_is_well_formed(events):
    run = Run()
    for event in events:
        for effect in run.play(event):
            item = getattr(effect, "item", None)
            if isinstance(item, Packet):
                assert item.magic == RES
                assert [v for v in check(item, "server") if v.kind != "NOT_A_NUMBER"] == []


@given(EVENTS)
def test_a_submit_in_the_foreground_ends_at_most_once_and_nothing_follows(events):
    run = Run()
    waiting = Counter()
    for event in events:
        for effect in run.play(event):
            item = getattr(effect, "item", None)
            if not isinstance(item, Packet):
                continue
            key = effect.connection, item.fields.get("handle")
            if item.name == "JOB_CREATED" and event[2].name not in BACKGROUND:
                waiting[key] += 1
            elif item.name.startswith("WORK_"):
                assert waiting[key] > 0
                waiting[key] -= item.name in TERMINAL
        if event[0] in {"closed", "broken"}:
            waiting = Counter({key: count for key, count in waiting.items() if key[0] != event[1]})


@given(EVENTS)
def test_a_job_is_with_one_worker_at_a_time_and_nobody_else_speaks_of_it(events):
    run = Run()
    holders = {}
    for event in events:
        effects = run.play(event)
        event = run.sent[-1][0]  # noqa: PLW2901 - with the job that was meant
        speaks = event[0] == "received" and getattr(event[2], "name", "").startswith("WORK_")
        for effect in effects:
            item = getattr(effect, "item", None)
            if isinstance(item, Packet) and item.name in GRABS.values():
                handle = item.fields["handle"]
                assert handle not in holders
                holders[handle] = effect.connection
            elif isinstance(item, Packet) and item.name.startswith("WORK_") and speaks:
                assert holders[item.fields["handle"]] == event[1]
        running = {job.handle for job in run.server.exchange.queue.jobs.values() if job.running}
        holders = {handle: worker for handle, worker in holders.items() if handle in running}


@given(EVENTS)
def test_nobody_who_fell_asleep_sleeps_through_a_job(events):
    run = Run()
    for event in events:
        run.play(event)
        if event[0] == "received" and getattr(event[2], "name", "").startswith("CAN_DO"):
            run.play(("received", event[1], request("PRE_SLEEP")))
        exchange = run.server.exchange
        for peer in exchange.connections.values():
            assert not (peer.asleep and exchange.queue.next(peer.abilities))


@given(EVENTS)
def test_the_tables_agree_with_each_other(events):
    run = Run()
    for event in events:
        run.play(event)
    totals = {name: (int(total), int(running)) for name, total, running, _ in run.table(b"status")}
    queued = {name: int(h) + int(n) + int(low) for name, h, n, low, _ in run.table(b"prioritystatus")}
    assert {name: total - running for name, (total, running) in totals.items()} == queued
    assert len(run.table(b"show jobs")) == sum(total for total, _ in totals.values())


@given(EVENTS)
def test_nothing_is_left_when_all_jobs_were_foreground_and_all_peers_are_gone(events):
    run = Run()
    for event in events:
        item = event[2] if event[0] == "received" else None
        if not (isinstance(item, Packet) and item.name in BACKGROUND):
            run.play(event)
    for connection in list(run.open):
        run.play(("closed", connection))
    assert run.table(b"show jobs") == ()
    assert run.server.deadline is None


@given(EVENTS)
def test_the_same_events_have_the_same_effects(events):
    first, second = Run(), Run()
    for event in events:
        first.play(event)
        second.play(event)
    assert first.sent == second.sent
