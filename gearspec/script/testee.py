"""The plays of a case with a client or worker under test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gearspec.script.case import Listen
from gearspec.script.client import ClientPlayer
from gearspec.script.encode import variants
from gearspec.script.guest import UNBOUND
from gearspec.script.load import servers, walk
from gearspec.script.project import project
from gearspec.script.worker import WorkerPlayer

if TYPE_CHECKING:
    from gearspec.script.case import Case
    from gearspec.script.guest import TesteeStage
    from gearspec.script.scene import Scene

RANDOM: Final = 5
"""How often each order of the servers is played for a library that picks one at random (K9).

Ten plays in all leave one chance in a thousand that it never met the server that refuses.
"""


def scenes(case: Case, stage: TesteeStage) -> list[Scene]:
    """The plays of a case, in order; the worst counts.

    A case with servers in the order of arrival is played with the list turned round as well, so that a
    library meets the server that refuses whichever it tries first (K4, K9).
    """
    steps = project(case.steps, stage.role)
    ways = variants(steps, stage.role)
    if set(servers(steps)) & UNBOUND:
        ways = [replace(way, reverse=reverse) for way in ways for reverse in (False, True)]
        if "picks-at-random" in stage.features and any(isinstance(step, Listen) for step in walk(steps)):
            ways *= RANDOM
    player = ClientPlayer if stage.role == "client" else WorkerPlayer
    return [player(case, stage, way).play() for way in ways]
