"""What a conversation is about to come to that some server is known to get wrong: further words of ``avoid``.

An input may be harmless in itself, and wrong only now: that depends on what the model knows by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.model.client import workload_of
from gearspec.protocol.message import GRABS, SUBMITS
from gearspec.protocol.packet import Line, Packet

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.model.connection import Connection
    from gearspec.model.server import Server

    Peril = Callable[[Server, Connection, Packet], bool]


def perils(server: Server, sender: Connection, item: Packet | Line, *, woken: bool) -> list[str]:
    """The message, and the classes of `gearspec.harness.target.INPUT_CLASSES` that it falls in now.

    Args:
        server: before it has got this.
        sender: who sends it.
        item: what it sends.
        woken: whether the sender was woken, and has not grabbed since.
    """
    if isinstance(item, Line):
        return [name for name, holds in _OF_LINES.items() if holds(server, item)]
    found = [name for name, holds in _OF_PACKETS.items() if holds(server, sender, item)]
    found += ["woken-without-grab"] if woken and item.name not in GRABS else []
    return [item.name, *found]


def perils_of_leaving(server: Server, leaver: Connection, *, woken: bool) -> list[str]:
    """The classes that it falls in when somebody leaves now, perhaps woken and without a grab since."""
    jobs = server.exchange.queue.jobs.values()
    found = {
        "shared-background-job-left": any(job.background and leaver.number in job.clients for job in jobs),
        "worker-with-job-left": _held(server, leaver) > 0,
        "jobs-given-up": _held(server, leaver) > 1,
        "waiting-client-left": any(leaver.number in job.clients for job in jobs),
        "sleeper-left": leaver.asleep or woken,
    }
    return [name for name, holds in found.items() if holds]


def _held(server: Server, worker: Connection) -> int:
    return sum(job.worker == worker.number for job in server.exchange.queue.jobs.values())


def _given_up(server: Server, sender: Connection, packet: Packet) -> bool:
    return packet.name in {"CANT_DO", "RESET_ABILITIES"} and _held(server, sender) > 1


def _exception_unasked(server: Server, sender: Connection, packet: Packet) -> bool:
    job = server.exchange.queue.jobs.get(packet.fields.get("handle", b""))
    peers = server.exchange.connections
    return (
        packet.name == "WORK_EXCEPTION"
        and job is not None
        and job.worker == sender.number
        and not all(peers[client].exceptions for client in job.clients)
    )


def _can_do_again(_server: Server, sender: Connection, packet: Packet) -> bool:
    return packet.name.startswith("CAN_DO") and packet.fields["function"] in sender.abilities


def _abandoned_joined(server: Server, _sender: Connection, packet: Packet) -> bool:
    if packet.name not in SUBMITS:
        return False
    fields, workload = packet.fields, workload_of(packet, server.dialect)
    job = server.exchange.queue.find(fields["function"], fields["unique"], workload)
    return job is not None and job.abandoned


def _unique_given(_server: Server, _sender: Connection, packet: Packet) -> bool:
    return packet.name in SUBMITS and packet.fields["unique"] != b""


def _dash(server: Server, _sender: Connection, packet: Packet) -> bool:
    dash = packet.name in SUBMITS and packet.fields["unique"] == b"-"
    return dash and not workload_of(packet, server.dialect)


def _foreign_work(server: Server, sender: Connection, packet: Packet) -> bool:
    job = server.exchange.queue.jobs.get(packet.fields.get("handle", b""))
    return packet.name.startswith("WORK_") and (job is None or job.worker != sender.number)


def _cant_do_unregistered(_server: Server, sender: Connection, packet: Packet) -> bool:
    return packet.name == "CANT_DO" and packet.fields["function"] not in sender.abilities


def _several_functions(server: Server, sender: Connection, packet: Packet) -> bool:
    functions = [server.exchange.queue.function(name) for name in sender.abilities]
    return packet.name in GRABS and sum(bool(function.ready) for function in functions) > 1


def _unknown_bounded(server: Server, line: Line) -> bool:
    command, _, rest = line.text.partition(b" ")
    return command == b"maxqueue" and rest.partition(b" ")[0] not in server.exchange.queue.functions


def _idle_listed(server: Server, line: Line) -> bool:
    able = {name for peer in server.exchange.connections.values() for name in peer.abilities}
    functions = server.exchange.queue.functions.values()
    return b"status" in line.text and any(not known.jobs and known.name not in able for known in functions)


_CHANGES: Final = frozenset({"CAN_DO", "CAN_DO_TIMEOUT", "CANT_DO", "RESET_ABILITIES"})
_OF_PACKETS: Final[dict[str, Peril]] = {
    "exception-unasked": _exception_unasked,
    "can-do-again": _can_do_again,
    "abandoned-job-joined": _abandoned_joined,
    "unique-given": _unique_given,
    "foreign-work": _foreign_work,
    "sleep-of-a-worker": lambda _server, _sender, packet: packet.name == "PRE_SLEEP",
    "sleeper-grabs": lambda _server, sender, packet: sender.asleep and packet.name in GRABS,
    "sleeper-changes": lambda _server, sender, packet: sender.asleep and packet.name in _CHANGES,
    "dash-without-workload": _dash,
    "timeout-zero": lambda _server, _sender, packet: packet.fields.get("timeout") == b"0",
    "jobs-given-up": _given_up,
    "cant-do-unregistered": _cant_do_unregistered,
    "choice-of-functions": _several_functions,
}
_OF_LINES: Final[dict[str, Callable[[Server, Line], bool]]] = {
    "job-cancelled": lambda _, line: line.text.startswith(b"cancel job"),
    "maxqueue-of-unknown": _unknown_bounded,
    "maxqueue-of-three": lambda _server, line: (
        line.text.startswith(b"maxqueue") and len(line.text.split()) == 5
    ),
    "idle-function-listed": _idle_listed,
}
