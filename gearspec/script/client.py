"""Plays a case with a client under test (K2, K5 to K8 of SCRIPTS)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from gearspec.errors import TargetGone
from gearspec.protocol.packet import Packet
from gearspec.script.case import Call, Message
from gearspec.script.errand import OPERATIONS, SUBMITS, task_of_call, task_of_line, values_of
from gearspec.script.guest import Guest, is_over
from gearspec.script.phrase import came
from gearspec.script.value import names_in, render
from gearspec.script.verdict import Stopped, Verdict

if TYPE_CHECKING:
    from gearspec.script.case import Case, Step
    from gearspec.script.encode import Variant
    from gearspec.script.fit import Arrived
    from gearspec.script.guest import TesteeStage
    from gearspec.script.host import Catch, Hosting
    from gearspec.script.player import Expected

BACK: Final = 5.0
"""Seconds in which a client that is asked to end has done so."""
_OPTION: Final = frozenset({"OPTION_REQ", "OPTION_RES", "ERROR"})
"""What may lie between the request for an option and what is asked next."""


@dataclass(slots=True)
class _Task:
    """A task that was submitted.

    Attributes:
        id: as the adapter knows it.
        function: as it was submitted.
        workload: likewise.
        sent: the client has sent it.
    """

    id: str
    function: bytes
    workload: bytes
    sent: bool = False


class ClientPlayer(Guest):
    """One play of one case with a client."""

    def __init__(self, case: Case, stage: TesteeStage, variant: Variant) -> None:
        super().__init__(case, stage, variant)
        self.submitted: list[_Task] = []
        self.asked_for: set[int] = set()  # steps, by identity, that were asked for before their turn
        self.batches: dict[int, list[Message]] = {}
        self.asks_per_task = False

    # --- asking -----------------------------------------------------------------------------

    def prompt(self, steps: list[Expected], rest: tuple[Step, ...]) -> Hosting[None]:
        """K2: what a line follows from is asked just before it."""
        yield from super().prompt(steps, rest)
        for step in steps:
            if isinstance(step, Message):
                yield from self._prompt(step, [s for s in steps if s is not step], rest)

    def _prompt(self, step: Message, beside: list[Expected], rest: tuple[Step, ...]) -> Hosting[None]:
        if step.what in SUBMITS:
            batch = [step, *_submits(beside), *_run(rest)]
            if all(line.task for line in batch):
                self.batches.setdefault(id(step), batch)
                for line in batch:
                    self.batches.setdefault(id(line), self.batches[id(step)])
        operation = OPERATIONS["client"].get(step.what)
        if operation and operation not in self.written and id(step) not in self.asked_for:
            if operation == "submit":
                yield from self._submit_lines([step, *_submits(beside), *_run(rest)])
            else:
                yield from self._ask(operation, step)
        if operation == "option":
            yield from self._release(rest)

    def _release(self, rest: tuple[Step, ...]) -> Hosting[None]:
        """K2: some clients connect only when a task is added, so it has to be before an option is seen."""
        for index, step in enumerate(rest):
            if isinstance(step, Call) and step.operation == "submit":
                yield from self.call(step, rest[index + 1 :])
            elif isinstance(step, Message) and step.what in SUBMITS and "submit" not in self.written:
                yield from self._submit_lines([step, *_run(rest[index + 1 :])])
            elif isinstance(step, Message) and step.what in _OPTION:
                continue
            return

    def call(self, step: Call, rest: tuple[Step, ...]) -> Hosting[None]:
        """Ask for what a written call says; what follows of the same kind is one batch."""
        if id(step) in self.asked_for:
            return
        if step.operation == "submit":
            yield from self._submit_calls([step, *_same_calls(rest)])
        elif step.operation == "connect":
            yield from self.connect(step)
        else:
            yield from self._ask(step.operation, step)

    def _ask(self, operation: str, step: Message | Call) -> Hosting[None]:
        """Ask for something that is no task."""
        self.asked_for.add(id(step))
        if operation == "option" and "exceptions-by-option" not in self.stage.features:
            self.asks_per_task = "exceptions-per-task" in self.stage.features
            return
        self.bind(step)
        values = values_of(step) if isinstance(step, Message) else step.values
        request: dict[str, Any] = {
            key: render(value, self.names, self.stage.wall()) for key, value in values.items()
        }
        if operation == "option":
            request["option"] = request["option"].decode("ascii")
        yield from self.host.ask(do=operation, **request)

    def _submit_lines(self, lines: list[Message]) -> Hosting[None]:
        tasks = []
        for step in lines:
            self.asked_for.add(id(step))
            self.bind(step)
            unique = "unique" in self.stage.features
            task = task_of_line(step, self.names, self.stage.wall(), unique=unique)
            tasks.append(self._numbered(task, step.task if len(lines) == 1 else None))
        yield from self._submit(tasks, None)

    def _submit_calls(self, calls: list[Call]) -> Hosting[None]:
        tasks = []
        for step in calls:
            self.asked_for.add(id(step))
            self.bind(step)
            tasks.append(self._numbered(task_of_call(step, self.names, self.stage.wall()), step.task))
        waits = [float(step.settings["wait"]) for step in calls if "wait" in step.settings]
        yield from self._submit(tasks, max(waits, default=None))

    def _numbered(self, task: dict[str, Any], name: str | None) -> dict[str, Any]:
        made = _Task(f"t{len(self.submitted) + 1}", task["function"], task["workload"])
        self.submitted.append(made)
        if name:
            self.tasks[name] = made.id
        return {"task": made.id, **task}

    def _submit(self, tasks: list[dict[str, Any]], wait: float | None) -> Hosting[None]:
        request: dict[str, Any] = {"tasks": tasks}
        if wait is not None:
            request["wait"] = wait
        if self.asks_per_task:
            request["exceptions"] = True
        yield from self.host.ask(do="submit", **request)

    # --- expecting --------------------------------------------------------------------------

    def fits(self, step: Expected, what: Arrived) -> dict[str, bytes] | None:
        """The names that a line binds; lines of a batch that name their tasks may come in any order."""
        if isinstance(step, Message) and step.what in SUBMITS:
            lines = self.batches.get(id(step), [step])
            found = (super(ClientPlayer, self).fits(self._comparable(line), what) for line in lines)
            return next((bound for bound in found if bound is not None), None)
        return super().fits(step, what)

    def _comparable(self, step: Message) -> Message:
        """K6: a unique is compared only if the library lets its caller choose one, or to capture it."""
        value = step.values.get("unique")
        if value is None or "unique" in self.stage.features or set(names_in(value)) - self.names.keys():
            return step
        return replace(step, values={k: v for k, v in step.values.items() if k != "unique"})

    def take(self, step: Expected, head: Catch) -> None:
        """Take what came; a SUBMIT is the one of a task."""
        super().take(step, head)
        if not (isinstance(step, Message) and step.what in SUBMITS and isinstance(head.what, Packet)):
            return
        lines = self.batches.get(id(step), [])
        fitting = [line for line in lines if super(ClientPlayer, self).fits(line, head.what) is not None]
        if fitting:
            lines.remove(fitting[0])
        fields = head.what.fields
        same = [t for t in self.submitted if (t.function, t.workload) == _key(fields)]
        task = next((t for t in same if not t.sent), same[0] if same else None)
        if task:
            task.sent = True
            if step.task:
                self.tasks.setdefault(step.task, task.id)

    # --- the end ----------------------------------------------------------------------------

    def sort_out(self, stop: Stopped) -> Hosting[Stopped]:
        """A client from which nothing comes any more may be one that does not come back to its caller."""
        if not stop.silence or self.host.leaving:
            return stop
        waiting = list(self.host.pending.values())
        with suppress(Stopped, TargetGone):
            yield from self.host.ask(do="quit")
            yield from self._until_gone()
        if waiting and self.host.pending and self.host.ended is None:
            return Stopped(Verdict.HANG, f"{stop.message}, and '{waiting[0]}' does not come back")
        return stop

    def end(self) -> Hosting[None]:
        """K8: it ends when it is asked to, and has told of every task once."""
        yield from self.begin()
        self.over = True
        self.host.check_alive()
        if "quit" not in self.written:
            yield from self.rest()
            yield from self.host.ask(do="quit")
        yield from self._until_gone()
        if self.host.pending and self.host.ended is None:
            waiting = next(iter(self.host.pending.values()))
            self.expected, self.found = "the end of the client", "nothing"
            raise Stopped(Verdict.HANG, f"after the last line '{waiting}' does not come back")
        yield from self.leftovers()
        for catch in self.host.reports:
            if is_over(catch):
                self.expected, self.found = "no further report", came(catch.what, self.names)
                raise Stopped(Verdict.FAIL, f"after the last line its user got {self.found}")

    def _until_gone(self) -> Hosting[None]:
        until = self.host.now + BACK
        while self.host.ended is None and not (yield from self.host.pause(until)):
            yield from self.pump([])


def _key(fields: dict[str, bytes]) -> tuple[bytes | None, bytes | None]:
    return fields.get("function"), fields.get("workload")


def _submits(steps: list[Expected]) -> list[Message]:
    return [step for step in steps if isinstance(step, Message) and step.what in SUBMITS]


def _run(rest: tuple[Step, ...]) -> list[Message]:
    """The SUBMIT lines that follow at once; with the line before them they are one batch."""
    run = takewhile(lambda step: isinstance(step, Message) and step.what in SUBMITS, rest)
    return [step for step in run if isinstance(step, Message)]


def _same_calls(rest: tuple[Step, ...]) -> list[Call]:
    """The submits that are called at once after another."""
    run = takewhile(lambda step: isinstance(step, Call) and step.operation == "submit", rest)
    return [step for step in run if isinstance(step, Call)]
