"""A small Gearman library, as somebody may have written it: the one that docs/adapters.md puts under test."""

import socket
import struct

HEADER = struct.Struct(">4sII")
CAN_DO, PRE_SLEEP, NOOP, SUBMIT_JOB, GRAB_JOB, NO_JOB, JOB_ASSIGN = 1, 4, 6, 7, 9, 10, 11
WORK_COMPLETE, WORK_FAIL, SUBMIT_JOB_BG, JOB_CREATED = 13, 14, 18, 8


class JobFailed(Exception):  # noqa: N818 - it names what became of a job
    """The job failed, or its function says that it did."""


class Connection:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.file = self.socket.makefile("rb")

    def send(self, kind, *arguments):
        body = b"\0".join(arguments)
        self.socket.sendall(HEADER.pack(b"\0REQ", kind, len(body)) + body)

    def receive(self):
        head = self.file.read(12)
        if len(head) < 12:
            raise ConnectionError("the server closed the connection")
        _, kind, size = HEADER.unpack(head)
        return kind, self.file.read(size)

    def close(self):
        self.file.close()
        self.socket.close()


class Client(Connection):
    def run(self, function, workload):
        self.send(SUBMIT_JOB, function, b"", workload)
        while True:
            kind, body = self.receive()
            if kind == WORK_COMPLETE:
                return body.partition(b"\0")[2]
            if kind == WORK_FAIL:
                raise JobFailed

    def run_in_background(self, function, workload):
        self.send(SUBMIT_JOB_BG, function, b"", workload)
        _, handle = self.receive()
        return handle


class Job:
    def __init__(self, body):
        self.handle, self.function, self.workload = body.split(b"\0", 2)


class Worker(Connection):
    def __init__(self, address):
        super().__init__(address)
        self.functions = {}

    def register(self, name, function):
        self.functions[name] = function
        self.send(CAN_DO, name)

    def work(self):
        while True:
            self.send(GRAB_JOB)
            kind, body = self.receive()
            while kind == NOOP:
                kind, body = self.receive()
            if kind == JOB_ASSIGN:
                self.run(Job(body))
            elif kind == NO_JOB:
                self.send(PRE_SLEEP)
                while kind != NOOP:
                    kind, _ = self.receive()

    def run(self, job):
        try:
            result = self.functions[job.function](job)
        except Exception:  # noqa: BLE001 - whatever the function throws, the worker goes on
            self.send(WORK_FAIL, job.handle)
        else:
            self.send(WORK_COMPLETE, job.handle, result)
