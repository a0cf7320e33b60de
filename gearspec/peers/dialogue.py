"""One client's side of one connection: which answer belongs to which request, which result to which task.

It has no socket and no clock: what comes is passed in, what is to be sent is taken out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from gearspec.peers.error import Refused, ServerLost
from gearspec.peers.inquiry import TEXT, Inquiry, submit
from gearspec.peers.value import handle_of, to_text
from gearspec.protocol.message import TERMINAL
from gearspec.protocol.packet import Line

if TYPE_CHECKING:
    from gearspec.peers.docket import Docket
    from gearspec.peers.task import Task
    from gearspec.protocol.packet import Item, Packet

_ANSWERS: Final = frozenset({"JOB_CREATED", "ECHO_RES", "OPTION_RES", "STATUS_RES", "STATUS_RES_UNIQUE"})
_PROGRESS: Final = {"WORK_DATA": "data", "WORK_WARNING": "warning", "WORK_STATUS": "status"}
UNASKED: Final = "the server sent text that nobody asked for"


class Dialogue:
    """The state of one connection.

    Args:
        docket: where is noted what happens to tasks.
        max_reply: how many bytes a reply in text may have.

    Attributes:
        out: what is to be sent.
        broken: why the connection must not go on; empty while it may.
    """

    def __init__(self, docket: Docket, max_reply: int) -> None:
        self.out: list[Item] = []
        self.broken = ""
        self._docket = docket
        self._room = max_reply
        self._max_reply = max_reply
        self._pending: list[Inquiry] = []
        self._jobs: dict[bytes, deque[Task]] = {}

    @property
    def oldest(self) -> float | None:
        """When that was asked which waits longest for its answer.

        An option does not count, as a server may know none and work all the same.
        """
        return next((inquiry.asked for inquiry in self._pending if inquiry.reply != "OPTION_RES"), None)

    def ask(self, inquiry: Inquiry, now: float) -> None:
        """Send a request."""
        inquiry.asked = now
        if inquiry.task:
            inquiry.task.tries += 1
        self._pending.append(inquiry)
        self.out.append(inquiry.item)

    def received(self, item: Item, now: float) -> None:
        """Take what has come.

        A packet that answers nothing, or whose type is unknown, changes nothing: the packets after
        it can be understood, and other tasks wait for them.

        Clauses: unknown-type-survived, text-from-server-survived, unknown-handle-ignored.
        """
        if isinstance(item, Line):
            self._take_line(item)
        elif item.name in _ANSWERS:
            self._take_answer(item)
        elif item.name == "ERROR":
            self._take_error(item, now)
        elif item.name in TERMINAL:
            self._end_job(item, now)
        elif item.name in _PROGRESS:
            self._tell_progress(item)

    def lost(self, reason: str) -> list[Task]:
        """The connection is over; returns the tasks to be submitted again.

        Clauses: client-failover-lost, client-lost-job-reported.
        """
        pending, self._pending = self._pending, []
        for inquiry in pending:
            if not inquiry.task:
                inquiry.error = ServerLost(reason)
                self._docket.answered(inquiry)
        submitted = [inquiry.task for inquiry in pending if inquiry.task]
        tasks = [task for tasks in self._jobs.values() for task in tasks] + submitted
        return [task for task in tasks if self._docket.failed(task, reason)]

    def text_begun(self) -> None:
        """A line of text has begun; only a packet may, unless text was asked for."""
        if self._text_wanted() is None:
            self.broken = UNASKED

    def _text_wanted(self) -> Inquiry | None:
        return next((inquiry for inquiry in self._pending if inquiry.reply == TEXT), None)

    def _take_line(self, line: Line) -> None:
        inquiry = self._text_wanted()
        self._room -= len(line.raw)
        if inquiry is None or inquiry.reader is None or self._room < 0:
            self.broken = UNASKED
            return
        inquiry.answer = inquiry.reader.feed(line)
        if inquiry.answer is not None:
            self._remove(inquiry)
            self._docket.answered(inquiry)
            self._room = self._max_reply

    def _take_answer(self, packet: Packet) -> None:
        """Find what a packet answers: the oldest request with its first argument, or of its kind.

        A status is of the job whose handle it bears, and of no other.

        Clauses: error-keeps-pairing, echo-reported, status-res-reported.
        """
        waiting = [inquiry for inquiry in self._pending if inquiry.reply == packet.name]
        fitting = [inquiry for inquiry in waiting if inquiry.key in {None, packet.arguments[0]}]
        inquiry = next(iter(fitting or (waiting if packet.name != "STATUS_RES" else ())), None)
        if inquiry is None:
            return
        self._remove(inquiry)
        inquiry.answer = packet
        self._docket.answered(inquiry)
        if inquiry.task:
            handle = handle_of(packet.body)
            self._docket.created(inquiry.task, handle)
            if not inquiry.task.background:
                self._jobs.setdefault(handle, deque()).append(inquiry.task)

    def _remove(self, inquiry: Inquiry) -> None:
        index = self._pending.index(inquiry)
        for earlier in self._pending[:index]:
            earlier.overtaken = True
        del self._pending[index]

    def _take_error(self, packet: Packet, now: float) -> None:
        """An ERROR answers what was asked first, unless that seems to get no answer at all.

        Clauses: error-fails-the-submit, error-spares-other-tasks, option-refused-survived.
        """
        if not self._pending:
            return
        first = self._pending[0]
        inquiry = next((inquiry for inquiry in self._pending if not inquiry.overtaken), first)
        self._remove(inquiry)
        fields = packet.fields
        inquiry.error = Refused(to_text(fields.get("code", b"")), to_text(fields.get("text", b"")))
        self._docket.answered(inquiry)
        if inquiry.task:
            self._fail(inquiry.task, now, str(inquiry.error))

    def _end_job(self, packet: Packet, now: float) -> None:
        """A job has ended, and with it all tasks that share its handle.

        A WORK_COMPLETE without the NUL after its handle has an empty result.

        Clauses: results-any-order, same-handle-ends-both, work-complete-without-nul-survived.
        """
        handle, data = handle_of(packet.arguments[0]), packet.fields.get("data", b"")
        for task in self._jobs.pop(handle, ()):
            if packet.name == "WORK_COMPLETE":
                self._docket.completed(task, data)
            elif packet.name == "WORK_EXCEPTION":
                self._docket.raised(task, data)
            else:
                self._fail(task, now, "the worker failed")

    def _fail(self, task: Task, now: float, reason: str) -> None:
        if self._docket.failed(task, reason):
            self.ask(submit(task), now)

    def _tell_progress(self, packet: Packet) -> None:
        """Each of the tasks that share a handle gets its own copy, so they take turns."""
        tasks = self._jobs.get(packet.arguments[0])
        if not tasks:
            return
        fields = packet.fields
        if packet.name == "WORK_STATUS":
            told = tuple(to_text(fields.get(name, b"")) for name in ("numerator", "denominator"))
            self._docket.note(tasks[0], "status", *told)
        else:
            self._docket.note(tasks[0], _PROGRESS[packet.name], fields.get("data", b""))
        tasks.rotate(-1)
