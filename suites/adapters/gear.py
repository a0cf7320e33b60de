"""Adapter for the Python package gear: threads read, and a client is subclassed to hear of its jobs."""

# ruff: noqa: ANN401, BLE001, D101, D102, FBT003, N802 - a script around a library with its own ways

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
from importlib.metadata import version
from typing import Any

import gear

FEATURES = {
    role: words.split()
    for role, words in {
        "client": "several-servers background priorities unique batch concurrent created "
        "background-created exceptions exceptions-by-option work-data progress",
        "worker": "several-servers timeout unregister work-data progress fail exceptions several-functions",
    }.items()
}
PRECEDENCES = {"high": gear.PRECEDENCE_HIGH, "low": gear.PRECEDENCE_LOW, None: gear.PRECEDENCE_NORMAL}
UNKNOWN_TO_IT = {"wait", "retries", "reducer", "epoch", "exceptions", "raise"}
LOCK = threading.Lock()


def say(**message: Any) -> None:
    with LOCK:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def plain(number: bytes) -> str:
    """A number as the server gave it, which may be any text."""
    return re.sub(rb"[^ -~]", b"?", number).decode()


def failed(error: Exception, **fields: str) -> None:
    say(event="error", code=type(error).__name__, text=re.sub("[^ -~]", "?", str(error)), **fields)


class Batch:
    """The tasks of one request that have not ended; the request is answered when none is left."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.id, self.left = request["id"], {task["task"] for task in request["tasks"]}

    def end(self, task: str) -> None:
        with LOCK:
            last = self.left == {task}
            self.left.discard(task)
        if last:
            say(id=self.id, done=True)


class Client(gear.Client):
    def handleJobCreated(self, packet: gear.Packet) -> gear.Job:
        job = super().handleJobCreated(packet)
        say(event="created", task=job.task, handle=encode(job.handle))
        if job.background:
            job.batch.end(job.task)
        return job

    def handleWorkData(self, packet: gear.Packet) -> gear.Job:
        return self.told("data", super().handleWorkData(packet), packet)

    def handleWorkWarning(self, packet: gear.Packet) -> gear.Job:
        return self.told("warning", super().handleWorkWarning(packet), packet)

    def handleWorkComplete(self, packet: gear.Packet) -> gear.Job:
        return self.ended(self.told("complete", super().handleWorkComplete(packet), packet))

    def handleWorkException(self, packet: gear.Packet) -> gear.Job:
        return self.ended(self.told("exception", super().handleWorkException(packet), packet))

    def handleWorkFail(self, packet: gear.Packet) -> gear.Job:
        job = super().handleWorkFail(packet)
        say(event="fail", task=job.task)
        return self.ended(job)

    def handleWorkStatus(self, packet: gear.Packet) -> gear.Job:
        job = super().handleWorkStatus(packet)
        numbers = {name: plain(getattr(job, name)) for name in ("numerator", "denominator")}
        say(event="status", task=job.task, **numbers)
        return job

    def handleDisconnect(self, job: gear.Job) -> None:
        say(event="error", task=job.task, code="disconnect")
        self.ended(job)

    def told(self, event: str, job: gear.Job, packet: gear.Packet) -> gear.Job:
        say(event=event, task=job.task, data=encode(packet.getArgument(1, True)))
        return job

    def ended(self, job: gear.Job) -> gear.Job:
        job.batch.end(job.task)
        return job


class Adapter:
    peer: Client | gear.Worker
    plans: dict[bytes, list[list[dict[str, Any]]]]

    def connect(self, request: dict[str, Any]) -> None:
        self.peer = Client("gearspec") if request["role"] == "client" else gear.Worker("gearspec")
        self.plans = {}
        for server in request["servers"]:
            host, port = server.rsplit(":", 1)
            self.peer.addServer(host, int(port))

    def option(self, request: dict[str, Any]) -> None:
        self.peer.waitForServer()
        if self.peer.setOption(request["option"]):
            say(event="option", option=request["option"])

    def submit(self, request: dict[str, Any]) -> None:
        batch = Batch(request)
        for task in request["tasks"]:
            unique = base64.b64decode(task["unique"]) if "unique" in task else None
            job = gear.Job(base64.b64decode(task["function"]), base64.b64decode(task["workload"]), unique)
            job.task, job.batch, job.background = task["task"], batch, task.get("background", False)
            self.peer.waitForServer()
            try:
                self.peer.submitJob(job, job.background, PRECEDENCES[task.get("priority")])
            except Exception as error:
                failed(error, task=job.task)
                batch.end(job.task)

    def register(self, request: dict[str, Any]) -> None:
        name = base64.b64decode(request["function"])
        self.plans[name] = request["plan"]
        self.peer.registerFunction(name, request.get("timeout"))

    def unregister(self, request: dict[str, Any]) -> None:
        self.peer.unRegisterFunction(base64.b64decode(request["function"]))

    def work(self, request: dict[str, Any]) -> None:
        over = threading.Event()

        def stop() -> None:
            late = over.wait(request["ms"] / 1000)
            while not late:  # again, should it have been between two jobs
                self.peer.stopWaitingForJobs()
                late = over.wait(0.05)

        threading.Thread(target=stop, daemon=True).start()
        done = 0
        while not request["jobs"] or done < request["jobs"]:
            try:
                self.run(self.peer.getJob())
                done += 1
            except gear.InterruptedError:
                break
            except Exception as error:  # of one job, or of one connection
                failed(error)
        over.set()

    def run(self, job: gear.WorkerJob) -> None:
        unique = {} if job.unique is None else {"unique": encode(job.binary_unique)}
        names = {"handle": job.handle, "function": job.binary_name, "workload": job.binary_arguments}
        say(event="job", **{name: encode(value) for name, value in names.items()}, **unique)
        plan = self.plans.get(job.binary_name, [[{"fail": True}]])  # it is up to the caller to look for it
        steps = plan.pop(0) if len(plan) > 1 else plan[0]
        sends = {
            "data": job.sendWorkData,
            "warning": job.sendWorkWarning,
            "complete": job.sendWorkComplete,
            "exception": job.sendWorkException,
        }
        for step in steps:
            ((kind, value),) = step.items()
            if kind == "status":
                job.sendWorkStatus(*value)
            elif kind == "fail":
                job.sendWorkFail()
            else:
                sends[kind](base64.b64decode(value))

    def quit(self, _: dict[str, Any]) -> None:
        self.peer.shutdown()


def lacks(request: dict[str, Any]) -> bool:
    steps = [step for steps in request.get("plan", ()) for step in steps]
    return any(UNKNOWN_TO_IT & set(part) for part in (request, *request.get("tasks", ()), *steps))


def main() -> None:
    logging.basicConfig()
    adapter = Adapter()
    for line in sys.stdin:
        request = json.loads(line)
        action = getattr(adapter, request["do"], None)
        if request["do"] == "hello":
            about = {"contract": 1, "name": "gear", "version": version("gear")}
            say(id=request["id"], done=True, **about, roles=[*FEATURES], features=FEATURES)
        elif action is None or lacks(request):
            say(id=request["id"], unsupported=True)
        else:
            try:
                action(request)
            except Exception as error:
                failed(error)
            if request["do"] != "submit":
                say(id=request["id"], done=True)
            if request["do"] == "quit":
                return


main()
