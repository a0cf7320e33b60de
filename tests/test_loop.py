import socket
import threading

import pytest

from gearspec.errors import HarnessError
from gearspec.protocol.packet import Packet
from gearspec.script.action import How, Open, Send, Shut, Sign, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire import connection
from gearspec.wire.address import Address
from gearspec.wire.loop import Loop
from tests.serving import ECHO, LATE, NOOP, ask, echo, mute, one, seen, serving, until


def test_a_play_talks_with_a_server():
    with serving(echo) as address:
        assert one(address, ask()).message == "client:ECHO_REQ"


def test_a_play_talks_with_a_server_over_ipv6():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener:
        loop = Loop(Address(*listener.getsockname()[:2]))

        def play():
            moment = yield Open("client")
            with listener.accept()[0] as sock:
                sock.sendall(b"OK\n")
            return seen((yield from until(moment)))

        (result,) = loop.play([play()])
    assert result.message == "client:OK"


def test_no_plays_have_no_results():
    with serving(echo) as address:
        assert Loop(address).play([]) == []


def test_results_come_in_the_order_of_the_plays():
    def talk(rounds):
        moment = yield Open("client")
        for _ in range(rounds):
            yield Send("client", ECHO.encode())
            yield from until(moment)
        return Result(Verdict.PASS, str(rounds))

    with serving(echo) as address:
        results = Loop(address).play([talk(rounds) for rounds in (20, 3, 0, 10)])
    assert [result.message for result in results] == ["20", "3", "0", "10"]


def test_plays_at_once_do_not_hear_each_other():
    with serving(echo) as address:
        results = Loop(address).play([ask(f"client{number}") for number in range(40)])
    assert [result.message for result in results] == [f"client{number}:ECHO_REQ" for number in range(40)]


def test_arrivals_are_stamped_between_what_the_play_knows_of_the_time():
    def play():
        opened = yield Open("client")
        sent = yield Send("client", ECHO.encode())
        came = yield from until(sent)
        done = yield Shut("client", How.CLOSE)
        assert opened.now <= sent.now <= came[0].at <= done.now
        return seen(came)

    with serving(echo) as address:
        assert one(address, play()).verdict is Verdict.PASS


def test_a_wait_in_silence_is_answered_when_its_time_has_come():
    def play():
        moment = yield Open("client")
        after = yield Wait(moment.now + 0.01)
        assert after.now >= moment.now + 0.01
        return seen(after.arrivals)

    with serving(mute) as address:
        assert one(address, play()).message == ""


def test_a_wait_for_a_time_that_has_passed_still_reads_what_is_there():
    def play():
        moment = yield Open("client")
        yield from until(moment)
        told.set()
        sent.wait(LATE)
        return seen((yield Wait(moment.now)).arrivals)

    told, sent = threading.Event(), threading.Event()

    def serve(sock):
        sock.sendall(NOOP)
        told.wait(LATE)
        sock.sendall(b"OK\n")
        sent.set()
        mute(sock)

    with serving(serve) as address:
        assert one(address, play()).message == "client:OK"


def test_a_server_that_dribbles_is_read_like_any_other():
    def dribble(sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in (NOOP + b"OK\n") * 20:
            sock.send(bytes([byte]))
        mute(sock)

    def play():
        return seen((yield from until((yield Open("client")), 40)))

    with serving(dribble) as address:
        assert one(address, play()).message == " ".join(["client:NOOP client:OK"] * 20)


def test_a_server_that_never_reads_holds_nobody_up():
    done = threading.Event()

    def stuck(sock):
        if sock.recv(1) == b"x":
            done.wait(LATE)
        else:
            sock.sendall(NOOP)
            mute(sock)

    def stuffing():
        moment = yield Open("client")
        yield Send("client", b"x" * 16_000_000)
        yield Open("worker")
        yield Send("worker", b"y")
        return seen((yield from until(moment)))

    with serving(stuck) as address:
        result = one(address, stuffing())
        done.set()
    assert result.message == "worker:NOOP"


def test_a_server_that_floods_ends_in_rubbish_and_others_are_served(monkeypatch):
    monkeypatch.setattr(connection, "KEPT", 4_000_000)

    def flood(sock):
        if sock.recv(1) == b"f":
            while True:
                sock.sendall(NOOP * 1000)
        sock.sendall(b"OK\n")
        mute(sock)

    def flooded():
        moment = yield Open("client")
        yield Send("client", b"f")
        while True:
            last = (yield from until(moment))[-1]
            if isinstance(last.what, Sign):
                return seen([last])

    def calm():
        moment = yield Open("client")
        yield Send("client", b"c")
        return seen((yield from until(moment)))

    with serving(flood) as address:
        results = Loop(address).play([flooded(), calm()])
    assert [result.message for result in results] == ["client:RUBBISH", "client:OK"]


def test_a_server_that_answers_rubbish_is_caught_at_its_first_wrong_byte():
    def serve(sock):
        sock.sendall(NOOP + b"\0HTTP/1.1")
        mute(sock)

    def play():
        came = yield from until((yield Open("client")), 2)
        assert came[1].rest.startswith(b"\0H")
        return seen(came)

    with serving(serve) as address:
        assert one(address, play()).message == "client:NOOP client:RUBBISH"


def test_a_server_that_resets_is_heard():
    def serve(sock):
        sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, connection._LINGER_0)

    with serving(serve) as address:
        assert one(address, ask()).message == "client:RESET"


def test_a_port_that_refuses_is_heard():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert one(Address(*bound.getsockname()), ask()).message == "client:REFUSED"


def test_a_party_comes_back_after_its_connection_ended():
    def play():
        moment = yield Open("client")
        yield Shut("client", How.HALF_CLOSE)
        came = yield from until(moment)
        yield Open("client")
        yield Send("client", ECHO.encode())
        return seen([*came, *(yield from until(moment))])

    with serving(echo) as address:
        assert one(address, play()).message == "client:CLOSED client:ECHO_REQ"


def test_a_fault_of_a_play_closes_all_plays_and_sockets():
    closed = []

    def innocent():
        moment = yield Open("client")
        try:
            yield Wait(moment.now + LATE)
        finally:
            closed.append(True)
        return Result(Verdict.PASS)

    def faulty():
        yield Send("worker", b"x")
        return Result(Verdict.PASS)

    with serving(mute) as address, pytest.raises(HarnessError, match="connection of worker"):
        Loop(address).play([innocent(), faulty()])
    assert closed == [True]


def test_packets_are_handed_over_as_they_came():
    def serve(sock):
        sock.sendall(NOOP + b"\0REQ\0\0\0\x63\0\0\0\1\xff")
        mute(sock)

    def play():
        came = yield from until((yield Open("client")), 2)
        assert [arrival.what for arrival in came] == [Packet(b"\0RES", 6), Packet(b"\0REQ", 99, b"\xff")]
        return Result(Verdict.PASS)

    with serving(serve) as address:
        assert one(address, play()).verdict is Verdict.PASS
