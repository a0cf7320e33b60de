"""The reference server: the model on real sockets, and what one peer may cost."""

import asyncio
import socket
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.errors import UsageError
from gearspec.fuzz.strategy import attacks
from gearspec.model import Send, Server
from gearspec.peers.server import ReferenceServer, run_in_thread, serve
from gearspec.protocol.packet import Decoder, Packet, request


@pytest.fixture(scope="module")
def where():
    server = run_in_thread(ReferenceServer(max_size=100_000))
    yield server.address.host, server.address.port
    server.stop()


class Peer:
    """A blocking connection."""

    def __init__(self, where):
        self.socket = socket.create_connection(where, timeout=10)
        self.decoder = Decoder()
        self.items = []

    def send(self, data):
        self.socket.sendall(data)
        return self

    def read(self):
        """The next item; None at the end of the stream."""
        while not self.items:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.items += self.decoder.feed(data)
        return self.items.pop(0)

    def close(self):
        self.socket.close()


def echo(data=b"x"):
    return request("ECHO_REQ", data=data).encode()


def told(data):
    """What the model says to the first that connects and sends this."""
    model, decoder = Server(), Decoder()
    effects = [*model.tick(time.time()), *model.connected(1)]
    for item in decoder.feed(data):
        effects += model.received(1, item)
    if decoder.error:
        effects += model.broken(1, decoder.error)
    return [effect.item for effect in effects if isinstance(effect, Send)]


def send_for_ever(sock, message):
    while True:
        sock.send(message)


def workers(peer):
    """The answer to ``workers``: a line a connection, and the end."""
    peer.send(b"workers\n")
    lines = [peer.read().raw]
    while lines[-1] != b".\n":
        lines.append(peer.read().raw)
    return lines


def answers(where):
    peer = Peer(where).send(echo(b"alive"))
    assert peer.read().body == b"alive"
    peer.close()
    return True


def test_a_packet_is_answered(where):
    assert answers(where)


def test_binary_and_text_share_a_connection(where):
    peer = Peer(where).send(echo() + b"version\n" + echo())
    assert [type(peer.read()).__name__ for _ in range(3)] == ["Packet", "Line", "Packet"]
    peer.close()


def test_what_came_before_a_half_close_is_answered_before_the_end(where):
    peer = Peer(where).send(echo(b"last"))
    peer.socket.shutdown(socket.SHUT_WR)
    assert peer.read().body == b"last"
    assert peer.read() is None
    peer.close()


def test_a_packet_past_the_limit_is_refused_at_its_header(where):
    peer = Peer(where).send(Packet(b"\0REQ", 16, b"", 0xFFFFFFFF).encode())
    assert peer.read().name == "ERROR"
    assert peer.read() is None
    assert answers(where)
    peer.close()


def test_rubbish_ends_its_connection_and_no_other(where):
    other = Peer(where)
    peer = Peer(where).send(b"\0BAD" + bytes(20))
    assert peer.read() is None
    assert other.send(echo(b"still here")).read().body == b"still here"
    peer.close()
    other.close()


def test_a_peer_that_never_reads_does_not_stop_the_others(where):
    deaf = Peer(where)
    deaf.socket.settimeout(0)
    with pytest.raises(BlockingIOError):
        send_for_ever(deaf.socket, echo(b"x" * 50_000))
    assert answers(where)
    deaf.close()


def test_a_peer_that_asks_and_does_not_read_is_not_answered_into_memory():
    server = ReferenceServer()
    embedded = run_in_thread(server)
    where = embedded.address.host, embedded.address.port
    setup = Peer(where)
    for number in range(200):
        setup.send(request("CAN_DO", function=b"f%d" % number + b"x" * 1000).encode())
    assert setup.send(echo()).read().name == "ECHO_RES"
    deaf = Peer(where).send(echo())
    assert deaf.read().name == "ECHO_RES"
    deaf.send(b"status\n" * 100)
    assert answers(where)
    deaf_peer = list(server._peers.values())[1]
    assert deaf_peer.transport.get_write_buffer_size() < 1_000_000
    assert deaf_peer.waiting
    deaf.socket.shutdown(socket.SHUT_WR)
    lines = 0
    while deaf.read() is not None:
        lines += 1
    assert lines == 201 * 100
    for peer in (setup, deaf):
        peer.close()
    embedded.stop()


