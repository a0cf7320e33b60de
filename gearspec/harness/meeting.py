"""A real client, a real server and a real worker together, with a relay between them that writes all down.

What a library does with our own servers is one thing; whether it works with this server and that worker
is another. The meeting is short: jobs of several shapes, a failure, an exception, one in the background.
What was exchanged is held against the rules of packets and the job ledger, what the user was told against
what the worker was told to do.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from gearspec.errors import AdapterError
from gearspec.harness.performance import token
from gearspec.ledger import audit
from gearspec.protocol.packet import STRUCTURAL, Packet, check
from gearspec.protocol.transcript import printable
from gearspec.wire.relay import HOST, Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gearspec.harness.adapter import Adapter
    from gearspec.harness.casting import Casting
    from gearspec.harness.instance import Instance
    from gearspec.protocol.transcript import Transcript, What
    from gearspec.script.trait import Traits

PATIENCE: Final = 4.0
"""Seconds in which a job is done, and an adapter is up."""
LARGE: Final = bytes(range(256)) * 300
"""More than one segment, of every byte."""
_CHUNK: Final = 1 << 20
_SHORT: Final = 64
_FAILED: Final = ("fail", "exception", "error")


@dataclass(slots=True)
class Outcome:
    """What came of a meeting.

    Attributes:
        findings: what went wrong, each on one line that is the same in the next run.
        transcript: all that passed.
        names: values to print as ``$name``.
    """

    findings: list[str] = field(default_factory=list)
    transcript: Transcript | None = None
    names: Mapping[bytes, str] = field(default_factory=dict)


class _Talk:
    """One adapter, spoken with from a thread that waits."""

    def __init__(self, adapter: Adapter, scale: float) -> None:
        self.adapter, self.scale = adapter, scale
        self.events: list[Mapping[str, Any]] = []
        self._answered: set[int] = set()
        self._number = 0
        self._partial = b""
        self.over = False
        self.company = [self]

    def ask(self, **request: Any) -> int:  # noqa: ANN401 - JSON
        """Send a request; its number."""
        self._number += 1
        data = self.adapter.ask({"id": self._number, **request})
        while data and not self.over:
            try:
                data = data[os.write(self.adapter.writer, data) :]
            except OSError:
                self.over = True
        return self._number

    def do(self, **request: Any) -> bool:  # noqa: ANN401 - likewise
        """Send a request and wait for its answer; whether it came."""
        number = self.ask(**request)
        return self.until(lambda: number in self._answered)

    def until(self, ready: Callable[[], bool]) -> bool:
        """Listen to everybody until something holds; False if it does not in time, or never can."""
        end = time.monotonic() + PATIENCE * self.scale
        while not ready():
            left = end - time.monotonic()
            talks = {talk.adapter.reader: talk for talk in self.company if not talk.over}
            if self.over or left <= 0:
                return False
            # One that is not listened to cannot go on, and what it has to do for the other is not done.
            for file in select.select([*talks], [], [], left)[0]:
                talks[file].listen()
        return True

    def listen(self) -> None:
        """Take in what it has said."""
        data = os.read(self.adapter.reader, _CHUNK)
        self.over = not data
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._hear(self.adapter.hear(line))

    def _hear(self, said: Mapping[str, Any]) -> None:
        if "event" in said:
            self.events.append(said)
        elif said.get("unsupported"):
            raise AdapterError("the adapter refuses what its features promise")
        else:
            self._answered.add(said["id"])

    def told(self, task: str) -> list[str]:
        """What was told of a task, but for its handle, in words."""
        mine = [event for event in self.events if event.get("task") == task and event["event"] != "created"]
        return [_words(event) for event in mine]


def _words(event: Mapping[str, Any]) -> str:
    """A report in words."""
    name, data = str(event["event"]), event.get("data")
    if not isinstance(data, bytes):
        return name
    return f"{name} of {len(data)} bytes" if len(data) > _SHORT else f"{name} '{printable(data)}'"


class Meeting:
    """One client and one worker at one server.

    Args:
        server: it runs.
        traits: how it is talked with.
        client: a session with the library that is the client.
        worker: a session with the one that is the worker.
        scale: what deadlines are multiplied by.
    """

    def __init__(
        self, server: Instance, traits: Traits, client: Casting, worker: Casting, scale: float = 1.0
    ) -> None:
        self._server, self._traits, self._scale = server, traits, scale
        self._client, self._worker = client, worker
        self._able = client.hello.features["client"], worker.hello.features["worker"]
        self._functions = {name: b"gear-" + token(11).encode() for name in ("works", "fails", "breaks")}
        self._outcome = Outcome(names={value: f"${name}" for name, value in self._functions.items()})
        self._tasks = 0

    def hold(self) -> Outcome:
        """Let them work together, and say what went wrong."""
        with ExitStack() as stack:
            relay = Relay(self._server.address, ("client", "worker"))
            stack.callback(relay.close)
            talks = []
            for session in (self._client, self._worker):
                adapter = session.begin()
                stack.callback(adapter.stop)
                talks.append(_Talk(adapter, self._scale))
            client, worker = talks
            client.company = worker.company = talks
            if self._introduce(worker, "worker", relay) and self._introduce(client, "client", relay):
                self._register(worker)
                self._converse(client, worker)
                client.do(do="quit")
        self._outcome.transcript = relay.transcript()
        self._examine(self._outcome.transcript)
        if self._server.ended:
            self._find(f"the server {self._server.ended}")
        return self._outcome

    def _find(self, finding: str) -> None:
        if finding not in self._outcome.findings:
            self._outcome.findings.append(finding)

    def _introduce(self, talk: _Talk, role: str, relay: Relay) -> bool:
        if talk.do(do="hello") and talk.do(do="connect", role=role, servers=[f"{HOST}:{relay.ports[role]}"]):
            return True
        self._find(f"the {role} does not connect")
        return False

    def _register(self, worker: _Talk) -> None:
        able = self._able[1]
        plans: dict[str, list[list[dict[str, Any]]]] = {
            "works": [[{"complete": b"first\0\xff"}], [{"complete": LARGE}], [{"complete": b""}]]
        }
        if "several-functions" in able and "fail" in able:
            plans["fails"] = [[{"fail": True}]]
        if "several-functions" in able and "exceptions" in able:
            plans["breaks"] = [[{"exception": b"it broke"}]]
        for name, plan in plans.items():
            worker.do(do="register", function=self._functions[name], plan=plan)
        self._functions = {name: self._functions[name] for name in plans}
        worker.ask(do="work", jobs=0, ms=60_000)

    def _converse(self, client: _Talk, worker: _Talk) -> None:
        for number, result in enumerate((b"first\0\xff", LARGE, b"")):
            workload = LARGE if number == 1 else b"number %d\0" % number
            wanted = _words({"event": "complete", "data": result})
            if not self._submit(client, worker, "works", workload, (wanted,)):
                return
        for name in ("fails", "breaks"):
            if name in self._functions and not self._submit(client, worker, name, b"w", _FAILED):
                return
        if "background" in self._able[0]:
            self._submit(client, worker, "works", b"later", None)

    def _submit(
        self, client: _Talk, worker: _Talk, name: str, workload: bytes, wanted: tuple[str, ...] | None
    ) -> bool:
        """Let one job be done; `wanted` is what the client may tell, None for a job in the background."""
        self._tasks += 1
        task: dict[str, Any] = {"task": f"t{self._tasks}", "workload": workload}
        task["function"] = self._functions[name]
        if wanted is None:
            task["background"] = True
        client.ask(do="submit", tasks=[task])
        said = task["task"]
        what = f"job {self._tasks} ({name}{', in the background' if wanted is None else ''})"
        if wanted is not None and not client.until(lambda: bool(_ends(client, said))):
            self._find(f"{what}: the client tells nothing within {PATIENCE:g} s")
            return False
        jobs = self._tasks
        worker.until(lambda: _count(worker) >= jobs)
        if _count(worker) < jobs:
            self._find(f"{what}: the worker gets no job")
            return False
        got = [event for event in worker.events if event["event"] == "job"][jobs - 1]
        if got["workload"] != workload or got["function"] != self._functions[name]:
            self._find(f"{what}: the worker gets another function or workload")
        told = [words for words in client.told(said) if words.split(" ")[0] in {"complete", *_FAILED}]
        if wanted is not None and not any(
            word in wanted or word.split(" ")[0] in wanted for word in told[:1]
        ):
            self._find(f"{what}: the client tells {told[0]}")
        if len(told) > 1:
            self._find(f"{what}: the client tells two ends, {' and '.join(told)}")
        return True

    def _examine(self, transcript: Transcript) -> None:
        for event in transcript.events:
            role = event.sender.rstrip("0123456789")
            if isinstance(event.what, Packet):
                wrong = [fault for fault in check(event.what, role) if fault.kind in STRUCTURAL]
                for fault in wrong[:1]:
                    self._find(f"the {role} sends a malformed {event.what.name}: {fault.message}")
        created = [e.what.fields for e in transcript.events if _names(e.what, "JOB_CREATED")]
        named = dict.fromkeys((fields["handle"] for fields in created), "$job") | dict(self._outcome.names)
        for finding in audit(transcript, self._traits.dialect, named):
            self._find(f"{finding.clause}: {finding.message}")


def _ends(client: _Talk, task: str) -> list[str]:
    """What the client told of the end of a task, in words."""
    return [words for words in client.told(task) if words.partition(" ")[0] in {"complete", *_FAILED}]


def _count(worker: _Talk) -> int:
    return sum(event["event"] == "job" for event in worker.events)


def _names(what: What, message: str) -> TypeGuard[Packet]:
    return isinstance(what, Packet) and what.name == message and "handle" in what.fields
