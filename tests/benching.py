"""Adapters of a test's own, a library for them, and scenes to play with both."""

import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

from gearspec.errors import AdapterError
from gearspec.script.action import Arrival, Sign, Wait
from gearspec.script.scene import Ended, Said
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.bench import Bench, Turn
from tests.serving import LATE


def library(asks, say):
    """Connects to the first server that takes it, and tells what each read gave."""
    import socket  # noqa: PLC0415 - it is also run in a process of its own

    def connect(servers):
        for server in servers:
            host, _, port = server.rpartition(":")
            try:
                return socket.create_connection((host.strip("[]"), int(port)), 30)
            except ConnectionRefusedError:
                say("refused")
        return None

    def read(sock):
        try:
            return sock.recv(65536).decode("latin-1") or "EOF"
        except ConnectionResetError:
            return "RESET"

    for ask in asks:
        sock = connect(ask["servers"])
        if sock:
            with sock:
                got = ""
                while got not in {"EOF", "RESET"}:
                    got = read(sock)
                    say(got)


LIBRARY = inspect.getsource(library) + "library(asks, say)"


class Talk:
    """The contract of these adapters: a request is an object of JSON, and an answer a string."""

    def ask(self, request):
        return json.dumps(request).encode() + b"\n"

    def hear(self, line):
        try:
            said = json.loads(line)
        except ValueError:
            raise AdapterError("the adapter says what is no JSON") from None
        if said == "bug":
            raise RuntimeError("a bug\nof ours")
        return {"said": said}


class Embedded(Talk):
    """An adapter in a thread, at the other end of a socket pair.

    Its `work` is given the requests, and what says something.
    """

    watch = None
    ended = None

    def __init__(self, work=library):
        self.near, self.far = socket.socketpair()
        self.reader = self.near.fileno()
        self.writer = os.dup(self.reader)
        self.stopped = False
        self.thread = threading.Thread(target=self._run, args=(work,))
        self.thread.start()

    def _run(self, work):
        with self.far, self.far.makefile("r") as lines, suppress(OSError):
            work(map(json.loads, lines), lambda said: self.far.sendall(json.dumps(said).encode() + b"\n"))

    def kill(self):
        if not self.stopped:
            self.near.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.kill()
        self.stopped = True
        self.thread.join()
        with suppress(OSError):
            os.close(self.writer)
        self.near.close()


class Spawned(Talk):
    """An adapter that is a process: Python code with `asks` and `say`, as in `Embedded`."""

    def __init__(self, code=LIBRARY):
        self.popen = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", ADAPTER + code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.reader, self.writer = self.popen.stdout.fileno(), self.popen.stdin.fileno()
        self.watch = os.pidfd_open(self.popen.pid)
        self.stopped = False

    @property
    def ended(self):
        status = os.waitid(os.P_PIDFD, self.watch, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return status and f"exited with status {status.si_status}"

    def kill(self):
        if not self.stopped:
            with suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)

    def stop(self):
        self.kill()
        if not self.stopped:
            self.stopped = True
            self.popen.wait()
            os.close(self.watch)
            self.popen.stdout.close()
            self.popen.stdin.close()


ADAPTER = """
import json, os, sys
asks = map(json.loads, sys.stdin)
def say(said):
    print(json.dumps(said), flush=True)
"""


def bench(*turns, **options):
    """Play scenes with adapters; their results."""
    results = [None] * len(turns)
    Bench([Turn(scene, start) for scene, start in turns], results.__setitem__, **options).play()
    return results


def one(scene, start=Embedded, **options):
    (result,) = bench((scene, start), **options)
    return result


def until(news, last):
    """Wait until something has come that is called so; returns all that came, by name."""
    came = [name(arrival) for arrival in news.arrivals]
    while last not in came:
        news = yield Wait(news.now + LATE)
        assert news.arrivals, came
        came += [name(arrival) for arrival in news.arrivals]
    return came


def name(arrival):
    """What an arrival is called in these tests."""
    if isinstance(arrival, Said):
        return arrival.line["said"]
    if isinstance(arrival, Ended):
        return arrival.how
    assert isinstance(arrival, Arrival)
    what = arrival.what.name if isinstance(arrival.what, Sign) else arrival.what.text.decode()
    return f"{arrival.party} {what}"


def passed(came):
    return Result(Verdict.PASS, ", ".join(came))
