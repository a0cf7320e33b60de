"""A case as one role sees it when that role is under test.

With a server under test all parties are ours, and it is expected. With a client
or worker under test, the party named exactly so is expected, the servers are
ours, and the lines of everybody else fall away (S1 and K1 of SCRIPTS).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from gearspec.script.case import ANYTHING, NOTHING, Call, Either, Listen, Message, Report, Together

if TYPE_CHECKING:
    from gearspec.script.case import Step

SERVER: Final = "server"


def project(steps: tuple[Step, ...], role: str) -> tuple[Step, ...]:
    """The steps that concern a role under test, and of the others nothing."""
    return tuple(found for step in steps if (found := _project(step, role)) is not None)


def _project(step: Step, role: str) -> Step | None:
    if isinstance(step, Either):
        branches = tuple(replace(branch, steps=project(branch.steps, role)) for branch in step.branches)
        return replace(step, branches=branches) if any(branch.steps for branch in branches) else None
    if isinstance(step, Together):
        inner = cast("tuple[Message | Report, ...]", project(step.steps, role))
        return replace(step, steps=inner) if inner else None
    return step if concerns(step, role) else None


def concerns(step: Step, role: str) -> bool:
    """Whether a single line is played when a role is under test."""
    if isinstance(step, Message):
        return role in {SERVER, step.party}
    if isinstance(step, Call | Report):
        return step.party == role
    return isinstance(step, Listen) and role != SERVER


def expects(step: Step, role: str) -> bool:
    """Whether a single line says what the role under test does, and not what we do."""
    if isinstance(step, Message):
        return step.sent is not (role == SERVER)
    return isinstance(step, Report)


def is_silence(step: Step) -> bool:
    """Whether a line says that nothing comes."""
    return isinstance(step, Message) and step.what == NOTHING


def is_loose(step: Step) -> bool:
    """Whether a line says that it is no matter what comes."""
    return isinstance(step, Message) and step.what == ANYTHING
