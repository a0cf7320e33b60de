"""The table: what each message is called, who sends it, and what its arguments mean.

A message differs from another in number, name, who sends it under which magic,
argument names, and whether its last argument is opaque. So a message is a row,
and everything else about bytes derives from the rows. Numbers, names and
directions are those of PROTOCOL, section "Binary Packet"; arguments are those
of the section that describes each message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REQ: Final = b"\0REQ"
RES: Final = b"\0RES"
HEADER_SIZE: Final = 12
HANDLE_LIMIT: Final = 64
"""The longest job handle, in bytes, its NUL terminator included (PROTOCOL, "Binary Packet")."""


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the table.

    Attributes:
        type: the number in the header.
        name: the name in PROTOCOL.
        senders: who sends it to a job server under ``\\0REQ``: any of ``client``, ``worker``.
        receivers: who gets it from a job server under ``\\0RES``: any of ``client``, ``worker``.
        arguments: the names of its arguments, in order.
        opaque: whether the last argument may hold any bytes, NUL among them.
    """

    type: int
    name: str
    senders: frozenset[str]
    receivers: frozenset[str]
    arguments: tuple[str, ...]
    opaque: bool

    @property
    def magics(self) -> tuple[bytes, ...]:
        """The magics it is legal under: ``\\0REQ`` for a request, ``\\0RES`` for a response, or both."""
        return ((REQ,) if self.senders else ()) + ((RES,) if self.receivers else ())


_ROLES: Final = {"": (), "C": ("client",), "W": ("worker",), "CW": ("client", "worker")}


def _row(type_: int, name: str, senders: str, receivers: str, arguments: str = "") -> Message:
    names = tuple(arguments.replace("*", "").split())
    return Message(
        type_,
        name,
        frozenset(_ROLES[senders]),
        frozenset(_ROLES[receivers]),
        names,
        arguments.endswith("*"),
    )


_JOB: Final = "function unique workload*"
_CALENDAR: Final = "function unique minute hour day month weekday workload*"
_STATUS: Final = "handle known running numerator denominator"

# fmt: off
MESSAGES: Final[tuple[Message, ...]] = (
    #    #   name                  REQ from  RES to  arguments; * marks an opaque one
    _row( 1, "CAN_DO",               "W",    "",   "function"),
    _row( 2, "CANT_DO",              "W",    "",   "function"),
    _row( 3, "RESET_ABILITIES",      "W",    ""),
    _row( 4, "PRE_SLEEP",            "W",    ""),
    _row( 6, "NOOP",                 "",     "W"),
    _row( 7, "SUBMIT_JOB",           "C",    "",   _JOB),
    _row( 8, "JOB_CREATED",          "",     "C",  "handle"),
    _row( 9, "GRAB_JOB",             "W",    ""),
    _row(10, "NO_JOB",               "",     "W"),
    _row(11, "JOB_ASSIGN",           "",     "W",  "handle function workload*"),
    _row(12, "WORK_STATUS",          "W",    "C",  "handle numerator denominator"),
    _row(13, "WORK_COMPLETE",        "W",    "C",  "handle data*"),
    _row(14, "WORK_FAIL",            "W",    "C",  "handle"),
    _row(15, "GET_STATUS",           "C",    "",   "handle"),
    _row(16, "ECHO_REQ",             "CW",   "",   "data*"),
    _row(17, "ECHO_RES",             "",     "CW", "data*"),
    _row(18, "SUBMIT_JOB_BG",        "C",    "",   _JOB),
    _row(19, "ERROR",                "",     "CW", "code text"),
    _row(20, "STATUS_RES",           "",     "C",  _STATUS),
    _row(21, "SUBMIT_JOB_HIGH",      "C",    "",   _JOB),
    _row(22, "SET_CLIENT_ID",        "W",    "",   "id"),
    _row(23, "CAN_DO_TIMEOUT",       "W",    "",   "function timeout"),
    _row(24, "ALL_YOURS",            "W",    ""),
    _row(25, "WORK_EXCEPTION",       "W",    "C",  "handle data*"),
    _row(26, "OPTION_REQ",           "CW",   "",   "option"),
    _row(27, "OPTION_RES",           "",     "CW", "option"),
    _row(28, "WORK_DATA",            "W",    "C",  "handle data*"),
    _row(29, "WORK_WARNING",         "W",    "C",  "handle data*"),
    _row(30, "GRAB_JOB_UNIQ",        "W",    ""),
    _row(31, "JOB_ASSIGN_UNIQ",      "",     "W",  "handle function unique workload*"),
    _row(32, "SUBMIT_JOB_HIGH_BG",   "C",    "",   _JOB),
    _row(33, "SUBMIT_JOB_LOW",       "C",    "",   _JOB),
    _row(34, "SUBMIT_JOB_LOW_BG",    "C",    "",   _JOB),
    _row(35, "SUBMIT_JOB_SCHED",     "C",    "",   _CALENDAR),
    _row(36, "SUBMIT_JOB_EPOCH",     "C",    "",   "function unique epoch workload*"),
    _row(37, "SUBMIT_REDUCE_JOB",    "C",    "",   "function unique reducer workload*"),
    _row(38, "SUBMIT_REDUCE_JOB_BACKGROUND", "C", "", "function unique reducer workload*"),
    _row(39, "GRAB_JOB_ALL",         "W",    ""),
    _row(40, "JOB_ASSIGN_ALL",       "",     "W",  "handle function unique reducer workload*"),
    _row(41, "GET_STATUS_UNIQUE",    "C",    "",   "unique"),
    _row(42, "STATUS_RES_UNIQUE",    "",     "C",  _STATUS + " waiting"),
)
# fmt: on

BY_TYPE: Final = {message.type: message for message in MESSAGES}
BY_NAME: Final = {message.name: message for message in MESSAGES}
LEGAL: Final = tuple((magic, message) for message in MESSAGES for magic in message.magics)
"""The 47 legal pairs of magic and message."""

SUBMITS: Final = frozenset(name for name in BY_NAME if name.startswith("SUBMIT_"))
BACKGROUND: Final = frozenset(
    name for name in SUBMITS if name.endswith(("_BG", "_BACKGROUND", "_SCHED", "_EPOCH"))
)
"""The submits whose client is detached: it hears nothing after JOB_CREATED."""
GRABS: Final = {
    "GRAB_JOB": "JOB_ASSIGN",
    "GRAB_JOB_UNIQ": "JOB_ASSIGN_UNIQ",
    "GRAB_JOB_ALL": "JOB_ASSIGN_ALL",
}
"""Each grab, and the assignment that answers it."""
TERMINAL: Final = frozenset({"WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION"})
"""What ends a job."""
