"""A reference server with one fault: what fuzzers are compared on, beside a real one.

Usage: python -m benchmarks.planted FAULT HOST PORT
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from gearspec.errors import PacketTooLarge
from gearspec.harness.target import load_target
from gearspec.model import Close, Server
from gearspec.peers.server import ReferenceServer
from gearspec.protocol.packet import Packet, check

if TYPE_CHECKING:
    from gearspec.errors import WireError
    from gearspec.harness.target import Target
    from gearspec.model import Effect
    from gearspec.protocol.packet import Line

_ROOT: Final = Path(__file__).resolve().parent.parent


def _die() -> NoReturn:
    os._exit(3)


class DiesOfMissingArguments(Server):
    """Looks for an argument where there is none."""

    def received(self, connection: int, item: Packet | Line) -> list[Effect]:
        """As the model, once more than it should."""
        if isinstance(item, Packet) and any(found.kind == "MISSING_ARGUMENT" for found in check(item)):
            _die()
        return super().received(connection, item)


class DiesOfSizes(Server):
    """Makes room for whatever is announced."""

    def broken(self, connection: int, error: WireError) -> list[Effect]:
        """As the model, unless it is asked for too much."""
        if isinstance(error, PacketTooLarge):
            _die()
        return super().broken(connection, error)


class ClosesEverybody(Server):
    """Takes rubbish from one for the fault of all."""

    def broken(self, connection: int, error: WireError) -> list[Effect]:
        """As the model, for everybody who is there."""
        others = [number for number in self.exchange.connections if number != connection]
        for number in others:
            self.exchange.forget(number)
        return [*super().broken(connection, error), *map(Close, others)]


FAULTS: Final = {
    "dies-of-missing-arguments": DiesOfMissingArguments,
    "dies-of-sizes": DiesOfSizes,
    "closes-everybody": ClosesEverybody,
}


def planted(fault: str, folder: Path) -> Target:
    """The target that has a fault, by a file in a folder."""
    path = folder / f"{fault}.yaml"
    command = f"['{{python}}', -m, benchmarks.planted, {fault}, '{{host}}', '{{port}}']"
    path.write_text(f"command: {command}\nenvironment: {{PYTHONPATH: '{_ROOT}'}}\nlacks: [sched]\n")
    return load_target(path)


async def main(fault: str, host: str, port: str) -> None:
    """Serve until it is killed, or kills itself."""
    server = ReferenceServer(host, int(port), make_model=FAULTS[fault])
    await server.start()
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
