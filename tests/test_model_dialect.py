from __future__ import annotations

from dataclasses import fields
from inspect import cleandoc

import pytest

from gearspec.model import Dialect
from gearspec.protocol.message import BY_NAME, RES
from tests.world import World


def started(function="f", **choices):
    world = World(**choices)
    world.send("worker", "CAN_DO", function=function)
    return world


def order(world, count):
    return [world.grab("worker") for _ in range(count)]


@pytest.mark.parametrize(("choice", "expected"), [("first", ["low", "high"]), ("last", ["high", "low"])])
def test_priority_may_hold_within_a_function_only(choice, expected):
    world = World(priority_scope="function", function_order=choice)
    world.submit("client", "a", workload="low", kind="SUBMIT_JOB_LOW")
    world.submit("client", "b", workload="high", kind="SUBMIT_JOB_HIGH")
    for function in "ab":
        world.send("worker", "CAN_DO", function=function)
    assert order(world, 2) == expected


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("fifo", ["H1", "H2", "n1", "n2"]),
        ("lifo", ["H2", "H1", "n2", "n1"]),
        ("high-lifo", ["H2", "H1", "n1", "n2"]),
    ],
)
def test_the_newest_may_go_first(choice, expected):
    world = started(order=choice)
    for workload in ("n1", "H1", "n2", "H2"):
        world.submit("client", workload=workload, kind="SUBMIT_JOB_HIGH" if "H" in workload else "SUBMIT_JOB")
    assert order(world, 4) == expected


def test_a_job_that_comes_back_may_go_to_the_end():
    world = started(requeued="tail")
    for workload in "12":
        world.submit("client", workload=workload)
    world.send("worker2", "CAN_DO", function="f")
    assert world.grab("worker2") == "1"
    world.leave("worker2")
    assert order(world, 2) == ["2", "1"]


@pytest.mark.parametrize(("choice", "same", "other"), [("unique", True, True), ("none", False, False)])
def test_jobs_may_coalesce_over_functions_or_never(choice, same, other):
    world = World(coalescing=choice)
    handle = world.submit("client", "f", "u")
    assert (world.submit("client", "f", "u") == handle) is same
    assert (world.submit("client", "g", "u") == handle) is other


def test_a_dash_may_stand_for_the_workload():
    world = World(dash_unique="workload")
    handle = world.submit("client", unique="-", workload="a")
    assert world.submit("client", unique="-", workload="a") == handle
    assert world.submit("client", unique="-", workload="b") != handle
    assert world.submit("client", unique="-") != world.submit("client", unique="-")


@pytest.mark.parametrize(
    ("choice", "counted", "grabbed"), [("skip", b"1", None), ("run", b"1", "w"), ("drop", b"0", None)]
)
def test_an_abandoned_job_may_be_kept(choice, counted, grabbed):
    world = started(abandoned=choice)
    world.submit("client", workload="w")
    world.leave("client")
    assert world.tell("admin", b"status")[0].split(b"\t")[1] == counted
    assert world.grab("worker") == grabbed
    assert world.ask("worker", "PRE_SLEEP") == []


def test_a_dead_worker_may_fail_its_jobs():
    world = started(worker_death="fail")
    handle = world.submit("client")
    world.grab("worker")
    world.leave("worker")
    assert world.take("client")[-1] == ("WORK_FAIL", handle)
    assert world.tell("admin", b"show jobs") == [b".\n"]


def test_a_job_may_come_back_only_so_often():
    world = started(retries=1)
    handle = world.submit("client")
    world.send("worker2", "CAN_DO", function="f")
    world.take("client")
    for worker in ("worker", "worker2"):
        assert world.take("client") == []
        assert world.grab(worker) == ""
        world.leave(worker)
    assert world.take("client") == [("WORK_FAIL", handle)]


