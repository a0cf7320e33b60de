"""One server to play against, and the loop that plays against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.errors import TargetGone, UsageError
from gearspec.harness.locate import Located, locate
from gearspec.harness.process import HOST, Process
from gearspec.harness.sight import observe
from gearspec.peers.server import run_in_thread
from gearspec.wire.address import Address
from gearspec.wire.loop import Loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearspec.harness.target import Target
    from gearspec.script.action import Play
    from gearspec.script.verdict import Result

KNOCKS: Final = 3
"""How often a program that has just been started is asked whether it answers.

Some listen a moment before they are ready, and turn away who comes then.
"""


class Instance:
    """A server that runs: a program of ours, the reference server in this process, or somebody's.

    Args:
        address: where it is.
        how: how it runs, in words.
        scale: what deadlines are multiplied by.
        process: the program, if it is one of ours.
        stop: how to end it, if it is ours and no program.

    Attributes:
        address: where it is.
        process: the program, if it is one of ours.
        notes: how it runs, in lines.
    """

    def __init__(
        self,
        address: Address,
        how: str,
        scale: float,
        *,
        process: Process | None = None,
        stop: Callable[[], None] | None = None,
    ) -> None:
        self.address, self.process = address, process
        self._scale, self._stop = scale, stop
        self._abandoned = False
        self.notes = [how, *(process.notes if process else [])]
        self._loop = Loop(address, scale=scale, alive=self._alive, watch=process.pidfd if process else None)

    @property
    def ended(self) -> str | None:
        """How it ended, as the rest of a sentence; None while it lives, as far as we can see."""
        return self.process.ended if self.process else None

    def harm(self) -> str:
        """What it has printed of harm to its memory since this was last asked; empty if nothing."""
        return self.process.harm() if self.process else ""

    def play(self, plays: Sequence[Play]) -> list[Result]:
        """Play all of them at once."""
        return self._loop.play(plays)

    def abandon(self) -> None:
        """End whatever is being played, from another thread."""
        self._abandoned = True

    def stop(self) -> None:
        """End it, if it is ours to end."""
        if self.process:
            self.process.stop()
        elif self._stop:
            self._stop()

    def loss(self, fence: str) -> TargetGone | None:
        """Whether it is gone or mute, asked on a fresh connection by the fence that it answers."""
        if self.ended:
            return TargetGone("CRASH", f"the server {self.ended}")
        try:
            sight = observe(self.address, [fence], scale=self._scale)
        except UsageError:
            return TargetGone("CRASH", "the server cannot be connected to any more")
        if fence in sight.fences:
            return None
        return TargetGone("HANG", "a fresh connection is not answered within 2 s")

    def _alive(self) -> TargetGone | None:
        if self.ended:
            return TargetGone("CRASH", f"the server {self.ended}")
        return TargetGone("CRASH", "the run has ended") if self._abandoned else None


def start_server(target: Target, scale: float = 1.0) -> Instance:
    """Find the program of a target on this machine, and start it; or reach it where it runs.

    Raises:
        UsageError: it is not installed, or does not start.
    """
    return begin(target, locate(target) if target.command else None, scale)


def begin(target: Target, located: Located | None, scale: float) -> Instance:
    """Start a target, or reach it.

    Args:
        target: what to start.
        located: where its program is, if it is one.
        scale: what deadlines are multiplied by.

    Raises:
        UsageError: it does not start, or its address cannot be found.
    """
    if target.address:
        return Instance(target.address, f"running at {target.address}", scale)
    if target.embedded:
        server = run_in_thread()
        return Instance(server.address, "running inside gearspec", scale, stop=server.stop)
    assert located is not None
    process = Process(located.command, environment=located.environment, scale=scale)
    process.start()
    how = f"started from {located.command[0]}"
    instance = Instance(Address(HOST, process.port), how, scale, process=process)
    for _ in range(KNOCKS):
        if instance.loss(target.traits.fence) is None:
            break
    return instance
