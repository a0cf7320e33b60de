"""An adapter of no library, ``small_adapter.py [WORD..]``: what it is to do wrong is said by words.

It claims to be a client and a worker. Its client is a few lines, and gets the results of foreground tasks;
what its worker is asked for is done at once, and no server ever hears of it.
"""

import json
import os
import socket
import struct
import sys
import time
from base64 import b64decode, b64encode

WORDS = frozenset(sys.argv[1:])
HEADER = struct.Struct(">4sII")
HELLO = {
    "contract": 2 if "old" in WORDS else 1,
    "name": "small",
    "version": "1.5",
    "roles": ["client"] if "client-only" in WORDS else ["client", "worker"],
    "features": {"client": ["unique"] if "boasts" in WORDS else []},
}


class Client:
    def __init__(self, server):
        host, port = server.rsplit(":", 1)
        self.connection = socket.create_connection((host, int(port)))
        self.file = self.connection.makefile("rb")

    def submit(self, function, workload, unique=b""):
        body = b"\0".join([function, unique, workload])
        self.connection.sendall(HEADER.pack(b"\0REQ", 7, len(body)) + body)
        while True:
            _, kind, size = HEADER.unpack(self.file.read(12))
            _, _, data = self.file.read(size).partition(b"\0")
            if kind == 13:
                return data
            if kind == 14:
                return None


def say(**said):
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def submit(client, task):
    known = {"task", "function", "workload"} | ({"unique"} if "boasts" in WORDS else set())
    if not task.keys() <= known:
        return False
    try:
        result = client.submit(b64decode(task["function"]), b64decode(task["workload"]))
    except (OSError, struct.error):
        say(event="error", task=task["task"], text="the connection is lost")
        return True
    if result is None and "hopeful" not in WORDS:
        say(event="fail", task=task["task"])
    else:
        say(event="complete", task=task["task"], data=b64encode(result or b"ih").decode())
    return True


class Adapter:
    client = None

    def carry_out(self, asked):
        """What goes into the answer; None if this is nothing that it can do."""
        call = getattr(self, asked["do"], None)
        return call(asked) if call else {} if "yes" in WORDS else None

    def hello(self, _):
        return HELLO

    def connect(self, asked):
        if len(asked["servers"]) > 1:
            return None
        if asked["role"] == "client":
            self.client = Client(asked["servers"][0])
        return {}

    def submit(self, asked):
        if "crash" in WORDS:
            sys.exit("no way")
        if "rubbish" in WORDS:
            sys.stdout.write("submitting\n")
        if len(asked["tasks"]) > 1 or asked.keys() != {"id", "do", "tasks"}:
            return None
        return {} if submit(self.client, asked["tasks"][0]) else None

    def quit(self, asked):
        say(id=asked["id"], done=True)
        sys.exit(3 if "sloppy" in WORDS else 0)


def main():
    adapter = Adapter()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = adapter.carry_out(asked)
        say(id=asked["id"], **({"unsupported": True} if answer is None else {"done": True, **answer}))
    if "stays" in WORDS:
        time.sleep(60)


if "silent" in WORDS:
    time.sleep(60)
if "broken" in WORDS:
    sys.exit("there is no library")
if "private" in WORDS and os.geteuid() != 0:
    sys.exit("permission denied")
main()
