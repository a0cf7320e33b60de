"""Servers that follow a play, for the tests of the client and the worker.

A play is a function of a `Stage`; it runs in a thread of its own, and what fails in it fails the test.
"""

import atexit
import contextlib
import functools
import socket
import threading
from collections import deque

from gearspec.peers.taskset import TaskSet
from gearspec.peers.worker import Worker
from gearspec.protocol.packet import Decoder, Line, response

LATE = 30.0
"""Seconds that are never waited for, unless something is broken."""


def bound():
    """A socket with a port that it keeps: one that the system picked goes with the end of listening."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = probe.getsockname()
        sock = socket.socket()
        try:
            sock.bind(address)
        except OSError:  # somebody was given it meanwhile
            sock.close()
        else:
            return sock


class Moment(threading.Event):
    """Something that one thread waits for, and another brings about."""

    def wait(self):
        assert super().wait(LATE)


class Stage:
    """One server: where connections are accepted."""

    def __init__(self):
        self.listener = bound()
        self.listen()
        self.address = "{}:{}".format(*self.listener.getsockname())
        self.problem = None
        self.actors = []

    def accept(self):
        self.actors.append(Actor(self.listener.accept()[0]))
        return self.actors[-1]

    def refuse(self):
        """Stop listening; the port stays ours, and `listen` begins again."""
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self.listener.shutdown(socket.SHUT_RDWR)

    def listen(self):
        self.listener.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # accepted connections hold the port
        self.listener.settimeout(LATE)
        self.listener.listen()

    def run(self, play):
        try:
            play(self)
        except Exception as problem:  # noqa: BLE001 - it is raised again in the test
            self.problem = problem
        finally:
            for actor in self.actors:
                actor.close()
            self.listener.close()


class Actor:
    """One accepted connection."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(LATE)
        self.decoder = Decoder()
        self.items = deque()

    def take(self, *names, **fields):
        """The next packet, which has to have one of these names and these fields; returns all its fields."""
        item = self.next()
        assert item.name in names, (item, names)
        assert item.magic == b"\0REQ"
        assert {name: item.fields[name] for name in fields} == fields
        return item.fields

    def line(self):
        item = self.next()
        assert isinstance(item, Line), item
        return item.text

    def next(self):
        while not self.items:
            data = self.sock.recv(1 << 16)
            assert data, "the connection was closed"
            self.items.extend(self.decoder.feed(data))
        return self.items.popleft()

    def send(self, name, **fields):
        self.raw(response(name, **fields).encode())

    def raw(self, data):
        self.sock.sendall(data)

    def created(self, handle=b"H:1", **fields):
        """Take a submit and answer it."""
        taken = self.take("SUBMIT_JOB", **fields)
        self.send("JOB_CREATED", handle=handle)
        return taken

    def complete(self, data, handle=b"H:1"):
        self.send("WORK_COMPLETE", handle=handle, data=data)

    def ended(self):
        """Wait until the peer closes; nothing but that may come."""
        with contextlib.suppress(ConnectionResetError):
            assert not self.items
            assert self.sock.recv(1 << 16) == b""
        self.close()

    def close(self):
        self.sock.close()


class Cast(list):
    """The addresses of servers that follow a play, and the threads in which they do."""

    def __init__(self, stages, plays):
        super().__init__(stage.address for stage in stages)
        self.threads = [
            threading.Thread(target=stage.run, args=(play,))
            for stage, play in zip(stages, plays, strict=True)
        ]
        for thread in self.threads:
            thread.start()

    def play_out(self):
        """Wait until all plays are over."""
        for thread in self.threads:
            thread.join()


@contextlib.contextmanager
def acting(*plays):
    """A server for each play; yields their addresses."""
    stages = [Stage() for _ in plays]
    cast = Cast(stages, plays)
    try:
        yield cast
    finally:
        cast.play_out()
        for stage in stages:
            if stage.problem:
                raise stage.problem


@functools.cache
def vacant():
    """An address where nobody listens, and which nobody else can have while the tests run."""
    place = bound()
    atexit.register(place.close)
    return "{}:{}".format(*place.getsockname())


@contextlib.contextmanager
def crowded():
    """An address where a connection is neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # as many as the kernel takes before it says nothing any more
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield "{}:{}".format(*listener.getsockname())


def submitted(client, *tasks):
    """Tasks that are under way."""
    batch = TaskSet(client)
    for task in tasks:
        batch.add_task(task)
    return batch


def reverse(job):
    return job.workload[::-1]


def attend(*plays, handler=reverse, before=(), **options):
    """A worker that works until all plays are over."""
    with acting(*plays) as servers, Worker([*before, *servers], **options) as worker:
        worker.register("f", handler)
        thread = threading.Thread(target=worker.work)
        thread.start()
        servers.play_out()
        worker.stop()
        thread.join()


def assign(peer, workload=b"abc", handle=b"H:1", function=b"f"):
    peer.send("JOB_ASSIGN_UNIQ", handle=handle, function=function, unique=b"u", workload=workload)


def asked(peer):
    """Take what a new connection begins with, up to the first grab."""
    peer.take("CAN_DO", function=b"f")
    peer.take("GRAB_JOB_UNIQ")


def job(peer, workload=b"abc", handle=b"H:1"):
    """Answer a grab with a job, and take the result and the next grab."""
    assign(peer, workload, handle)
    peer.take("WORK_COMPLETE", handle=handle, data=workload[::-1])
    peer.take("GRAB_JOB_UNIQ")


def play(part):
    """A play that begins with the first grab on one connection."""

    def begun(stage):
        peer = stage.accept()
        asked(peer)
        part(peer)

    return begun


def run(part, handler=reverse, jobs=1, **options):
    """A worker that works on some jobs of a server that follows a play."""
    with acting(play(part)) as servers, Worker(servers, **options) as worker:
        worker.register("f", handler)
        assert worker.work(jobs) == jobs
