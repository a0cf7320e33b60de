"""The reference worker, with servers that follow a play."""

import struct
import threading

import pytest

from gearspec.peers.poller import Poller
from gearspec.peers.worker import Worker
from gearspec.protocol.message import BY_NAME
from gearspec.protocol.packet import request
from tests.acting import LATE, Moment, acting, assign, attend, job, play, reverse, run, vacant

BRIEF = 0.05
"""Seconds in which nothing happens."""


def test_a_worker_says_who_it_is_and_what_it_can_do_before_it_asks():
    def part(stage):
        peer = stage.accept()
        peer.take("SET_CLIENT_ID", id=b"me")
        peer.take("CAN_DO", function=b"f")
        peer.take("CAN_DO_TIMEOUT", function=b"g", timeout=b"1500")
        peer.take("CAN_DO_TIMEOUT", function=b"h", timeout=b"0")
        peer.take("GRAB_JOB_UNIQ")
        assign(peer)
        peer.take("WORK_COMPLETE", handle=b"H:1", data=b"cba")

    with acting(part) as servers, Worker(servers, identity="me") as worker:
        worker.register("f", reverse)
        worker.register("g", reverse, timeout=1.5)
        worker.register("h", reverse, timeout=0)
        assert worker.work(1) == 1


@pytest.mark.parametrize("grab", ["GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL"])
@pytest.mark.parametrize("answer", ["JOB_ASSIGN", "JOB_ASSIGN_UNIQ", "JOB_ASSIGN_ALL"])
def test_every_kind_of_assignment_is_taken_after_every_kind_of_grab(grab, answer):
    told = []
    fields = {"handle": b"H:1", "function": b"f", "workload": b"w\0w"}
    extra = {"JOB_ASSIGN": {}, "JOB_ASSIGN_UNIQ": {"unique": b"u"}}
    more = extra.get(answer, {"unique": b"u", "reducer": b"r"})

    def part(stage):
        peer = stage.accept()
        peer.take("CAN_DO")
        peer.take(grab)
        peer.send(answer, **fields, **more)
        peer.take("WORK_COMPLETE", handle=b"H:1", data=b"")

    with acting(part) as servers, Worker(servers, grab=grab) as worker:
        worker.register("f", told.append)
        worker.work(1)
    (done,) = told
    assert {name: getattr(done, name) for name in fields} == fields
    assert (done.unique, done.reducer) == (more.get("unique", b""), more.get("reducer", b""))


def test_a_server_that_refuses_the_grab_is_asked_with_the_plain_one():
    def part(peer):
        peer.send("ERROR", code=b"server_error", text=b"")
        peer.take("GRAB_JOB")
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        peer.send("NOOP")
        peer.take("GRAB_JOB")
        peer.send("ERROR", code=b"unknown", text=b"")
        peer.send("JOB_ASSIGN", handle=b"H:1", function=b"f", workload=b"ab")
        peer.take("WORK_COMPLETE", handle=b"H:1", data=b"ba")

    run(part)


def test_everything_about_a_job_is_sent_with_its_handle_and_in_its_order():
    def handler(job):
        job.data("piece")
        job.warning(b"careful")
        job.status(1, 2)
        job.status("50", b"100")
        return 0

    def part(peer):
        assign(peer)
        peer.take("WORK_DATA", handle=b"H:1", data=b"piece")
        peer.take("WORK_WARNING", handle=b"H:1", data=b"careful")
        peer.take("WORK_STATUS", handle=b"H:1", numerator=b"1", denominator=b"2")
        peer.take("WORK_STATUS", handle=b"H:1", numerator=b"50", denominator=b"100")
        assert peer.next() == request("WORK_COMPLETE", handle=b"H:1", data=b"0")

    run(part, handler)


@pytest.mark.parametrize("result", [None, b"", ""])
def test_an_empty_result_has_the_nul_after_the_handle(result):
    def part(peer):
        assign(peer)
        assert peer.next().body == b"H:1\0"

    run(part, lambda _: result)


