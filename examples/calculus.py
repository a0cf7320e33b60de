"""The calculus environment: a job server, four workers, and a client that asks for expressions.

python examples/calculus.py                             asks
python examples/calculus.py '2+3' '(1+2)*4'             answers these
python examples/calculus.py --server 127.0.0.1:4730     with a job server that runs already

Each of them is a program of its own; all of them end with this one.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calculus_worker import OPERATIONS
from setting import job_server, parser

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@contextmanager
def running(program: str, *arguments: str) -> Iterator[None]:
    """One of the programs beside this one, while the block lasts."""
    with subprocess.Popen([sys.executable, str(HERE / program), *arguments]) as process:  # noqa: S603 - ours
        try:
            yield
        finally:
            process.terminate()


def main() -> int:
    """Start all, let the client run, stop all."""
    command = parser(__doc__)
    command.add_argument("expressions", metavar="EXPRESSION", nargs="*", help="what to calculate")
    given = command.parse_args()
    with ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        server = stack.enter_context(job_server(given.server))
        for name in OPERATIONS:
            stack.enter_context(running("calculus_worker.py", server, name))
        client = [sys.executable, str(HERE / "calculus_client.py"), server, *given.expressions]
        return subprocess.run(client, check=False).returncode  # noqa: S603 - likewise
    return 0


if __name__ == "__main__":
    sys.exit(main())
