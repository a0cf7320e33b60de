from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def world():
    return World()


class TestSubmitting:
    def test_a_submit_is_answered_with_a_handle(self, world):
        assert world.ask("client", "SUBMIT_JOB", function="f", unique="", workload="w") == [
            ("JOB_CREATED", "H:gearspec:1")
        ]

    def test_a_job_waits_for_its_first_worker(self, world):
        world.submit("client", workload="w")
        world.send("worker", "CAN_DO", function="f")
        assert world.ask("worker", "GRAB_JOB") == [("JOB_ASSIGN", "H:gearspec:1", "f", "w")]

    def test_each_job_has_a_handle_of_its_own(self, world):
        assert world.submit("client") != world.submit("client")

    def test_job_created_comes_before_the_noop_of_the_same_connection(self, world):
        world.send("client", "CAN_DO", function="f")
        world.send("client", "PRE_SLEEP")
        replies = world.ask("client", "SUBMIT_JOB", function="f", unique="", workload="")
        assert [reply[0] for reply in replies] == ["JOB_CREATED", "NOOP"]


class TestBackground:
    @pytest.mark.parametrize("kind", ["SUBMIT_JOB_BG", "SUBMIT_JOB_HIGH_BG", "SUBMIT_JOB_LOW_BG"])
    def test_the_client_hears_nothing_after_job_created(self, world, kind):
        handle = world.submit("client", kind=kind)
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") is not None
        world.send("worker", "WORK_DATA", handle=handle, data="d")
        world.send("worker", "WORK_STATUS", handle=handle, numerator="1", denominator="2")
        world.send("worker", "WORK_COMPLETE", handle=handle, data="r")
        assert world.take("client") == []

    def test_it_survives_its_client(self, world):
        world.submit("client", workload="w", kind="SUBMIT_JOB_BG")
        world.leave("client")
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") == "w"


class TestCoalescing:
    def test_the_same_function_and_unique_are_one_job(self, world):
        handle = world.submit("client", unique="u", workload="first")
        assert world.submit("client2", unique="u", workload="second", kind="SUBMIT_JOB_HIGH") == handle
        world.send("worker", "CAN_DO", function="f")
        assert [world.grab("worker"), world.grab("worker")] == ["first", None]
        world.send("worker", "WORK_COMPLETE", handle=handle, data="r")
        assert world.take("client") == [("WORK_COMPLETE", handle, "r")]
        assert world.take("client2") == [("WORK_COMPLETE", handle, "r")]

    def test_a_running_job_is_joined_and_nothing_is_replayed(self, world):
        handle = world.submit("client", unique="u")
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.send("worker", "WORK_DATA", handle=handle, data="early")
        assert world.submit("client2", unique="u") == handle
        world.send("worker", "WORK_DATA", handle=handle, data="late")
        assert world.take("client") == [("WORK_DATA", handle, "early"), ("WORK_DATA", handle, "late")]
        assert world.take("client2") == [("WORK_DATA", handle, "late")]

    def test_each_submit_of_one_connection_gets_its_end(self, world):
        handle = world.submit("client", unique="u")
        world.submit("client", unique="u")
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.send("worker", "WORK_FAIL", handle=handle)
        assert world.take("client") == [("WORK_FAIL", handle)] * 2

    @pytest.mark.parametrize(("function", "unique"), [("g", "u"), ("f", "v")])
    def test_another_function_or_unique_is_another_job(self, world, function, unique):
        assert world.submit("client", "f", "u") != world.submit("client2", function, unique)

    def test_jobs_without_a_unique_are_independent(self, world):
        assert world.submit("client", unique="") != world.submit("client2", unique="")

    def test_a_dash_is_a_unique_like_any_other(self, world):
        assert world.submit("client", unique="-", workload="a") == world.submit(
            "client2", unique="-", workload="b"
        )

    def test_the_unique_of_a_job_that_is_over_is_free(self, world):
        handle = world.submit("client", unique="u")
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.send("worker", "WORK_COMPLETE", handle=handle, data="")
        assert world.submit("client", unique="u") != handle

    @pytest.mark.parametrize("kinds", [("SUBMIT_JOB", "SUBMIT_JOB_BG"), ("SUBMIT_JOB_BG", "SUBMIT_JOB")])
    def test_what_was_also_submitted_in_the_background_survives_its_foreground_client(self, world, kinds):
        for kind in kinds:
            world.submit("client" if kind == "SUBMIT_JOB" else "client2", unique="u", workload="w", kind=kind)
        world.leave("client")
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") == "w"

    def test_a_job_lives_as_long_as_one_of_its_clients(self, world):
        handle = world.submit("client", unique="u")
        world.submit("client2", unique="u")
        world.leave("client")
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") == ""
        world.send("worker", "WORK_COMPLETE", handle=handle, data="r")
        assert world.take("client2")[-1] == ("WORK_COMPLETE", handle, "r")


