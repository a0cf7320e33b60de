"""What the player must know of a server to talk with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gearspec.model.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

CAPABILITIES: Final = {
    "text": "the text protocol: any admin command at all",
    "workers": "the admin command workers",
    "prioritystatus": "the admin command prioritystatus",
    "maxqueue": "the admin command maxqueue, and ERROR when a queue is full",
    "version": "the admin command version",
    "getpid": "gearmand's admin command getpid",
    "verbose": "gearmand's admin command verbose",
    "cancel-job": "gearmand's admin command cancel job",
    "show-jobs": "gearmand's admin commands show jobs and show unique jobs",
    "create-function": "gearmand's admin command create function",
    "drop-function": "gearmand's admin command drop function",
    "echo": "ECHO_REQ",
    "exceptions": "OPTION_REQ exceptions, and WORK_EXCEPTION that follows it",
    "work-data": "WORK_DATA and WORK_WARNING",
    "grab-job": "GRAB_JOB",
    "grab-job-uniq": "GRAB_JOB_UNIQ",
    "grab-job-all": "GRAB_JOB_ALL",
    "priorities": "SUBMIT_JOB_HIGH, SUBMIT_JOB_LOW and their background forms",
    "coalescing": "one job for several submits with the same function and unique",
    "status-unique": "GET_STATUS_UNIQUE",
    "timeout": "CAN_DO_TIMEOUT",
    "epoch": "SUBMIT_JOB_EPOCH",
    "sched": "SUBMIT_JOB_SCHED",
    "reduce": "SUBMIT_REDUCE_JOB and SUBMIT_REDUCE_JOB_BACKGROUND",
}
"""What a server may lack: the words of a case's ``needs`` when a server is under test."""

CLIENT_FEATURES: Final = {
    "several-servers": "a list of servers: the next is tried when one fails",
    "picks-at-random": "which server of a list is tried first is random",
    "background": "background jobs",
    "priorities": "jobs of high and low priority",
    "unique": "the caller may choose the unique",
    "batch": "several tasks in one submit are under way at the same time",
    "concurrent": "further requests are taken while tasks are under way",
    "created": "the job handle of a foreground task is told",
    "background-created": "the job handle of a background task is told",
    "exceptions": "WORK_EXCEPTION is told as an exception",
    "exceptions-by-option": "exceptions are asked for with OPTION_REQ when the caller says so",
    "exceptions-per-task": "exceptions are asked for with OPTION_REQ when a task wants them",
    "exceptions-always": "exceptions are asked for with OPTION_REQ on every connection, unbidden",
    "work-data": "WORK_DATA and WORK_WARNING are told",
    "progress": "WORK_STATUS of a task is told",
    "status": "GET_STATUS",
    "status-unique": "GET_STATUS_UNIQUE",
    "echo": "ECHO_REQ",
    "retries": "a failed task is submitted again as often as the caller says",
    "wait": "the caller may say how long to wait",
    "epoch": "SUBMIT_JOB_EPOCH",
    "reduce": "SUBMIT_REDUCE_JOB and SUBMIT_REDUCE_JOB_BACKGROUND",
}
"""What a client library may have: the words of ``hello``, and of ``needs`` when a client is under test."""
WORKER_FEATURES: Final = {
    "several-servers": "a list of servers, all of which are served",
    "several-functions": "more than one function",
    "timeout": "CAN_DO_TIMEOUT",
    "unregister": "CANT_DO",
    "work-data": "WORK_DATA and WORK_WARNING",
    "progress": "WORK_STATUS",
    "fail": "a handler may say that its job failed",
    "exceptions": "a handler may send WORK_EXCEPTION",
    "raise": "a handler may throw, and the worker goes on",
}
"""What a worker library may have: the words of ``hello``, and of ``needs`` when a worker is under test."""
ABILITIES: Final = {"server": CAPABILITIES, "client": CLIENT_FEATURES, "worker": WORKER_FEATURES}
"""The words of ``needs`` by the role that they concern; a word of another role asks nothing of it."""


def meaning(need: str, roles: Iterable[str]) -> str:
    """What a word of ``needs`` means to roles that are under test."""
    words = (ABILITIES[role][need] for role in roles if need in ABILITIES[role])
    return "; ".join(dict.fromkeys(words))


def unmet(needs: Iterable[str], role: str, has: Collection[str]) -> list[str]:
    """Of what a case needs, what concerns a role and is not among what that has."""
    return [need for need in needs if need in ABILITIES[role] and need not in has]


@dataclass(frozen=True, slots=True)
class Traits:
    """How to talk with a server under test.

    Attributes:
        capabilities: which of `CAPABILITIES` it is declared to have.
        edition: the edition of PROTOCOL that it answers to.
        fence: what proves that nothing more is coming: ``echo`` for ECHO_REQ, ``status`` for
            GET_STATUS of a made-up handle.
        close_fence: what proves that it noticed a close: ``workers`` for the admin table, ``eof``
            for a single-threaded server that closes its own side then, None if nothing does.
        grab: the grab that ``GRAB`` in a script stands for.
        dialect: the freedoms of the model that this server takes.
    """

    capabilities: frozenset[str] = frozenset(CAPABILITIES)
    edition: str = "2.0.0"
    fence: str = "echo"
    close_fence: str | None = "workers"
    grab: str = "GRAB_JOB"
    dialect: Dialect = field(default_factory=Dialect)
