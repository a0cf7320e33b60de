import socket

import pytest

from gearspec.wire import backlog as module
from gearspec.wire.address import Place
from gearspec.wire.backlog import Backlog, backlog


def place(sock, where):
    return Place(sock.family, where)


class Pair:
    """Our end of a connection, and the peer's."""

    def __init__(self, family=socket.AF_INET, host="127.0.0.1"):
        with socket.create_server((host, 0), family=family) as listener:
            self.peer = socket.create_connection(listener.getsockname()[:2])
            self.ours, where = listener.accept()
        self.peer.settimeout(10)
        self.places = place(self.ours, where), place(self.ours, self.ours.getsockname())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ours.close()
        self.peer.close()

    def arrived(self, count):
        """So many bytes have reached the peer, who looks at them and leaves them where they are."""
        assert len(self.peer.recv(count, socket.MSG_PEEK | socket.MSG_WAITALL)) == count

    @property
    def backlog(self):
        return backlog(*self.places)


@pytest.fixture
def pair():
    with Pair() as pair:
        yield pair


def test_a_new_connection_has_none(pair):
    assert pair.backlog == Backlog(0, 0)


def test_what_is_not_read_yet_is_counted(pair):
    pair.ours.sendall(b"hello")
    pair.arrived(5)
    assert pair.backlog == Backlog(5, 5)


def test_what_is_read_is_no_longer_unread(pair):
    pair.ours.sendall(b"hello")
    pair.arrived(5)
    pair.peer.recv(3)
    assert pair.backlog == Backlog(5, 2)
    pair.peer.recv(3)
    assert pair.backlog == Backlog(5, 0)


def test_the_end_of_the_stream_counts_as_a_byte(pair):
    pair.ours.sendall(b"hello")
    pair.ours.shutdown(socket.SHUT_WR)
    while pair.backlog.received < 6:  # the end cannot be peeked at
        pass
    assert pair.backlog == Backlog(6, 6)
    assert pair.peer.recv(5) == b"hello"
    assert pair.peer.recv(5) == b""
    assert pair.backlog == Backlog(6, 0)


def test_a_socket_that_is_gone_cannot_be_seen(pair):
    pair.ours.sendall(b"hello")
    pair.arrived(5)
    pair.peer.close()  # with something unread, so that nothing is left of it
    assert pair.backlog is None


def test_what_was_never_connected_cannot_be_seen():
    nowhere = Place(socket.AF_INET, ("127.0.0.1", 1))
    assert backlog(nowhere, nowhere) is None


def test_ipv6_is_seen():
    try:
        pair = Pair(socket.AF_INET6, "::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with pair:
        pair.ours.sendall(b"hello")
        pair.arrived(5)
        assert pair.backlog == Backlog(5, 5)


def test_a_kernel_that_does_not_answer_such_questions_shows_nothing(pair, monkeypatch):
    monkeypatch.setattr(module, "_SOCK_DIAG", 99)
    assert pair.backlog is None


def test_a_system_without_such_questions_shows_nothing(pair, monkeypatch):
    monkeypatch.delattr(socket, "AF_NETLINK")
    assert pair.backlog is None


def test_a_kernel_that_does_not_count_what_came_shows_nothing(pair, monkeypatch):
    monkeypatch.setattr(module, "_INFO", 1)  # it tells of the memory instead
    assert pair.backlog is None
