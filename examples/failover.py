"""Two job servers: when the first goes away, the client and the worker go on with the second.

python examples/failover.py                                   two servers of its own
python examples/failover.py --server FIRST --server SECOND    two that run; it asks you to stop the first
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from setting import working

from gearspec.peers.client import Client
from gearspec.peers.server import run_in_thread


def main() -> None:
    """Ask, stop the first server, ask again."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    command.add_argument("--server", metavar="HOST:PORT", action="append", default=[])
    servers = command.parse_args().server
    own = [] if servers else [run_in_thread(), run_in_thread()]
    servers = servers or [str(server.address) for server in own]
    with ExitStack() as stack:
        for server in own[1:]:
            stack.callback(server.stop)
        stack.enter_context(working(*servers, reverse=lambda job: job.workload[::-1]))
        client = stack.enter_context(Client(servers))
        print("with the first:", client.do("reverse", "desserts", timeout=10).decode())
        if own:
            own[0].stop()
        else:
            input("Stop the first server, then press return. ")
        print("with the second:", client.do("reverse", "diaper", timeout=10).decode())


if __name__ == "__main__":
    main()
