"""The line to an adapter: requests go out, what it says comes in, and nothing ever blocks.

What an adapter is, a process or something inside gearspec, is no matter here: it has two files and
knows the contract (docs/adapters.md). The `Channel` reads lines of bounded length and puts what they
say into the inbox of the scene; once the adapter is gone and all it had said has been read, that
is an arrival as well.
"""

from __future__ import annotations

import os
from math import inf
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Any, Final, Protocol

from gearspec.errors import AdapterError
from gearspec.protocol.transcript import printable
from gearspec.script.scene import Ended, Said
from gearspec.wire.source import Hook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from selectors import BaseSelector

    from gearspec.script.scene import Tidings
    from gearspec.wire.source import Inbox

LINE: Final = 32 * 1024 * 1024
"""How many bytes a line of an adapter may have."""
KEPT: Final = 128 * 1024 * 1024
"""How many bytes of memory all lines of an adapter may take, about."""
LINE_COST: Final = 8 * 1024
"""What each line costs of that beside its bytes; so it bounds their number, since each takes time as well."""
SHORT: Final = 4 * 1024
"""How many bytes a turn reads while lines are short: to hear many of them would take long."""
CHUNK: Final = 64 * 1024
"""How many bytes a turn reads in the middle of a long line."""
GRACE: Final = 0.5
"""Seconds that an adapter is given to end after it closed its output."""


class Adapter(Protocol):
    """One adapter that runs: what a `Channel` needs of it.

    Its files stay its own: it closes them in `stop`, and a `Channel` only makes them non-blocking.
    """

    @property
    def reader(self) -> int:
        """A file descriptor with what the adapter says; at its end the adapter has closed its output."""

    @property
    def writer(self) -> int:
        """A file descriptor for requests; another number than `reader`, if need be by ``os.dup``."""

    @property
    def watch(self) -> int | None:
        """A file descriptor that becomes, and stays, readable once the adapter has ended; a pidfd for one.

        With None the end of `reader` is the end of the adapter, and `stop` takes no time.
        """

    @property
    def ended(self) -> str | None:
        """How it ended by itself, such as "exited with status 1"; None while it runs."""

    def ask(self, request: Mapping[str, Any]) -> bytes:
        """The line of a request, with its newline; ``servers`` holds addresses such as ``127.0.0.1:4730``."""

    def hear(self, line: bytes) -> Mapping[str, Any]:
        """What a line says, without its newline.

        Raises:
            AdapterError: no adapter may say this, or not now.
        """

    def spent(self) -> Mapping[int, float]:
        """Seconds that each of its threads, and of what it started, has been on a processor."""

    def kill(self) -> None:
        """Kill it and all that it started, at once and without waiting; harmless if it is gone."""

    def stop(self) -> None:
        """Kill it if it runs, wait for its end, and clear away all that is left of it.

        Never raises, and a second call is harmless. After `kill`, once `watch` is readable, this
        takes no time to speak of.
        """


class Channel:
    """What a scene has of its adapter; it keeps itself registered with its selector.

    What an adapter says last, without a newline, is not heard: it was cut short.

    Args:
        adapter: just started.
        inbox: where arrivals go, and the fault of an adapter that says what none may.
        selector: calls us through the loop that owns it.
        first: called between the reading of what an adapter said and its arrival. What the library had
            sent by then can be read by now, and so it arrives first.

    Attributes:
        due: when `wake` has something to do.
        silent: the adapter has not said anything yet.
    """

    def __init__(
        self,
        adapter: Adapter,
        inbox: Inbox[Tidings],
        selector: BaseSelector,
        first: Callable[[float], None],
    ) -> None:
        self.due = inf
        self.silent = True
        self._adapter = adapter
        self._inbox = inbox
        self._selector = selector
        self._first = first
        self._watched: set[int] = set()
        self._partial = bytearray()
        self._room = KEPT
        self._out = bytearray()
        self._gone = False
        os.set_blocking(adapter.reader, False)
        os.set_blocking(adapter.writer, False)
        self._watch(adapter.reader, EVENT_READ, self._read)
        if adapter.watch is not None:
            self._watch(adapter.watch, EVENT_READ, self._bereave)

    def owns(self, file: int) -> bool:
        """Whether it is us that watch a file."""
        return file in self._watched

    def ask(self, request: Mapping[str, Any]) -> None:
        """Send a request, now or as soon as the adapter takes it; nothing if it does not listen any more."""
        line = self._adapter.ask(request)
        if self._watched:
            self._out += line
            self._write()

    def wake(self, now: float) -> None:
        """Look for what it still has to say, or give up waiting for its end."""
        if self._adapter.reader in self._watched:
            self._read(now)
        else:
            self._end(now)

    def close(self) -> None:
        """Watch nothing any more; closing twice is harmless."""
        self.due = inf
        for file in self._watched.copy():
            self._unwatch(file)

    def _read(self, now: float) -> None:
        try:
            data = os.read(self._adapter.reader, CHUNK if len(self._partial) >= SHORT else SHORT)
        except BlockingIOError:
            if self._gone:
                self._end(now)
            return
        except OSError:  # the other end of a socket was closed before it had read everything
            data = b""
        self._first(now)
        self.silent = False
        if data:
            self._take(data, now)
        else:
            self._finish(now)

    def _take(self, data: bytes, now: float) -> None:
        *lines, rest = data.split(b"\n")
        self._room -= len(data) + LINE_COST * len(lines)
        try:
            for line in lines:
                said = self._adapter.hear(bytes(self._partial) + line)
                self._partial.clear()
                self._inbox.arrivals.append(Said(now, said))
            self._partial += rest
            self._check_room()
        except AdapterError as fault:
            self._inbox.fault = fault
            self.close()

    def _check_room(self) -> None:
        if len(self._partial) > LINE:
            begun = printable(bytes(self._partial))
            raise AdapterError(f"the adapter says a line that does not end: {begun}")
        if self._room < 0:
            raise AdapterError("the adapter says more than anybody could want to hear")

    def _finish(self, now: float) -> None:
        """Its output is closed; its end should follow."""
        self._unwatch(self._adapter.reader)
        if self._gone or self._adapter.watch is None:
            self._end(now)
        else:
            self.due = now + GRACE

    def _bereave(self, now: float) -> None:
        """It is gone; what it had said may still have to be read."""
        assert self._adapter.watch is not None
        self._unwatch(self._adapter.watch)
        self._gone = True
        self.due = now

    def _end(self, now: float) -> None:
        self._inbox.arrivals.append(Ended(now, self._adapter.ended or "closed its output"))
        self.close()

    def _write(self, now: float = 0.0) -> None:  # noqa: ARG002 - as Hook has it
        writer = self._adapter.writer
        try:
            del self._out[: os.write(writer, self._out)]
        except BlockingIOError:
            pass
        except OSError:  # it closed its input; whether it has ended is told by its output
            self._out.clear()
        if not self._out:
            self._unwatch(writer)
        elif writer not in self._watched:
            self._watch(writer, EVENT_WRITE, self._write)

    def _watch(self, file: int, mask: int, call: Callable[[float], None]) -> None:
        self._selector.register(file, mask, Hook(call))
        self._watched.add(file)

    def _unwatch(self, file: int) -> None:
        if file in self._watched:
            self._selector.unregister(file)
            self._watched.remove(file)
