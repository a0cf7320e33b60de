"""What a conversation is about to come to that some server is known to get wrong: further words of ``avoid``.

An input may be harmless in itself, and wrong only now: that depends on what the model knows by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.protocol.packet import Line, Packet

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.model.connection import Connection
    from gearspec.model.server import Server

    Peril = Callable[[Server, Connection, Packet], bool]


def perils(server: Server, sender: Connection, item: Packet | Line) -> list[str]:
    """The message, and the classes of `gearspec.harness.target.INPUT_CLASSES` that it falls in now.

    Args:
        server: before it has got this.
        sender: who sends it.
        item: what it sends.
    """
    if isinstance(item, Line):
        return ["running-job-cancelled"] if _running_cancelled(server, item) else []
    return [item.name, *(name for name, holds in _OF_PACKETS.items() if holds(server, sender, item))]


def perils_of_leaving(server: Server, leaver: Connection) -> list[str]:
    """The classes that it falls in when somebody leaves now."""
    jobs = server.exchange.queue.jobs.values()
    left = [job for job in jobs if leaver.number in job.clients and not job.running]
    found = {
        "shared-background-job-left": any(job.background for job in left),
        "worker-with-job-left": any(job.worker == leaver.number for job in jobs),
        "sleeper-left": leaver.asleep,
    }
    return [name for name, holds in found.items() if holds]


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
    if not packet.name.startswith("SUBMIT"):
        return False
    fields = packet.fields
    job = server.exchange.queue.find(fields["function"], fields["unique"], fields["workload"])
    return job is not None and job.abandoned


def _running_cancelled(server: Server, line: Line) -> bool:
    job = server.exchange.queue.jobs.get(line.text.removeprefix(b"cancel job "))
    return job is not None and job.running


_OF_PACKETS: Final[dict[str, Peril]] = {
    "exception-unasked": _exception_unasked,
    "can-do-again": _can_do_again,
    "abandoned-job-joined": _abandoned_joined,
}
