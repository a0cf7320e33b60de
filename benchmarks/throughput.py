"""Foreground jobs a second through the reference server, beside real ones.

One client keeps WINDOW jobs in flight, one worker completes them; both are the same
few lines for every server, and the servers take turns.

Usage: python -m benchmarks.throughput [TARGET]...
"""

from __future__ import annotations

import socket
import sys
import time
from statistics import median

from gearspec.harness.session import Session
from gearspec.harness.target import resolve_target
from gearspec.protocol.packet import Decoder, Item, Packet, request

JOBS = 2000
WINDOW = 50
ROUNDS = 5


class Peer:
    """A connection that sends at once and reads packets."""

    def __init__(self, where: tuple[str, int]) -> None:
        self.socket = socket.create_connection(where)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = Decoder()

    def send(self, packets: list[Packet]) -> None:
        """Send packets in one write."""
        self.socket.sendall(b"".join(packet.encode() for packet in packets))

    def read(self) -> list[Item]:
        """Read what has come, at least one packet."""
        items: list[Item] = []
        while not items:
            items = self.decoder.feed(self.socket.recv(65536))
        return items


def rate(where: tuple[str, int], grab: str) -> float:
    """Jobs a second for one server."""
    client, worker = Peer(where), Peer(where)
    name = b"bench-%d" % time.monotonic_ns()
    job = request("SUBMIT_JOB", function=name, unique=b"", workload=b"w" * 64)
    worker.send([request("CAN_DO", function=name)])
    start = time.perf_counter()
    for _ in range(JOBS // WINDOW):
        client.send([job] * WINDOW)
        done = created = 0
        while created < WINDOW:
            created += len(client.read())
        for _ in range(WINDOW):
            worker.send([request(grab)])
            (assigned,) = worker.read()
            assert isinstance(assigned, Packet)
            worker.send([request("WORK_COMPLETE", handle=assigned.fields["handle"], data=b"r" * 64)])
        while done < WINDOW:
            done += len(client.read())
    taken = time.perf_counter() - start
    client.socket.close()
    worker.socket.close()
    return JOBS / taken


def main() -> None:
    """Print the median of each, and its ratio to the reference."""
    names = sys.argv[1:] or ["reference", "gearmand", "geard"]
    sessions = {name: Session(resolve_target(name)) for name in names}
    rates: dict[str, list[float]] = {name: [] for name in names}
    try:
        for session in sessions.values():
            session.start()
        for _ in range(ROUNDS):
            for name, session in sessions.items():
                address = session.address
                rates[name].append(rate((address.host, address.port), session.traits.grab))
    finally:
        for session in sessions.values():
            session.close()
    first = median(rates[names[0]])
    for name in names:
        print(f"{median(rates[name]):9.0f} jobs/s  {median(rates[name]) / first:5.2f} x {names[0]}   {name}")


if __name__ == "__main__":
    main()
