"""What a message sets off, as the model answers it in the cases that are rehearsed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from gearspec.model.effect import Send
from gearspec.model.server import Server
from gearspec.protocol.packet import Packet, check
from gearspec.script.rehearse import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gearspec.model.effect import Effect
    from gearspec.protocol.packet import Item
    from gearspec.script.case import Case


class Consequence(NamedTuple):
    """One message that the server sends at once when another comes.

    Attributes:
        request: what came, by its name.
        response: what is sent, by its name.
        back: whether that goes to the sender; else to another connection.
    """

    request: str
    response: str
    back: bool


def consequences(cases: Iterable[Case]) -> dict[Consequence, Case]:
    """What flawless packets set off, each with the shortest case in which it did."""
    found: dict[Consequence, Case] = {}
    for case in sorted(cases, key=lambda one: len(one.steps)):
        if "server" in case.under_test:
            seen: set[Consequence] = set()
            rehearse(case, partial(_Witness, seen))
            for consequence in seen:
                found.setdefault(consequence, case)
    return found


def answers(found: Iterable[Consequence]) -> dict[str, set[str]]:
    """What is sent back for each message when nothing is wrong with it."""
    back: dict[str, set[str]] = {}
    for one in found:
        if one.back and one.response != "ERROR":
            back.setdefault(one.request, set()).add(one.response)
    return back


class _Witness(Server):
    """A job server that notes what it sends at once for what comes."""

    def __init__(self, seen: set[Consequence]) -> None:
        super().__init__()
        self.seen = seen

    def received(self, connection: int, item: Item) -> list[Effect]:
        effects = super().received(connection, item)
        if isinstance(item, Packet) and not check(item):
            self.seen.update(
                Consequence(item.name, effect.item.name, effect.connection == connection)
                for effect in effects
                if isinstance(effect, Send) and isinstance(effect.item, Packet)
            )
        return effects
