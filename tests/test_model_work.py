from __future__ import annotations

import pytest

from gearspec.protocol.message import BY_NAME, RES
from gearspec.protocol.packet import Packet
from tests.world import World


@pytest.fixture
def world():
    return World()


class TestWork:
    @pytest.fixture
    def handle(self, world):
        handle = world.submit("client")
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.take("client")
        return handle

    @pytest.mark.parametrize(
        ("name", "rest"),
        [
            ("WORK_DATA", b"\0a\0RES\0b\n"),
            ("WORK_WARNING", b"\0"),
            ("WORK_STATUS", b"\0-1\0abc"),
            ("WORK_COMPLETE", b"\0" + bytes(range(256))),
            ("WORK_FAIL", b""),
        ],
    )
    def test_a_packet_is_forwarded_byte_for_byte(self, world, handle, name, rest):
        body = handle.encode() + rest
        assert world.raw("worker", BY_NAME[name].type, body) == []
        assert world.inbox["client"] == [Packet(RES, BY_NAME[name].type, body)]
        assert world.take("client2") == []

    @pytest.mark.parametrize("name", ["WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION"])
    def test_a_job_ends_once(self, world, handle, name):
        data = {} if name == "WORK_FAIL" else {"data": "r"}
        world.send("worker", name, handle=handle, **data)
        assert len(world.take("client")) == 1
        (reply,) = world.ask("worker", "WORK_FAIL", handle=handle)
        assert reply[:2] == ("ERROR", "JOB_NOT_FOUND")
        assert world.take("client") == []
        assert world.tell("admin", b"status") == [b"f\t0\t0\t1\n", b".\n"]

    @pytest.mark.parametrize(
        "name", ["WORK_DATA", "WORK_STATUS", "WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION"]
    )
    def test_only_the_worker_that_has_it_may_speak_of_a_job(self, world, handle, name):
        rest = {"WORK_STATUS": b"\0001\0002", "WORK_FAIL": b""}.get(name, b"\0x")
        for peer in ("worker2", "client"):
            (reply,) = world.raw(peer, BY_NAME[name].type, handle.encode() + rest)
            assert reply[:2] == ("ERROR", "JOB_NOT_FOUND")
        assert world.take("client") == []
        assert world.ask("client", "GET_STATUS", handle=handle) == [
            ("STATUS_RES", handle, "1", "1", "0", "0")
        ]

    def test_a_queued_job_belongs_to_no_worker(self, world):
        handle = world.submit("client")
        assert world.ask("worker", "WORK_COMPLETE", handle=handle, data="")[0][:2] == (
            "ERROR",
            "JOB_NOT_FOUND",
        )

    def test_an_exception_goes_to_those_that_asked_and_ends_the_job_for_all(self, world):
        handle = world.submit("client", unique="u")
        world.submit("client2", unique="u")
        assert world.ask("client", "OPTION_REQ", option="exceptions") == [("OPTION_RES", "exceptions")]
        world.send("worker", "CAN_DO", function="f")
        world.grab("worker")
        world.take("client2")
        world.send("worker", "WORK_EXCEPTION", handle=handle, data="kaboom")
        assert world.take("client") == [("WORK_EXCEPTION", handle, "kaboom")]
        assert world.take("client2") == [("WORK_FAIL", handle)]
        assert world.ask("client", "GET_STATUS", handle=handle)[0][2] == "0"

    def test_an_unknown_option_is_an_error(self, world):
        assert world.ask("client", "OPTION_REQ", option="Exceptions")[0][:2] == ("ERROR", "UNKNOWN_OPTION")
