"""``gearspec probe``: what a server is, and what it can do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from gearspec.command.word import TARGET, examples, timeout_scale

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from gearspec.script.verdict import Result

_ANSWERS: Final = {"PASS": "yes", "FAIL": "no", "RECORDED": "no"}


@click.command(
    "probe",
    epilog=examples(
        "gearspec probe localhost:4730",
        "gearspec probe gearmand --json                # one that gearspec starts",
    ),
)
@click.argument("target", metavar="HOST:PORT|TARGET", type=TARGET)
@timeout_scale
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def probe(target: str, *, timeout_scale: float, as_json: bool) -> None:
    """Find out what a server is, and what it can do.

    What it can do is tried on the server, one capability at a time, with
    functions of a fresh name; it is left as it was found.
    """
    from gearspec.run import NO_FILE, Options, Run  # noqa: PLC0415 - 'gearspec --help' shall be quick
    from gearspec.suite import load_probes  # noqa: PLC0415 - likewise

    run = Run(Options(target, expectations=NO_FILE, scale=timeout_scale))
    try:
        session = run.session
        answers = ((name, _answer(session.play(case, "server"))) for name, case in load_probes().items())
        if as_json:
            facts = {"target": run.name, "version": session.version, "edition": run.edition}
            click.echo(json.dumps({**facts, "capabilities": dict(answers)}, indent=2))
        else:
            _show(session.header, answers, run.target.traits.capabilities)
    finally:
        run.close()


def _answer(result: Result) -> str:
    return _ANSWERS.get(result.verdict, f"unclear ({result.verdict})")


def _show(header: Iterable[str], answers: Iterable[tuple[str, str]], declared: Container[str]) -> None:
    """Each answer is printed as it comes, since a server that does not answer takes its time."""
    from gearspec.script.trait import CAPABILITIES  # noqa: PLC0415 - likewise

    for line in header:
        click.echo(line)
    for name, answer in answers:
        differs = answer == ("no" if name in declared else "yes")
        remark = "  (its target file says otherwise)" if differs else ""
        click.echo(f"{name:16}  {answer:3}  {CAPABILITIES[name]}{remark}")
