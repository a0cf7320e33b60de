"""The worker under the adapter: its functions follow the plans that they were registered with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gearspec.peers.adapter_line import Unsupported, check_keys, decode, encode
from gearspec.peers.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.peers.adapter_line import Say
    from gearspec.peers.job import Job

_STEPS: Final = ("data", "warning", "status", "complete", "fail", "exception", "raise")


class WorkerSide:
    """A worker.

    Args:
        servers: where its servers are.
        say: writes one answer or event.
    """

    FEATURES: Final = (
        *("several-servers", "several-functions", "timeout", "unregister", "work-data", "progress"),
        *("fail", "exceptions", "raise"),
    )
    busy: Final = False
    """It does nothing between two requests."""

    def __init__(self, servers: list[str], say: Say) -> None:
        self._worker = Worker(servers, identity="gearspec")
        self._say = say

    def do(self, request: dict[str, Any], *, ending: bool) -> bool:
        """Do a request.

        Raises:
            Unsupported: there is no such request, or part of it is unknown.
        """
        if request["do"] == "register":
            self._register(request)
        elif request["do"] == "unregister":
            check_keys(request, {"id", "do", "function"})
            self._worker.unregister(decode(request["function"]))
        elif request["do"] == "work":
            check_keys(request, {"id", "do", "jobs", "ms"})
            if not ending:
                self._worker.work(request["jobs"] or None, request["ms"] / 1000)
        else:
            raise Unsupported
        return True

    def turn(self) -> None:
        """Nothing goes on between two requests."""

    def hurry(self, *, ending: bool) -> None:
        """End what goes on, if there is nothing after it."""
        if ending:
            self._worker.stop()

    def quit(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """Close the connections."""
        self._worker.close()

    def _register(self, request: dict[str, Any]) -> None:
        check_keys(request, {"id", "do", "function", "timeout", "plan"})
        for step in (step for steps in request["plan"] for step in steps):
            check_keys(step, _STEPS)
        timeout = request["timeout"] / 1000 if "timeout" in request else None
        self._worker.register(decode(request["function"]), self._follow(request["plan"]), timeout)

    def _follow(self, plan: list[list[dict[str, Any]]]) -> Callable[[Job], bytes | None]:
        """A function that does with each job what the plan says; its last list serves all further jobs."""
        left = list(plan)

        def handle(job: Job) -> bytes | None:
            unique = {"unique": encode(job.unique)} if job.unique else {}
            names = {"handle": job.handle, "function": job.function, "workload": job.workload}
            self._say(event="job", **{name: encode(value) for name, value in names.items()}, **unique)
            results = [_take(job, step) for step in (left.pop(0) if len(left) > 1 else left[0])]
            return results[-1]

        return handle


def _take(job: Job, step: dict[str, Any]) -> bytes | None:
    """Take one step; what it returns is the result, if it is the last one and the job has not ended."""
    ((kind, value),) = step.items()
    if kind == "status":
        job.status(*value)
    elif kind == "fail":
        job.fail()
    elif kind == "complete":
        return decode(value)
    elif kind == "raise":
        raise RuntimeError(decode(value).decode("utf-8", "surrogateescape"))
    else:
        tell = {"data": job.data, "warning": job.warning, "exception": job.exception}[kind]
        tell(decode(value))
    return None
