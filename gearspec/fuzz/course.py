"""What the parties of a conversation may do, given what was said before.

A rule becomes lines of a script. It looks at what the model knows by then (who holds which job, who sleeps,
what was submitted), so that most of what is said makes sense; what makes none here and now it passes over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.fuzz.author import NEEDS, Author
from gearspec.model.client import REDUCES
from gearspec.protocol.message import GRABS
from gearspec.script.value import Clock, literal, template

if TYPE_CHECKING:
    from gearspec.fuzz.author import Permits
    from gearspec.model.job import Job
    from gearspec.script.trait import Traits
    from gearspec.script.value import Value

SOON: Final = 2
"""Seconds until something is due that waits for a time."""
LAST: Final = "worker4"
"""Takes what is left."""
PROGRESS: Final = (literal(b"1"), literal(b"2"))
"""What WORK_STATUS says beside its handle."""


def served(what: str, traits: Traits) -> bool:
    """Whether a server is said to have a message or a command."""
    return NEEDS.get(what) in {None, *traits.capabilities}


class Course:
    """A conversation as far as it has come.

    Args:
        traits: of the server that it is for.
        permits: see `Author`.
        clocks: whether jobs wait for times and run out of them, which takes seconds on a real server.

    Attributes:
        author: writes it.
    """

    def __init__(self, traits: Traits, permits: Permits, *, clocks: bool) -> None:
        self.author = Author(traits, permits)
        self._queue = self.author.server.exchange.queue
        self._traits, self._clocks = traits, clocks

    # --- clients ----------------------------------------------------------------------------

    def submit(self, client: str, kind: str, function: str, unique: str, workload: bytes) -> None:
        """A client submits a job."""
        more: list[Value] = []
        if kind == "SUBMIT_JOB_EPOCH":
            more = [Clock(SOON if self._still else -SOON)]
        elif kind in REDUCES:
            more = [template("$reducer"), *[literal(b"1")] * (self._traits.dialect.reduce_arguments - 3)]
        self.author.send(client, kind, template(function), template(unique), *more, literal(workload))

    def status(self, anybody: str, job: int) -> None:
        """Somebody asks how far a job is, which may be over, or never have been."""
        self.author.send(anybody, "GET_STATUS", self._some(job))

    def status_unique(self, anybody: str, unique: str) -> None:
        """Somebody asks how far a job is, by its unique; of several jobs that have it, any may be meant."""
        same = [job for job in self._queue.jobs.values() if self.author.value(job.unique) == template(unique)]
        if len(same) < 2:
            self.author.send(anybody, "GET_STATUS_UNIQUE", template(unique))

    def option(self, anybody: str, option: bytes) -> None:
        """Somebody asks for an option."""
        self.author.send(anybody, "OPTION_REQ", literal(option))

    # --- workers ----------------------------------------------------------------------------

    def can_do(self, worker: str, function: str) -> None:
        """A worker says what it can do."""
        self.author.send(worker, "CAN_DO", template(function))

    def can_do_timeout(self, worker: str, function: str) -> None:
        """A worker says what it can do in which time."""
        unit = 1000 if self._traits.dialect.timeout_unit == "ms" else 1
        timeout = SOON * unit if self._still else 0
        self.author.send(worker, "CAN_DO_TIMEOUT", template(function), literal(b"%d" % timeout))

    def cant_do(self, worker: str, function: str) -> None:
        """A worker takes back what it said of a function."""
        self.author.send(worker, "CANT_DO", template(function))

    def reset_abilities(self, worker: str) -> None:
        """A worker takes back all that it said."""
        self.author.send(worker, "RESET_ABILITIES")

    def grab(self, worker: str, kind: int) -> None:
        """A worker grabs a job, whether there is one or not, in one of the ways that the server knows."""
        kinds = [self._traits.grab, *(name for name in GRABS if served(name, self._traits))]
        self.author.send(worker, kinds[kind % len(kinds)])

    def serve(self, worker: str, kind: int = 0) -> Job | None:
        """A worker grabs a job and completes it, if it gets one; this job."""
        before = {job.handle for job in self._running}
        self.grab(worker, kind)
        found = next((job for job in self._running if job.handle not in before), None)
        if found:
            self._tell(worker, "WORK_COMPLETE", self.author.value(found.handle))
        return found

    def sleep(self, worker: str) -> None:
        """A worker goes to sleep."""
        self.author.send(worker, "PRE_SLEEP")

    def work(self, job: int, kind: str, data: bytes) -> None:
        """A worker that has a job says something of it."""
        if running := self._running:
            found = running[job % len(running)]
            self._tell(self._holder(found), kind, self.author.value(found.handle), data)

    def foreign_work(self, worker: str, job: int, kind: str) -> None:
        """A worker says something of a job that it need not have."""
        self._tell(worker, kind, self._some(job))

    def set_client_id(self, worker: str, identity: str) -> None:
        """A worker gives itself a name."""
        self.author.send(worker, "SET_CLIENT_ID", template(identity))

    # --- anybody ----------------------------------------------------------------------------

    def echo(self, anybody: str, data: bytes) -> None:
        """Somebody asks whether the server is there."""
        self.author.send(anybody, "ECHO_REQ", literal(data))

    def leave(self, anybody: str, how: str) -> None:
        """Somebody leaves, whatever he is in the middle of."""
        if self.author.peer(anybody):
            self.author.leave(anybody, how)

    def desert(self, job: int, how: str) -> None:
        """A worker that has a job leaves."""
        if running := self._running:
            self.leave(self._holder(running[job % len(running)]), how)

    # --- administrators ---------------------------------------------------------------------

    def look(self, admin: str, table: str) -> None:
        """An administrator looks at a list."""
        self.author.ask(admin, table)

    def maxqueue(self, admin: str, function: str, sizes: tuple[str, ...]) -> None:
        """An administrator bounds a queue, or lets it grow."""
        self.author.ask(admin, "maxqueue", function, *sizes)

    def cancel_job(self, admin: str, job: int) -> None:
        """An administrator cancels a job, which may run or be over."""
        if self.author.jobs:
            self.author.ask(admin, "cancel job", f"$job{1 + job % self.author.jobs}")

    # --- time, and the end ------------------------------------------------------------------

    def pause(self) -> None:
        """Nobody does anything: what other operations become when a conversation shrinks."""

    def lapse(self) -> None:
        """What is due happens."""
        self.author.lapse()

    def finish(self) -> None:
        """Whoever has a job completes it, and one more worker takes what waits: nothing may have got lost."""
        for job in self._running:
            self._tell(self._holder(job), "WORK_COMPLETE", self.author.value(job.handle))
        for name in [name for name, function in self._queue.functions.items() if function.ready]:
            self.author.send(LAST, "CAN_DO", self.author.value(name))
            while self.serve(LAST):
                pass  # each call takes one job and ends it

    # --- what the rules have in common ------------------------------------------------------

    @property
    def _still(self) -> bool:
        """Whether something may be made to wait for a time: one at once, so that their order is certain."""
        return self._clocks and self.author.server.deadline is None

    @property
    def _running(self) -> list[Job]:
        return [job for job in self._queue.jobs.values() if job.running]

    def _holder(self, job: Job) -> str:
        assert job.worker is not None, "the job is running"
        return self.author.party(job.worker)

    def _some(self, job: int) -> Value:
        """A job that somebody has submitted, if there is one."""
        return template(f"$job{1 + job % self.author.jobs}" if self.author.jobs else "$none")

    def _tell(self, worker: str, kind: str, handle: Value, data: bytes = b"d") -> None:
        """Send one of the messages about a job."""
        more = {"WORK_STATUS": PROGRESS, "WORK_FAIL": ()}.get(kind, (literal(data),))
        self.author.send(worker, kind, handle, *more)
