import selectors
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.protocol.packet import Line, Packet, response
from gearspec.script.action import How, Sign
from gearspec.wire import connection as module
from gearspec.wire.address import Place
from gearspec.wire.connection import CHUNK, TURN_BYTES, TURN_ITEMS, Connection, connect
from gearspec.wire.source import Inbox

NOOP = response("NOOP").encode()
BIG = b"x" * (16 * 1024 * 1024)  # more than the kernel keeps for a peer that does not read


class Bench:
    """A connection and the peer at its other end, both in this thread."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.inbox = Inbox()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            place = Place(socket.AF_INET, listener.getsockname())
            self.connection = connect(place, "client", self.inbox, self.selector, 0.0)
            self.peer, _ = listener.accept()
        self.peer.settimeout(10)
        self.time = 1.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.peer.close()
        self.selector.close()

    def turn(self):
        """Handle what the selector sees, at the next second."""
        for key, mask in self.selector.select(10):
            key.data.ready(mask, self.time)
        self.time += 1

    def until(self, count):
        """Go on until so many arrivals are there."""
        while len(self.inbox.arrivals) < count:
            self.turn()
        return [arrival.what for arrival in self.inbox.arrivals]

    def drain(self, count):
        """Read so many bytes at the peer while the connection sends what it had kept."""
        self.peer.settimeout(0)
        got = bytearray()
        with selectors.DefaultSelector() as both:
            both.register(self.peer, selectors.EVENT_READ)
            while len(got) < count:
                for key, mask in self.selector.select(0):
                    key.data.ready(mask, self.time)
                if both.select(0.001):
                    got += self.peer.recv(1 << 20) or pytest.fail(f"the peer got only {len(got)} bytes")
        self.peer.settimeout(10)
        return bytes(got)


@pytest.fixture
def bench():
    with Bench() as bench:
        yield bench


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, module._LINGER_0)
    sock.close()


def test_what_comes_is_decoded_and_stamped_on_arrival(bench):
    bench.peer.sendall(NOOP + b"OK\n")
    assert bench.until(2) == [Packet(b"\0RES", 6), Line(b"OK\n")]
    assert {(arrival.party, arrival.at) for arrival in bench.inbox.arrivals} == {("client", 1.0)}


@given(st.lists(st.integers(1, len(NOOP * 3 + b"a line\n") - 1), unique=True).map(sorted))
def test_where_the_stream_is_cut_does_not_matter(cuts):
    stream = NOOP * 3 + b"a line\n"
    with Bench() as bench:
        for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            bench.peer.sendall(stream[start:stop])
            bench.turn()
        assert bench.until(4) == [Packet(b"\0RES", 6)] * 3 + [Line(b"a line\n")]


def test_a_packet_is_sent_before_the_selector_is_asked(bench):
    bench.connection.send(NOOP)
    assert bench.peer.recv(100) == NOOP


def test_small_packets_are_not_held_back_by_the_kernel(bench):
    assert bench.connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="the kernel cannot be told")
def test_the_kernel_acknowledges_at_once_what_was_read_also_in_a_dialogue(bench):
    bench.peer.sendall(NOOP)
    bench.until(1)
    bench.connection.send(NOOP)  # from here on it would wait for an answer that could carry it
    bench.peer.sendall(NOOP)
    bench.until(2)
    assert bench.connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK)


def test_reading_where_nothing_has_come_is_harmless(bench):
    bench.connection.ready(selectors.EVENT_READ, 1.0)
    assert bench.inbox.arrivals == []


def test_taking_the_arrivals_forgets_them(bench):
    bench.peer.sendall(NOOP)
    bench.until(1)
    assert len(bench.inbox.take()) == 1
    assert bench.inbox.take() == ()


def test_what_the_kernel_does_not_take_is_kept_and_sent_in_order(bench):
    bench.connection.send(BIG)
    bench.connection.send(b"the end")
    assert bench.drain(len(BIG) + 7) == BIG + b"the end"


def test_reading_goes_on_while_something_is_still_to_be_sent(bench):
    bench.connection.send(BIG)
    bench.peer.sendall(NOOP)
    assert bench.until(1) == [Packet(b"\0RES", 6)]


def test_the_selector_rests_when_everything_is_sent(bench):
    bench.connection.send(BIG)
    bench.drain(len(BIG))
    assert bench.selector.select(0) == []


def test_a_half_close_comes_after_all_that_was_sent(bench):
    bench.connection.send(BIG)
    bench.connection.shut(How.HALF_CLOSE)
    bench.connection.send(b"too late")
    assert bench.drain(len(BIG)) == BIG
    assert bench.peer.recv(100) == b""


def test_after_a_half_close_what_the_peer_sends_is_still_read(bench):
    bench.connection.shut(How.HALF_CLOSE)
    bench.turn()
    assert bench.peer.recv(100) == b""
    bench.peer.sendall(NOOP)
    bench.peer.close()
    assert bench.until(2) == [Packet(b"\0RES", 6), Sign.CLOSED]


def test_an_end_that_was_asked_for_raises_no_suspicion(bench):
    bench.connection.shut(How.HALF_CLOSE)
    bench.turn()
    bench.peer.close()
    bench.until(1)
    assert not bench.inbox.ended


def test_an_end_that_nobody_asked_for_raises_suspicion(bench):
    bench.peer.close()
    assert bench.until(1) == [Sign.CLOSED]
    assert bench.inbox.ended


def test_a_close_comes_after_all_that_was_sent(bench):
    bench.connection.send(BIG)
    bench.connection.shut(How.CLOSE)
    assert bench.drain(len(BIG)) == BIG
    assert bench.peer.recv(100) == b""
    assert not bench.selector.get_map()


def test_after_a_close_nothing_is_read(bench):
    bench.connection.send(BIG)
    bench.connection.shut(How.CLOSE)
    bench.peer.sendall(NOOP)
    bench.connection.ready(selectors.EVENT_READ, 1.0)
    assert bench.inbox.arrivals == []


def test_a_reset_reaches_the_peer_as_one(bench):
    bench.connection.send(BIG)
    bench.connection.shut(How.RESET)
    with pytest.raises(ConnectionResetError):
        all(iter(lambda: bench.peer.recv(1 << 20), b""))


@pytest.mark.parametrize("how", How)
def test_ending_what_has_ended_is_harmless(bench, how):
    bench.connection.shut(How.RESET)
    bench.connection.shut(how)
    bench.connection.send(b"x")
    bench.connection.close()
    assert bench.connection.over


def test_a_close_in_mid_packet_hands_over_what_had_come(bench):
    bench.peer.sendall(NOOP + NOOP[:7])
    bench.peer.close()
    assert bench.until(2) == [Packet(b"\0RES", 6), Sign.CLOSED]
    assert bench.inbox.arrivals[-1].rest == NOOP[:7]


def test_a_server_that_half_closes_can_still_be_sent_to(bench):
    bench.peer.shutdown(socket.SHUT_WR)
    assert bench.until(1) == [Sign.CLOSED]
    bench.connection.send(b"still here")
    assert bench.peer.recv(100) == b"still here"


def test_a_closed_connection_does_not_keep_the_selector_busy(bench):
    bench.peer.shutdown(socket.SHUT_WR)
    bench.until(1)
    assert bench.selector.select(0) == []


def test_a_reset_is_told_from_a_close(bench):
    reset(bench.peer)
    assert bench.until(1) == [Sign.RESET]


def test_sending_into_a_reset_is_silent_and_the_sign_still_comes(bench):
    bench.peer.sendall(NOOP)
    reset(bench.peer)
    for _ in range(3):
        bench.connection.send(b"x")
    assert bench.until(2) == [Packet(b"\0RES", 6), Sign.RESET]
    bench.connection.shut(How.HALF_CLOSE)
    assert bench.selector.select(0) == []


def test_a_reset_drops_what_was_still_to_be_sent(bench):
    bench.connection.send(BIG)
    bench.connection.shut(How.HALF_CLOSE)
    reset(bench.peer)
    bench.until(1)
    assert not bench.selector.get_map()


def test_only_one_sign_comes_of_a_connection(bench):
    bench.peer.shutdown(socket.SHUT_WR)
    bench.until(1)
    reset(bench.peer)
    bench.connection.send(BIG)
    while bench.selector.get_map():
        bench.turn()
    assert [arrival.what for arrival in bench.inbox.arrivals] == [Sign.CLOSED]


@pytest.mark.parametrize("rubbish", [b"\0RUB", b"\0RES\0\0\0\6\xff\xff\xff\xff", b"x" * (64 * 1024)])
def test_what_decodes_as_nothing_is_rubbish_and_ends_the_reading(bench, rubbish):
    bench.peer.sendall(NOOP + rubbish)
    assert bench.until(2) == [Packet(b"\0RES", 6), Sign.RUBBISH]
    assert bench.inbox.arrivals[-1].rest == rubbish
    assert not bench.inbox.ended
    bench.peer.sendall(NOOP)
    assert bench.selector.select(0) == []


@pytest.mark.parametrize(
    "flood",
    [NOOP * 64, b"\n" * 1024, b"\0RES\0\0\0\6\3\0\0\0" + b"x" * 8192],
    ids=["packets", "lines", "one packet"],
)
def test_a_flood_ends_in_rubbish(monkeypatch, flood):
    monkeypatch.setattr(module, "KEPT", 1024 * 1024)
    with Bench() as bench:
        bench.peer.sendall(flood)
        while Sign.RUBBISH not in [arrival.what for arrival in bench.inbox.arrivals]:
            bench.peer.sendall(flood[-6 * 1024 :] if flood[-1:] == b"x" else flood)
            bench.turn()
        assert len(bench.inbox.arrivals) < 1024 * 1024 / module.ITEM_COST + CHUNK


class Endless(socket.socket):
    """A peer that has always sent more; counts what was read."""

    data = b""
    read = 0

    def recv(self, size, _=0):
        self.read += size
        return self.data[self.read - size : self.read]


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (b"\0RES\0\0\0\6\0\xff\xff\xf4" + b"x" * 0xFFFFF4, TURN_BYTES),
        (NOOP * 60000, TURN_ITEMS * len(NOOP) + CHUNK),
    ],
    ids=["bytes", "items"],
)
def test_a_peer_that_never_stops_takes_a_bounded_part_of_a_turn(data, most):
    with Endless() as sock, selectors.DefaultSelector() as selector:
        sock.data = data
        connection = Connection(sock, "client", Inbox(), selector)
        connection.ready(selectors.EVENT_READ, 1.0)
        assert 0 < sock.read <= most
        connection.close()