def test_a_peer_for_whom_too_much_piles_up_is_cut_off():
    embedded = run_in_thread(ReferenceServer(max_unread=1_000_000))
    where = embedded.address.host, embedded.address.port
    client, worker = Peer(where), Peer(where)
    client.send(request("SUBMIT_JOB", function=b"f", unique=b"", workload=b"").encode())
    handle = client.read().body
    worker.send(request("CAN_DO", function=b"f").encode() + request("GRAB_JOB").encode())
    assert worker.read().name == "JOB_ASSIGN"
    data = request("WORK_DATA", handle=handle, data=b"x" * 100_000).encode()
    while len(workers(worker)) > 2:  # as long as the client is there
        worker.send(data)
    for peer in (client, worker):
        peer.close()
    embedded.stop()


def test_an_error_reaches_a_peer_that_is_still_sending(where):
    peer = Peer(where)
    peer.send(Packet(b"\0REQ", 16, b"", 0xFFFFFFFF).encode() + b"x" * 90_000)
    assert peer.read().name == "ERROR"
    peer.send(b"x" * 90_000)
    assert peer.read() is None
    peer.close()


def test_hundreds_of_connections_are_served(where):
    peers = [Peer(where) for _ in range(300)]
    for number, peer in enumerate(peers):
        peer.send(echo(b"%d" % number))
    assert [peer.read().body for peer in peers] == [b"%d" % number for number in range(300)]
    for peer in peers:
        peer.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_any_chunking_gives_the_same_answers(where, sizes):
    stream = echo(b"one") + b"status\n" + request("GET_STATUS", handle=b"H:x:1").encode() + echo(b"two")
    peer = Peer(where)
    start = 0
    for size in sizes:
        peer.send(stream[start : start + size])
        start += size
    peer.send(stream[start:])
    peer.socket.shutdown(socket.SHUT_WR)
    items = []
    while (item := peer.read()) is not None:
        items.append(item)
    packets = [item.name for item in items if isinstance(item, Packet)]
    assert packets == ["ECHO_RES", "STATUS_RES", "ECHO_RES"]
    peer.close()


@settings(max_examples=25, deadline=None)
@given(attacks())
def test_whatever_is_sent_in_any_chunking_the_model_on_a_socket_answers_as_in_memory(sending):
    server = run_in_thread(ReferenceServer(make_model=lambda dialect, **_: Server(dialect)))
    peer = Peer((server.address.host, server.address.port))
    for start, end in pairwise([0, *sending.cuts, len(sending.data)]):
        peer.send(sending.data[start:end])
    peer.socket.shutdown(socket.SHUT_WR)
    heard = []
    while (item := peer.read()) is not None:
        heard.append(item)
    peer.close()
    server.stop()
    assert heard == told(sending.data)


def test_a_timeout_is_kept_without_any_traffic(where):
    worker, client = Peer(where), Peer(where)
    name = b"slow-%d" % worker.socket.fileno()
    worker.send(request("CAN_DO_TIMEOUT", function=name, timeout=b"20").encode() + echo())
    worker.read()
    client.send(request("SUBMIT_JOB", function=name, unique=b"", workload=b"").encode())
    created = client.read()
    worker.send(request("GRAB_JOB").encode())
    assert worker.read().name == "JOB_ASSIGN"
    assert client.read() == Packet(b"\0RES", 14, created.body)
    worker.close()
    client.close()


def test_ipv6_is_served_where_the_machine_has_it():
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        server = run_in_thread(ReferenceServer("::1"))
    except UsageError:
        pytest.skip("this machine has no ::1")
    assert answers((server.address.host, server.address.port))
    server.stop()


def test_an_address_that_is_taken_is_one_clear_line(where):
    with pytest.raises(UsageError, match=f"127.0.0.1:{where[1]} cannot be listened on"):
        run_in_thread(ReferenceServer("127.0.0.1", where[1]))


def test_stopping_sends_what_is_to_be_sent_and_closes():
    server = run_in_thread()
    peer = Peer((server.address.host, server.address.port)).send(echo(b"x" * 50_000))
    assert peer.read() is not None
    server.stop()
    assert peer.read() is None
    assert not [thread for thread in threading.enumerate() if thread is server._thread]
    peer.close()


def test_serving_ends_when_it_is_cancelled():
    async def cancelled():
        listening = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(serve("127.0.0.1", 0, ready=listening.set_result))
        address = await listening
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return address

    address = asyncio.run(cancelled())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.host, address.port))
