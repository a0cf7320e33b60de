"""The freedoms that real job servers take.

The defaults are the model: what PROTOCOL says, and where it is silent what most
servers do. A server that chose differently is described by naming its choices,
so that the model can still be held against everything else that it does.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, get_type_hints

from gearspec.protocol.message import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Dialect:
    """One choice a field; the first value of each list is the default.

    Attributes:
        priority_scope: whether HIGH goes first across all functions of a worker, or only
            within a function. With ``function``, functions are served in `function_order`.
        function_order: which of a worker's functions is served first when `priority_scope`
            is ``function``: the one it registered first, or last.
        order: within one priority, oldest first; or newest first, for all or for HIGH alone.
        requeued: where a job goes that comes back from a worker: where its age puts it, or last.
        coalescing: what makes two jobs the same: function and unique, the unique alone, nothing.
        dash_unique: whether ``-`` is a unique like any other, or stands for the workload.
        abandoned: a foreground job that no client waits for any more and that no worker has:
            it is dropped, or skipped when its turn comes and counted until then, or run.
        worker_death: a running job whose worker disconnects: queued again, or failed.
        retries: how often a job may come back to the queue before it fails; None is no limit.
        withdrawn: a running job whose worker withdraws the function: goes on, or is queued again.
        timeout_unit: the unit of CAN_DO_TIMEOUT.
        timeout_minimum: the shortest timeout that is honoured, in seconds.
        timeout_outcome: what becomes of a job that runs too long; ``none`` means no timeouts.
        exception_ends: whether WORK_EXCEPTION ends a job.
        exceptions_to: who gets WORK_EXCEPTION, the clients that opted for it or all.
        exception_otherwise: what the others get when the job ends: WORK_FAIL, WORK_FAIL with a
            NUL after the handle, or nothing.
        reduce_arguments: how many terminated arguments a SUBMIT_REDUCE_JOB has before its workload.
        assign_all: when GRAB_JOB_ALL is answered by JOB_ASSIGN_ALL; without a reducer it
            may be JOB_ASSIGN_UNIQ.
        status_unique: what STATUS_RES_UNIQUE names first.
        no_progress: numerator and denominator of a job before its first WORK_STATUS.
        unknown_status: numerator and denominator of a job that is not known.
        total: what TOTAL of ``status`` counts, queued and running jobs or the queued ones.
        maxqueue: which jobs of a function are counted against its maximum.
        full_queue: the submit is refused, or taken and the last queued jobs failed until there is room.
        wakeup: how many sleeping workers are woken for a job; 0 is all.
        foreign_work: what a worker gets for a WORK_* about a job that it does not have.
        trailing_nul: a NUL after a last argument that is text makes the packet malformed, or
            is let through with the argument it belongs to.
        malformed: what the sender of a packet with too few or too many arguments gets.
        unknown_type: what the sender of a type that is not in the table gets.
        response_magic: what the sender of ``\\0RES`` gets; ``accept`` takes it for ``\\0REQ``.
        refused: names of requests that get ERROR, since the server has no such thing.
        ignored: names of requests that get nothing.
        version: whether ``version`` answers with ``OK`` before the version.
    """

    priority_scope: Literal["global", "function"] = "global"
    function_order: Literal["first", "last"] = "first"
    order: Literal["fifo", "lifo", "high-lifo"] = "fifo"
    requeued: Literal["age", "tail"] = "age"
    coalescing: Literal["function", "unique", "none"] = "function"
    dash_unique: Literal["ordinary", "workload"] = "ordinary"
    abandoned: Literal["drop", "skip", "run"] = "drop"
    worker_death: Literal["requeue", "fail"] = "requeue"
    retries: int | None = None
    withdrawn: Literal["keep", "requeue"] = "keep"
    timeout_unit: Literal["ms", "s"] = "ms"
    timeout_minimum: float = 0.0
    timeout_outcome: Literal["fail", "requeue", "none"] = "fail"
    exception_ends: bool = True
    exceptions_to: Literal["opted", "all"] = "opted"
    exception_otherwise: Literal["fail", "fail-nul", "nothing"] = "fail"
    reduce_arguments: Literal[3, 4] = 3
    assign_all: Literal["always", "reducer"] = "always"
    status_unique: Literal["handle", "unique"] = "handle"
    no_progress: Literal["0", ""] = "0"
    unknown_status: Literal["0", ""] = "0"
    total: Literal["all", "queued"] = "all"
    maxqueue: Literal["all", "queued"] = "all"
    full_queue: Literal["refuse", "fail-last"] = "refuse"
    wakeup: int = 0
    foreign_work: Literal["error", "ignore"] = "error"
    trailing_nul: Literal["malformed", "forward"] = "malformed"
    malformed: Literal["error", "close", "ignore"] = "error"
    unknown_type: Literal["error", "close", "ignore"] = "error"
    response_magic: Literal["error", "close", "ignore", "accept"] = "error"
    refused: frozenset[str] = frozenset({"SUBMIT_JOB_SCHED", "ALL_YOURS"})
    ignored: frozenset[str] = frozenset()
    version: Literal["ok", "bare"] = "ok"

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Dialect:
        """A dialect from the words of a file; what is not named keeps its default.

        ``true`` and ``false`` are booleans, ``none`` is no limit, names are separated by spaces.

        Raises:
            ValueError: there is no such choice, or no such value of it.
        """
        known = [field.name for field in fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValueError(f"a dialect has no {unknown[0]!r}; it has {', '.join(known)}")
        hints = get_type_hints(cls)
        return cls(**{name: _parse(name, hints[name], text) for name, text in values.items()})


_BOOLEANS: Final = {"true": True, "false": False}


def _parse(name: str, hint: object, text: str) -> Any:  # noqa: ANN401 - the value has the type that the hint says
    if get_origin(hint) is Literal:
        return _choose(name, {str(choice): choice for choice in get_args(hint)}, text)
    if hint is bool:
        return _choose(name, _BOOLEANS, text)
    if hint == frozenset[str]:
        return _names(name, text)
    if hint == int | None and text == "none":
        return None
    return _number(name, text, float if hint is float else int)


def _choose(name: str, choices: Mapping[str, object], text: str) -> object:
    if text not in choices:
        raise ValueError(f"{name} is {text!r}; it may be {', '.join(map(repr, choices))}")
    return choices[text]


def _names(name: str, text: str) -> frozenset[str]:
    names = frozenset(text.split())
    for unknown in sorted(names - BY_NAME.keys()):
        raise ValueError(f"{name} names {unknown!r}, which is no message")
    return names


def _number(name: str, text: str, kind: type[float]) -> float:
    try:
        number = kind(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, which is no number") from None
    if not 0 <= number < inf:
        raise ValueError(f"{name} is {text!r}; it may be 0 or more")
    return number
