"""The adapter of the reference client and worker: requests as lines of JSON in, answers and events out.

``python -m gearspec.peers.adapter`` speaks on its standard input and output; `run` on any two streams of
text. docs/adapters.md is the contract.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeAlias

from gearspec import __version__
from gearspec.errors import GearspecError
from gearspec.peers.adapter_client import ClientSide
from gearspec.peers.adapter_line import Unsupported, tell_error
from gearspec.peers.adapter_worker import WorkerSide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gearspec.peers.adapter_line import Say

CONTRACT: Final = 1
SIDES: Final[dict[str, type[ClientSide | WorkerSide]]] = {"client": ClientSide, "worker": WorkerSide}

_Request: TypeAlias = "dict[str, Any]"


class Adapter:
    """One life of an adapter.

    Requests are read in a thread, so that what goes on can be ended when there are no more.

    Args:
        say: writes one answer or event.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._inbox: queue.SimpleQueue[_Request | Exception | None] = queue.SimpleQueue()
        self._side: ClientSide | WorkerSide | None = None
        self._ending = False

    def run(self, requests: Iterable[str]) -> None:
        """Do what is asked, until ``quit`` or until there are no more requests."""
        threading.Thread(target=self._read, args=(requests,), name="requests", daemon=True).start()
        try:
            while (request := self._next()) is not None:
                if isinstance(request, Exception):
                    raise request
                self._answer(request)
                if request["do"] == "quit":
                    break
        finally:
            if self._side:
                self._side.close()

    def _read(self, requests: Iterable[str]) -> None:
        """Runs in a thread: whatever goes on is ended by ``quit`` and by the end of the requests."""
        try:
            for line in requests:
                request = json.loads(line)
                self._pass_on(request, last=request["do"] == "quit")
                if self._ending:
                    return
        except Exception as problem:  # noqa: BLE001 - it is raised where it is seen
            self._pass_on(problem, last=True)
        else:
            self._pass_on(None, last=True)

    def _pass_on(self, request: _Request | Exception | None, *, last: bool) -> None:
        self._ending = last
        self._inbox.put(request)
        if self._side:
            self._side.hurry(ending=last)

    def _next(self) -> _Request | Exception | None:
        """The next request; until it comes, the tasks that were submitted go on."""
        while self._side and self._side.busy:
            try:
                return self._inbox.get_nowait()
            except queue.Empty:
                self._side.turn()
        return self._inbox.get()

    def _answer(self, request: _Request) -> None:
        number = request["id"]
        try:
            answered = self._do(request)
        except Unsupported:
            self._say(id=number, unsupported=True)
            return
        except (GearspecError, ValueError) as problem:  # what the library raises is told
            tell_error(self._say, problem)
            answered = True
        if answered:
            self._say(id=number, done=True)

    def _do(self, request: _Request) -> bool:
        """Do one request; returns whether it is over."""
        if request["do"] == "hello":
            self._hello(request["id"])
            return False
        if request["do"] == "connect":
            self._connect(request)
            return True
        if request["do"] == "quit":
            if self._side:
                self._side.quit()
            return True
        if self._side is None:
            raise Unsupported
        return self._side.do(request, ending=self._ending)

    def _hello(self, number: int) -> None:
        features = {role: list(side.FEATURES) for role, side in SIDES.items()}
        about = {"contract": CONTRACT, "name": "gearspec", "version": __version__}
        self._say(id=number, done=True, **about, roles=list(SIDES), features=features)

    def _connect(self, request: _Request) -> None:
        if request["role"] not in SIDES:
            raise Unsupported
        if self._side:
            self._side.quit()
            self._side.close()
            self._side = None
        self._side = SIDES[request["role"]](request["servers"], self._say)


def run(requests: Iterable[str], answers: TextIO) -> None:
    """Be an adapter, until ``quit`` or until there are no more requests.

    Args:
        requests: lines of JSON, such as a stream of text has them.
        answers: where answers and events are written.
    """

    def say(**message: object) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    Adapter(say).run(requests)


if __name__ == "__main__":
    run(sys.stdin, sys.stdout)
