"""The reference client, with servers that follow a play."""

import struct
import threading
from contextlib import suppress

import pytest

from gearspec.errors import UsageError
from gearspec.peers.client import Client
from gearspec.peers.error import Refused, ServerLost, TaskException, TaskFailed
from gearspec.peers.task import Task
from gearspec.protocol.admin import Success, Table
from tests.acting import Moment, acting, submitted, vacant

BRIEF = 0.05
"""Seconds that a server which says nothing is waited for."""


def test_a_result_is_that_of_the_task():
    def play(stage):
        peer = stage.accept()
        peer.created(function=b"reverse", unique=b"", workload=b"test")
        peer.complete(b"tset")
        peer.ended()

    with acting(play) as servers, Client(servers) as client:
        assert client.do("reverse", "test") == b"tset"


def test_results_go_by_their_handles_in_any_order():
    def play(stage):
        peer = stage.accept()
        for handle in (b"H:1", b"H:10", b"H:100"):
            peer.created(handle)
        for handle in (b"H:100", b"H:9", b"H:1", b"H:10"):
            peer.complete(b"of " + handle, handle)

    tasks = [Task("f", number) for number in range(3)]
    with acting(play) as servers, Client(servers) as client:
        assert submitted(client, *tasks).wait()
    assert [task.result for task in tasks] == [b"of H:1", b"of H:10", b"of H:100"]


def test_a_batch_is_submitted_in_its_order_before_any_answer():
    def play(stage):
        peer = stage.accept()
        taken = [peer.take("SUBMIT_JOB")["workload"] for _ in range(3)]
        for workload in taken:
            peer.send("JOB_CREATED", handle=b"H" + workload)
            peer.complete(workload, b"H" + workload)
        assert taken == [b"0", b"1", b"2"]

    tasks = [Task("f", number) for number in range(3)]
    with acting(play) as servers, Client(servers) as client:
        assert submitted(client, *tasks).wait()
    assert [task.result for task in tasks] == [b"0", b"1", b"2"]


def test_an_error_fails_the_submit_that_it_answers_and_no_other():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.take("SUBMIT_JOB")
        peer.take("SUBMIT_JOB")
        peer.send("ERROR", code=b"QUEUE_ERROR", text=b"Job queue is full")
        peer.send("JOB_CREATED", handle=b"H:3")
        peer.complete(b"third", b"H:3")
        peer.complete(b"first")

    first, second, third = tasks = [Task("f") for _ in range(3)]
    with acting(play) as servers, Client(servers) as client:
        assert submitted(client, *tasks).wait()
    assert (first.result, third.result) == (b"first", b"third")
    assert (second.outcome, second.reason) == ("fail", "ERROR QUEUE_ERROR: Job queue is full")


def test_a_task_that_fails_leaves_the_others_alone():
    def play(stage):
        peer = stage.accept()
        peer.created(b"H:1")
        peer.created(b"H:2")
        peer.send("WORK_FAIL", handle=b"H:1\0")
        peer.complete(b"well", b"H:2")

    bad, good = Task("f"), Task("f")
    with acting(play) as servers, Client(servers) as client:
        assert submitted(client, bad, good).wait()
    assert (bad.outcome, good.result) == ("fail", b"well")


def test_one_job_of_two_tasks_ends_both_and_each_piece_is_told_to_each_once():
    def play(stage):
        peer = stage.accept()
        peer.created(b"H:1")
        peer.created(b"H:1")
        for data in (b"a", b"a", b"b", b"b"):
            peer.send("WORK_DATA", handle=b"H:1", data=data)
        peer.complete(b"ab", b"H:1")
        peer.complete(b"ab", b"H:1")

    tasks, told = [Task("f", unique="u"), Task("f", unique="u")], {}
    for task in tasks:
        task.on_data(told.setdefault(task, []).append)
    with acting(play) as servers, Client(servers) as client:
        assert submitted(client, *tasks).wait()
    assert [task.result for task in tasks] == [b"ab", b"ab"]
    assert list(told.values()) == [[b"a", b"b"], [b"a", b"b"]]


