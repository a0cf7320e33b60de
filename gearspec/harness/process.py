"""A server under test that we start, watch and stop: a program that listens where we tell it to."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from gearspec.errors import UsageError
from gearspec.harness.kernel import listens
from gearspec.harness.life import DOWN, Life, identities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearspec.harness.life import Identity

HOST: Final = "127.0.0.1"
"""Where every program that we start listens."""
_TRIES: Final = 3
_UP: Final = 10.0


class Process(Life):
    """One life of one server, on a loopback port that the system picked.

    Args:
        command: the program and its arguments, with ``{host}``, ``{port}`` and ``{folder}`` in place.
        settings: as `Life` has them.

    Attributes:
        port: where it listens, on `HOST`.
    """

    def __init__(self, command: Sequence[str], **settings: Any) -> None:  # noqa: ANN401 - as Life has them
        super().__init__(command, **settings)
        self.port = 0

    def start(self) -> None:
        """Start it and wait until it listens.

        A port that was free a moment ago may be taken when the program comes for it, so a program
        that ends before it listens is started again on another port.

        Raises:
            UsageError: it cannot be run, ends at once, or does not listen on its port in time.
        """
        for identity in [identity for identity in identities() for _ in range(_TRIES)]:
            self._begin(identity)
            if self._comes_up():
                self.notes += [identity.note] if identity.note else []
                return
            self.stop()
        words = self.output().splitlines()[-1:]
        raise UsageError(": ".join([f"{self.command[0]} {self.ended}, before it listened", *words]))

    def _begin(self, identity: Identity) -> None:
        self.port = _free_port()
        self.spawn(identity, {"{host}": HOST, "{port}": str(self.port)})

    def _ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)
        self._ends_within(DOWN * self.scale)

    def _comes_up(self) -> bool:
        """Wait until it listens; False if it ends before."""
        patience = _UP * self.scale
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if listens(self.pid, self.port):
                return True
            if self._ends_within(0.01):
                return False
        self.stop()
        raise UsageError(f"{self.command[0]} does not listen on the port it was given within {patience:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
