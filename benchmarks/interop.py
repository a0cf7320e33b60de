"""Every installed client with every installed worker on every installed server, and a table of all that.

python -m benchmarks.interop                                     all of them
python -m benchmarks.interop --target=gearmand --testee=perl     these (each may be given several times)

Ends with 1 if something was found that `suites/interop/known.yaml` does not list.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from gearspec.errors import UsageError
from gearspec.harness.acquaintance import Acquaintances
from gearspec.harness.casting import started
from gearspec.harness.instance import start_server
from gearspec.harness.meeting import Meeting
from gearspec.harness.target import known_names, resolve_target
from gearspec.harness.testee import known_testees

if TYPE_CHECKING:
    from gearspec.harness.casting import Casting


def main() -> int:
    """Let them meet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--target", action="append", help="a server")
    parser.add_argument("--testee", action="append", help="a client and worker library")
    parser.add_argument("--with", dest="others", action="append", help="whom they meet, else each other")
    options = parser.parse_args()
    known = Acquaintances()
    strange = 0
    with ExitStack() as stack:
        mine, others = options.testee or known_testees(), options.others or []
        libraries = _libraries(stack, list(dict.fromkeys([*mine, *others])))
        pairs = _pairs(libraries, set(mine), set(others or mine))
        for name in options.target or known_names():
            strange += _table(name, pairs, libraries, known)
    gone = [] if options.target or options.testee or options.others else known.gone()
    for entry in gone:
        print(f"not seen any more: {entry.client} - {entry.server} - {entry.worker}: {entry.finding}")
    print(f"{strange} findings that are not known, {len(gone)} that were and are gone")
    return bool(strange or gone)


def _libraries(stack: ExitStack, names: list[str]) -> dict[str, Casting]:
    found = {}
    for name in names:
        try:
            found[name] = stack.enter_context(started(name))
        except UsageError as problem:
            print(f"left out: {problem}")
    return found


def _pairs(libraries: dict[str, Casting], mine: set[str], others: set[str]) -> list[tuple[str, str]]:
    """Each client with each worker, if one of them is ours and one of the others."""
    return [
        (client, worker)
        for client in libraries
        for worker in libraries
        if "client" in libraries[client].roles
        and "worker" in libraries[worker].roles
        and ((client in mine and worker in others) or (client in others and worker in mine))
    ]


def _table(
    name: str, pairs: list[tuple[str, str]], libraries: dict[str, Casting], known: Acquaintances
) -> int:
    """Let all pairs meet at one server; how many findings are not known."""
    target = resolve_target(name)
    try:
        server = start_server(target)
    except UsageError as problem:
        print(f"left out: {problem}")
        return 0
    strange = 0
    print(f"\n{name}: client down, worker across; +: well, k: as known, !: something new")
    cells: dict[tuple[str, str], str] = {}
    for client, worker in pairs:
        findings = Meeting(server, target.traits, libraries[client], libraries[worker]).hold().findings
        new = known.strange((name, client, worker), findings)
        strange += len(new)
        cells[client, worker] = "!" if new else "k" if findings else "+"
        for finding in new:
            print(f"  {client} - {name} - {worker}: {finding}", flush=True)
        if findings and not target.address:
            server.stop()
            server = start_server(target)
    server.stop()
    _show(cells)
    return strange


def _show(cells: dict[tuple[str, str], str]) -> None:
    workers = sorted({worker for _, worker in cells})
    width = max((len(client) for client, _ in cells), default=0)
    for number, worker in enumerate(workers):
        print(f"{'':{width}} {' | ' * number}{worker}")
    for client in sorted({client for client, _ in cells}):
        print(f"{client:{width}} {'  '.join(cells.get((client, worker), ' ') for worker in workers)}")


if __name__ == "__main__":
    sys.exit(main())
