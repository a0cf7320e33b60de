"""``gearspec replay``: a case alone, with its whole transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from gearspec.command.word import CASE, TARGET, TESTEE, examples, timeout_scale
from gearspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Container

    from gearspec.run import Run
    from gearspec.script.case import Case

_PASSED: Final = 0
_FAILED: Final = 1


@click.command(
    "replay",
    epilog=examples(
        "gearspec replay exception-reaches-a-client-that-asked --target=localhost:4730",
        "gearspec replay 'client-is-told-an-exception[client]' --testee=./my-adapter",
        "gearspec replay gearspec-finds/FIND.gear.yaml --target=gearmand",
    ),
)
@click.argument("what", metavar="CASE|FILE|FILE::CASE", type=CASE)
@click.option("--target", type=TARGET, help="The server to play it with; the reference unless given.")
@click.option("--testee", type=TESTEE, help="The library to play it with; the reference unless given.")
@timeout_scale
@click.option("--dangerous", is_flag=True, help="Also what may kill a server that gearspec did not start.")
@click.option("--no-hex", is_flag=True, help="The packets in words only.")
def replay(
    what: str, target: str | None, testee: str | None, *, timeout_scale: float, dangerous: bool, no_hex: bool
) -> int:
    """Play one case, or all of a file, and show all that was said.

    With an option that names a program, only its roles are played; a role can
    be named as well, as in CASE[client]. The exit code is 0 if each of them
    passes, whatever is known of the program.
    """
    from gearspec.run import KINDS, NO_FILE, REFERENCE, TARGET, TESTEE, Options, Run  # noqa: PLC0415 - 'gearspec --help' shall be quick

    options = Options(
        target or REFERENCE,
        testee or REFERENCE,
        expectations=NO_FILE,
        scale=timeout_scale,
        dangerous=dangerous,
    )
    named = [kind for kind, value in ((TARGET, target), (TESTEE, testee)) if value] or [TARGET, TESTEE]
    runs = {role: run for kind in named for run in [Run(options, kind)] for role in KINDS[kind]}
    items = _items(what, runs)
    try:
        played = list({id(runs[role]): runs[role] for _, role in items}.values())
        for line in [line for run in played for line in run.session.header]:
            click.echo(line)
        return max(_replay(runs[role], case, role, hexadecimal=not no_hex) for case, role in items)
    finally:
        for run in runs.values():
            run.close()


def _items(what: str, roles: Container[str]) -> list[tuple[Case, str]]:
    """The cases that are meant, each with every role that is meant."""
    from gearspec.suite import find_cases, role_of  # noqa: PLC0415 - likewise

    wanted = role_of(what) if what.endswith("]") else ""
    cases = find_cases(what.removesuffix(f"[{wanted}]"))
    items = [
        (case, role) for case in cases for role in case.under_test if role in roles and wanted in {"", role}
    ]
    if not items:
        tested = ", ".join(sorted({role for case in cases for role in case.under_test}))
        raise UsageError(f"{what} is not played: what it puts under test is: {tested}")
    return items


def _replay(run: Run, case: Case, role: str, *, hexadecimal: bool) -> int:
    from gearspec.failure import escaped, explain_failure, replay_command  # noqa: PLC0415 - likewise
    from gearspec.suite import item_id  # noqa: PLC0415 - likewise

    if role not in run.roles:
        raise UsageError(f"{item_id(case, role)} is not played: {run.name} is no {role}")
    click.echo(f"\n{item_id(case, role)}: {case.title}\n")
    reason = run.refusal(case)
    if reason:
        raise UsageError(f"{case.id} is not played: {reason.replace('--gear-dangerous', '--dangerous')}")
    result = run.play(case, role)
    judgement = run.judge(case, role, result)
    if judgement.action == "fail" and hexadecimal:
        again = replay_command(case, role, run.option)
        click.echo(explain_failure(case, result, judgement.message, again, most=None))
        return _FAILED
    click.echo(escaped(result.transcript.render(result.names, hexadecimal=hexadecimal)))
    click.echo(escaped(f"\n{result.verdict} {result.message}".rstrip()))
    return _FAILED if judgement.action == "fail" else _PASSED
