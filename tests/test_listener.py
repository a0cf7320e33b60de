import errno
import os
import resource
import selectors
import socket
import threading
from itertools import product

import pytest

from gearspec.errors import HarnessError
from gearspec.protocol.packet import response
from gearspec.script.action import How
from gearspec.wire import listener as module
from gearspec.wire.listener import MOST, PAUSE, Accepted, Listener
from gearspec.wire.source import Inbox

NOOP = response("NOOP").encode()


class Server:
    """A listener, and what it accepted."""

    def __init__(self, host="127.0.0.1"):
        self.selector = selectors.DefaultSelector()
        self.accepted = []
        self.listener = Listener(host, self.selector, self.take)
        self.where = (self.listener.address.host, self.listener.address.port)

    def take(self, incoming, now):
        self.accepted.append((incoming, now))

    def turn(self, now=1.0):
        for key, mask in self.selector.select(10):
            key.data.ready(mask, now)

    def connects(self):
        """What connecting comes to."""
        with socket.socket(socket.AF_INET6 if ":" in self.where[0] else socket.AF_INET) as sock:
            sock.settimeout(10)
            return sock.connect_ex(self.where)

    def close(self):
        self.listener.close()
        for incoming, _ in self.accepted:
            incoming.sock.close()
        self.selector.close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def steals(where):
    """The ways to bind a socket that take a port, with each address and each permission to share."""
    for reuse_address, reuse_port, host in product((0, 1), (0, 1), (where[0], "0.0.0.0")):
        with socket.socket() as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse_address)
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse_port)
            try:
                thief.bind((host, where[1]))
                thief.listen()
            except OSError:
                continue
            else:
                yield reuse_address, reuse_port, host


def test_it_refuses_until_it_listens(server):
    assert server.connects() == errno.ECONNREFUSED
    server.listener.listen()
    assert server.connects() == 0


def test_it_accepts_with_the_addresses_of_both_ends_and_the_time(server):
    server.listener.listen()
    with socket.create_connection(server.where) as sock:
        server.turn(7.0)
        ((incoming, now),) = server.accepted
        assert (incoming.peer.where, incoming.ours.where, now) == (sock.getsockname(), server.where, 7.0)


def test_it_accepts_all_who_came(server):
    server.listener.listen()
    assert [server.connects() for _ in range(20)] == [0] * 20
    server.turn()
    assert len(server.accepted) == 20


def test_it_can_refuse_and_listen_again_and_again_at_its_address(server):
    for _ in range(3):
        server.listener.listen()
        assert server.connects() == 0
        server.listener.deafen(1.0)
        assert server.connects() == errno.ECONNREFUSED
    assert server.listener.address.port == server.where[1]


def test_what_it_is_already_it_stays(server):
    server.listener.deafen(1.0)
    assert server.connects() == errno.ECONNREFUSED
    server.listener.listen()
    server.listener.listen()
    assert server.connects() == 0


def test_connections_outlive_the_deafness_and_are_not_in_its_way(server):
    server.listener.listen()
    with socket.create_connection(server.where) as sock:
        server.turn()
        server.listener.deafen(1.0)
        server.listener.listen()
        server.accepted[0][0].sock.sendall(b"still here")
        assert sock.recv(100) == b"still here"
        assert server.connects() == 0


def test_connections_that_it_closed_are_not_in_its_way(server):
    server.listener.listen()
    with socket.create_connection(server.where) as sock:
        server.turn()
        server.accepted[0][0].sock.close()
        assert sock.recv(100) == b""
    server.listener.deafen(1.0)
    server.listener.listen()
    assert server.connects() == 0


def test_who_connected_before_it_went_deaf_is_accepted(server):
    server.listener.listen()
    with socket.create_connection(server.where):
        server.listener.deafen(7.0)
        assert [now for _, now in server.accepted] == [7.0]


def test_its_port_is_never_anybody_elses(server):
    assert list(steals(server.where)) == []
    server.listener.listen()
    assert list(steals(server.where)) == []
    assert server.connects() == 0
    server.turn()
    server.listener.deafen(1.0)
    assert list(steals(server.where)) == []
    server.listener.listen()
    assert list(steals(server.where)) == []


def test_in_a_race_nobody_takes_the_port_and_nobody_meets_a_stranger(server):
    over, met, stolen = threading.Event(), set(), []

    def connect():
        while not over.is_set():
            met.add(server.connects())

    def steal():
        while not over.is_set():
            stolen.extend(steals(server.where))

    threads = [threading.Thread(target=connect), threading.Thread(target=steal)]
    for thread in threads:
        thread.start()
    try:
        while len(server.accepted) < MOST // 2:
            server.listener.listen()
            server.turn()
            server.listener.deafen(1.0)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert stolen == []
    # A connection may be reset while it is being made, when the server goes deaf.
    assert met <= {0, errno.ECONNREFUSED, errno.ECONNRESET}


