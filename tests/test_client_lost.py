"""The reference client when a server sends rubbish, goes away, says nothing or is not there."""

import socket
import struct

import pytest

from gearspec.peers.client import Client
from gearspec.peers.error import ServerLost, TaskFailed
from gearspec.peers.task import Task
from tests.acting import Moment, acting, crowded, submitted, vacant

BRIEF = 0.05
"""Seconds that a server which says nothing is waited for."""
PATIENT = 0.5
"""The same, where another server has to answer in that time."""


@pytest.mark.parametrize(
    "rubbish",
    [
        struct.pack(">4sII", b"\0RES", 99, 2) + b"ab",
        struct.pack(">4sII", b"\0RES", 5, 0),
        struct.pack(">4sII", b"\0RES", 6, 0),
        struct.pack(">4sII", b"\0RES", 11, 4) + b"H:1\0",
        struct.pack(">4sII", b"\0RES", 12, 3) + b"H:1",
        struct.pack(">4sII", b"\0RES", 13, 3) + b"H:2",
        struct.pack(">4sII", b"\0RES", 13, 0),
        struct.pack(">4sII", b"\0RES", 14, 0),
        struct.pack(">4sII", b"\0RES", 19, 0),
        struct.pack(">4sII", b"\0RES", 8, 0),
        struct.pack(">4sII", b"\0RES", 20, 0),
        struct.pack(">4sII", b"\0RES", 42, 0),
        struct.pack(">4sII", b"\0RES", 17, 0),
        struct.pack(">4sII", b"\0RES", 27, 0),
    ],
)
def test_a_packet_that_nobody_wants_changes_nothing(rubbish):
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.raw(rubbish)
        peer.complete(b"well")

    with acting(play) as servers, Client(servers) as client:
        assert client.do("f", timeout=5) == b"well"


@pytest.mark.parametrize(
    ("rubbish", "reason"),
    [
        (b"\0BAD" + bytes(8), "magic"),
        (b"HTTP/1.1 400 Bad Request\r\n", "text that nobody asked for"),
        (struct.pack(">4sII", b"\0RES", 13, 0xFFFFFFFF), "4294967295 bytes"),
        (struct.pack(">4sII", b"\0RES", 13, 0x80000000), "2147483648 bytes"),
        (b"x", "text that nobody asked for"),
    ],
)
def test_rubbish_ends_the_connection_and_the_next_one_works(rubbish, reason):
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.raw(rubbish)
        peer.ended()
        peer = stage.accept()
        peer.created()
        peer.complete(b"well")

    with acting(play) as servers, Client(servers) as client:
        with pytest.raises(TaskFailed, match=reason):
            client.do("f", timeout=5)
        assert client.do("f") == b"well"


def test_a_packet_that_stops_in_the_middle_ends_the_connection():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.raw(struct.pack(">4sII", b"\0RES", 13, 1000) + b"H:1\0")
        peer.ended()

    stopped = pytest.raises(TaskFailed, match="stopped in mid-packet")
    with acting(play) as servers, Client(servers, timeout=BRIEF) as client, stopped:
        client.do("f")


def test_a_stream_that_ends_in_mid_packet_fails_the_task():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.raw(b"\0RES\0\0")
        peer.close()

    ended = pytest.raises(TaskFailed, match="ends in mid-packet")
    with acting(play) as servers, Client(servers) as client, ended:
        client.do("f")


def test_the_next_server_is_taken_when_one_refuses():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.complete(b"second")

    with acting(play) as servers, Client([vacant(), *servers]) as client:
        assert client.do("f") == b"second"


def test_the_next_server_is_taken_when_one_is_mute():
    def mute(stage):
        peer = stage.accept()
        peer.take("SUBMIT_JOB")
        peer.ended()

    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.complete(b"second")

    with acting(mute, play) as servers, Client(servers, timeout=PATIENT) as client:
        assert client.do("f", retry_count=1) == b"second"


