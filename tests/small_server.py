"""A server that knows just enough to be put under test, and dies or goes mute when it is told to.

It runs as a program, ``small_server.py PORT [WORD..]``, or in a thread of a test, see `running`.
The words are features to leave out (``echo``, ``status``, ``text``), ``version=LINE``, ``early`` for a
program that turns away who comes first, ``fickle`` for one that every other time is late in noticing that
somebody left, or ``rude`` for one that breaks when it is stopped.
"""

import contextlib
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time

HEADER = struct.Struct(">4sII")


class SmallServer:
    def __init__(self, words=()):
        self.lacks = {word for word in words if "=" not in word}
        self.version = next((word[8:] for word in words if word.startswith("version=")), "OK small-1")
        self.ended = self.late = False

    def serve(self, listener):
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            connections = {}
            while not self.ended:
                for key, _ in selector.select(0.01):
                    if key.fileobj is listener:
                        connection, _ = listener.accept()
                        if "early" in self.lacks:
                            self.lacks.remove("early")
                            connection.close()
                            continue
                        selector.register(connection, selectors.EVENT_READ)
                        connections[connection] = b""
                        continue
                    data = key.fileobj.recv(65536)
                    connections[key.fileobj] += data
                    connections[key.fileobj] = self.answer(key.fileobj, connections[key.fileobj])
                    if not data:
                        selector.unregister(key.fileobj)
                        del connections[key.fileobj]
                        key.fileobj.close()
            for connection in connections:
                connection.close()
        listener.close()

    def answer(self, connection, data):
        while data and not self.ended:
            if data[0]:
                line, newline, rest = data.partition(b"\n")
                if not newline:
                    break
                reply = self.line(line.decode())
            else:
                if len(data) < 12 or len(data) < 12 + HEADER.unpack(data[:12])[2]:
                    break
                _, type_, size = HEADER.unpack(data[:12])
                reply, rest = self.packet(type_, data[12 : 12 + size]), data[12 + size :]
            data = rest
            with contextlib.suppress(OSError):
                connection.sendall(reply)
        return data

    def packet(self, type_, body):
        if type_ == 16 and "echo" not in self.lacks:
            return HEADER.pack(b"\0RES", 17, len(body)) + body
        if type_ == 15 and "status" not in self.lacks:
            body += b"\0" + b"\0".join([b"0"] * 4)
            return HEADER.pack(b"\0RES", 20, len(body)) + body
        return b""

    def line(self, line):
        if "text" in self.lacks:
            return b""
        if line == "die":
            return self.die()
        if line == "hang":
            time.sleep(60)
        if line == "mute":
            self.lacks |= {"echo", "status", "text"}
            return b""
        if line == "complain":
            sys.stdout.write("x.c:7: runtime error: null pointer\n")
            sys.stdout.flush()
        if line == "left":
            self.late ^= "fickle" in self.lacks
        replies = {
            "left": "OK not yet" if self.late else "OK",
            "version": self.version,
            "status": ".",
            "workers": ".",
        }
        return replies.get(line, "OK").encode() + b"\n"

    def die(self):
        self.ended = True
        return b""


class SmallProgram(SmallServer):
    def die(self):
        os._exit(3)


@contextlib.contextmanager
def running(*words):
    """A small server in a thread; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = SmallServer(words)
    thread = threading.Thread(target=server.serve, args=(listener,))
    thread.start()
    try:
        yield port
    finally:
        server.ended = True
        thread.join()


def complain(*_):
    sys.stdout.write("free(): double free\n")
    sys.stdout.flush()
    os._exit(1)


if __name__ == "__main__":
    if "rude" in sys.argv:
        signal.signal(signal.SIGTERM, complain)
    SmallProgram(sys.argv[2:]).serve(socket.create_server(("127.0.0.1", int(sys.argv[1]))))
