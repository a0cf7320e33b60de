"""Jobs with a point in time: when they fall due, or when they have run too long."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .job import Job


class Schedule:
    """Jobs in the order of their times, which are seconds."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, bytes, Job]] = []

    @property
    def next(self) -> float | None:
        """The first time, or None when there is none."""
        return self._entries[0][0] if self._entries else None

    def add(self, time: float, job: Job) -> None:
        """Enter a job; a job is in a schedule once."""
        insort(self._entries, (time, job.handle, job))

    def discard(self, time: float, job: Job) -> None:
        """Take out a job that was entered under `time`, if it is still there."""
        place = bisect_left(self._entries, (time, job.handle))
        if place < len(self._entries) and self._entries[place][2] is job:
            del self._entries[place]

    def pop(self, now: float) -> list[Job]:
        """Take out every job whose time has come."""
        jobs = []
        while self._entries and self._entries[0][0] <= now:
            jobs.append(self._entries.pop(0)[2])
        return jobs
