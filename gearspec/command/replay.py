"""``gearspec replay``: a case alone, with its whole transcript."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gearspec.errors import UsageError

if TYPE_CHECKING:
    from gearspec.run import Run
    from gearspec.script.case import Case

_PASSED: Final = 0
_FAILED: Final = 1


@click.command("replay")
@click.argument("what", metavar="CASE|FILE|FILE::CASE")
@click.option("--target", metavar="TARGET", help="What to play it on; the reference server unless given.")
@click.option("--timeout-scale", metavar="FACTOR", type=click.FloatRange(0, min_open=True), default=1.0)
@click.option("--dangerous", is_flag=True, help="Also what may kill a server that gearspec did not start.")
@click.option("--no-hex", is_flag=True, help="The packets in words only.")
def replay(what: str, target: str | None, *, timeout_scale: float, dangerous: bool, no_hex: bool) -> int:
    """Play one case, or all of a file, and show all that was said.

    The exit code is 0 if each of them passes, whatever is known of the target.
    """
    from gearspec.run import NO_FILE, REFERENCE, Options, Run  # noqa: PLC0415 - 'gearspec --help' shall be quick

    cases = _find(what)
    options = Options(target or REFERENCE, expectations=NO_FILE, scale=timeout_scale, dangerous=dangerous)
    run = Run(options)
    try:
        for line in run.session.header:
            click.echo(line)
        return max(_replay(run, case, hexadecimal=not no_hex) for case in cases)
    finally:
        run.close()


def _find(what: str) -> list[Case]:
    from gearspec.script.load import load_cases  # noqa: PLC0415 - likewise
    from gearspec.suite import find_case  # noqa: PLC0415 - likewise

    path, _, name = what.partition("::")
    if not Path(path).is_file():
        return [find_case(name or what)]
    name = name.partition("[")[0]
    cases = [case for case in load_cases(path) if name in {"", case.id}]
    if not cases:
        raise UsageError(f"{path} has no case '{name}'" if name else f"{path} has no case")
    return cases


def _replay(run: Run, case: Case, *, hexadecimal: bool) -> int:
    from gearspec.failure import escaped, explain_failure  # noqa: PLC0415 - likewise

    click.echo(f"\n{case.id}: {case.title}\n")
    if "server" not in case.under_test:
        raise UsageError(f"{case.id} puts no server under test, and nothing else can be put under test yet")
    reason = run.refusal(case)
    if reason:
        raise UsageError(f"{case.id} is not played: {reason.replace('--gear-dangerous', '--dangerous')}")
    result = run.play(case, "server")
    judgement = run.judge(case, "server", result)
    if judgement.action == "fail" and hexadecimal:
        click.echo(explain_failure(case, result, judgement.message, run.options.target))
        return _FAILED
    click.echo(escaped(result.transcript.render(result.names, hexadecimal=hexadecimal)))
    click.echo(escaped(f"\n{result.verdict} {result.message}".rstrip()))
    return _FAILED if judgement.action == "fail" else _PASSED
