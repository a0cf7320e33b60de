from __future__ import annotations

import pytest

from gearspec.model import Server
from gearspec.protocol.packet import Line
from tests.world import World


@pytest.fixture
def world():
    return World()


def running_and_queued(world):
    world.send("worker", "CAN_DO", function="f")
    world.submit("client", workload="runs", kind="SUBMIT_JOB_HIGH")
    world.grab("worker")
    for kind in ("SUBMIT_JOB_LOW", "SUBMIT_JOB_LOW_BG", "SUBMIT_JOB"):
        world.submit("client", kind=kind)


def test_status_counts_jobs_runs_and_workers(world):
    running_and_queued(world)
    world.submit("client", "g")
    assert world.tell("admin", b"status") == [b"f\t4\t1\t1\n", b"g\t1\t0\t0\n", b".\n"]


def test_prioritystatus_counts_what_waits(world):
    running_and_queued(world)
    assert world.tell("admin", b"prioritystatus") == [b"f\t0\t1\t2\t1\n", b".\n"]


def test_a_function_stays_when_its_last_worker_leaves(world):
    running_and_queued(world)
    world.leave("worker")
    assert world.tell("admin", b"status") == [b"f\t4\t0\t0\n", b".\n"]


def test_workers_lists_every_connection_with_its_functions(world):
    world.send("worker", "SET_CLIENT_ID", id="first")
    world.send("worker", "SET_CLIENT_ID", id="bee")
    world.send("worker", "CAN_DO", function="f")
    world.send("worker", "CAN_DO_TIMEOUT", function="g", timeout="5")
    world.leave("worker2")
    assert world.tell("admin", b"workers") == [
        b"1 127.0.0.1 - :\n",
        b"2 127.0.0.1 - :\n",
        b"3 127.0.0.1 bee : f g\n",
        b"5 127.0.0.1 - :\n",
        b".\n",
    ]


@pytest.mark.parametrize("value", ["\n.\n9 1.2.3.4 spy : x", "a\tb", "\r", "\x1b[2J", "."])
def test_no_id_function_or_unique_forges_a_line(world, value):
    world.send("worker", "SET_CLIENT_ID", id=value)
    world.send("worker", "CAN_DO", function=value)
    world.submit("client", value, unique=value)
    assert len(world.tell("admin", b"workers")) == len(world.names) + 1
    for table in (b"status", b"prioritystatus", b"show jobs", b"show unique jobs"):
        row, end = world.tell("admin", table)
        assert row != end == b".\n"
        assert row.count(b"\n") == 1
        assert b"\x1b" not in row


def test_an_id_that_is_empty_is_shown_as_none(world):
    world.send("worker", "SET_CLIENT_ID", id="")
    assert world.tell("admin", b"workers")[2] == b"3 127.0.0.1 - :\n"


class TestMaxqueue:
    def submit(self, world, kind="SUBMIT_JOB"):
        (reply,) = world.ask("client", kind, function="f", unique="", workload="")
        return reply[0] if reply[0] == "JOB_CREATED" else reply[1]

    def test_one_size_holds_at_every_priority(self, world):
        assert world.tell("admin", b"maxqueue f 2") == [b"OK\n"]
        kinds = ("SUBMIT_JOB_HIGH", "SUBMIT_JOB_LOW", "SUBMIT_JOB", "SUBMIT_JOB_HIGH_BG")
        assert [self.submit(world, kind) for kind in kinds] == ["JOB_CREATED"] * 2 + ["QUEUE_ERROR"] * 2
        assert world.tell("admin", b"status") == [b"f\t2\t0\t0\n", b".\n"]

    def test_three_sizes_hold_for_high_normal_and_low(self, world):
        assert world.tell("admin", b"maxqueue f 3 2 1") == [b"OK\n"]
        kinds = (
            "SUBMIT_JOB_LOW",
            "SUBMIT_JOB_LOW",
            "SUBMIT_JOB",
            "SUBMIT_JOB",
            "SUBMIT_JOB_HIGH",
            "SUBMIT_JOB_HIGH",
        )
        assert [self.submit(world, kind) for kind in kinds] == ["JOB_CREATED", "QUEUE_ERROR"] * 3

    @pytest.mark.parametrize("sizes", [b"", b" 0", b" -1", b" 0 0 0"])
    def test_nothing_zero_and_less_are_no_limit(self, world, sizes):
        world.tell("admin", b"maxqueue f 1")
        assert world.tell("admin", b"maxqueue f" + sizes) == [b"OK\n"]
        assert [self.submit(world), self.submit(world)] == ["JOB_CREATED"] * 2

    def test_it_holds_for_one_function(self, world):
        world.tell("admin", b"maxqueue g 1")
        assert [self.submit(world), self.submit(world)] == ["JOB_CREATED"] * 2

    def test_a_job_that_is_attached_takes_no_place(self, world):
        world.tell("admin", b"maxqueue f 1")
        assert world.submit("client", unique="u") == world.submit("client2", unique="u")

    def test_a_place_is_free_again_when_a_job_ends(self, world):
        world.tell("admin", b"maxqueue f 1")
        handle = world.submit("client")
        world.tell("admin", b"cancel job " + handle.encode())
        assert self.submit(world) == "JOB_CREATED"

    @pytest.mark.parametrize("line", [b"maxqueue", b"maxqueue f x", b"maxqueue f 1 2", b"maxqueue f 1 2 3 4"])
    def test_what_makes_no_sense_is_an_error(self, world, line):
        (answer,) = world.tell("admin", line)
        assert answer.startswith(b"ERR INVALID_ARGUMENTS ")
        assert [self.submit(world), self.submit(world)] == ["JOB_CREATED"] * 2


