"""What scripted servers do to a library, and what the library sees of it, in a thread and in a process."""

import socket

import pytest

from gearspec.protocol.packet import Line, request, response
from gearspec.script.action import How, Send, Shut, Sign, Wait
from gearspec.script.scene import Ask, Deafen, Ended, Listen, Settle
from tests.benching import Embedded, Spawned, name, one, passed, until
from tests.serving import LATE

PACKET = response("WORK_COMPLETE", handle=b"H:gs:1", data=b"payload").encode()
NOOP = response("NOOP").encode()
CONNECT = Ask({"servers": ["server"]})

both = pytest.mark.parametrize("start", [Embedded, Spawned])


def connected():
    """Listen, and wait for the library."""
    yield Listen("server")
    news = yield CONNECT
    return (yield from until(news, "server#1 ACCEPTED"))


def cut(data, how=How.CLOSE):
    """The library has read some bytes when it loses its server."""

    def scene():
        came = yield from connected()
        news = yield Send("server#1", data)
        news = yield Settle("server#1", news.now + LATE)
        came += map(name, news.arrivals)
        news = yield Shut("server#1", how)
        return passed(came + (yield from until(news, "RESET" if how is How.RESET else "EOF")))

    return scene()


def ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@both
def test_a_server_refuses_and_the_next_is_taken(start):
    def scene():
        yield Deafen("first")
        yield Listen("second")
        news = yield Ask({"servers": ["first", "second"]})
        return passed((yield from until(news, "second#1 ACCEPTED")))

    assert sorted(one(scene(), start).message.split(", ")) == ["refused", "second#1 ACCEPTED"]


@both
def test_a_server_accepts_and_stays_silent(start):
    def scene():
        yield from connected()
        news = yield Settle("server#1", LATE)
        return passed([str(arrival) for arrival in (yield Wait(news.now)).arrivals])

    assert one(scene(), start).message == ""


@both
@pytest.mark.parametrize(
    "data", [b"", PACKET[:12], PACKET[:-3]], ids=["before a byte", "after the header", "in mid-payload"]
)
def test_a_server_closes(start, data):
    got = [data.decode("latin-1")] if data else []
    assert one(cut(data), start).message == ", ".join(["server#1 ACCEPTED", *got, "EOF"])


@both
def test_a_server_half_closes_and_still_hears(start):
    def scene():
        yield from connected()
        news = yield Shut("server#1", How.HALF_CLOSE)
        return passed((yield from until(news, "server#1 CLOSED")))

    assert sorted(one(scene(), start).message.split(", ")) == ["EOF", "server#1 CLOSED"]


@both
def test_a_server_resets(start):
    assert one(cut(b"x", How.RESET), start).message == "server#1 ACCEPTED, x, RESET"


@both
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not ipv6(), reason="there is no IPv6"))],
)
def test_each_byte_of_a_packet_is_read_alone(start, host):
    def scene():
        came = yield from connected()
        for byte in PACKET:
            news = yield Send("server#1", bytes([byte]))
            came += map(name, news.arrivals)
            news = yield Settle("server#1", news.now + LATE)
            came += map(name, news.arrivals)
        news = yield Shut("server#1", How.CLOSE)
        return passed(came[1:] + (yield from until(news, "EOF")))

    assert one(scene(), start, host=host).message == ", ".join([*PACKET.decode("latin-1"), "EOF"])


@both
def test_two_packets_in_one_segment_are_read_at_once(start):
    message = one(cut(NOOP + PACKET), start).message
    assert message == f"server#1 ACCEPTED, {(NOOP + PACKET).decode('latin-1')}, EOF"


@both
@pytest.mark.parametrize("how", [How.RESET, How.CLOSE])
def test_a_server_vanishes_and_comes_back_at_its_address(start, how):
    def scene():
        came = yield from connected()
        yield Deafen("server")
        news = yield Send("server#1", b"x")
        news = yield Settle("server#1", news.now + LATE)
        news = yield Shut("server#1", how)
        came += yield from until(news, "RESET" if how is How.RESET else "EOF")
        news = yield CONNECT
        came += yield from until(news, "refused")
        yield Listen("server")
        news = yield CONNECT
        return passed(came + (yield from until(news, "server#2 ACCEPTED")))

    result = one(scene(), start)
    assert result.message.endswith(", refused, server#2 ACCEPTED")


def test_what_a_library_sent_before_it_ended_is_decoded_and_arrives_first():
    def greet(asks, say):
        del say
        host, _, port = next(asks)["servers"][0].rpartition(":")
        with socket.create_connection((host, int(port))) as sock:
            sock.sendall(request("ECHO_REQ", data=b"x").encode() + b"version\n" + NOOP[:7])

    def scene():
        yield Listen("server")
        news = yield CONNECT
        came = []
        while not (came and isinstance(came[-1], Ended)):
            came += (yield Wait(news.now + LATE)).arrivals
        assert [arrival.party for arrival in came[:-1]] == ["server#1"] * 4
        accepted, packet, line, closed = came[:-1]
        assert (accepted.what, closed.what, closed.rest) == (Sign.ACCEPTED, Sign.CLOSED, NOOP[:7])
        assert (packet.what, line.what) == (request("ECHO_REQ", data=b"x"), Line(b"version\n"))
        return passed(["as it was sent"])

    assert one(scene(), lambda: Embedded(greet)).message == "as it was sent"
