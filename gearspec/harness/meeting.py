"""A real client, a real server and a real worker together, with a relay between them that writes all down.

What a library does with our own servers is one thing; whether it works with this server and that worker
is another. The meeting is short: jobs of several shapes, a failure, an exception, one in the background.
What was exchanged is held against the rules of packets and the job ledger, what the user was told against
what the worker was told to do.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gearspec.errors import AdapterError, TargetGone
from gearspec.harness.performance import token
from gearspec.ledger import audit
from gearspec.protocol.packet import STRUCTURAL, Packet, check
from gearspec.protocol.transcript import Speech, Transcript, printable
from gearspec.script.host import Host
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.bench import Bench, Turn
from gearspec.wire.relay import HOST, Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gearspec.harness.casting import Casting
    from gearspec.harness.instance import Instance
    from gearspec.script.host import Hosting
    from gearspec.script.scene import Scene
    from gearspec.script.trait import Traits

PATIENCE: Final = 4.0
"""Seconds in which a job is done, and an adapter is up."""
LOOK: Final = 0.02
"""Seconds after which one side looks at what the other has done."""
LARGE: Final = bytes(range(256)) * 300
"""More than one segment, of every byte."""
WORK: Final = 60_000
"""Milliseconds that the worker is asked to work for; the meeting is over before."""
_SHORT: Final = 64
_FAILED: Final = ("fail", "exception", "error")


class Job(NamedTuple):
    """What is tried with a client and a worker.

    Attributes:
        what: in words.
        function: which of the functions.
        workload: what it is given.
        wanted: what the client may tell of its end; empty for a job in the background.
    """

    what: str
    function: str
    workload: bytes
    wanted: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What came of a meeting.

    Attributes:
        findings: what went wrong, each on one line that is the same in the next run.
        transcript: all that passed.
        names: values to print as ``$name``.
    """

    findings: list[str] = field(default_factory=list)
    transcript: Transcript = field(default_factory=Transcript)
    names: Mapping[bytes, str] = field(default_factory=dict)

    def find(self, finding: str) -> None:
        """Note something that went wrong, once."""
        if finding not in self.findings:
            self.findings.append(finding)


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
        self._sessions = {"client": client, "worker": worker}
        self._hosts = {role: Host(role) for role in self._sessions}
        self._able = {role: session.hello.features[role] for role, session in self._sessions.items()}
        self._functions = {name: b"gear-" + token(11).encode() for name in ("works", "fails", "breaks")}
        self._outcome = Outcome(names={value: f"${name}" for name, value in self._functions.items()})
        self._ready = self._over = False

    def hold(self) -> Outcome:
        """Let them work together, and say what went wrong."""
        with closing(Relay(self._server.address, tuple(self._sessions))) as relay:
            parts = {"worker": self._work(), "client": self._ask()}
            turns = [
                Turn(self._part(role, part, relay), self._sessions[role].begin)
                for role, part in parts.items()
            ]
            Bench(turns, self._done, most=len(turns)).play()
            self._outcome.transcript = relay.transcript()
        self._examine(self._outcome.transcript)
        if self._server.ended:
            self._outcome.find(f"the server {self._server.ended}")
        return self._outcome

    def _done(self, _: int, result: Result) -> None:
        if result.verdict is not Verdict.PASS:
            self._outcome.find(f"{result.verdict}: {result.message}")

    def _part(self, role: str, part: Hosting[None], relay: Relay) -> Scene:
        """The part of one of them, from the first word to the last."""
        host = self._hosts[role]
        try:
            yield from host.ask(do="hello")
            yield from host.ask(do="connect", role=role, servers=[f"{HOST}:{relay.ports[role]}"])
            if (yield from self._until(host, lambda: host.connected and not host.pending)):
                yield from part
            else:
                self._outcome.find(f"the {role} does not connect")
        except AdapterError as fault:
            return Result(Verdict.ERROR, f"the {role}: {fault}")
        except TargetGone as gone:
            self._outcome.find(gone.message)
        finally:
            self._over = True
        return Result(Verdict.PASS)

    def _until(self, host: Host, ready: Callable[[], bool]) -> Hosting[bool]:
        """Wait until something holds; False if it does not in time, or the other side has ended."""
        end = host.now + PATIENCE * self._scale
        while not ready():
            if host.now >= end or self._over:
                return False
            yield from host.pause(min(end, host.now + LOOK))
        return True

    # --- the worker -------------------------------------------------------------------------

    def _work(self) -> Hosting[None]:
        host = self._hosts["worker"]
        for name, plan in self._plans().items():
            yield from host.ask(do="register", function=self._functions[name], plan=plan)
        yield from host.ask(do="work", jobs=0, ms=WORK)
        self._ready = True
        while not self._over:
            yield from host.pause(host.now + LOOK)

    def _plans(self) -> dict[str, list[list[dict[str, Any]]]]:
        plans: dict[str, list[list[dict[str, Any]]]] = {
            "works": [[{"complete": b"first\0\xff"}], [{"complete": LARGE}], [{"complete": b""}]]
        }
        if {"several-functions", "fail"} <= self._able["worker"]:
            plans["fails"] = [[{"fail": True}]]
        if {"several-functions", "exceptions"} <= self._able["worker"]:
            plans["breaks"] = [[{"exception": b"it broke"}]]
        return plans

    # --- the client -------------------------------------------------------------------------

    def _jobs(self) -> Iterator[Job]:
        yield Job("a small job", "works", b"one\0two", ("complete 'first\\0\\xff'",))
        yield Job("a large job", "works", LARGE, (f"complete of {len(LARGE)} bytes",))
        yield Job("an empty result", "works", b"w", ("complete ''",))
        plans = self._plans()
        if "fails" in plans:
            yield Job("a failure", "fails", b"w", _FAILED)
        if "breaks" in plans:
            yield Job("an exception", "breaks", b"w", _FAILED)
        if "background" in self._able["client"]:
            yield Job("a job in the background", "works", b"later")

    def _ask(self) -> Hosting[None]:
        host = self._hosts["client"]
        if not (yield from self._until(host, lambda: self._ready)):
            return
        for number, job in enumerate(self._jobs()):
            if not (yield from self._try(job, number)):
                return
        yield from host.ask(do="quit")
        yield from self._until(host, lambda: not host.pending or host.ended is not None)

    def _try(self, job: Job, number: int) -> Hosting[bool]:
        """Let one job be done, so many were done before; whether there is any use in going on."""
        host, name = self._hosts["client"], f"t{number + 1}"
        task: dict[str, Any] = {"task": name, "workload": job.workload}
        task["function"] = self._functions[job.function]
        if not job.wanted:
            task["background"] = True
        yield from host.ask(do="submit", tasks=[task])
        if job.wanted and not (yield from self._until(host, lambda: bool(self._told(name)))):
            self._outcome.find(f"{job.what}: the client tells nothing within {PATIENCE:g} s")
            return False
        if not (yield from self._until(host, lambda: len(self._worked()) > number)):
            self._outcome.find(f"{job.what}: the worker gets no job")
            return False
        got = self._worked()[number]
        if (got["function"], got["workload"]) != (self._functions[job.function], job.workload):
            self._outcome.find(f"{job.what}: the worker gets another function or workload")
        told = self._told(name)
        if job.wanted and not {told[0], told[0].partition(" ")[0]} & set(job.wanted):
            self._outcome.find(f"{job.what}: the client tells {told[0]}")
        if len(told) > 1:
            self._outcome.find(f"{job.what}: the client tells two ends, {' and '.join(told)}")
        return True

    def _told(self, task: str) -> list[str]:
        """What the client told of the end of a task, in words."""
        mine = [catch.what for catch in self._hosts["client"].reports if catch.task == task]
        ends = ("complete", *_FAILED)
        return [_words(report) for report in mine if isinstance(report, Speech) and report.name in ends]

    def _worked(self) -> list[dict[str, bytes]]:
        """The jobs that the worker told of."""
        reports = [catch.what for catch in self._hosts["worker"].reports]
        return [dict(what.fields) for what in reports if isinstance(what, Speech) and what.name == "job"]

    # --- what passed ------------------------------------------------------------------------

    def _examine(self, transcript: Transcript) -> None:
        names = dict(self._outcome.names)
        for event in transcript.events:
            if isinstance(event.what, Packet):
                role = event.sender.rstrip("0123456789")
                wrong = (fault for fault in check(event.what, role) if fault.kind in STRUCTURAL)
                if fault := next(wrong, None):
                    self._outcome.find(f"the {role} sends a malformed {event.what.name}: {fault.message}")
                if event.what.name == "JOB_CREATED" and "handle" in event.what.fields:
                    names.setdefault(event.what.fields["handle"], "$job")
        for finding in audit(transcript, self._traits.dialect, names):
            self._outcome.find(f"{finding.clause}: {finding.message}")


def _words(report: Speech) -> str:
    """A report in words."""
    data = dict(report.fields).get("data")
    if data is None:
        return report.name
    return (
        f"{report.name} of {len(data)} bytes" if len(data) > _SHORT else f"{report.name} '{printable(data)}'"
    )