@pytest.mark.parametrize("message", ["CANT_DO", "RESET_ABILITIES"])
def test_withdrawing_a_function_may_give_its_jobs_back(message):
    world = started(withdrawn="requeue")
    handle = world.submit("client", workload="w")
    world.grab("worker")
    world.send("worker", message, **({"function": "f"} if message == "CANT_DO" else {}))
    assert world.ask("worker", "WORK_COMPLETE", handle=handle, data="")[0][1] == "JOB_NOT_FOUND"
    world.send("worker", "CAN_DO", function="f")
    assert world.grab("worker") == "w"


@pytest.mark.parametrize(
    ("choices", "deadline"),
    [
        ({"timeout_unit": "ms"}, 0.002),
        ({"timeout_unit": "s"}, 2.0),
        ({"timeout_minimum": 1.0}, 1.0),
        ({"timeout_unit": "s", "timeout_minimum": 1.0}, 2.0),
        ({"timeout_outcome": "none"}, None),
    ],
)
def test_a_timeout_has_the_unit_and_the_minimum_of_its_server(choices, deadline):
    world = World(**choices)
    world.send("worker", "CAN_DO_TIMEOUT", function="f", timeout="2")
    world.submit("client")
    world.grab("worker")
    assert world.server.deadline == deadline


def test_a_timeout_may_queue_the_job_again():
    world = World(timeout_outcome="requeue")
    world.send("worker", "CAN_DO_TIMEOUT", function="f", timeout="1000")
    handle = world.submit("client", workload="w")
    world.grab("worker")
    world.send("worker2", "CAN_DO", function="f")
    world.send("worker2", "PRE_SLEEP")
    world.take("client")
    world.tick(1.0)
    assert world.take("worker2") == [("NOOP",)]
    assert world.ask("worker2", "GRAB_JOB") == [("JOB_ASSIGN", handle, "f", "w")]
    assert world.take("client") == []


@pytest.mark.parametrize(
    ("choices", "others", "known"),
    [
        ({}, [("WORK_FAIL", "H:gearspec:1")], "0"),
        ({"exception_otherwise": "fail-nul"}, [("WORK_FAIL", "H:gearspec:1\0")], "0"),
        ({"exception_otherwise": "nothing"}, [], "0"),
        ({"exceptions_to": "all"}, [("WORK_EXCEPTION", "H:gearspec:1", "x")], "0"),
        ({"exception_ends": False}, [], "1"),
    ],
)
def test_who_gets_an_exception_and_what_it_does_is_a_choice(choices, others, known):
    world = started(**choices)
    world.send("client2", "OPTION_REQ", option="exceptions")
    handle = world.submit("client", unique="u")
    world.submit("client2", unique="u")
    world.grab("worker")
    world.take("client")
    world.take("client2")
    world.send("worker", "WORK_EXCEPTION", handle=handle, data="x")
    assert world.take("client") == others
    assert world.take("client2") == [("WORK_EXCEPTION", handle, "x")]
    assert world.ask("client", "GET_STATUS", handle=handle)[0][2] == known


def test_a_reduce_job_may_have_one_more_argument():
    world = started(reduce_arguments=4)
    type_ = BY_NAME["SUBMIT_REDUCE_JOB"].type
    assert world.raw("client", type_, b"f\0u\0r\0w")[0][:2] == ("ERROR", "INVALID_ARGUMENTS")
    assert world.raw("client", type_, b"f\0u\0r\0aggregate\0w\0")[0][0] == "JOB_CREATED"
    assert world.ask("worker", "GRAB_JOB_ALL") == [("JOB_ASSIGN_ALL", "H:gearspec:1", "f", "u", "r", "w\0")]


def test_job_assign_all_may_need_a_reducer():
    world = started(assign_all="reducer")
    handles = [
        world.submit("client", unique="u"),
        world.submit("client", kind="SUBMIT_REDUCE_JOB", reducer="r"),
    ]
    assert world.ask("worker", "GRAB_JOB_ALL") == [("JOB_ASSIGN_UNIQ", handles[0], "f", "u", "")]
    assert world.ask("worker", "GRAB_JOB_ALL") == [("JOB_ASSIGN_ALL", handles[1], "f", "", "r", "")]


