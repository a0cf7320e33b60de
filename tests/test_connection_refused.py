import errno
import selectors
import socket

import pytest

from gearspec.errors import HarnessError
from gearspec.protocol.packet import response
from gearspec.script.action import How, Sign
from gearspec.wire.address import Place
from gearspec.wire.connection import Connection, connect
from gearspec.wire.source import Inbox

NOOP = response("NOOP").encode()


@pytest.fixture
def selector():
    with selectors.DefaultSelector() as selector:
        yield selector


class Expiring(socket.socket):
    """A socket whose peer does not answer any more."""

    def recv(self, _):
        raise OSError(errno.ETIMEDOUT, "ETIMEDOUT")

    def send(self, data):
        return len(data)


@pytest.mark.parametrize(("spoke", "sign"), [(False, Sign.REFUSED), (True, Sign.RESET)])
def test_a_peer_that_falls_silent_refused_only_if_it_never_was_there(selector, spoke, sign):
    inbox = Inbox()
    with Expiring() as sock:
        connection = Connection(sock, "client", inbox, selector)
        if spoke:
            connection.send(NOOP)
        connection.ready(selectors.EVENT_READ, 1.0)
        assert [arrival.what for arrival in inbox.arrivals] == [sign]
        connection.close()


class Counting(socket.socket):
    """Counts its shutdowns."""

    shutdowns = 0

    def shutdown(self, how):
        self.shutdowns += 1
        super().shutdown(how)


def test_a_half_close_waits_for_the_connection(selector):
    with socket.create_server(("127.0.0.1", 0)) as listener, Counting() as sock:
        sock.connect(listener.getsockname())
        connection = Connection(sock, "client", Inbox(), selector)
        connection.shut(How.HALF_CLOSE)
        assert sock.shutdowns == 0
        for key, mask in selector.select(10):
            key.data.ready(mask, 1.0)
        connection.shut(How.HALF_CLOSE)
        assert sock.shutdowns == 1
        assert selector.select(0) == []
        connection.close()


class Refusing(socket.socket):
    """A socket whose connect fails with an errno, at once."""

    error = 0

    def connect(self, _):
        raise OSError(self.error, errno.errorcode[self.error])


def unbound():
    """A port where nobody listens, and the socket that keeps it so."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, Place(socket.AF_INET, sock.getsockname())


@pytest.mark.parametrize("eager", [False, True], ids=["silent", "sending"])
def test_a_refusal_arrives(selector, eager):
    inbox = Inbox()
    keeper, place = unbound()
    with keeper:
        connection = connect(place, "client", inbox, selector, 1.0)
        if eager:
            connection.send(NOOP)
            connection.shut(How.HALF_CLOSE)
        while not inbox.arrivals:
            for key, mask in selector.select(10):
                key.data.ready(mask, 2.0)
        assert [(arrival.what, arrival.at) for arrival in inbox.arrivals] == [(Sign.REFUSED, 2.0)]
        assert inbox.ended
        assert connection.over
        assert not selector.get_map()
        connection.close()


def test_a_refusal_at_once_arrives_as_well(selector, monkeypatch):
    inbox = Inbox()
    monkeypatch.setattr(Refusing, "error", errno.ENETUNREACH)
    monkeypatch.setattr(socket, "socket", Refusing)
    connection = connect(Place(socket.AF_INET, ("127.0.0.1", 1)), "client", inbox, selector, 1.0)
    assert [(arrival.what, arrival.at) for arrival in inbox.arrivals] == [(Sign.REFUSED, 1.0)]
    connection.close()


def test_a_machine_without_a_free_port_is_our_fault(selector, monkeypatch):
    monkeypatch.setattr(Refusing, "error", errno.EADDRNOTAVAIL)
    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(HarnessError, match=r"^cannot connect \(EADDRNOTAVAIL\); run fewer plays at once$"):
        connect(Place(socket.AF_INET, ("127.0.0.1", 1)), "client", Inbox(), selector, 1.0)
    assert not selector.get_map()


def test_a_machine_without_a_free_socket_is_our_fault(selector, monkeypatch):
    def fail(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", fail)
    with pytest.raises(
        HarnessError, match=r"^no socket can be opened \(Too many open files\); raise ulimit -n$"
    ):
        connect(Place(socket.AF_INET, ("127.0.0.1", 1)), "client", Inbox(), selector, 1.0)


class Slow(socket.socket):
    """A socket that takes its time to connect, and says so in the way of a system."""

    error = 0
    tries = 0

    def send(self, data, _=0):
        self.tries += 1
        if self.tries == 1:
            raise OSError(self.error, errno.errorcode[self.error])
        return super().send(data)


@pytest.mark.parametrize("error", [errno.EAGAIN, errno.ENOTCONN])
def test_what_is_sent_while_connecting_is_kept(selector, monkeypatch, error):
    monkeypatch.setattr(Slow, "error", error)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = Place(socket.AF_INET, listener.getsockname())
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", Slow)
            connection = connect(place, "client", Inbox(), selector, 1.0)
        connection.send(NOOP)
        connection.shut(How.HALF_CLOSE)
        peer, _ = listener.accept()
        while selector.select(0):
            for key, mask in selector.select(10):
                key.data.ready(mask, 2.0)
        with peer:
            peer.settimeout(10)
            assert peer.recv(100) == NOOP
            assert peer.recv(100) == b""
        connection.close()
