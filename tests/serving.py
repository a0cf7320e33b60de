"""Servers of a test's own, and plays that talk with them."""

import socket
import threading
from contextlib import contextmanager, suppress

from gearspec.protocol.packet import Line, request, response
from gearspec.script.action import Open, Send, Sign, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.address import Address
from gearspec.wire.loop import Loop

NOOP = response("NOOP").encode()
ECHO = request("ECHO_REQ", data=b"x")
LATE = 30.0
"""Seconds that are never waited for, unless something is broken."""


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
