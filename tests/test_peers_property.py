"""The cores of the reference client and worker, with anything that a server can send."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.peers.dialogue import Dialogue
from gearspec.peers.docket import Docket
from gearspec.peers.inquiry import admin, echo, option, read_status, status, status_unique, submit
from gearspec.peers.station import State, Station
from gearspec.peers.task import Task
from gearspec.protocol.message import BY_TYPE, GRABS, REQ, RES
from gearspec.protocol.packet import Line, Packet, check, response

WORDS = (b"H:1", b"H:10", b"H:100", b"", b"H", b"0", b"x")
BODIES = st.binary(max_size=40) | st.lists(st.sampled_from(WORDS), max_size=7).map(b"\0".join)
TYPES = st.sampled_from(sorted(BY_TYPE)) | st.integers(0, 99)
TEXTS = st.binary(max_size=20).map(lambda text: Line(b"!" + text.replace(b"\n", b"") + b"\n"))
ITEMS = st.lists(st.builds(Packet, st.sampled_from((REQ, RES)), TYPES, BODIES) | TEXTS, max_size=40)
ENDS = ("complete", "fail", "exception")


def tell_all(task, told):
    for event in ("created", "data", "warning", "status", "retry", *ENDS):
        getattr(task, f"on_{event}")(lambda *_, event=event: told.append(event))


@settings(deadline=None)
@given(ITEMS, st.integers(0, 3))
def test_nothing_that_a_server_sends_upsets_a_client_or_ends_a_task_twice(items, retries):
    docket, answered = Docket(), []
    dialogue = Dialogue(docket, 1000)
    tasks = [Task("f", retry_count=retries), Task("f"), Task("f", background=True)]
    told = {task: [] for task in tasks}
    for task in tasks:
        tell_all(task, told[task])
        dialogue.ask(submit(task), 0.0)
    for inquiry in (echo("x"), option("o"), status("H:1"), status_unique("u"), admin("status")):
        inquiry.listener = answered.append
        dialogue.ask(inquiry, 0.0)
    for item in items:
        dialogue.received(item, 1.0)
    for task in dialogue.lost("it is over"):
        assert docket.failed(task, "no server") in {True, False}
    docket.report()
    assert len(answered) == len(set(answered)) == 5
    for inquiry in answered:
        if inquiry.reply.startswith("STATUS") and not inquiry.error:
            read_status(inquiry.packet)
    for task, events in told.items():
        ends = [event for event in events if event in ENDS]
        assert ends == ([] if task.outcome in {None, "created"} else [task.outcome])
        assert not ends or events[-1] == ends[0]
        assert task.tries <= task.retry_count + 1
    assert all(check(packet, "client") == [] for packet in dialogue.out if isinstance(packet, Packet))


@settings(deadline=None)
@given(st.data())
def test_each_task_gets_the_results_of_its_own_handle_in_any_order(data):
    handles = data.draw(st.lists(st.binary(min_size=1, max_size=6).map(bytes.hex), unique=True, max_size=8))
    docket = Docket()
    dialogue = Dialogue(docket, 1000)
    tasks = {handle.encode(): Task("f", retry_count=0) for handle in handles}
    told = {handle: [] for handle in tasks}
    for handle, task in tasks.items():
        task.on_data(told[handle].append)
        task.on_complete(told[handle].append)
        dialogue.ask(submit(task), 0.0)
        dialogue.received(response("JOB_CREATED", handle=handle), 0.0)
    pieces = data.draw(st.permutations([handle for handle in tasks for _ in range(3)]))
    for number, handle in enumerate(pieces):
        left = pieces[number + 1 :].count(handle)
        name = "WORK_DATA" if left else "WORK_COMPLETE"
        dialogue.received(response(name, handle=handle, data=b"%s %d" % (handle, left)), 0.0)
    docket.report()
    assert told == {handle: [b"%s %d" % (handle, left) for left in (2, 1, 0)] for handle in tasks}


@settings(deadline=None)
@given(ITEMS, st.sampled_from(sorted(GRABS)))
def test_nothing_that_a_server_sends_upsets_a_worker_or_makes_it_ask_without_end(items, grab):
    station = Station(grab)
    station.begin(b"me", {b"f": None, b"g": 1.5})
    for item in items:
        if station.state is State.AWAKE:
            station.ask(0.0)
        station.received(item, 1.0)
    assert all(check(packet, "worker") == [] for packet in station.out)
    grabs = [packet for packet in station.out if packet.name in GRABS]
    assert len(grabs) <= len(items)
    named = [item for item in items if isinstance(item, Packet) and item.name.startswith("JOB_ASSIGN")]
    assert list(station.assigned) == named
    assert bool(station.broken) == any(isinstance(item, Line) or item.message is None for item in items)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["NOOP", "NO_JOB"]), max_size=60))
def test_a_worker_asks_once_for_each_noop_at_most_and_sleeps_once_for_each_no_job_at_most(names):
    station = Station("GRAB_JOB_UNIQ")
    station.ask(0.0)
    for name in names:
        station.received(response(name), 1.0)
        if station.state is State.AWAKE:
            station.ask(1.0)
    sent = [packet.name for packet in station.out]
    assert sent.count("GRAB_JOB_UNIQ") <= 1 + names.count("NOOP")
    assert sent.count("PRE_SLEEP") <= names.count("NO_JOB")
    assert all(first != second for first, second in pairwise(sent))
