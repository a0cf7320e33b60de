"""Adapter for the command line tool gearman: a process of it for each task, and one for a worker.

The command that the worker runs for each job is this file again, with more arguments.
A request NAME is answered by the function do_NAME, with None for unsupported.
"""

from __future__ import annotations

import base64
import ctypes
import ctypes.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
from queue import SimpleQueue
from typing import IO, Any

TOOL = sys.argv[1]
FEATURES = {
    "client": ["several-servers", "background", "priorities", "unique", "background-created", "wait"],
    "worker": ["several-servers", "fail", "raise"],
}
PRIORITIES = {"high": ["-I"], "low": ["-L"]}
PIPE = subprocess.PIPE

Request = dict[str, Any]
running: list[subprocess.Popen[bytes]] = []
function, plan = b"", list[list[Request]]()


def main() -> None:
    lines = SimpleQueue[str]()
    threading.Thread(target=read, args=[lines], daemon=True).start()
    request: Request = {"do": ""}
    while request["do"] != "quit":
        request = json.loads(lines.get())
        answer = globals().get(f"do_{request['do']}", lambda _: None)(request)
        say({"id": request["id"], **({"unsupported": True} if answer is None else {"done": True, **answer})})


def read(lines: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    for process in running:
        process.kill()
    os._exit(0)


def say(line: Request) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def do_hello(_: Request) -> Request:
    # The tool does not tell its version, but it is released with its library.
    library = ctypes.CDLL(ctypes.util.find_library("gearman") or "libgearman.so.8")
    library.gearman_version.restype = ctypes.c_char_p
    version = library.gearman_version().decode()
    return {"contract": 1, "name": "gearman", "version": version, "roles": [*FEATURES], "features": FEATURES}


def do_connect(request: Request) -> Request:
    os.environ["GEARMAN_SERVER"] = ",".join(request["servers"])
    return {}


def do_submit(request: Request) -> Request | None:
    asked = request.keys() | {key for task in request["tasks"] for key in task}
    if asked & {"exceptions", "retries", "reducer", "epoch"}:
        return None
    timeout = ["-t", str(int(request["wait"] * 1000))] if "wait" in request else []
    for task in request["tasks"]:
        submit(task, timeout)
    return {}


def submit(task: Request, timeout: list[str]) -> None:
    name, background = {"task": task["task"]}, "background" in task
    options = timeout + PRIORITIES.get(task.get("priority", ""), [])
    options += ["-u", os.fsdecode(base64.b64decode(task["unique"]))] if "unique" in task else []
    # The handle is printed at the end, which is too late for a foreground task.
    options += ["-b", "-v"] if background else []
    called = os.fsdecode(base64.b64decode(task["function"]))
    process = subprocess.Popen([TOOL, "-f", called, *options], stdin=PIPE, stdout=PIPE, stderr=PIPE)
    running[:] = [process]
    output, told = process.communicate(base64.b64decode(task["workload"]))
    share_fate(process)
    created = re.fullmatch(rb"Task created: (.*)\n", output)
    # It exits with status 0 after most errors, but it prints them.
    if wrong := re.search(rb"^gearman: .*", told, re.MULTILINE):
        text = re.sub("[^ -~]", "?", re.sub(r" -> \S+ pid\(\d+\)$", "", os.fsdecode(wrong[0])))
        say({"event": "error", **name, "text": text, **({"code": "timeout"} if "_TIMEOUT)" in text else {})})
    elif process.returncode:
        say({"event": "fail", **name})
    elif not background:
        say({"event": "complete", **name, "data": encode(output)})
    elif created:
        say({"event": "created", **name, "handle": encode(created[1])})


def do_register(request: Request) -> Request | None:
    """One function, since the command is not told for which one it is run."""
    global function, plan
    steps = {name for steps in request["plan"] for step in steps for name in step}
    if plan or "timeout" in request or not steps <= {"complete", "fail", "raise"}:
        return None
    function, plan = base64.b64decode(request["function"]), request["plan"]
    return {}


def do_work(request: Request) -> Request:
    """A process that ends after so many jobs, or is ended after that time."""
    (asked, ask), (answer, tell) = os.pipe(), os.pipe()
    handler = [sys.executable, "-I", __file__, TOOL, str(ask), str(answer)]
    count = ["-c", str(request["jobs"])] if request["jobs"] else []
    worker = subprocess.Popen(
        [TOOL, "-w", *count, "-f", os.fsdecode(function), "--", *handler],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        pass_fds=[ask, answer],
    )
    running[:] = [worker]
    os.close(ask)
    os.close(answer)
    end = threading.Timer(request["ms"] / 1000, worker.terminate)
    end.daemon = True
    end.start()
    with os.fdopen(asked) as jobs, os.fdopen(tell, "w") as plans:
        converse(jobs, plans)
    worker.wait()
    end.cancel()
    share_fate(worker)
    return {}


def share_fate(process: subprocess.Popen[bytes]) -> None:
    """Die of the signal that the tool died of, unless it was ours."""
    if process.returncode < 0 and process.returncode != -signal.SIGTERM:
        os.kill(os.getpid(), -process.returncode)


def converse(jobs: IO[str], plans: IO[str]) -> None:
    for workload in jobs:
        # The command is not told the handle.
        say({"event": "job", "handle": "", "function": encode(function), "workload": workload.strip()})
        plans.write(json.dumps(plan.pop(0) if len(plan) > 1 else plan[0]) + "\n")
        plans.flush()


def command(ask: int, answer: int) -> None:
    """Do one job: the output is its result, and a status other than 0 a failure."""
    with os.fdopen(ask, "w") as asking:
        asking.write(encode(sys.stdin.buffer.read()) + "\n")
    [step] = json.loads(os.fdopen(answer).readline())
    if "fail" in step:
        sys.exit(1)
    if "raise" in step:
        raise RuntimeError(base64.b64decode(step["raise"]))
    sys.stdout.buffer.write(base64.b64decode(step["complete"]))


def do_quit(_: Request) -> Request:
    return {}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        command(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