def test_status_by_unique_may_name_the_unique():
    world = World(status_unique="unique")
    world.submit("client", unique="u")
    assert world.ask("client", "GET_STATUS_UNIQUE", unique="u")[0][:3] == ("STATUS_RES_UNIQUE", "u", "1")
    assert world.ask("client", "GET_STATUS_UNIQUE", unique="v")[0][:3] == ("STATUS_RES_UNIQUE", "v", "0")


def test_the_progress_of_an_unknown_job_may_be_empty():
    world = World(unknown_status="")
    assert world.ask("client", "GET_STATUS", handle="H:x:1") == [("STATUS_RES", "H:x:1", "0", "0", "", "")]


def test_there_may_be_nothing_for_no_progress():
    world = started(no_progress="")
    handle = world.submit("client")
    assert world.ask("client", "GET_STATUS", handle=handle) == [("STATUS_RES", handle, "1", "0", "", "")]


def test_an_abandoned_job_may_be_skipped_only_where_its_function_is_looked_at():
    world = World(priority_scope="function", function_order="last", abandoned="skip")
    for function in ("f", "g"):
        world.send("worker", "CAN_DO", function=function)
    world.submit("client2", "f")
    world.leave("client2")
    world.submit("client", "g", workload="w")
    assert world.grab("worker") == "w"
    assert world.tell("admin", b"prioritystatus") == [b"f\t0\t1\t0\t1\n", b"g\t0\t0\t0\t1\n", b".\n"]


def test_total_may_count_what_waits():
    world = started(total="queued")
    world.submit("client")
    world.submit("client")
    world.grab("worker")
    assert world.tell("admin", b"status") == [b"f\t1\t1\t1\n", b".\n"]


@pytest.mark.parametrize(("choice", "answers"), [("all", ["ERROR"]), ("queued", ["JOB_CREATED"])])
def test_maxqueue_may_leave_running_jobs_out(choice, answers):
    world = started(maxqueue=choice)
    world.tell("admin", b"maxqueue f 1")
    world.submit("client")
    world.grab("worker")
    replies = world.ask("client", "SUBMIT_JOB", function="f", unique="", workload="")
    assert [reply[0] for reply in replies] == answers


def test_a_full_queue_may_lose_its_last_job():
    world = started(full_queue="fail-last")
    world.tell("admin", b"maxqueue f 2")
    handles = [world.submit("client", workload=workload) for workload in "12"]
    assert world.submit("client2", workload="3") not in handles
    assert world.take("client") == [("WORK_FAIL", handles[1])]
    assert order(world, 3) == ["1", "3", None]


def test_a_queue_that_is_too_full_may_lose_all_that_is_too_much():
    world = started(full_queue="fail-last")
    handles = [world.submit("client", workload=workload) for workload in "123"]
    world.tell("admin", b"maxqueue f 2")
    world.submit("client2", workload="4")
    assert world.take("client") == [("WORK_FAIL", handles[2]), ("WORK_FAIL", handles[1])]
    assert order(world, 3) == ["1", "4", None]


def test_a_full_queue_with_nothing_to_lose_takes_the_job():
    world = started(full_queue="fail-last")
    world.tell("admin", b"maxqueue f 1")
    world.submit("client")
    world.grab("worker")
    world.submit("client")


@pytest.mark.parametrize(("choice", "woken"), [(0, 2), (1, 1), (3, 2)])
def test_only_some_sleepers_may_be_woken(choice, woken):
    world = started(wakeup=choice)
    world.send("worker2", "CAN_DO", function="f")
    for worker in ("worker", "worker2"):
        world.send(worker, "PRE_SLEEP")
    world.submit("client")
    assert len(world.take("worker") + world.take("worker2")) == woken


