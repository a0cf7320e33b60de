"""The command line: ``gearspec COMMAND``; docs/command-line.md explains every command.

Exit codes are those of pytest: 0 as expected, 1 not, 2 interrupted, 3 an error
of ours, 4 a mistake in a file or on the command line, or a target that cannot
be reached.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Final

import click

from gearspec import __version__
from gearspec.command.completion import completion
from gearspec.command.decode import decode
from gearspec.command.doctor import doctor
from gearspec.command.explain import explain
from gearspec.command.listing import listing
from gearspec.command.matrix import matrix
from gearspec.command.probe import probe
from gearspec.command.replay import replay
from gearspec.command.report import report
from gearspec.command.run import run
from gearspec.command.serve import serve
from gearspec.command.site import site
from gearspec.command.word import examples
from gearspec.errors import AdapterError, AuthorError, HarnessError, TargetGone, UsageError
from gearspec.failure import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED: Final = 2
INTERNAL: Final = 3
USAGE: Final = 4


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "gearspec run                                  # the suites on the reference, to see that all works",
        "gearspec run --target=localhost:4730          # is this server as it should be?",
        "gearspec run --testee=./my-adapter            # is this library?",
        "gearspec explain CASE                         # what a case does, and why",
        "gearspec replay CASE --target=localhost:4730  # a failure alone, with all that was said",
    ),
)
@click.version_option(__version__, "--version", prog_name="gearspec")
def cli() -> None:
    """The executable specification of the Gearman protocol.

    Its suites find out whether a job server, a client or a worker conforms, and
    say what it should have done instead.
    """


for command in (
    run,
    listing,
    explain,
    replay,
    decode,
    serve,
    probe,
    doctor,
    report,
    matrix,
    site,
    completion,
):
    cli.add_command(command)


def call(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; without one, that of the process.

    Returns:
        the exit code.
    """
    try:
        return cli.main(args=arguments, prog_name="gearspec", standalone_mode=False) or 0
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as mistake:
        mistake.show()
        return USAGE
    except (AdapterError, AuthorError) as mistake:
        return _say(mistake, USAGE)
    except TargetGone as gone:
        return _say(gone, 1)
    except HarnessError as fault:
        return _say(fault, INTERNAL)
    except BrokenPipeError:
        _stop_printing()  # who reads has had enough (`gearspec list | head`)
        return 0
    except OSError as problem:
        if problem.errno != errno.ENOSPC:
            raise
        _stop_printing()
        return _say(UsageError(f"what is printed cannot be written: {problem.strerror}"), USAGE)


def _stop_printing() -> None:
    """Have the interpreter not try again, when it ends, what could not be printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(problem: Exception, code: int) -> int:
    click.echo("gearspec: " + escaped(str(problem)).replace("\n", " "), err=True)
    return code


def main() -> None:
    """What the installed ``gearspec`` calls."""
    sys.exit(call())
