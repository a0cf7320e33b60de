"""Which server it is that answers, in which version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gearspec.errors import UsageError
from gearspec.harness.sight import ECHO, STATUS, Sight, observe, questions, recognise
from gearspec.harness.target import lend
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from gearspec.harness.target import Target
    from gearspec.wire.address import Address


def identify(
    target: Target, address: Address, version: str | None = None, scale: float = 1.0
) -> tuple[Target, str | None]:
    """Make sure that a server is the one it should be, or find out which of the known ones it is.

    Args:
        target: what it should be; one without a file is compared with each known target.
        address: where it runs.
        version: its version, if that is known already.
        scale: what deadlines are multiplied by.

    Returns:
        The target, with what is known of this version, and the version if it can be told.

    Raises:
        UsageError: nothing answers, what answers is no job server, or it is another one.
    """
    if target.path is None:
        sight = observe(address, lines=questions(), scale=scale)
        if not sight.fences:
            raise UsageError(f"{address} is no job server: it answers neither ECHO_REQ nor GET_STATUS")
        known = recognise(sight)
        target = lend(known, address) if known else _stranger(target, sight)
    else:
        sight = observe(address, [target.traits.fence], _version_lines(target), scale)
    if target.traits.fence not in sight.fences:
        asked = "ECHO_REQ" if target.traits.fence == ECHO else "GET_STATUS"
        raise UsageError(f"{address} speaks something else than {target.name}: {asked} is not answered")
    version = version or _version(target, sight)
    return target.at(version), version


def _stranger(target: Target, sight: Sight) -> Target:
    """A server that is none of the known ones: the defaults, and whatever fences it answers."""
    fence = ECHO if ECHO in sight.fences else STATUS
    traits = replace(target.traits, fence=fence, close_fence="workers" if sight.lists("workers") else None)
    return replace(target, title="none of the known servers", traits=traits)


def _version_lines(target: Target) -> list[str]:
    return [target.version.line] if target.version and target.version.line else []


def _version(target: Target, sight: Sight) -> str | None:
    """The version that the server itself tells."""
    for line in _version_lines(target):
        assert target.version is not None
        reply = sight.replies.get(line)
        found = None if reply is None else target.version.find(reply)
        if found is None:
            said = "nothing" if reply is None else f"'{printable(reply.encode('latin-1'))}'"
            raise UsageError(f"this is not {target.name}: to '{line}' it answers {said}")
        return found
    return None