def test_a_packet_may_come_byte_by_byte_and_several_in_one_segment():
    def play(stage):
        peer = stage.accept()
        peer.take("SUBMIT_JOB")
        created = struct.pack(">4sII", b"\0RES", 8, 3) + b"H:1"
        complete = struct.pack(">4sII", b"\0RES", 13, 7) + b"H:1\0x\0y"
        for byte in created[:-1]:
            peer.raw(bytes([byte]))
        peer.raw(created[-1:] + complete)

    with acting(play) as servers, Client(servers) as client:
        assert client.do("f") == b"x\0y"


def test_a_result_without_the_nul_after_its_handle_is_an_empty_one():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.raw(struct.pack(">4sII", b"\0RES", 13, 3) + b"H:1")

    with acting(play) as servers, Client(servers) as client:
        assert client.do("f") == b""


def test_options_are_asked_for_first_on_every_connection():
    closed = Moment()

    def play(stage):
        peer = stage.accept()
        peer.take("OPTION_REQ", option=b"exceptions")
        peer.send("OPTION_RES", option=b"exceptions")
        peer.close()
        closed.set()
        peer = stage.accept()
        peer.take("OPTION_REQ", option=b"exceptions")
        peer.take("SUBMIT_JOB")
        peer.send("OPTION_RES", option=b"exceptions")
        peer.send("JOB_CREATED", handle=b"H:1")
        peer.send("WORK_EXCEPTION", handle=b"H:1", data=b"kaboom")
        peer.send("WORK_FAIL", handle=b"H:1")
        peer.ended()

    with acting(play) as servers, Client(servers) as client:
        assert client.option_request("exceptions")
        closed.wait()
        with pytest.raises(TaskException) as caught:
            client.do("f")
    assert caught.value.data == b"kaboom"


def test_an_option_that_nobody_could_be_asked_for_is_asked_for_later():
    gone, refused, back = Moment(), Moment(), Moment()

    def play(stage):
        stage.refuse()
        gone.set()
        refused.wait()
        stage.listen()
        back.set()
        peer = stage.accept()
        peer.take("OPTION_REQ", option=b"exceptions")
        peer.send("ECHO_RES", data=peer.take("ECHO_REQ")["data"])

    with acting(play) as servers, Client(servers) as client:
        gone.wait()
        with pytest.raises(ServerLost, match="refused"):
            client.option_request("exceptions")
        refused.set()
        back.wait()
        assert client.echo("x") == b"x"


def test_an_option_that_is_refused_or_not_answered_keeps_no_task_waiting():
    def play(stage):
        peer = stage.accept()
        peer.take("OPTION_REQ")
        peer.send("ERROR", code=b"UNKNOWN_OPTION", text=b"")
        peer.take("OPTION_REQ")
        peer.created()
        peer.complete(b"well")

    with acting(play) as servers, Client(servers) as client:
        assert not client.option_request("cheese")
        with pytest.raises(TimeoutError):
            client.option_request("wine", timeout=BRIEF)
        assert client.do("f") == b"well"


def test_an_error_passes_by_an_option_that_was_never_answered():
    def play(stage):
        peer = stage.accept()
        peer.take("OPTION_REQ")
        peer.created()
        peer.take("SUBMIT_JOB")
        peer.send("ERROR", code=b"1", text=b"")
        peer.complete(b"well")

    with acting(play) as servers, Client(servers) as client:
        with pytest.raises(TimeoutError):
            client.option_request("exceptions", timeout=BRIEF)
        good, bad = Task("f"), Task("f")
        client.start(good)
        with pytest.raises(TaskFailed, match="ERROR 1"):
            client.submit(bad)
        assert client.wait([good])
    assert good.result == b"well"


def test_bytes_that_are_echoed_come_back():
    def play(stage):
        peer = stage.accept()
        peer.send("ECHO_RES", data=peer.take("ECHO_REQ")["data"])
        peer.take("ECHO_REQ")
        peer.send("ERROR", code=b"no", text=b"echo")

    with acting(play) as servers, Client(servers) as client:
        assert client.echo(b"a\0\n\xff") == b"a\0\n\xff"
        with pytest.raises(Refused, match="ERROR no: echo"):
            client.echo("x")


