"""The reference worker when a server sends rubbish, goes away, says nothing or is not there."""

import struct
import threading

import pytest

from tests.acting import LATE, Moment, asked, assign, attend, job, play, vacant

PATIENT = 0.3
"""Seconds in which a server has to answer or to read, and one that is not mute does."""
RUBBISH = {
    "bad magic": b"\0BAD" + bytes(8),
    "unknown type": struct.pack(">4sII", b"\0RES", 99, 0),
    "the unused type": struct.pack(">4sII", b"\0RES", 5, 0),
    "text": b"HTTP/1.1 400 Bad Request\r\n",
    "text without end": b"x",
    "a huge size": struct.pack(">4sII", b"\0RES", 11, 0xFFFFFFFF),
    "a negative size": struct.pack(">4sII", b"\0RES", 11, 0x80000000),
}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("asleep", [True, False])
def test_rubbish_ends_the_connection_and_the_worker_comes_again(rubbish, asleep):
    def part(stage):
        peer = stage.accept()
        asked(peer)
        if asleep:
            peer.send("NO_JOB")
            peer.take("PRE_SLEEP")
        peer.raw(rubbish)
        peer.ended()
        peer = stage.accept()
        asked(peer)
        job(peer)

    attend(part)


def test_a_worker_comes_again_and_says_all_of_it_again():
    def part(stage):
        for _ in range(3):
            peer = stage.accept()
            peer.take("SET_CLIENT_ID", id=b"me")
            asked(peer)
            job(peer)
            peer.close()

    attend(part, identity="me")


def test_a_server_that_is_mute_is_left_and_tried_again():
    def part(stage):
        peer = stage.accept()
        asked(peer)
        peer.ended()
        peer = stage.accept()
        asked(peer)
        job(peer)

    attend(part, timeout=PATIENT)


def test_a_packet_that_stops_in_the_middle_ends_the_connection_of_a_sleeper():
    def part(stage):
        peer = stage.accept()
        asked(peer)
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        peer.raw(struct.pack(">4sII", b"\0RES", 6, 100))
        peer.ended()
        peer = stage.accept()
        asked(peer)
        job(peer)

    attend(part, timeout=PATIENT)


def test_nothing_is_said_of_a_job_whose_connection_was_lost():
    left, told = Moment(), []

    def handler(job):
        if job.handle == b"H:1":
            left.wait()
            job.data("into the void")
        told.append(job.handle)
        return "done"

    def part(stage):
        peer = stage.accept()
        asked(peer)
        assign(peer)
        peer.close()
        left.set()
        peer = stage.accept()
        asked(peer)
        assign(peer, handle=b"H:2")
        peer.take("WORK_COMPLETE", handle=b"H:2", data=b"done")

    attend(part, handler=handler)
    assert told[-1] == b"H:2"


def test_a_server_that_does_not_read_is_left():
    def part(stage):
        peer = stage.accept()
        asked(peer)
        assign(peer)
        peer = stage.accept()
        asked(peer)
        assign(peer, handle=b"H:2")
        peer.take("WORK_COMPLETE", handle=b"H:2", data=b"")

    def handler(job):
        return bytes(16 << 20) if job.handle == b"H:1" else b""

    attend(part, handler=handler, timeout=PATIENT)


def test_jobs_of_several_servers_are_worked_on_one_after_the_other():
    barrier = threading.Barrier(2, timeout=LATE)

    def part(peer):
        barrier.wait()
        for number in range(5):
            job(peer, b"%d" % number)
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")

    def first(stage):
        peer = stage.accept()
        peer.take("CAN_DO")
        peer.take("GRAB_JOB_UNIQ")
        peer.send("NO_JOB")
        peer.take("PRE_SLEEP")
        peer.send("NOOP")
        peer.take("GRAB_JOB_UNIQ")
        part(peer)

    attend(first, play(part))


def test_a_server_that_refuses_keeps_the_worker_from_no_other():
    def part(peer):
        for _ in range(3):
            job(peer)

    attend(play(part), before=[vacant()])


def test_a_server_that_hangs_up_at_once_is_left_alone_for_longer_each_time():
    def part(stage):
        for _ in range(3):
            stage.accept().close()
        peer = stage.accept()
        asked(peer)
        job(peer)

    attend(part)


def test_a_server_that_does_not_answer_keeps_the_worker_from_no_other():
    over = Moment()

    def mute(stage):
        peer = stage.accept()
        asked(peer)
        over.wait()

    def part(peer):
        job(peer)
        job(peer)
        over.set()

    attend(mute, play(part))
