from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def world():
    return World()


class TestAbilities:
    def test_a_worker_gets_only_what_it_can_do(self, world):
        world.submit("client", "g")
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") is None

    def test_withdrawn_functions_are_not_assigned_and_the_others_are(self, world):
        for function in "fgh":
            world.submit("client", function, workload=function)
            world.send("worker", "CAN_DO", function=function)
        world.send("worker", "CANT_DO", function="f")
        world.send("worker", "CANT_DO", function="never registered")
        assert world.grab("worker") == "g"
        world.send("worker", "RESET_ABILITIES")
        assert world.grab("worker") is None
        world.send("worker", "CAN_DO", function="h")
        assert world.grab("worker") == "h"

    def test_a_job_may_be_finished_after_its_function_was_withdrawn(self, world):
        handle = world.submit("client")
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.send("worker", "RESET_ABILITIES")
        world.send("worker", "WORK_COMPLETE", handle=handle, data="r")
        assert world.take("client") == [("WORK_COMPLETE", handle, "r")]

    def test_registering_twice_counts_once(self, world):
        for _ in range(3):
            world.send("worker", "CAN_DO", function="f")
        assert world.tell("admin", b"status") == [b"f\t0\t0\t1\n", b".\n"]

    def test_each_kind_of_grab_has_its_kind_of_assignment(self, world):
        world.send("worker", "CAN_DO", function="f")
        handles = [world.submit("client", unique=unique, workload="w") for unique in ("a", "b", "")]
        assert world.ask("worker", "GRAB_JOB") == [("JOB_ASSIGN", handles[0], "f", "w")]
        assert world.ask("worker", "GRAB_JOB_UNIQ") == [("JOB_ASSIGN_UNIQ", handles[1], "f", "b", "w")]
        assert world.ask("worker", "GRAB_JOB_ALL") == [("JOB_ASSIGN_ALL", handles[2], "f", "", "", "w")]


class TestSleep:
    @pytest.fixture
    def asleep(self, world):
        for worker in ("worker", "worker2"):
            world.send(worker, "CAN_DO", function="f")
            assert world.ask(worker, "PRE_SLEEP") == []
        return world

    def test_every_sleeper_that_can_do_it_is_woken_once(self, asleep):
        asleep.submit("client", "other")
        assert asleep.take("worker") == []
        asleep.submit("client")
        asleep.submit("client")
        assert asleep.take("worker") == asleep.take("worker2") == [("NOOP",)]

    def test_a_job_that_came_first_wakes_at_once(self, world):
        world.submit("client")
        world.send("worker", "CAN_DO", function="f")
        assert world.ask("worker", "PRE_SLEEP") == [("NOOP",)]
        assert world.ask("worker", "PRE_SLEEP") == [("NOOP",)]

    def test_who_sleeps_again_is_woken_again(self, asleep):
        asleep.submit("client")
        asleep.take("worker")
        assert asleep.grab("worker2") == ""
        assert asleep.grab("worker") is None
        assert asleep.ask("worker", "PRE_SLEEP") == []
        asleep.submit("client")
        assert asleep.take("worker") == [("NOOP",)]
        assert asleep.take("worker2") == []

    def test_a_worker_that_grabs_is_awake(self, asleep):
        assert asleep.grab("worker") is None
        asleep.submit("client")
        assert asleep.take("worker") == []

    def test_a_sleeper_that_withdrew_the_function_sleeps_on(self, asleep):
        asleep.send("worker", "CANT_DO", function="f")
        asleep.submit("client")
        assert asleep.take("worker") == []

    def test_a_coalesced_submit_wakes_nobody(self, asleep):
        asleep.submit("client", unique="u")
        assert asleep.grab("worker") == ""
        asleep.grab("worker2")
        asleep.send("worker2", "PRE_SLEEP")
        asleep.submit("client2", unique="u")
        assert asleep.take("worker2") == []
