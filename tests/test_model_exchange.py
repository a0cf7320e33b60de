from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def world():
    return World()


class TestDisconnect:
    def test_a_queued_foreground_job_goes_with_its_last_client(self, world):
        world.submit("client", unique="u")
        world.leave("client")
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") is None
        assert world.tell("admin", b"status") == [b"f\t0\t0\t1\n", b".\n"]

    def test_a_running_job_may_be_finished_without_its_client(self, world):
        handle = world.submit("client")
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.leave("client")
        assert world.ask("worker", "WORK_COMPLETE", handle=handle, data="r") == []
        assert world.ask("worker", "ECHO_REQ", data="x") == [("ECHO_RES", "x")]

    def test_a_running_job_that_lost_client_and_worker_is_dropped(self, world):
        world.submit("client")
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.leave("client")
        world.leave("worker")
        world.send("worker2", "CAN_DO", function="f")
        assert world.grab("worker2") is None

    def test_the_job_of_a_dead_worker_keeps_its_handle_and_loses_its_progress(self, world):
        handle = world.submit("client", workload="w")
        for worker in ("worker", "worker2"):
            world.send(worker, "CAN_DO", function="f")
        world.grab("worker")
        world.send("worker", "WORK_STATUS", handle=handle, numerator="3", denominator="7")
        world.take("client")
        world.leave("worker")
        assert world.take("client") == []
        assert world.ask("client", "GET_STATUS", handle=handle) == [
            ("STATUS_RES", handle, "1", "0", "0", "0")
        ]
        assert world.ask("worker2", "GRAB_JOB") == [("JOB_ASSIGN", handle, "f", "w")]

    def test_a_worker_dies_and_the_sleepers_are_woken(self, world):
        world.submit("client")
        for worker in ("worker", "worker2"):
            world.send(worker, "CAN_DO", function="f")
        world.grab("worker")
        assert world.ask("worker2", "PRE_SLEEP") == []
        world.leave("worker")
        assert world.take("worker2") == [("NOOP",)]

    def test_one_that_was_client_and_worker_leaves_nothing_behind(self, world):
        world.send("client", "CAN_DO", function="f")
        world.submit("client")
        assert world.grab("client") == ""
        world.leave("client")
        assert world.tell("admin", b"status") == [b"f\t0\t0\t0\n", b".\n"]

    def test_what_comes_on_a_closed_connection_is_not_looked_at(self, world):
        world.leave("client")
        world.leave("client")
        assert world.ask("client", "ECHO_REQ", data="x") == []


class TestTimeout:
    @pytest.fixture
    def running(self, world):
        world.tick(10.0)
        world.handle = world.submit("client", unique="u")
        world.send("worker", "CAN_DO_TIMEOUT", function="f", timeout="1500")
        world.grab("worker")
        assert world.server.deadline == 11.5
        return world

    def test_a_job_that_takes_too_long_fails(self, running):
        running.tick(11.4)
        assert running.take("client") == []
        running.tick(11.5)
        assert running.take("client") == [("WORK_FAIL", running.handle)]
        assert running.server.deadline is None
        (reply,) = running.ask("worker", "WORK_COMPLETE", handle=running.handle, data="late")
        assert reply[:2] == ("ERROR", "JOB_NOT_FOUND")
        assert running.take("client") == []
        assert running.submit("client", unique="u") != running.handle

    def test_a_job_that_ends_in_time_is_left_alone(self, running):
        running.send("worker", "WORK_COMPLETE", handle=running.handle, data="r")
        assert running.server.deadline is None
        running.tick(20.0)
        assert running.take("client") == [("WORK_COMPLETE", running.handle, "r")]

    def test_the_time_counts_anew_for_each_job(self, running):
        running.send("worker", "WORK_COMPLETE", handle=running.handle, data="r")
        running.tick(11.0)
        running.submit("client")
        running.grab("worker")
        assert running.server.deadline == 12.5

    def test_the_timer_of_a_dead_worker_does_not_fail_the_next_one(self, running):
        running.leave("worker")
        running.send("worker2", "CAN_DO", function="f")
        assert running.grab("worker2") == ""
        running.tick(20.0)
        assert running.take("client") == []

    @pytest.mark.parametrize("again", ["CAN_DO", "CAN_DO_TIMEOUT"])
    def test_the_last_registration_says_how_long_a_job_may_take(self, world, again):
        world.send("worker", "CAN_DO_TIMEOUT", function="f", timeout="1")
        world.send("worker", again, function="f", **({"timeout": "0"} if again == "CAN_DO_TIMEOUT" else {}))
        world.submit("client")
        world.grab("worker")
        assert world.server.deadline is None

    @pytest.mark.parametrize("timeout", ["", "x", "-1", "9" * 5000])
    def test_a_timeout_that_is_no_number_registers_nothing(self, world, timeout):
        (reply,) = world.ask("worker", "CAN_DO_TIMEOUT", function="f", timeout=timeout)
        assert reply[:2] == ("ERROR", "INVALID_ARGUMENTS")
        assert world.tell("admin", b"status") == [b".\n"]