def test_a_function_may_end_its_job_itself_and_what_it_returns_counts_no_more():
    def handler(job):
        end = {
            b"fail": job.fail,
            b"exception": lambda: job.exception("e"),
            b"complete": lambda: job.complete("c"),
        }
        end[job.workload]()
        with pytest.raises(RuntimeError, match="the job is over"):
            job.data("late")
        return "late"

    def part(peer):
        for name, body in (("fail", b"H:1"), ("exception", b"H:1\0e"), ("complete", b"H:1\0c")):
            assign(peer, name.encode())
            packet = peer.next()
            assert (packet.name, packet.body) == (f"WORK_{name.upper()}", body)
            if name != "complete":
                peer.take("GRAB_JOB_UNIQ")

    run(part, handler, jobs=3)


class Speechless(Exception):  # noqa: N818 - it is never told
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (ValueError("it broke"), b"it broke"),
        (ValueError(), b"ValueError"),
        (RuntimeError("\udcff"), b"\xff"),
        (RuntimeError("\ud800"), b"RuntimeError"),
        (Speechless(), b"Speechless"),
    ],
)
def test_a_function_that_raises_ends_its_job_with_an_exception_and_the_worker_goes_on(problem, told):
    def handler(job):
        if job.workload:
            raise problem
        return "well"

    def part(peer):
        assign(peer, b"bad")
        peer.take("WORK_EXCEPTION", handle=b"H:1", data=told)
        peer.take("GRAB_JOB_UNIQ")
        peer.send("ERROR", code=b"JOB_NOT_FOUND", text=b"")
        assign(peer, b"", b"H:2")
        peer.take("WORK_COMPLETE", handle=b"H:2", data=b"well")

    run(part, handler, jobs=2)


def test_an_exception_after_the_end_of_its_job_is_not_told():
    def handler(job):
        job.complete("done")
        raise ValueError

    def part(peer):
        for _ in range(2):
            assign(peer)
            assert peer.next() == request("WORK_COMPLETE", handle=b"H:1", data=b"done")
            if _ == 0:
                peer.take("GRAB_JOB_UNIQ")

    run(part, handler, jobs=2)


def test_a_fail_follows_an_exception_where_that_is_wanted():
    def part(peer):
        assign(peer)
        peer.take("WORK_EXCEPTION", handle=b"H:1", data=b"division by zero")
        assert peer.next() == request("WORK_FAIL", handle=b"H:1")

    run(part, lambda _: 1 / 0, fail_after_exception=True)


@pytest.mark.parametrize("function", [b"", b"F", b"f ", b"other"])
def test_a_job_of_an_unknown_function_fails(function):
    def part(peer):
        assign(peer, function=function)
        peer.take("WORK_FAIL", handle=b"H:1")
        peer.take("GRAB_JOB_UNIQ")
        assign(peer, b"ab", b"H:2")
        peer.take("WORK_COMPLETE", handle=b"H:2", data=b"ba")

    run(part, jobs=2)


@pytest.mark.parametrize(("body", "handle"), [(b"", b""), (b"H:1", b"H:1"), (b"H:1\0f", b"H:1")])
def test_an_assignment_that_lacks_arguments_fails_or_has_none(body, handle):
    def part(peer):
        peer.raw(struct.pack(">4sII", b"\0RES", 11, len(body)) + body)
        assert peer.next().fields["handle"] == handle

    run(part)


def test_a_worker_sleeps_when_there_is_no_job_and_wakes_again_and_again():
    def part(peer):
        for _ in range(3):
            peer.send("NO_JOB")
            peer.take("PRE_SLEEP")
            peer.send("NOOP")
            peer.take("GRAB_JOB_UNIQ")
        job(peer)

    attend(play(part))


def test_a_noop_between_grab_and_answer_is_of_no_use_and_does_no_harm():
    def part(peer):
        peer.send("NOOP")
        job(peer)
        peer.send("NOOP")
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        peer.send("NOOP")
        peer.take("GRAB_JOB_UNIQ")

    attend(play(part))


def test_a_storm_of_noops_leads_to_one_grab():
    def part(peer):
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        for _ in range(1000):
            peer.send("NOOP")
        peer.take("GRAB_JOB_UNIQ")
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        peer.send("NOOP")
        peer.take("GRAB_JOB_UNIQ")
        job(peer)

    attend(play(part))


