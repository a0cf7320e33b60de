"""``gearspec run``: the suites, in a pytest of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gearspec.command.word import examples
from gearspec.data import data_folder

_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""Variables through which a project would reach into a run that is not its own."""


# No -h here: it would be found in -rh, which is an option of pytest.
@click.command(
    "run",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
    epilog=examples(
        "gearspec run --target=localhost:4730          # a server that is running",
        "gearspec run --target=./mine.yaml -n auto     # one that gearspec starts, on all cores",
        "gearspec run --testee=./my-adapter            # a client or worker library",
        "gearspec run --target=gearmand -k exception --gear-html=run.html",
        "gearspec run my.gear.yaml                     # cases of your own, on the reference",
    ),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST OPTIONS] [PATH]...")
def run(arguments: tuple[str, ...]) -> None:
    """Run the suites, or the files of cases that are named.

    Everything is passed on to pytest: --target, -k, -m, -n, --junit-xml and the
    --gear-... options among them; 'pytest --help' shows them all. No
    configuration and no conftest.py of the current folder is read.
    """
    package = Path(__file__).resolve().parent.parent
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    # Nothing is imported from the current folder, neither here nor in the workers of xdist.
    environment["PYTHONSAFEPATH"] = "1"
    suites = data_folder("suites")
    if not suites.is_relative_to(package):
        # A checkout that may not be installed. In a wheel the package lies where Python looks anyway.
        paths = [str(package.parent), *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-m", "pytest", "-p", "gearspec.plugin"]
    command += ["-c", str(package / "run.ini"), "--rootdir", str(suites), *arguments]
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606 - pytest, without a shell
