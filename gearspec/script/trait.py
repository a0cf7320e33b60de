"""What the player must know of a server to talk with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gearspec.model.dialect import Dialect

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
