from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def world():
    return World()


class TestPriority:
    def test_high_goes_before_normal_before_low(self, world):
        for kind in ("LOW", "LOW_BG", "", "BG", "HIGH", "HIGH_BG"):
            world.submit("client", workload=kind, kind="SUBMIT_JOB" + ("_" + kind if kind else ""))
        world.send("worker", "CAN_DO", function="f")
        assert [world.grab("worker") for _ in range(6)] == ["HIGH", "HIGH_BG", "", "BG", "LOW", "LOW_BG"]

    def test_it_is_global_over_the_functions_of_a_worker(self, world):
        world.submit("client", "a", workload="low", kind="SUBMIT_JOB_LOW")
        world.submit("client", "b", workload="normal")
        world.submit("client", "c", workload="high", kind="SUBMIT_JOB_HIGH")
        for function in "abc":
            world.send("worker", "CAN_DO", function=function)
        assert [world.grab("worker") for _ in range(3)] == ["high", "normal", "low"]

    def test_within_one_priority_the_oldest_goes_first_whatever_its_function(self, world):
        for function in "abab":
            world.submit("client", function, workload=function)
        world.send("worker", "CAN_DO", function="b")
        world.send("worker", "CAN_DO", function="a")
        assert [world.grab("worker") for _ in range(4)] == ["a", "b", "a", "b"]

    def test_a_job_that_is_queued_again_keeps_its_age(self, world):
        for workload in "123":
            world.submit("client", workload=workload)
        for worker in ("worker", "worker2"):
            world.send(worker, "CAN_DO", function="f")
        assert world.grab("worker") == "1"
        world.leave("worker")
        assert [world.grab("worker2") for _ in range(3)] == ["1", "2", "3"]
