"""``gearspec doctor``: whether an adapter keeps its contract."""

from __future__ import annotations

import shlex

import click

from gearspec.command.word import TESTEE, examples, timeout_scale


@click.command(
    "doctor",
    epilog=examples(
        "gearspec doctor ./my-adapter                  # a program of yours",
        "gearspec doctor 'python3 my_adapter.py' --role=client",
    ),
)
@click.argument("testee", metavar="TESTEE", type=TESTEE)
@click.option("--role", type=click.Choice(["client", "worker"]), help="Look at this role only.")
@timeout_scale
def doctor(testee: str, role: str | None, *, timeout_scale: float) -> int:
    """Find out whether an adapter keeps its contract.

    It is asked before a verdict on its library is believed.

    TESTEE is what --testee takes: a name, a file (.yaml), or the command of an
    adapter. The exit code is 0 if nothing was found.
    """
    from gearspec.failure import escaped  # noqa: PLC0415 - 'gearspec --help' shall be quick
    from gearspec.harness.doctor import FAILED, examine  # noqa: PLC0415 - likewise
    from gearspec.harness.testee import resolve_testee  # noqa: PLC0415 - likewise

    ill = 0
    again = f"--testee={testee}"
    for check in examine(resolve_testee(testee), [role] if role else ["client", "worker"], timeout_scale):
        ill += check.mark == FAILED
        head = f"{check.mark:8}{check.name}"
        click.echo(escaped(f"{head} ({check.finding})" if check.finding else head))
        if check.advice:
            click.echo(escaped(f"{'':8}{check.advice}"))
        if check.case:
            what = f"{check.case.path}::{check.case.id}"
            click.echo(escaped(f"{'':8}see it: {shlex.join(['gearspec', 'replay', what, again])}"))
    if ill:
        click.echo(f"\n{ill} went wrong: mend the adapter, unless you have seen that it is the library")
    return 1 if ill else 0
