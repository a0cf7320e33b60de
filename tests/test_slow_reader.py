"""The ordeal with a client that does not read, on servers that do and do not wait for it."""

import importlib.util
import selectors
import socket
import threading
from contextlib import ExitStack, contextmanager, suppress

import pytest

from gearspec.data import data_folder
from gearspec.harness.instance import Instance
from gearspec.model.effect import Send
from gearspec.model.server import Server
from gearspec.peers.server import run_in_thread
from gearspec.protocol.packet import Decoder
from gearspec.script.play import Stage
from gearspec.script.trait import Traits
from gearspec.script.verdict import Verdict
from gearspec.wire.address import Address

STAGE = Stage(Traits(), lambda length: "x" * length, lambda: 0.0)


@pytest.fixture(scope="module")
def suite():
    """The file that is tested."""
    path = data_folder("suites") / "server" / "test_slow_reader.py"
    spec = importlib.util.spec_from_file_location("slow_reader", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Patient:
    """A server that waits until a peer has taken what it sends."""

    def __init__(self, listener):
        self.listener, self.model, self.peers = listener, Server(), {}

    def serve(self):
        """Go on until the listener, or any peer, has gone."""
        with ExitStack() as sockets, selectors.DefaultSelector() as selector, suppress(OSError):
            selector.register(self.listener, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self.listener:
                        sock = sockets.enter_context(self.listener.accept()[0])
                        selector.register(sock, selectors.EVENT_READ)
                        self.peers[sock.fileno()] = sock, Decoder()
                        self.model.connected(sock.fileno())
                    else:
                        self.answer(key.fd)

    def answer(self, number):
        sock, decoder = self.peers[number]
        for item in decoder.feed(sock.recv(1 << 16)):
            for effect in self.model.received(number, item):
                if isinstance(effect, Send):
                    self.peers[effect.connection][0].sendall(effect.item.encode())


@contextmanager
def patient():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=Patient(listener).serve)
        thread.start()
        try:
            yield Instance(Address(*listener.getsockname()), "in a thread", 0.1)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_server_that_waits_for_the_one_who_does_not_read_fails(suite, monkeypatch):
    monkeypatch.setattr(suite, "PATIENCE", 0.2)
    with patient() as instance:
        result = suite.ordeal(instance, STAGE)
    assert (result.verdict, result.message) == (
        Verdict.FAIL,
        "slow-reader-blocks-nobody: the worker waits for its answers",
    )


def test_a_server_that_goes_on_passes(suite):
    server = run_in_thread()
    try:
        result = suite.ordeal(Instance(server.address, "in a thread", 1.0), STAGE)
    finally:
        server.stop()
    assert (result.verdict, result.message) == (Verdict.PASS, "")
