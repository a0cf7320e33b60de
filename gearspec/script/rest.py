"""Whether a client or worker that has nothing to do lets the processor rest.

A machine that is busy gives a program less of a processor than it asks for, so nobody is accused for that.
What a program still has to finish, such as to translate its own code, comes to an end before the last look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.script.scene import Clock, Spent
from gearspec.script.verdict import Stopped, Verdict

if TYPE_CHECKING:
    from gearspec.script.host import Host, Hosting

CLAUSE: Final = "any-bytes-survived"
"""The clause that says so; it is looked at after the last line of a case that is about it."""
LOOKS: Final = (0.04, 0.5, 2.0)
"""Seconds of each look; the first that finds some rest is the last."""
BUSY: Final = 0.75
"""The share of a look that is used up on a processor where nothing rests."""


def check_rest(host: Host) -> Hosting[None]:
    """Make sure that a testee does not spin.

    Raises:
        Stopped: it keeps a processor busy for as long as anybody looks.
    """
    for look in LOOKS:
        before = yield from _clock(host)
        while host.now < before.at + look:
            yield from host.pause(before.at + look)
        after = yield from _clock(host)
        if _used(before, after) < BUSY * (after.at - before.at):
            return
    raise Stopped(Verdict.FAIL, f"the {host.role} has nothing to do, and keeps a processor busy")


def _clock(host: Host) -> Hosting[Spent]:
    yield from host.do(Clock())
    assert host.spent, "a driver tells it at once"
    return host.spent


def _used(before: Spent, after: Spent) -> float:
    """Seconds on a processor; of a thread that is new nobody knows since when, so it does not count."""
    return sum(after.threads[name] - spent for name, spent in before.threads.items() if name in after.threads)
