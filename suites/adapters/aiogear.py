"""Adapter for the Python package aiogear: one connection, futures, and a worker that works from its start."""

# ruff: noqa: ANN401, BLE001, D101, D102 - a script around a library with its own ways

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
from importlib.metadata import version
from typing import Any

import aiogear

FEATURES = {
    role: words.split()
    for role, words in {
        "client": "background priorities unique batch concurrent created background-created exceptions "
        "exceptions-by-option status status-unique",
        "worker": "timeout raise several-functions",
    }.items()
}
UNKNOWN_TO_IT = {"wait", "retries", "reducer", "epoch", "exceptions"}
UNKNOWN_STEPS = {"data", "warning", "status", "fail", "exception"}
ENDS = {"WorkComplete": "complete", "WorkException": "exception", "WorkFail": "fail"}


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def failed(error: BaseException, **fields: str) -> None:
    say(event="error", code=type(error).__name__, text=re.sub("[^ -~]", "?", str(error)), **fields)


class Adapter:
    def __init__(self) -> None:
        self.peer: Any = None
        self.functions: dict[str, Any] = {}
        self.timeout: int | None = None
        self.worked = asyncio.Condition()
        self.jobs = 0

    async def connect(self, request: dict[str, Any]) -> None:
        (server,) = request["servers"]
        self.address = server.rsplit(":", 1)
        if request["role"] == "client":  # a worker is given its functions before it connects
            await self.open(aiogear.Client)

    async def open(self, kind: Any) -> None:
        _, self.peer = await asyncio.get_running_loop().create_connection(kind, *self.address)

    async def option(self, request: dict[str, Any]) -> None:
        if await self.peer.option_req(request["option"]) == request["option"].encode():
            say(event="option", option=request["option"])

    async def submit(self, request: dict[str, Any]) -> None:
        await asyncio.gather(*map(self.task, request["tasks"]))

    async def task(self, task: dict[str, Any]) -> None:
        background = task.get("background", False)
        name = "submit_job" + "".join(
            f"_{word}" for word in (task.get("priority"), background and "bg") if word
        )
        try:
            submit = getattr(self.peer, name)
            unique = base64.b64decode(task["unique"]) if "unique" in task else None
            function, workload = base64.b64decode(task["function"]), base64.b64decode(task["workload"])
            created = await submit(function, workload, uuid=unique)
            say(event="created", task=task["task"], handle=encode(created.handle))
            if background:
                return
            end = await self.peer.wait_job(created.handle)
        except Exception as error:
            failed(error, task=task["task"])
            return
        data = {} if len(end) == 1 else {"data": encode(end[1])}
        say(event=ENDS[type(end).__name__], task=task["task"], **data)

    async def status(self, request: dict[str, Any]) -> None:
        self.told(await self.peer.get_status(base64.b64decode(request["handle"])), handle=request["handle"])

    async def status_unique(self, request: dict[str, Any]) -> None:
        told = await self.peer.get_status_unique(base64.b64decode(request["unique"]))
        self.told(told, waiting=str(told.waiting))

    def told(self, status: Any, **fields: str) -> None:
        known = {name: str(int(getattr(status, name))) for name in ("known", "running")}
        numbers = {name: str(getattr(status, name)) for name in ("numerator", "denominator")}
        say(event="status", **known, **numbers, **fields)

    async def register(self, request: dict[str, Any]) -> bool:
        timeout = request.get("timeout")
        if timeout is not None:
            if self.timeout not in {None, timeout} or self.peer is not None:
                return False  # there is one, for all functions that are given to the constructor
            self.timeout = timeout
        plan = request["plan"]

        async def run(job: Any) -> bytes:
            unique = {} if job.uuid is None else {"unique": encode(job.uuid)}
            names = {"handle": job.handle, "function": job.function, "workload": job.workload}
            say(event="job", **{name: encode(value) for name, value in names.items()}, **unique)
            ((kind, value),) = (plan.pop(0) if len(plan) > 1 else plan[0])[0].items()
            async with self.worked:
                self.jobs += 1
                self.worked.notify_all()
            if kind == "raise":
                raise RuntimeError(base64.b64decode(value).decode())
            return base64.b64decode(value)

        name = base64.b64decode(request["function"]).decode()
        self.functions[name] = run, timeout
        if self.peer is not None:
            self.peer.register_function(run, name)
        return True

    async def work(self, request: dict[str, Any]) -> None:
        if self.peer is None:
            functions = [
                (run, name) for name, (run, timeout) in self.functions.items() if timeout == self.timeout
            ]
            await self.open(lambda: aiogear.Worker(*functions, timeout=self.timeout))
            for name, (run, timeout) in self.functions.items():
                if timeout != self.timeout:
                    self.peer.register_function(run, name)
        limit = self.jobs + request["jobs"] if request["jobs"] else float("inf")
        enough = asyncio.ensure_future(self.count(limit))
        await asyncio.wait(
            {enough, self.peer.main_task}, timeout=request["ms"] / 1000, return_when="FIRST_COMPLETED"
        )
        enough.cancel()
        if self.peer.main_task.done():
            self.peer.main_task.result()

    async def count(self, limit: float) -> None:
        async with self.worked:
            await self.worked.wait_for(lambda: self.jobs >= limit)

    async def quit(self, _: dict[str, Any]) -> None:
        if self.peer is not None:
            await (self.peer.shutdown() if isinstance(self.peer, aiogear.Worker) else self.peer.disconnect())


def lacks(request: dict[str, Any]) -> bool:
    steps = [step for steps in request.get("plan", ()) for step in steps]
    unknown = any(UNKNOWN_TO_IT & set(part) for part in (request, *request.get("tasks", ())))
    return unknown or any(UNKNOWN_STEPS & set(step) for step in steps) or len(request.get("servers", ())) > 1


async def answer(adapter: Adapter, request: dict[str, Any]) -> None:
    action = getattr(adapter, request["do"], None)
    supported: Any = action is not None and not lacks(request)
    if supported:
        try:
            supported = await action(request) is not False
        except Exception as error:
            failed(error)
    say(id=request["id"], **({"done": True} if supported else {"unsupported": True}))


async def main() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _, context: failed(context.get("exception") or Exception(context["message"]))
    )
    adapter, running = Adapter(), set()
    reader = asyncio.StreamReader(limit=2**30)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        if request["do"] == "hello":
            about = {"contract": 1, "name": "aiogear", "version": version("aiogear")}
            say(id=request["id"], done=True, **about, roles=[*FEATURES], features=FEATURES)
            continue
        answering = asyncio.ensure_future(answer(adapter, request))
        running.add(answering)
        if request["do"] != "submit":  # only tasks are under way beside what else is asked
            await answering
        if request["do"] == "quit":
            return


asyncio.run(main())
