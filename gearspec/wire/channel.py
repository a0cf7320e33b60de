"""The line to an adapter: requests go out, what it says comes in, and nothing ever blocks.

What an adapter is, a process or something inside gearspec, is no matter here: it has two files and
knows the contract (docs/adapters.md). The `Channel` reads lines of bounded length and puts what they
say into the inbox of the scene; once the adapter is gone and all it had said has been read, that
is an arrival as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


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

    def kill(self) -> None:
        """Kill it and all that it started, at once and without waiting; harmless if it is gone."""

    def stop(self) -> None:
        """Kill it if it runs, wait for its end, and clear away all that is left of it.

        Never raises, and a second call is harmless. After `kill`, once `watch` is readable, this
        takes no time to speak of.
        """
