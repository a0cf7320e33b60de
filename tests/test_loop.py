import os
import selectors
import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from gearspec.errors import HarnessError, TargetGone
from gearspec.protocol.packet import Line, Packet, request, response
from gearspec.script.action import How, Open, Send, Shut, Sign, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire import connection
from gearspec.wire.address import Address
from gearspec.wire.loop import START_EVERY, Loop
from gearspec.wire.run import EXTENSIONS
from gearspec.wire.vigil import ASK_EVERY

NOOP = response("NOOP").encode()
ECHO = request("ECHO_REQ", data=b"x")
CRASH = TargetGone("CRASH", "it died of signal 11")
LATE = 30.0
"""Seconds that are never waited for, unless something is broken."""


@pytest.fixture
def watch():
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


@contextmanager
def serving(handle):
    """A server that hands each connection to a thread of its own; yields its address."""
    threads = []

    def accept():
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                sock.settimeout(LATE)
                threads.append(threading.Thread(target=serve, args=(sock,)))
                threads[-1].start()

    def serve(sock):
        with sock, suppress(OSError):
            handle(sock)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield Address(*listener.getsockname())
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join()


def echo(sock):
    while data := sock.recv(1 << 16):
        sock.sendall(data)


def mute(sock):
    while sock.recv(1 << 16):
        pass


def until(moment, count=1):
    """Wait until so many arrivals have come; returns them."""
    came = []
    while len(came) < count:
        came.extend((yield Wait(moment.now + LATE)).arrivals)
    return came


def seen(came):
    """A result that shows what has come."""
    return Result(Verdict.PASS, " ".join(f"{arrival.party}:{_name(arrival.what)}" for arrival in came))


def _name(what):
    if isinstance(what, Sign):
        return what.name
    return what.text.decode() if isinstance(what, Line) else what.name


def one(address, play, **options):
    (result,) = Loop(address, **options).play([play])
    return result


def ask(party="client"):
    moment = yield Open(party)
    yield Send(party, ECHO.encode())
    return seen((yield from until(moment)))


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


def test_a_death_is_thrown_into_every_play_at_once():
    def sleeping():
        moment = yield Open("client")
        try:
            yield Wait(moment.now + LATE)
        except TargetGone as gone:
            return Result(Verdict(gone.outcome), f"while asleep {gone.message}")
        return Result(Verdict.PASS)

    def careless():
        moment = yield Open("client")
        yield Wait(moment.now + LATE)
        return Result(Verdict.PASS)

    with serving(mute) as address:
        results = Loop(address, alive=lambda: CRASH).play([sleeping(), careless()])
    assert [(result.verdict, result.message) for result in results] == [
        (Verdict.CRASH, "while asleep it died of signal 11"),
        (Verdict.CRASH, "it died of signal 11"),
    ]


def test_a_close_that_was_the_first_sign_of_a_death_is_taken_for_the_death(monkeypatch, watch):
    monkeypatch.setattr("gearspec.wire.vigil.GRACE", LATE)

    def serve(sock):
        sock.recv(1)
        sock.close()
        os.write(watch[1], b"x")

    with serving(serve) as address:
        result = one(address, ask(), watch=watch[0], alive=lambda: CRASH if readable(watch[0]) else None)
    assert result.verdict is Verdict.CRASH


def readable(file):
    with selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        return bool(selector.select(0))


def test_a_close_of_a_program_that_lives_on_is_only_a_close(watch):
    def serve(sock):
        sock.recv(1 << 16)

    with serving(serve) as address:
        assert one(address, ask(), watch=watch[0]).message == "client:CLOSED"


def test_a_watch_that_proves_nothing_does_not_end_the_play(watch):
    os.write(watch[1], b"x")
    with serving(echo) as address:
        assert one(address, ask(), watch=watch[0]).message == "client:ECHO_REQ"


@pytest.fixture
def slept(monkeypatch):
    """The times that a loop slept, on a clock that moves only while it sleeps and by `slept.over` more."""

    class Slept(list):
        over = 0.0

    class Selector(selectors.DefaultSelector):
        def select(self, timeout=None):
            slept.append(timeout)
            return super().select(0)

    slept = Slept()
    monkeypatch.setattr("gearspec.wire.loop.DefaultSelector", Selector)
    monkeypatch.setattr("gearspec.wire.loop.monotonic", lambda: sum(slept) + slept.over * len(slept))
    return slept


def wait(seconds):
    moment = yield Open("client")
    after = yield Wait(moment.now + seconds)
    return Result(Verdict.PASS, f"lagged: {after.lagged}")


def test_no_sleep_is_longer_than_until_the_next_question_of_life(slept):
    with serving(mute) as address:
        assert one(address, wait(10)).message == "lagged: False"
    assert sum(slept) >= 10
    assert max(slept) == pytest.approx(ASK_EVERY)


def test_plays_start_one_after_the_other(slept):
    with serving(mute) as address:
        Loop(address).play([wait(10) for _ in range(5)])
    assert [timeout <= START_EVERY * 1.001 for timeout in slept[:5]] == [True] * 4 + [False]


def test_silence_while_we_were_held_up_too_often_proves_nothing(slept):
    slept.over = 1.0
    with serving(mute) as address:
        assert one(address, wait(0.01)).message == "lagged: True"
    assert len(slept) > EXTENSIONS


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
