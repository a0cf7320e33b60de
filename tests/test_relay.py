"""The relay: everything passes as it came, and all of it is on record."""

import socket
import threading

import pytest

from gearspec.protocol.packet import Packet, request, response
from gearspec.protocol.transcript import Note
from gearspec.wire.address import Address
from gearspec.wire.relay import Relay

ECHO = request("ECHO_REQ", data=b"x" * 200_000).encode()


@pytest.fixture
def relay():
    """A relay before a server that sends back what it gets, and ends when its peer does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        made = Relay(Address("127.0.0.1", listener.getsockname()[1]), ("client", "worker"))
        yield made
        made.close()
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener):
    try:
        while True:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)
    except OSError:
        pass


def talk(relay, role, data):
    with socket.create_connection(("127.0.0.1", relay.ports[role])) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_bytes_come_back_as_they_were_sent_however_many(relay):
    assert talk(relay, "client", ECHO * 5) == ECHO * 5


def test_packets_of_both_sides_are_on_record_under_the_names_of_their_roles(relay):
    talk(relay, "client", ECHO)
    talk(relay, "worker", response("NOOP").encode())
    talk(relay, "client", b"status\n")
    events = [e for e in relay.transcript().events if not isinstance(e.what, Note)]
    said = [(e.sender, e.receiver, getattr(e.what, "name", "TEXT")) for e in events]
    assert said == [
        ("client", "server", "ECHO_REQ"),
        ("server", "client", "ECHO_REQ"),
        ("worker", "server", "NOOP"),
        ("server", "worker", "NOOP"),
        ("client2", "server", "TEXT"),
        ("server", "client2", "TEXT"),
    ]


def test_rubbish_passes_too_and_is_on_record_as_it_is(relay):
    rubbish = b"\0RUB" + bytes(100)
    assert talk(relay, "client", rubbish) == rubbish
    raw = b"".join(
        e.what.data for e in relay.transcript().events if isinstance(e.what, Note) and e.sender == "client"
    )
    assert raw == rubbish


def test_what_is_asked_is_on_record_before_its_answer(relay):
    for number in range(20):
        talk(relay, "client", request("ECHO_REQ", data=b"%d" % number).encode())
    packets = [e for e in relay.transcript().events if isinstance(e.what, Packet)]
    assert [e.sender == "server" for e in packets] == [False, True] * 20


def test_a_server_that_is_gone_is_a_connection_that_ends():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    relay = Relay(Address("127.0.0.1", port), ("client",))
    try:
        with socket.create_connection(("127.0.0.1", relay.ports["client"])) as connection:
            assert connection.recv(1) == b""
    finally:
        relay.close()