def test_version_and_getpid_tell_what_the_server_was_given():
    server = Server(version=b"1.2", pid=77)
    server.connected(1)
    lines = [server.received(1, Line(line))[0].item.raw for line in (b"version\n", b"getpid\n", b"verbose\n")]
    assert lines == [b"OK 1.2\n", b"OK 77\n", b"OK NONE\n"]


class TestJobs:
    def test_a_queued_job_is_cancelled_and_its_client_told(self, world):
        handle = world.submit("client")
        world.send("worker", "CAN_DO", function="f")
        assert world.tell("admin", b"cancel job " + handle.encode()) == [b"OK\n"]
        assert world.take("client") == [("WORK_FAIL", handle)]
        assert world.grab("worker") is None
        assert world.tell("admin", b"cancel job " + handle.encode()) == [b"ERR UNKNOWN_JOB\n"]

    def test_a_running_job_is_cancelled_and_ends_once(self, world):
        handle = world.submit("client")
        world.send("worker", "CAN_DO_TIMEOUT", function="f", timeout="9")
        world.grab("worker")
        world.tell("admin", b"cancel job " + handle.encode())
        assert world.server.deadline is None
        assert world.take("client") == [("WORK_FAIL", handle)]
        assert world.ask("worker", "WORK_COMPLETE", handle=handle, data="")[0][:2] == (
            "ERROR",
            "JOB_NOT_FOUND",
        )
        assert world.take("client") == []

    def test_jobs_and_their_uniques_are_shown(self, world):
        world.submit("client", unique="u")
        world.submit("client", unique="")
        for worker in ("worker", "worker2"):
            world.send(worker, "CAN_DO", function="f")
        world.grab("worker")
        world.leave("worker")
        world.grab("worker2")
        assert world.tell("admin", b"show jobs") == [
            b"H:gearspec:1\t1\t0\t0\n",
            b"H:gearspec:2\t0\t0\t1\n",
            b".\n",
        ]
        assert world.tell("admin", b"show unique jobs") == [b"u\n", b"\n", b".\n"]


class TestFunctions:
    def test_one_is_created_and_dropped(self, world):
        assert world.tell("admin", b"create function Reverse") == [b"OK\n"]
        assert world.tell("admin", b"status") == [b"Reverse\t0\t0\t0\n", b".\n"]
        assert world.tell("admin", b"drop function reverse")[0].startswith(b"ERR UNKNOWN_FUNCTION")
        assert world.tell("admin", b"drop function Reverse") == [b"OK\n"]
        assert world.tell("admin", b"status") == [b".\n"]

    def test_one_that_is_in_use_is_kept(self, world):
        world.submit("client")
        assert world.tell("admin", b"drop function f")[0].startswith(b"ERR FUNCTION_IN_USE")
        world.leave("client")
        world.send("worker", "CAN_DO", function="f")
        assert world.tell("admin", b"drop function f")[0].startswith(b"ERR FUNCTION_IN_USE")
        world.leave("worker")
        assert world.tell("admin", b"drop function f") == [b"OK\n"]


@pytest.mark.parametrize("line", [b"", b"shutdown", b"status of things", b"\xff\xfe"])
def test_an_unknown_line_is_an_error_and_the_connection_goes_on(world, line):
    (answer,) = world.tell("admin", line)
    assert answer.startswith(b"ERR ")
    assert world.ask("admin", "ECHO_REQ", data="x") == [("ECHO_RES", "x")]
