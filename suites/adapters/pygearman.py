"""Adapter for two heirs of the Python package gearman; which one is its argument."""

# ruff: noqa: ANN401, ARG002, BLE001, D101, D102, FBT001, N818 - a script around a library with its own ways

from __future__ import annotations

import base64
import json
import re
import sys
import time
from importlib import import_module
from importlib.metadata import version
from typing import Any

MODULE = sys.argv[1]
gearman = import_module(MODULE)
PACKAGE, TEXT = {"gearman": ("pygearman", False), "python3_gearman": ("python3-gearman", True)}[MODULE]
FEATURES = {
    role: words.split()
    for role, words in {
        "client": "several-servers picks-at-random background priorities unique batch created "
        "background-created work-data progress status wait",
        "worker": "several-servers unregister work-data progress fail exceptions raise several-functions",
    }.items()
}
PRIORITIES = {"high": gearman.PRIORITY_HIGH, "low": gearman.PRIORITY_LOW, None: gearman.PRIORITY_NONE}
UNKNOWN_TO_IT = {"retries", "reducer", "epoch", "exceptions", "timeout"}


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def encode(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def decode(value: str) -> Any:
    """What the library takes: text, where one of the two works with nothing else."""
    data = base64.b64decode(value)
    try:
        return data.decode() if TEXT else data
    except UnicodeDecodeError:
        return data


def failed(error: Exception, **fields: str) -> None:
    say(event="error", code=type(error).__name__, text=re.sub("[^ -~]", "?", str(error)), **fields)


class ExceptionStep(Exception):
    pass


class Worker(gearman.GearmanWorker):
    """Its hooks end the loop, and send what a job that throws is to send."""

    until: float
    left: int

    def after_poll(self, any_activity: bool) -> bool:
        return self.left != 0 and time.monotonic() < self.until

    def on_job_exception(self, current_job: Any, exc_info: Any) -> bool:
        if isinstance(exc_info[1], ExceptionStep):
            self.send_job_exception(current_job, exc_info[1].args[0])
            return False
        return super().on_job_exception(current_job, exc_info)


class Adapter:
    def __init__(self) -> None:
        self.handles: dict[bytes, Any] = {}

    def connect(self, request: dict[str, Any]) -> None:
        kind = gearman.GearmanClient if request["role"] == "client" else Worker
        self.peer = kind(request["servers"])

    def submit(self, request: dict[str, Any]) -> None:
        tasks = request["tasks"]
        jobs = [
            {
                "task": decode(task["function"]),
                "data": decode(task["workload"]),
                "unique": decode(task["unique"]) if "unique" in task else None,
                "priority": PRIORITIES[task.get("priority")],
            }
            for task in tasks
        ]
        background, wait = tasks[0].get("background", False), request.get("wait")
        start = time.monotonic()
        try:
            done = self.peer.submit_multiple_jobs(
                jobs, background=background, wait_until_complete=False, poll_timeout=wait
            )
            for task, job in zip(tasks, done, strict=True):
                if job.job.handle is not None:
                    self.handles[base64.b64decode(encode(job.job.handle))] = job
                    say(event="created", task=task["task"], handle=encode(job.job.handle))
            rest = wait and max(0.0, wait - (time.monotonic() - start))
            self.peer.wait_until_jobs_completed(done, poll_timeout=rest)
        except Exception as error:
            for task in tasks:
                failed(error, task=task["task"])
        else:
            for task, job in zip(tasks, done, strict=True):
                self.report(task["task"], job)

    def report(self, task: str, job: Any) -> None:
        for event, updates in (("data", job.data_updates), ("warning", job.warning_updates)):
            for data in updates:
                say(event=event, task=task, data=encode(data))
        if job.status:
            numbers = {name: str(job.status[name]) for name in ("numerator", "denominator")}
            say(event="status", task=task, **numbers)
        if job.timed_out:
            say(event="error", task=task, code="timeout")
        elif job.state == "COMPLETE":
            say(event="complete", task=task, data=encode(job.result))
        elif job.exception is not None:
            say(event="exception", task=task, data=encode(job.exception))
        elif job.state == "FAILED":
            say(event="fail", task=task)

    def status(self, request: dict[str, Any]) -> bool | None:
        job = self.handles.get(base64.b64decode(request["handle"]))
        if job is None:
            return False  # only a job that this client has submitted can be asked for
        told = self.peer.get_job_status(job).status
        known = {name: str(int(told[name])) for name in ("known", "running")}
        numbers = {name: str(told[name]) for name in ("numerator", "denominator")}
        say(event="status", handle=encode(told["handle"]), **known, **numbers)
        return None

    def register(self, request: dict[str, Any]) -> None:
        plan = request["plan"]

        def run(worker: Worker, job: Any) -> Any:
            unique = {} if job.unique is None else {"unique": encode(job.unique)}
            names = {"handle": job.handle, "function": job.task, "workload": job.data}
            say(event="job", **{name: encode(value) for name, value in names.items()}, **unique)
            worker.left -= 1
            *updates, last = plan.pop(0) if len(plan) > 1 else plan[0]
            for step in updates:
                ((kind, value),) = step.items()
                if kind == "status":
                    worker.send_job_status(job, *value)
                else:
                    {"data": worker.send_job_data, "warning": worker.send_job_warning}[kind](
                        job, decode(value)
                    )
            ((kind, value),) = last.items()
            if kind == "complete":
                return decode(value)
            if kind == "exception":
                raise ExceptionStep(decode(value))
            raise RuntimeError(kind if kind == "fail" else decode(value))  # it fails a job that throws

        self.peer.register_task(decode(request["function"]), run)

    def unregister(self, request: dict[str, Any]) -> None:
        self.peer.unregister_task(decode(request["function"]))

    def work(self, request: dict[str, Any]) -> None:
        self.peer.left = request["jobs"] or -1
        self.peer.until = time.monotonic() + request["ms"] / 1000
        self.peer.work(poll_timeout=request["ms"] / 1000)

    def quit(self, _: dict[str, Any]) -> None:
        self.peer.shutdown()


def lacks(request: dict[str, Any]) -> bool:
    tasks = request.get("tasks", ())
    mixed = len({task.get("background", False) for task in tasks}) > 1  # a batch is one or the other
    return mixed or any(UNKNOWN_TO_IT & set(part) for part in (request, *tasks))


def main() -> None:
    adapter = Adapter()
    for line in sys.stdin:
        request = json.loads(line)
        action = getattr(adapter, request["do"], None)
        supported: Any = action is not None and not lacks(request)
        if request["do"] == "hello":
            about = {"contract": 1, "name": PACKAGE, "version": version(PACKAGE)}
            say(id=request["id"], done=True, **about, roles=[*FEATURES], features=FEATURES)
            continue
        if supported:
            try:
                supported = action(request) is not False
            except Exception as error:
                failed(error)
        say(id=request["id"], **({"done": True} if supported else {"unsupported": True}))
        if request["do"] == "quit":
            return


main()
