"""What a loop watches, and where that puts what it has heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.errors import AdapterError

Came = TypeVar("Came")
"""What may arrive in a play."""


class Source(Protocol):
    """What is registered with a selector as the data of a file."""

    def ready(self, mask: int, now: float) -> None:
        """The selector saw the events of `mask`; it is `now`."""


class Hook:
    """A source that is one function, for things that watch several files.

    Args:
        call: it is given the time.
    """

    def __init__(self, call: Callable[[float], None]) -> None:
        self._call = call

    def ready(self, mask: int, now: float) -> None:  # noqa: ARG002 - as Source has it
        """Call the function."""
        self._call(now)


class Inbox(Generic[Came]):
    """What came in one play, until the play is given it.

    Attributes:
        arrivals: in order of arrival.
        ended: a connection ended that we had not half-closed; perhaps the program behind it died.
        fault: what the adapter did that it must not; it is for the play once the arrivals are.
    """

    __slots__ = ("arrivals", "ended", "fault")

    def __init__(self) -> None:
        self.arrivals: list[Came] = []
        self.ended = False
        self.fault: AdapterError | None = None

    def take(self) -> tuple[Came, ...]:
        """Hand over all arrivals and forget them."""
        taken = tuple(self.arrivals)
        self.arrivals.clear()
        return taken
