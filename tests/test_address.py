import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.errors import UsageError
from gearspec.wire.address import DEFAULT_PORT, Address, Place, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.1:1", Address("10.0.0.1", 1)),
        ("gearman.example:65535", Address("gearman.example", 65535)),
        ("my_host", Address("my_host", DEFAULT_PORT)),
        ("[::1]:4731", Address("::1", 4731)),
        ("[fe80::1%lo]", Address("fe80::1%lo", DEFAULT_PORT)),
    ],
)
def test_an_address_is_read_as_people_write_it(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":4730",
        "::1",
        "::1:4730",
        "[::1",
        "[::1]4730",
        "[host]:4730",
        "[]",
        "http://host:4730",
        "a b",
        "a:1:2",
    ],
)
def test_what_is_no_address_is_refused_with_an_example_of_one(text):
    with pytest.raises(UsageError, match=r"is no address; write host:port, or \[::1\]:port for IPv6$"):
        parse_address(text)


@pytest.mark.parametrize("port", ["", "0", "65536", "x", "+1", " 1", "\u0664\u0667", "1" * 5000])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(UsageError, match=r"is no port; write a number from 1 to 65535$"):
        parse_address(f"host:{port}")


@given(st.from_regex(r"[^A-Za-z0-9_.\[-].*", fullmatch=True))
def test_a_refusal_is_one_line_of_plain_characters(text):
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@given(
    st.one_of(st.ip_addresses().map(str), st.from_regex(r"[A-Za-z0-9_.-]+", fullmatch=True)),
    st.integers(1, 65535),
)
def test_a_printed_address_reads_as_the_same(host, port):
    assert parse_address(str(Address(host, port))) == Address(host, port)


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_an_address_in_numbers_is_one_place(host, family):
    place = Address(host, 4730).resolve()
    assert place.family == family
    assert place.where[:2] == (host, 4730)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def knows(monkeypatch, *places):
    found = [(place.family, socket.SOCK_STREAM, 0, "", place.where) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def refusing():
    """A place where nobody listens, since the port is bound by a socket that is returned with it."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, Place(socket.AF_INET, sock.getsockname())


def test_of_several_places_the_first_that_answers_is_taken(monkeypatch, listener):
    bound, closed = refusing()
    with bound:
        strange = Place(9999, ("127.0.0.1", 1))
        answering = Place(socket.AF_INET, listener.getsockname())
        knows(monkeypatch, closed, strange, answering)
        assert Address("name", 1).resolve() == answering


def test_if_no_place_answers_the_first_is_taken(monkeypatch):
    bound, closed = refusing()
    with bound:
        knows(monkeypatch, closed, Place(9999, ("127.0.0.1", 1)))
        assert Address("name", 1).resolve() == closed


def test_a_name_that_nobody_knows_is_refused(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(UsageError, match=r"^cannot resolve nowhere \(Name or service not known\); give an"):
        Address("nowhere", 1).resolve()


def test_a_name_that_cannot_be_one_is_refused():
    with pytest.raises(UsageError, match=r"^cannot resolve a"):
        Address("a" * 64 + ".example", 1).resolve()
