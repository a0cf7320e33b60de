"""What a testee is asked for when the script does not say so (K2 and W3 of SCRIPTS).

A script tells a conversation on the wire; a library is worked through an
adapter. Most requests follow from the lines: who is to send SUBMIT_JOB has to
be asked to submit. A case that writes calls of its own is not second-guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gearspec.protocol.message import BY_NAME
from gearspec.script.case import Call, Either, Message, Together
from gearspec.script.value import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gearspec.script.case import Step
    from gearspec.script.value import Value

SUBMITS: Final = frozenset(name for name in BY_NAME if name.startswith("SUBMIT_"))
BACKGROUND: Final = frozenset(
    name for name in SUBMITS if name.endswith(("_BG", "_BACKGROUND", "_EPOCH", "_SCHED"))
)
OPERATIONS: Final[dict[str, dict[str, str]]] = {
    "client": {
        **dict.fromkeys(SUBMITS, "submit"),
        "OPTION_REQ": "option",
        "GET_STATUS": "status",
        "GET_STATUS_UNIQUE": "status_unique",
        "ECHO_REQ": "echo",
    },
    "worker": {"CAN_DO": "register", "CAN_DO_TIMEOUT": "register"},
}
"""The operation that a line of a testee follows from, by role and message."""
LIFE: Final = frozenset({"register", "unregister", "work"})
"""Operations of a worker that stand for each other: where one is written, none is implied."""
ENDS: Final = frozenset({"complete", "fail", "exception", "raise"})
"""Steps of a plan that end a job."""
PLAN: Final = ENDS | {"data", "warning", "status"}
"""Operations that are steps of a plan: what a function does with a job."""
_RESULTS: Final = {
    "WORK_DATA": "data",
    "WORK_WARNING": "warning",
    "WORK_STATUS": "status",
    "WORK_COMPLETE": "complete",
    "WORK_FAIL": "fail",
    "WORK_EXCEPTION": "exception",
}
_FIELDS: Final = ("function", "unique", "workload", "reducer")
_PARTS: Final = ("numerator", "denominator")


def written(steps: Iterable[Step], role: str) -> frozenset[str]:
    """The operations that a script writes itself, and those that therefore are not implied."""
    found = {step.operation for step in main_line(steps) if isinstance(step, Call) and step.party == role}
    return frozenset(found | (LIFE if found & LIFE else set()) | (PLAN if found & PLAN else set()))


def main_line(steps: Iterable[Step]) -> Iterator[Step]:
    """The single lines of a script, and of each fork its first branch."""
    for step in steps:
        if isinstance(step, Either):
            yield from main_line(step.branches[0].steps)
        elif isinstance(step, Together):
            yield from step.steps
        else:
            yield step


def values_of(step: Message) -> dict[str, Value]:
    """The arguments of a line by name, also where it has them by position."""
    if step.args is None:
        return step.values
    return dict(zip(BY_NAME[step.what].arguments, step.args, strict=False))


def task_of_line(step: Message, names: Mapping[str, bytes], wall: float, *, unique: bool) -> dict[str, Any]:
    """The task that a SUBMIT line follows from.

    Args:
        step: the line; its names are bound.
        names: what is bound.
        wall: unix time, in seconds.
        unique: whether the library lets the caller choose one.
    """
    values = values_of(step)
    task: dict[str, Any] = {
        name: render(values[name], names, wall)
        for name in _FIELDS
        if name in values and (name != "unique" or unique)
    }
    task.setdefault("workload", b"")
    if "_HIGH" in step.what or "_LOW" in step.what:
        task["priority"] = "high" if "_HIGH" in step.what else "low"
    if step.what in BACKGROUND:
        task["background"] = True
    if "epoch" in values:
        task["epoch"] = int(render(values["epoch"], names, wall))
    return task


def task_of_call(step: Call, names: Mapping[str, bytes], wall: float) -> dict[str, Any]:
    """The task of a written call to submit."""
    task: dict[str, Any] = {name: render(value, names, wall) for name, value in step.values.items()}
    task.setdefault("workload", b"")
    if "priority" in step.settings:
        task["priority"] = step.settings["priority"]
    if "epoch" in task:
        task["epoch"] = int(task["epoch"])
    if step.settings.get("background") == "true" or "epoch" in task:
        task["background"] = True
    if "retries" in step.settings:
        task["retries"] = int(step.settings["retries"])
    return task


def plans(steps: tuple[Step, ...], function: Value, names: Mapping[str, bytes]) -> list[list[dict[str, Any]]]:
    """What a function does with its first, second ... job, as the script wants it.

    Written calls are for every function; else the WORK_* lines after each assignment of this one say it.

    Args:
        steps: those of the worker.
        function: as the line that registers it has it.
        names: what is bound.
    """
    lines = list(main_line(steps))
    calls = [step for step in lines if isinstance(step, Call) and step.operation in PLAN]
    if calls:
        return _split(_step(call.operation, call.values, names) for call in calls)
    functions = {repr(function) for function, _ in registered(lines)}
    found: list[list[dict[str, Any]]] = []
    mine = False
    for step in lines:
        if not isinstance(step, Message):
            continue
        if not step.sent and (step.what == "ASSIGN" or step.what.startswith("JOB_ASSIGN")):
            named = values_of(step).get("function")
            mine = repr(named) == repr(function) or (named is None and len(functions) == 1)
            if mine:
                found.append([])
        elif mine and step.sent and step.what in _RESULTS:
            found[-1].append(_step(_RESULTS[step.what], values_of(step), names))
    return [plan for plan in found if plan] or [[{"complete": b""}]]


def registered(steps: Iterable[Step]) -> Iterator[tuple[Value, Value | None]]:
    """The functions that a worker registers by its lines, with the timeout of each that has one."""
    seen = set()
    for step in main_line(steps):
        if isinstance(step, Message) and step.sent and step.what in OPERATIONS["worker"]:
            values = values_of(step)
            if repr(values["function"]) not in seen:
                seen.add(repr(values["function"]))
                yield values["function"], values.get("timeout")


def results(steps: Iterable[Step]) -> Iterator[Message]:
    """The lines in which a worker says what came of its jobs."""
    return (s for s in main_line(steps) if isinstance(s, Message) and s.sent and s.what in _RESULTS)


def _split(steps: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = [[]]
    for step in steps:
        found[-1].append(step)
        if ENDS & step.keys():
            found.append([])
    return [plan for plan in found if plan]


def _step(operation: str, values: Mapping[str, Value], names: Mapping[str, bytes]) -> dict[str, Any]:
    if operation == "fail":
        return {"fail": True}
    if operation == "status":
        parts = [render(values[part], names, 0) if part in values else b"0" for part in _PARTS]
        return {"status": [int(part) if part.isdigit() else part.decode("ascii") for part in parts]}
    return {operation: render(values["data"], names, 0) if "data" in values else b""}