def test_work_on_an_unknown_job_may_be_ignored():
    world = World(foreign_work="ignore")
    assert world.ask("worker", "WORK_COMPLETE", handle="H:x:1", data="") == []


def test_a_nul_after_a_handle_may_be_let_through():
    world = started(trailing_nul="forward")
    handle = world.submit("client")
    world.grab("worker")
    assert world.raw("client", BY_NAME["GET_STATUS"].type, handle.encode() + b"\0")[0] == (
        *("STATUS_RES", handle, "1", "1", "0", "0"),
    )
    assert world.raw("worker", BY_NAME["WORK_FAIL"].type, handle.encode() + b"\0") == []
    assert world.take("client") == [("WORK_FAIL", handle + "\0")]


@pytest.mark.parametrize("field", ["malformed", "unknown_type", "response_magic"])
@pytest.mark.parametrize(
    ("manner", "count", "closed"), [("error", 1, False), ("ignore", 0, False), ("close", 0, True)]
)
def test_what_cannot_be_served_is_refused_in_the_manner_of_the_server(field, manner, count, closed):
    world = World(**{field: manner})
    packets = {"malformed": (7, b"f"), "unknown_type": (99, b""), "response_magic": (16, b"", RES)}
    assert len(world.raw("client", *packets[field])) == count
    assert ("client" in world.closed) is closed


def test_the_magic_of_a_response_may_be_accepted():
    assert World(response_magic="accept").raw("client", 16, b"x", RES) == [("ECHO_RES", "x")]


def test_requests_may_be_unknown_to_a_server():
    world = World(refused=frozenset({"ECHO_REQ"}), ignored=frozenset({"GRAB_JOB"}))
    assert world.ask("client", "ECHO_REQ", data="x")[0][:2] == ("ERROR", "INVALID_COMMAND")
    assert world.ask("worker", "GRAB_JOB") == []


def test_a_version_may_stand_alone():
    (line,) = World(version="bare").tell("admin", b"version")
    assert line.startswith(b"gearspec-")


class TestParse:
    def test_words_of_a_file_become_choices(self):
        words = {
            "order": "lifo",
            "retries": "none",
            "timeout_minimum": "1",
            "reduce_arguments": "4",
            "exception_ends": "false",
            "unknown_status": "",
            "refused": "ALL_YOURS  ECHO_REQ",
        }
        assert Dialect.parse(words) == Dialect(
            order="lifo",
            retries=None,
            timeout_minimum=1.0,
            reduce_arguments=4,
            exception_ends=False,
            unknown_status="",
            refused=frozenset({"ALL_YOURS", "ECHO_REQ"}),
        )
        assert Dialect.parse({}) == Dialect()

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ({"ordre": "lifo"}, "a dialect has no 'ordre'"),
            ({"order": "random"}, "order is 'random'; it may be 'fifo', 'lifo', 'high-lifo'"),
            ({"exception_ends": "yes"}, "exception_ends is 'yes'; it may be 'true', 'false'"),
            ({"retries": "many"}, "retries is 'many', which is no number"),
            ({"timeout_minimum": "soon"}, "timeout_minimum is 'soon', which is no number"),
            ({"wakeup": "-1"}, "wakeup is '-1'; it may be 0 or more"),
            ({"timeout_minimum": "nan"}, "timeout_minimum is 'nan'; it may be 0 or more"),
            ({"refused": "ECHO_REQ ECO"}, "refused names 'ECO', which is no message"),
        ],
    )
    def test_what_is_no_choice_is_refused(self, words, message):
        with pytest.raises(ValueError, match=message):
            Dialect.parse(words)

    def test_every_choice_is_explained(self):
        attributes = cleandoc(Dialect.__doc__).split("Attributes:")[1]
        assert [
            name for field in fields(Dialect) if f"\n    {(name := field.name)}: " not in attributes
        ] == []