def test_the_next_server_is_taken_when_one_does_not_take_the_connection_or_has_no_address():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.complete(b"second")

    with crowded() as full, acting(play) as servers:
        with Client([full, "x" * 64, "255.255.255.255", *servers], timeout=PATIENT) as client:
            assert client.do("f") == b"second"
        with Client([full], timeout=BRIEF) as client, pytest.raises(ServerLost, match="does not take"):
            client.echo("x", timeout=PATIENT)
        with Client([full]) as client, pytest.raises(TimeoutError):
            client.submit(Task("f"), timeout=BRIEF)


def test_the_next_server_is_taken_when_one_drops_the_connection_before_anything_was_sent():
    closed = Moment()

    def dropping(stage):
        peer = stage.accept()
        peer.created()
        peer.complete(b"first")
        peer.close()
        closed.set()

    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.complete(b"second")

    with acting(dropping, play) as servers, Client(servers) as client:
        assert client.do("f") == b"first"
        closed.wait()
        assert client.do("f") == b"second"


def test_a_server_that_is_back_is_used_again():
    back, served = Moment(), Moment()

    def first(stage):
        stage.refuse()
        served.wait()
        stage.listen()
        back.set()
        peer = stage.accept()
        peer.created()
        peer.complete(b"first")

    def second(stage):
        peer = stage.accept()
        peer.created()
        peer.complete(b"second")
        stage.refuse()
        peer.close()
        served.set()

    with acting(first, second) as servers, Client(servers) as client:
        assert client.do("f") == b"second"
        back.wait()
        assert client.do("f") == b"first"


def test_a_server_is_reached_when_all_have_failed_lately():
    closed = Moment()

    def play(stage):
        stage.accept().close()
        closed.set()
        peer = stage.accept()
        peer.created()
        peer.complete(b"well")

    with acting(play) as servers, Client(servers) as client:
        with pytest.raises(ServerLost):
            client.echo("x")
        assert client.do("f") == b"well"


def test_no_server_at_all_is_told_at_once():
    task = Task("f", retry_count=1000)
    with Client([vacant(), vacant()]) as client:
        assert submitted(client, task).wait()
        with pytest.raises(ServerLost, match="no server can be reached"):
            client.echo("x")
    assert (task.outcome, task.tries) == ("fail", 0)


def test_a_server_that_always_hangs_up_is_given_up():
    ended = Moment()

    def play(stage):
        while not ended.is_set():
            stage.accept().close()

    with acting(play) as servers:
        with Client(servers) as client, pytest.raises(TaskFailed):
            client.do("f", retry_count=3)
        ended.set()
        socket.create_connection(servers[0].split(":")).close()


def test_a_mute_server_does_not_hold_the_caller_beyond_his_time():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.ended()

    with acting(play) as servers, Client(servers) as client, pytest.raises(TimeoutError):
        client.do("f", timeout=BRIEF)


def test_a_task_that_was_given_up_is_not_tried_again_when_its_connection_is_lost():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.take("ECHO_REQ")
        peer.close()

    given_up = Task("f", retry_count=5)
    with acting(play) as servers, Client(servers) as client:
        assert not submitted(client, given_up).wait(PATIENT)
        with pytest.raises(ServerLost, match="closed the connection"):
            client.echo("x")
    assert (given_up.outcome, given_up.tries) == ("timeout", 1)


def test_a_late_result_is_not_taken_for_that_of_another_task():
    def play(stage):
        peer = stage.accept()
        peer.take("SUBMIT_JOB")
        peer.take("SUBMIT_JOB")
        peer.send("JOB_CREATED", handle=b"H:1")
        peer.send("JOB_CREATED", handle=b"H:2")
        peer.complete(b"late", b"H:1")
        peer.complete(b"right", b"H:2")

    told = []
    with acting(play) as servers, Client(servers) as client:
        late = Task("f")
        late.on_complete(told.append)
        late.on_created(told.append)
        assert not submitted(client, late).wait(BRIEF)
        assert client.do("f") == b"right"
    assert (late.outcome, told) == ("timeout", [])
