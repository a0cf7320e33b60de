"""A set of tasks that are under way at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gearspec.peers.client import Client
    from gearspec.peers.task import Task


class TaskSet:
    """Tasks that one client submits and waits for together.

    Args:
        client: who submits them.

    Attributes:
        tasks: in the order in which they were added.
    """

    def __init__(self, client: Client) -> None:
        self.tasks: list[Task] = []
        self._client = client

    def add_task(self, task: Task) -> None:
        """Submit a task; what cannot be sent at once goes out during `wait`.

        Raises:
            ValueError: it was submitted before.
        """
        self._client.start(task)
        self.tasks.append(task)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every task has ended, whether well or badly.

        Clauses: batch-waits-for-all, client-timeout-honoured.

        Args:
            timeout: seconds; None is no limit. What has not ended by then is given up.

        Returns:
            Whether all have ended.
        """
        return self._client.wait(self.tasks, timeout)
