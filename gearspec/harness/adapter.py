"""One life of an adapter: a program of the library's own language, or the reference peers in a thread.

Both are what a `gearspec.wire.channel.Channel` needs of an adapter. A case has one of its own, so to start
one has to be cheap, and to end one needs no politeness.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gearspec.harness.contract import Dialogue
from gearspec.harness.kernel import spent
from gearspec.harness.life import DOWN, Life
from gearspec.peers.adapter import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import TextIO

    from gearspec.harness.life import Identity
    from gearspec.harness.locate import Located

_WORDS: Final = 2000


class AdapterProcess(Dialogue, Life):
    """An adapter that is a program.

    Args:
        located: how to start it.
        identity: as whom.
        folder: its working folder; None for one of its own.
        scale: what deadlines are multiplied by.

    Raises:
        UsageError: there is no such program.

    Attributes:
        reader: a pipe with what it says.
        writer: a pipe for requests.
        watch: what becomes readable when it ends.
    """

    def __init__(
        self, located: Located, identity: Identity, folder: Path | None = None, scale: float = 1.0
    ) -> None:
        Dialogue.__init__(self)
        Life.__init__(self, located.command, environment=located.environment, scale=scale)
        self.spawn(identity, {}, talks=True, folder=folder)
        assert self._popen.stdin
        assert self._popen.stdout
        self.reader, self.writer = self._popen.stdout.fileno(), self._popen.stdin.fileno()
        self.watch: int | None = self.pidfd

    def kill(self, reason: str = "was stopped") -> None:
        """Kill it and all it started, at once and without waiting; harmless if it is gone."""
        if self._tail is None and self.alive:
            self._reason = self._reason or reason
            self._signal(signal.SIGKILL)

    def spent(self) -> dict[int, float]:
        """Seconds that each of its threads, and of what it started, has been on a processor."""
        return spent(self.pid)

    def leave(self, seconds: float) -> bool:
        """Ask nothing any more; whether it ends within so many seconds."""
        assert self._popen.stdin
        self._popen.stdin.close()
        return self._ends_within(seconds)

    def words(self) -> list[str]:
        """The end of what it wrote to its standard error, escaped, in lines."""
        return self.output(_WORDS).splitlines()


class EmbeddedAdapter(Dialogue):
    """The reference client and worker, in a thread of this process.

    Args:
        serve: what answers requests, the reference adapter or one that differs from it.

    Attributes:
        reader: a socket with what they say.
        writer: the same socket, for requests.
        watch: none; the end of `reader` is the end of the thread.
        ended: always None, since nothing ends it but us.
    """

    watch: int | None = None
    ended: str | None = None

    def __init__(self, serve: Callable[[Iterable[str], TextIO], None] = run) -> None:
        super().__init__()
        self._run = serve
        self._ours, theirs = socket.socketpair()
        self.reader, self.writer = self._ours.fileno(), os.dup(self._ours.fileno())
        self._words: list[str] = []
        self._thread = threading.Thread(
            target=self._serve, args=(theirs,), name="reference adapter", daemon=True
        )
        self._thread.start()

    def kill(self) -> None:
        """Tell it that there is nothing more to do."""
        self._ours.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """End it and wait for that; a second call is harmless."""
        if self._ours.fileno() < 0:
            return
        self.kill()
        self._thread.join(DOWN)
        self._ours.close()
        os.close(self.writer)

    def spent(self) -> dict[int, float]:
        """Seconds that its thread has been on a processor."""
        mine = self._thread.native_id
        return {thread: seconds for thread, seconds in spent(os.getpid()).items() if thread == mine}

    def leave(self, seconds: float) -> bool:
        """Ask nothing any more; whether it ends within so many seconds."""
        self._ours.shutdown(socket.SHUT_WR)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def words(self) -> list[str]:
        """The traceback of a fault inside it, in lines."""
        return self._words

    def _serve(self, connection: socket.socket) -> None:
        """Runs in the thread, until there are no more requests, or nobody wants to hear of them."""
        try:
            with (
                suppress(OSError),
                connection,
                connection.makefile("r", encoding="ascii") as requests,
                connection.makefile("w", encoding="ascii") as answers,
            ):
                self._run(requests, answers)
        except Exception:  # noqa: BLE001 - it is told with the case that it ended
            self._words = traceback.format_exc().splitlines()


Adapter = AdapterProcess | EmbeddedAdapter
