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

from gearspec.errors import GearspecError, UsageError
from gearspec.harness.acquaintance import Acquaintances
from gearspec.harness.casting import started
from gearspec.harness.instance import Instance, begin
from gearspec.harness.locate import locate
from gearspec.harness.meeting import Meeting
from gearspec.harness.target import known_names, resolve_target
from gearspec.harness.testee import known_testees

if TYPE_CHECKING:
    from gearspec.harness.casting import Casting
    from gearspec.harness.target import Target


def serve(target: Target) -> Instance:
    """A server of its own, just started."""
    return begin(target, None if target.embedded else locate(target), 1.0)


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
        libraries = _libraries(stack, options.testee or known_testees())
        others = _libraries(stack, options.others) if options.others else libraries
        for name in options.target or known_names():
            strange += _table(name, libraries, others, known)
    print(f"{strange} findings that are not known" if strange else "nothing that is not known")
    return bool(strange)


def _libraries(stack: ExitStack, names: list[str]) -> dict[str, Casting]:
    found = {}
    for name in names:
        try:
            found[name] = stack.enter_context(started(name))
        except UsageError as problem:
            print(f"left out: {problem}")
    return found


def _table(name: str, libraries: dict[str, Casting], others: dict[str, Casting], known: Acquaintances) -> int:
    target = resolve_target(name)
    try:
        server = serve(target)
    except UsageError as problem:
        print(f"left out: {problem}")
        return 0
    strange = 0
    pairs = {
        (one, two): None
        for one, two in [
            *((a, b) for a in libraries for b in others),
            *((b, a) for a in libraries for b in others),
        ]
        if "client" in (libraries | others)[one].roles and "worker" in (libraries | others)[two].roles
    }
    print(f"\n{name}: client down, worker across; +: well, k: as known, !: something new")
    cells: dict[tuple[str, str], str] = {}
    for client, worker in pairs:
        everybody = libraries | others
        try:
            outcome = Meeting(server, target.traits, everybody[client], everybody[worker]).hold()
            findings = outcome.findings
        except GearspecError as problem:
            findings = [f"ERROR: {problem}"]
        new = [finding for finding in findings if not known.has(name, client, worker, finding)]
        strange += len(new)
        cells[client, worker] = "!" if new else "k" if findings else "+"
        for finding in new:
            print(f"  {client} - {name} - {worker}: {finding}", flush=True)
        if findings and not target.address:
            server.stop()
            server = serve(target)
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
