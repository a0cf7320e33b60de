"""Tasks: what is sent for them, what their owners are told, and when they are submitted again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.peers.client import Client
from gearspec.peers.error import TaskFailed
from gearspec.peers.task import Task
from gearspec.peers.taskset import TaskSet
from gearspec.protocol.message import SUBMITS
from gearspec.protocol.packet import check
from tests.acting import acting, submitted

EVENTS = ("created", "complete", "fail", "retry", "exception", "status", "data", "warning")


def noted(task):
    """A list of everything that a task tells."""
    told = []
    for event in EVENTS:
        getattr(task, f"on_{event}")(lambda *arguments, event=event: told.append((event, *arguments)))
    return told


def run(play, *tasks):
    """Submit tasks to a server that follows a play, and wait for them; returns what each has told."""
    told = [noted(task) for task in tasks]
    with acting(play) as servers, Client(servers) as client:
        assert submitted(client, *tasks).wait()
    return told


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "SUBMIT_JOB"),
        ({"priority": "high"}, "SUBMIT_JOB_HIGH"),
        ({"priority": "low"}, "SUBMIT_JOB_LOW"),
        ({"background": True}, "SUBMIT_JOB_BG"),
        ({"background": True, "priority": "high"}, "SUBMIT_JOB_HIGH_BG"),
        ({"background": True, "priority": "low"}, "SUBMIT_JOB_LOW_BG"),
        ({"epoch": 7}, "SUBMIT_JOB_EPOCH"),
        ({"reducer": "r"}, "SUBMIT_REDUCE_JOB"),
        ({"reducer": "r", "background": True}, "SUBMIT_REDUCE_JOB_BACKGROUND"),
    ],
)
def test_the_message_says_what_was_asked_for(options, name):
    packet = Task("f", "w", unique="u", **options).packet
    assert packet.name == name
    assert name in SUBMITS
    assert check(packet, "client") == []
    assert {"function": b"f", "unique": b"u", "workload": b"w"}.items() <= packet.fields.items()
    assert packet.fields.get("epoch", b"7") == b"7"
    assert packet.fields.get("reducer", b"r") == b"r"


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.binary() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
)
def test_names_and_workloads_are_sent_as_they_were_given(name, workload):
    fields = Task(name, workload, unique=name).packet.fields
    assert fields["function"] == fields["unique"] == name.encode()
    assert fields["workload"] == (workload if isinstance(workload, bytes) else str(workload).encode())


def test_a_number_is_a_workload_and_so_is_a_zero():
    assert Task("sleep", 20).packet.fields["workload"] == b"20"
    assert Task("sleep", 0, unique=0).packet.body == b"sleep\x000\x000"


@pytest.mark.parametrize(
    ("arguments", "options", "reason"),
    [
        (("a\0b",), {}, "function holds a NUL"),
        (("f",), {"unique": b"\0"}, "unique holds a NUL"),
        (("f",), {"reducer": "r\0"}, "reducer holds a NUL"),
        (("f",), {"priority": "urgent"}, "a priority is"),
        (("f",), {"priority": "high", "epoch": 1}, "no message for two"),
        (("f",), {"priority": "high", "reducer": "r"}, "no message for two"),
        (("f",), {"epoch": 1, "reducer": "r"}, "no message for two"),
    ],
)
def test_a_task_that_cannot_be_sent_cannot_be_made(arguments, options, reason):
    with pytest.raises(ValueError, match=reason):
        Task(*arguments, **options)


def test_a_task_tells_all_that_happens_in_its_order():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.send("WORK_DATA", handle=b"H:1", data=b"piece")
        peer.send("WORK_STATUS", handle=b"H:1", numerator=b"1", denominator=b"2")
        peer.send("WORK_WARNING", handle=b"H:1", data=b"careful")
        peer.send("WORK_STATUS", handle=b"H:1", numerator=b"1.5", denominator=b"")
        peer.complete(b"whole")
        peer.send("WORK_FAIL", handle=b"H:1")

    (told,) = run(play, task := Task("f"))
    assert told == [
        ("created", b"H:1"),
        ("data", b"piece"),
        ("status", "1", "2"),
        ("warning", b"careful"),
        ("status", "1.5", ""),
        ("complete", b"whole"),
    ]
    assert (task.done, task.outcome, task.result, task.handle) == (True, "complete", b"whole", b"H:1")


def test_a_background_task_is_over_when_the_server_has_it():
    def play(stage):
        peer = stage.accept()
        peer.take("SUBMIT_JOB_BG")
        peer.send("JOB_CREATED", handle=b"H:1")
        peer.complete(b"not for us")

    (told,) = run(play, task := Task("f", background=True))
    assert told == [("created", b"H:1")]
    assert task.outcome == "created"


def test_a_task_that_fails_is_submitted_again_with_the_same_arguments():
    def play(stage):
        peer = stage.accept()
        for handle in (b"H:1", b"H:2", b"H:3"):
            peer.take("SUBMIT_JOB_HIGH", function=b"f", unique=b"u", workload=b"w")
            peer.send("JOB_CREATED", handle=handle)
            if handle != b"H:3":
                peer.send("WORK_FAIL", handle=handle)
        peer.send("WORK_FAIL", handle=b"H:1")
        peer.complete(b"at last", b"H:3")

    (told,) = run(play, task := Task("f", "w", unique="u", priority="high", retry_count=5))
    assert [event for event in told if event[0] != "created"] == [
        ("retry", 1),
        ("retry", 2),
        ("complete", b"at last"),
    ]
    assert task.tries == 3


def test_a_task_that_always_fails_fails_once_after_its_last_try():
    def play(stage):
        peer = stage.accept()
        for handle in (b"H:1", b"H:2", b"H:3"):
            peer.created(handle)
            peer.send("WORK_FAIL", handle=handle)
        peer.ended()

    (told,) = run(play, task := Task("f", retry_count=2))
    assert [event for event in told if event[0] != "created"] == [("retry", 1), ("retry", 2), ("fail",)]
    assert task.reason == "the worker failed"


def test_an_exception_ends_a_task_whatever_tries_are_left():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.send("WORK_EXCEPTION", handle=b"H:1", data=b"boom")
        peer.send("WORK_FAIL", handle=b"H:1")
        peer.ended()

    (told,) = run(play, task := Task("f", retry_count=1))
    assert told == [("created", b"H:1"), ("exception", b"boom")]
    assert (task.outcome, task.exception, task.tries) == ("exception", b"boom", 1)


@pytest.mark.parametrize("created", [True, False])
@pytest.mark.parametrize("background", [True, False])
def test_a_connection_that_is_lost_fails_the_try(created, background):
    def play(stage):
        peer = stage.accept()
        peer.take("SUBMIT_JOB", "SUBMIT_JOB_BG")
        if created:
            peer.send("JOB_CREATED", handle=b"H:1")
        peer.close()

    (told,) = run(play, task := Task("f", background=background))
    over = created and background
    assert (task.outcome, task.tries) == ("created" if over else "fail", 1)
    assert [event for event, *_ in told if event != "created"] == ([] if over else ["fail"])


@pytest.mark.parametrize("background", [True, False])
def test_a_connection_that_is_lost_is_no_end_for_a_task_with_tries_left(background):
    def play(stage):
        for last in (False, True):
            peer = stage.accept()
            peer.take("SUBMIT_JOB", "SUBMIT_JOB_BG")
            if last:
                peer.send("JOB_CREATED", handle=b"H:1")
                peer.complete(b"well")
            peer.close()

    (told,) = run(play, task := Task("f", background=background, retry_count=1))
    assert told[:2] == [("retry", 1), ("created", b"H:1")]
    assert task.outcome == ("created" if background else "complete")


def test_each_task_is_submitted_once():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.complete(b"")
        peer.ended()

    task = Task("f")
    with acting(play) as servers, Client(servers) as client:
        client.start(task)
        with pytest.raises(ValueError, match="make another one"):
            client.start(task)
        assert client.wait([task])
        with pytest.raises(ValueError, match="make another one"):
            TaskSet(client).add_task(task)


def test_a_submit_that_is_waited_for_tells_its_handle():
    def play(stage):
        peer = stage.accept()
        peer.take("SUBMIT_JOB_BG")
        peer.send("JOB_CREATED", handle=b"H:7")
        peer.take("SUBMIT_JOB_BG")
        peer.close()

    with acting(play) as servers, Client(servers) as client:
        assert client.submit(Task("f", background=True)) == b"H:7"
        with pytest.raises(TaskFailed, match="closed the connection"):
            client.submit(Task("f", background=True))
