"""What a client tells its caller when a request came to nothing.

A wait that took too long is Python's own `TimeoutError`.
"""

from __future__ import annotations

from gearspec.errors import GearspecError


class PeerError(GearspecError):
    """A request that came to nothing; its text says why."""


class ServerLost(PeerError):  # noqa: N818 - it names a state, as the errors of the wire do
    """No server can be reached, or the one that was asked has gone or is mute."""


class Refused(PeerError):  # noqa: N818 - likewise
    """The server answered with ERROR.

    Args:
        code: as the server gave it.
        text: as the server gave it; may be empty.
    """

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"ERROR {code}: {text}" if text else f"ERROR {code}")


class TaskFailed(PeerError):  # noqa: N818 - likewise
    """A task whose result was waited for has failed."""


class TaskException(TaskFailed):
    """A task whose result was waited for has failed with an exception.

    Args:
        data: what the worker sent.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        super().__init__(f"the worker sent an exception of {len(data)} bytes")