def test_it_listens_over_ipv6():
    try:
        server = Server("::1")
    except HarnessError:
        pytest.skip("this machine has no IPv6")
    assert str(server.listener.address) == f"[::1]:{server.where[1]}"
    server.listener.listen()
    assert server.connects() == 0
    server.close()


def test_a_host_that_is_not_ours_is_our_fault():
    with (
        selectors.DefaultSelector() as selector,
        pytest.raises(HarnessError, match=r"cannot listen at 192\.0\.2\.1"),
    ):
        Listener("192.0.2.1", selector, None)


def test_a_port_that_is_taken_meanwhile_is_given_up_for_another(monkeypatch):
    bind, bound = socket.socket.bind, []

    class Socket(socket.socket):
        def bind(self, where):
            bound.append(where[1])
            if len(bound) == 2:
                raise OSError(errno.EADDRINUSE, "Address already in use")
            bind(self, where)

    monkeypatch.setattr(module.socket, "socket", Socket)
    with selectors.DefaultSelector() as selector:
        listener = Listener("127.0.0.1", selector, None)
        listener.close()
    assert bound[0] == bound[2] == 0
    assert bound[3] == listener.address.port


def test_a_library_that_comes_back_for_ever_stays_outside(server):
    server.listener.listen()
    while len(server.accepted) < MOST:
        server.connects()
        server.turn()
    server.connects()
    assert server.selector.select(0) == []
    server.listener.deafen(1.0)
    assert len(server.accepted) == MOST


def test_a_machine_without_files_left_is_our_fault(server):
    server.listener.listen()
    with socket.create_connection(server.where):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
        try:
            with pytest.raises(HarnessError, match="raise ulimit -n"):
                server.turn()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_closed_listener_can_be_closed_again(server):
    server.listener.listen()
    server.listener.close()
    server.listener.close()
    assert server.connects() == errno.ECONNREFUSED


class Link:
    """A connection that was accepted, and its peer."""

    def __init__(self, server):
        server.listener.listen()
        self.peer = socket.create_connection(server.where)
        self.peer.settimeout(10)
        server.turn()
        (incoming, _) = server.accepted.pop()
        self.inbox = Inbox()
        self.connection = Accepted(incoming, "server#1", self.inbox, server.selector)

    def settled(self):
        """Ask until it is settled, on a clock that does not move."""
        while not self.connection.settled(0.0):
            pass


@pytest.fixture
def link(server):
    link = Link(server)
    yield link
    link.peer.close()
    link.connection.close()


def test_a_connection_on_which_nothing_was_sent_is_settled(link):
    assert link.connection.settled(0.0)


def test_a_connection_settles_when_the_peer_has_read_everything(link):
    link.connection.send(NOOP)
    assert not link.connection.settled(0.0)
    link.peer.recv(len(NOOP) - 1)
    assert not link.connection.settled(0.0)
    link.peer.recv(1)
    assert link.connection.settled(0.0)


def test_what_the_kernel_has_not_taken_yet_is_not_settled(link, monkeypatch):
    monkeypatch.setattr(module, "backlog", lambda *_: None)
    link.connection.send(b"x" * (16 * 1024 * 1024))
    assert not link.connection.settled(0.0)
    assert not link.connection.settled(PAUSE)


def test_a_connection_that_was_closed_settles_when_the_peer_has_read_everything(link):
    link.connection.send(NOOP)
    link.connection.shut(How.CLOSE)
    assert not link.connection.settled(0.0)
    assert link.peer.recv(100) == NOOP
    assert link.peer.recv(100) == b""
    assert link.connection.settled(0.0)


def test_a_peer_that_cannot_be_seen_is_given_a_pause_for_each_thing_sent(link, monkeypatch):
    monkeypatch.setattr(module, "backlog", lambda *_: None)
    link.connection.send(NOOP)
    assert not link.connection.settled(1.0)
    assert link.connection.settled(1.0 + PAUSE)
    link.connection.send(NOOP)
    assert not link.connection.settled(2.0)
    assert link.connection.settled(2.0 + PAUSE)


def test_a_reset_of_a_connection_that_said_nothing_is_a_reset(link, server):
    link.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    link.peer.close()
    while not link.inbox.arrivals:
        server.turn()
    assert link.inbox.arrivals[0].what.name == "RESET"
