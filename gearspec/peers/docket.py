"""What becomes of the tasks of a client, and what their owners are still to be told.

What happens to a task is noted when it happens and told afterwards, in the same order: so a listener
that raises, or that uses the client itself, finds everything in its place.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.peers.inquiry import Inquiry
    from gearspec.peers.task import Task


class Docket:
    """The tasks of a client, whatever connections they go over."""

    def __init__(self) -> None:
        self._untold: deque[Callable[[], object]] = deque()

    def created(self, task: Task, handle: bytes) -> None:
        """The server has taken a task: the end of one in the background.

        Clauses: background-client-returns, background-handle-reported.
        """
        if not task.done:
            task.handle = handle
            if task.background:
                task.outcome = "created"
            self.note(task, "created", handle)

    def note(self, task: Task, event: str, *arguments: object) -> None:
        """Something happened to a task, to be told unless nobody waits for it any more."""
        self._untold.append(partial(_tell, task, event, arguments))

    def answered(self, inquiry: Inquiry) -> None:
        """An inquiry is done."""
        if inquiry.listener:
            self._untold.append(partial(inquiry.listener, inquiry))

    def completed(self, task: Task, result: bytes) -> None:
        """A task was executed."""
        if not task.done:
            task.outcome, task.result = "complete", result
            self.note(task, "complete", result)

    def failed(self, task: Task, reason: str) -> bool:
        """A try has failed; returns whether the task is to be submitted again.

        Clauses: retry-on-fail, retry-count, retry-reported, retry-hides-fail, terminal-reported-once.
        """
        if task.done:
            return False
        task.reason = reason
        if task.tries <= task.retry_count:
            self.note(task, "retry", task.tries)
            return True
        self.gave_up(task, reason)
        return False

    def gave_up(self, task: Task, reason: str) -> None:
        """A task has failed for good."""
        if not task.done:
            task.outcome, task.reason = "fail", reason
            self.note(task, "fail")

    def raised(self, task: Task, exception: bytes) -> None:
        """A task has ended with an exception: the caller wanted to know of it, so it is not tried again.

        Clauses: exception-reported, exception-ends-task, exception-then-fail.
        """
        if not task.done:
            task.outcome, task.exception = "exception", exception
            task.reason = "the worker sent an exception"
            self.note(task, "exception", exception)

    def report(self) -> bool:
        """Tell what is to be told; returns whether there was anything."""
        some = bool(self._untold)
        while self._untold:
            self._untold.popleft()()
        return some


def _tell(task: Task, event: str, arguments: tuple[object, ...]) -> None:
    if task.outcome != "timeout":
        task.tell(event, *arguments)