def test_an_answer_that_is_late_is_not_taken_for_the_next_one():
    def play(stage):
        peer = stage.accept()
        peer.take("ECHO_REQ", data=b"first")
        peer.take("ECHO_REQ", data=b"second")
        peer.send("ECHO_RES", data=b"first")
        peer.send("ECHO_RES", data=b"second")

    with acting(play) as servers, Client(servers) as client:
        with pytest.raises(TimeoutError):
            client.echo("first", timeout=BRIEF)
        assert client.echo("second") == b"second"


def test_a_status_is_that_of_the_handle_that_was_asked_for():
    def play(stage):
        peer = stage.accept()
        peer.take("GET_STATUS", handle=b"H:1")
        state = {"known": b"1", "running": b"1", "numerator": b" 7", "denominator": b""}
        peer.send("STATUS_RES", handle=b"H:10", **state | {"running": b"0"})
        peer.send("STATUS_RES", handle=b"H:1", **state)
        peer.take("GET_STATUS_UNIQUE", unique=b"u")
        peer.send(
            "STATUS_RES_UNIQUE",
            handle=b"u",
            known=b"1",
            running=b"0",
            numerator=b"",
            denominator=b"\xff",
            waiting=b"2",
        )

    with acting(play) as servers, Client(servers) as client:
        assert client.status("H:1") == (b"H:1", True, True, " 7", "", None)
        assert client.status_unique("u") == (b"u", True, False, "", "\\xff", "2")


def test_commands_in_text_go_over_the_same_connection():
    def play(stage):
        peer = stage.accept()
        peer.created()
        assert peer.line() == b"status"
        peer.raw(b"f\t1\t1\t1\n")
        peer.complete(b"well")
        peer.raw(b".\n")
        assert peer.line() == b"maxqueue f 1"
        peer.raw(b"OK\r\n")

    with acting(play) as servers, Client(servers) as client:
        task = Task("f")
        client.start(task)
        assert client.admin("status") == Table(((b"f", b"1", b"1", b"1"),))
        assert task.result == b"well"
        assert client.admin("maxqueue", "f", 1) == Success()
        for wrong in (("maxqueue", "f g"), ("maxqueue", ""), ("version", 1), ("make coffee",)):
            with pytest.raises(ValueError, match=r"there is no command|an argument"):
                client.admin(*wrong)


def test_a_table_without_end_is_not_kept():
    def play(stage):
        peer = stage.accept()
        peer.line()
        with suppress(OSError):
            while True:
                peer.raw(b"x" * 999 + b"\n")

    with acting(play) as servers, Client(servers, max_size=100_000) as client, pytest.raises(ServerLost):
        client.admin("status")


def test_a_listener_may_use_the_client_and_one_that_raises_loses_nothing():
    def play(stage):
        peer = stage.accept()
        peer.created(b"H:1")
        peer.created(b"H:2")
        peer.complete(b"a", b"H:1")
        peer.complete(b"b", b"H:2")
        peer.created(b"H:3", workload=b"a")
        peer.complete(b"c", b"H:3")

    first, second, told = Task("f"), Task("f"), []
    with acting(play) as servers, Client(servers) as client:
        first.on_complete(lambda data: told.append(client.do("f", data)))
        first.on_complete(lambda data: 1 / len(data[1:]))
        second.on_complete(told.append)
        batch = submitted(client, first, second)
        with pytest.raises(ZeroDivisionError):
            batch.wait()
        assert batch.wait()
    assert sorted(told) == [b"b", b"c"]


def test_a_large_workload_is_sent_while_results_come():
    size = 3 << 20

    def play(stage):
        peer = stage.accept()
        assert peer.created()["workload"] == bytes(size)
        peer.complete(bytes(size))

    with acting(play) as servers, Client(servers) as client:
        assert client.do("f", bytes(size)) == bytes(size)


def test_another_thread_can_end_a_turn():
    with Client([vacant()]) as client:
        threading.Thread(target=client.wake).start()
        client.turn()


def test_a_list_of_servers_has_to_make_sense():
    with pytest.raises(UsageError):
        Client(["there:or:there"])
    with pytest.raises(ValueError, match="at least one"):
        Client([])