def test_packets_that_mean_nothing_to_a_worker_change_nothing():
    def part(peer):
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        for name in ("NO_JOB", "ECHO_RES", "OPTION_RES", "JOB_CREATED", "ERROR", "WORK_FAIL", "STATUS_RES"):
            peer.raw(struct.pack(">4sII", b"\0RES", BY_NAME[name].type, 0))
        peer.send("NOOP")
        peer.take("GRAB_JOB_UNIQ")
        job(peer)

    attend(play(part))


def test_an_assignment_may_come_byte_by_byte_or_without_being_asked_for():
    def part(peer):
        body = b"H:1\0f\0u\0ab"
        for byte in struct.pack(">4sII", b"\0RES", 31, len(body)) + body:
            peer.raw(bytes([byte]))
        peer.take("WORK_COMPLETE", data=b"ba")
        peer.take("GRAB_JOB_UNIQ")
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        assign(peer)
        peer.take("WORK_COMPLETE")
        peer.take("GRAB_JOB_UNIQ")

    attend(play(part))


def test_functions_come_and_go_while_connections_last():
    ready = threading.Barrier(2, timeout=LATE)

    def part(peer):
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        ready.wait()
        peer.take("CAN_DO", function=b"g")
        peer.take("CANT_DO", function=b"f")
        peer.take("GRAB_JOB_UNIQ")
        assign(peer, function=b"f", handle=b"H:1")
        peer.take("WORK_FAIL", handle=b"H:1")
        peer.take("GRAB_JOB_UNIQ")
        assign(peer, function=b"g", handle=b"H:2")
        peer.take("WORK_COMPLETE", handle=b"H:2", data=b"cba")

    with acting(play(part)) as servers, Worker(servers) as worker:
        worker.register("f", reverse)
        assert worker.work(seconds=BRIEF) == 0
        ready.wait()
        worker.register("g", reverse)
        worker.unregister("f")
        worker.unregister("never")
        assert worker.work(jobs=2) == 2


def test_a_function_may_be_added_while_the_worker_sleeps():
    asleep = Moment()

    def part(peer):
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        asleep.set()
        peer.take("CAN_DO", function=b"g")
        peer.take("GRAB_JOB_UNIQ")
        assign(peer, function=b"g")
        peer.take("WORK_COMPLETE", data=b"cba")

    with acting(play(part)) as servers, Worker(servers) as worker:
        worker.register("f", reverse)
        thread = threading.Thread(target=worker.work, args=(1,))
        thread.start()
        asleep.wait()
        worker.register("g", reverse)
        thread.join()


def test_a_worker_that_sleeps_does_nothing_at_all(monkeypatch):
    waits = []
    wait = Poller.wait

    def count(poller, links, seconds=None):
        waits.append(seconds)
        wait(poller, links, seconds)

    def part(peer):
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        monkeypatch.setattr(Poller, "wait", count)
        peer.sock.settimeout(BRIEF)
        with pytest.raises(TimeoutError):
            peer.next()

    attend(play(part))
    assert len(waits) <= 2


def test_work_ends_when_its_time_is_over_or_when_it_is_told():
    with Worker([vacant()]) as worker:
        assert worker.work(seconds=0) == 0
        assert worker.work(jobs=0) == 0
        worker.stop()
        assert worker.work() == 0
        threading.Timer(BRIEF, worker.stop).start()
        assert worker.work() == 0


def test_a_function_may_stop_its_worker():
    def part(peer):
        assign(peer)
        peer.take("WORK_COMPLETE", data=b"bye")
        peer.ended()

    with acting(play(part)) as servers, Worker(servers) as worker:
        worker.register("f", lambda _: worker.stop() or "bye")
        assert worker.work() == 1
        worker.close()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="no grab"):
        Worker([vacant()], grab="GRAB")
    with Worker([vacant()]) as worker, pytest.raises(ValueError, match="holds a NUL"):
        worker.register("a\0b", reverse)
