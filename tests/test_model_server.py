from __future__ import annotations

import pytest

from gearspec.errors import BadMagic, LineTooLong, PacketTooLarge, Truncated
from gearspec.model import Close, Server
from gearspec.protocol.message import BY_NAME, RES
from gearspec.protocol.packet import check, request
from tests.world import World


@pytest.fixture
def world():
    return World()


class TestPrefix:
    def test_a_prefix_that_leaves_no_room_for_a_number_is_refused(self):
        with pytest.raises(ValueError, match="at most"):
            Server(prefix=b"H:" + b"x" * 60)

    @pytest.mark.parametrize("prefix", [b"H:a b", b"H:a\0", b"H:\n"])
    def test_a_prefix_that_would_break_a_packet_or_a_line_is_refused(self, prefix):
        with pytest.raises(ValueError, match="prefix"):
            Server(prefix=prefix)

    def test_a_handle_of_the_longest_prefix_is_within_the_limit(self):
        server = Server(prefix=b"H" * 42)
        server.connected(1)
        (effect,) = server.received(1, request("SUBMIT_JOB", function=b"f", unique=b"", workload=b""))
        assert not check(effect.item, "server")


class TestMalformed:
    @pytest.mark.parametrize(
        ("type_", "body", "code"),
        [
            (99, b"x", "INVALID_COMMAND"),
            (0, b"", "INVALID_COMMAND"),
            (5, b"", "INVALID_COMMAND"),
            (8, b"H:x:1", "INVALID_COMMAND"),
            (24, b"", "INVALID_COMMAND"),
            (35, b"f\0\0000\0000\0001\0001\0000\0", "INVALID_COMMAND"),
            (7, b"f\0u", "INVALID_ARGUMENTS"),
            (7, b"", "INVALID_ARGUMENTS"),
            (37, b"f\0u\0r", "INVALID_ARGUMENTS"),
            (1, b"f\0", "INVALID_ARGUMENTS"),
            (12, b"H:x:1\0001", "INVALID_ARGUMENTS"),
            (13, b"H:x:1", "INVALID_ARGUMENTS"),
            (14, b"H:x:1\0", "INVALID_ARGUMENTS"),
            (14, b"H" * 64, "JOB_NOT_FOUND"),
        ],
    )
    def test_it_brings_an_error_and_the_connection_goes_on(self, world, type_, body, code):
        (reply,) = world.raw("client", type_, body)
        assert reply[:2] == ("ERROR", code)
        assert world.ask("client", "ECHO_REQ", data="x") == [("ECHO_RES", "x")]
        assert not world.closed

    def test_the_magic_of_a_response_is_refused(self, world):
        (reply,) = world.raw("client", BY_NAME["ECHO_REQ"].type, b"x", RES)
        assert reply[:2] == ("ERROR", "INVALID_MAGIC")

    def test_a_handle_that_is_too_long_is_an_unknown_one(self, world):
        assert world.ask("client", "GET_STATUS", handle="H" * 64) == [
            ("STATUS_RES", "H" * 64, "0", "0", "0", "0")
        ]

    def test_data_after_a_message_without_arguments_is_passed_over(self, world):
        assert world.raw("worker", BY_NAME["GRAB_JOB"].type, b"junk") == [("NO_JOB",)]

    @pytest.mark.parametrize("error", [BadMagic(b"\0XXX"), LineTooLong(9), Truncated(b"\0", 11)])
    def test_a_stream_that_cannot_be_decoded_is_closed(self, world, error):
        assert world.server.broken(1, error) == [Close(1)]

    def test_a_packet_that_is_too_large_is_told_before_the_close(self, world):
        error, close = world.server.broken(1, PacketTooLarge(10, 9))
        assert error.item.fields["code"] == b"ARGUMENT_TOO_LARGE"
        assert close == Close(1)

    def test_a_close_from_our_side_ends_what_the_peer_had(self, world):
        handle = world.submit("client", workload="w")
        for worker in ("worker", "worker2"):
            world.send(worker, "CAN_DO", function="f")
        world.grab("worker")
        world.do(world.server.broken(3, BadMagic(b"\0XXX")))
        assert world.server.closed(3) == world.server.broken(3, BadMagic(b"\0XXX")) == []
        assert world.ask("worker2", "GRAB_JOB") == [("JOB_ASSIGN", handle, "f", "w")]