class TestEpoch:
    def test_a_job_is_hidden_until_it_is_due_and_then_wakes_sleepers(self, world):
        world.tick(100.0)
        world.submit("client", workload="w", kind="SUBMIT_JOB_EPOCH", epoch="105")
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") is None
        assert world.ask("worker", "PRE_SLEEP") == []
        assert world.server.deadline == 105.0
        world.tick(104.9)
        assert world.take("worker") == []
        world.tick(105.0)
        assert world.take("worker") == [("NOOP",)]
        assert world.grab("worker") == "w"
        assert world.server.deadline is None

    @pytest.mark.parametrize("epoch", ["100", "99", "0", "000"])
    def test_a_time_that_is_past_is_now(self, world, epoch):
        world.tick(100.0)
        world.submit("client", workload="w", kind="SUBMIT_JOB_EPOCH", epoch=epoch)
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") == "w"

    def test_its_client_is_detached(self, world):
        world.submit("client", workload="w", kind="SUBMIT_JOB_EPOCH", epoch="5")
        world.leave("client")
        world.tick(5.0)
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") == "w"

    def test_a_job_that_waits_for_its_time_is_counted_as_queued(self, world):
        world.submit("client", kind="SUBMIT_JOB_EPOCH", epoch="5")
        assert world.tell("admin", b"prioritystatus")[0] == b"f\t0\t1\t0\t0\n"

    def test_a_job_that_is_cancelled_before_its_time_never_runs(self, world):
        handle = world.submit("client", kind="SUBMIT_JOB_EPOCH", epoch="5")
        assert world.tell("admin", b"cancel job " + handle.encode()) == [b"OK\n"]
        assert world.server.deadline is None
        world.tick(6.0)
        world.send("worker", "CAN_DO", function="f")
        assert world.grab("worker") is None

    @pytest.mark.parametrize("epoch", ["", "soon", "-1", "1.5", "9" * 5000])
    def test_a_time_that_is_no_number_is_refused(self, world, epoch):
        (reply,) = world.ask("client", "SUBMIT_JOB_EPOCH", function="f", unique="", epoch=epoch, workload="")
        assert reply[:2] == ("ERROR", "INVALID_ARGUMENTS")
        assert world.tell("admin", b"show jobs") == [b".\n"]

    def test_time_that_runs_backwards_stands_still(self, world):
        world.tick(10.0)
        world.tick(5.0)
        world.submit("client", kind="SUBMIT_JOB_EPOCH", epoch="9")
        assert world.server.deadline is None


class TestReduce:
    @pytest.mark.parametrize("kind", ["SUBMIT_REDUCE_JOB", "SUBMIT_REDUCE_JOB_BACKGROUND"])
    def test_the_reducer_reaches_a_worker_that_grabs_all(self, world, kind):
        handle = world.submit("client", unique="u", workload="w", kind=kind, reducer="r")
        world.send("worker", "CAN_DO", function="f")
        assert world.ask("worker", "GRAB_JOB_ALL") == [("JOB_ASSIGN_ALL", handle, "f", "u", "r", "w")]

    def test_a_workload_keeps_its_own_separators(self, world):
        world.submit("client", unique="u", workload="a\0b\0", kind="SUBMIT_REDUCE_JOB", reducer="r")
        world.send("worker", "CAN_DO", function="f")
        assert world.ask("worker", "GRAB_JOB_ALL")[0][-1] == "a\0b\0"


class TestStatus:
    def test_a_job_is_known_from_queue_to_end(self, world):
        handle = world.submit("client", unique="u")
        world.submit("client2", unique="u")

        def status():
            (plain,) = world.ask("client", "GET_STATUS", handle=handle)
            (unique,) = world.ask("client", "GET_STATUS_UNIQUE", unique="u")
            return plain, unique

        assert status() == (
            ("STATUS_RES", handle, "1", "0", "0", "0"),
            ("STATUS_RES_UNIQUE", handle, "1", "0", "0", "0", "2"),
        )
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.send("worker", "WORK_STATUS", handle=handle, numerator="3", denominator="7")
        assert status() == (
            ("STATUS_RES", handle, "1", "1", "3", "7"),
            ("STATUS_RES_UNIQUE", handle, "1", "1", "3", "7", "2"),
        )
        world.send("worker", "WORK_FAIL", handle=handle)
        assert status() == (
            ("STATUS_RES", handle, "0", "0", "0", "0"),
            ("STATUS_RES_UNIQUE", "", "0", "0", "0", "0", "0"),
        )

    def test_an_empty_unique_names_no_job(self, world):
        world.submit("client", unique="")
        assert world.ask("client", "GET_STATUS_UNIQUE", unique="")[0][2] == "0"
