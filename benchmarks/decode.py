"""How long decoding a packet takes, beside a bare struct.unpack with a split, and beside gear.

Usage: python -m benchmarks.decode
"""

from __future__ import annotations

import io
import struct
import timeit
from typing import TYPE_CHECKING

import gear

from gearspec.protocol.packet import Decoder, request

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 200
PACKETS = request("SUBMIT_JOB", function=b"reverse", unique=b"", workload=b"w" * 64).encode() * BATCH


def ours() -> None:
    """Our decoder, arguments left alone."""
    Decoder().feed(PACKETS)


def ours_split() -> None:
    """Our decoder, every packet asked for its arguments."""
    for item in Decoder().feed(PACKETS):
        item.arguments  # type: ignore[union-attr] # noqa: B018 - all are packets, and the split is what counts


def bare() -> None:
    """The least that Python can do."""
    position, found = 0, []
    while position < len(PACKETS):
        magic, type_, size = struct.unpack(">4sII", PACKETS[position : position + 12])
        stop = position + 12 + size
        found.append((magic, type_, PACKETS[position + 12 : stop].split(b"\0", 2)))
        position = stop


class _Socket(io.BytesIO):
    """What gear's connection reads from."""

    def recv(self, size: int) -> bytes:
        return self.read(size)


def theirs() -> None:
    """The reader of PyPI's gear."""
    connection = gear.Connection("127.0.0.1", 4730)
    connection.conn = _Socket(PACKETS)
    for _ in range(BATCH):
        connection.readPacket().getArgument(0)


def microseconds(function: Callable[[], None]) -> float:
    """The best of several rounds, for one packet."""
    return min(timeit.repeat(function, number=20, repeat=9)) / 20 / BATCH * 1e6


def main() -> None:
    """Print a row for each, with its ratio to the bare one."""
    least = microseconds(bare)
    for function in (bare, ours, ours_split, theirs):
        taken = microseconds(function)
        print(f"{taken:8.2f} us a packet  {taken / least:6.2f} x bare   {function.__doc__}")


if __name__ == "__main__":
    main()
