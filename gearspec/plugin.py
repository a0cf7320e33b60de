"""The plugin of pytest: its options, its markers, and where the cases are.

Nothing here, nor in `gearspec.conduct`, imports more than pytest has already
loaded until a case is collected, so that gearspec can stay installed where
nobody uses it.

PYTEST_DONT_REWRITE: no assertion here is a test, and pytest would warn of a
plugin that is named on its command line and was loaded by its entry point.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Final

import pytest

from gearspec.conduct import QUICK, STORE, Conduct, told

LEVELS: Final = ("must", "should", "may", "practice")
"""Those of `gearspec.protocol.clause`, which is too heavy to be imported for an option."""
PROFILES: Final = (QUICK, "ci", "deep")
"""Those of `gearspec.fuzz.effort`, likewise."""
_SEED: Final = "gearspec_fuzz_seed"
INI: Final = Path(__file__).with_name("run.ini")
"""The configuration that ``gearspec run`` starts pytest with."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; only the first two have bare names, since pytest and its plugins own those."""
    group = parser.getgroup("gearspec", "conformance to the Gearman protocol")
    add = group.addoption
    add("--target", metavar="TARGET", help="a server to test: a name, HOST:PORT, or a target file (.yaml)")
    add(
        "--testee",
        metavar="TESTEE",
        help="a client or worker library to test: a name, a file (.yaml), or the command of an adapter",
    )
    add("--gear-level", choices=LEVELS, default=LEVELS[-1], help="the weakest level of cases that are run")
    add(
        "--gear-expectations",
        metavar="FILE",
        help="known deviations, in place of the file beside that of the program; 'none' for none at all",
    )
    add(
        "--gear-update-expectations",
        metavar="FILE",
        nargs="?",
        const="",
        help="bring the known deviations up to date with this run, which must be a whole one",
    )
    add(
        "--gear-timeout-scale",
        metavar="FACTOR",
        type=_factor,
        default=1.0,
        help="multiply deadlines, for machines that are slow",
    )
    add("--gear-transcripts", metavar="DIR", type=Path, help="keep the transcript of every case")
    add("--gear-report", metavar="FILE", type=Path, help="write a report as JSON lines")
    add("--gear-html", metavar="FILE", type=Path, help="write a report as a page to look at")
    add("--gear-markdown", metavar="FILE", type=Path, help="write a report as a comment for a pull request")
    add(
        "--gear-finds",
        metavar="DIR",
        type=Path,
        default=Path("gearspec-finds"),
        help="where what a search finds is written, each find as a script of its own",
    )
    add(
        "--gear-dangerous",
        action="store_true",
        help="also run what may kill or change a server that gearspec did not start",
    )
    add(
        "--gear-fuzz",
        choices=PROFILES,
        default=QUICK,
        help="how much properties try: the same few examples each time, more at random, or for ten minutes",
    )
    add(
        "--gear-fuzz-seconds",
        metavar="SECONDS",
        type=_factor,
        help="after so long a property tries no further example",
    )
    add(
        "--gear-fuzz-seed",
        metavar="NUMBER",
        type=_natural,
        help="what the examples of properties follow from; 0 for quick, else chosen at random and printed",
    )
    add(
        "--gear-against",
        metavar="TARGET",
        action="append",
        default=[],
        help="compare the server under test with this one, as conversations go with both (several times)",
    )
    add("--gear-fuzz-db", metavar="REDIS-URL", help="share what is found with other machines")


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _factor(text: str) -> float:
    factor = float(text)
    if not 0 < factor < float("inf"):
        raise ValueError(text)
    return factor


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and find out what is under test and where the cases are."""
    for marker in (
        *(f"{level}: a case whose strongest clause has this level" for level in LEVELS),
        "clause(*ids): what a case decides",
        "under_test(role): what a property is about, a server if it does not say",
        "dangerous: a case that may kill its target or change it for good",
    ):
        config.addinivalue_line("markers", marker)
    _prepare_search(config)
    _choose_paths(config)
    config.pluginmanager.register(Conduct(config), "gearspec.conduct")


def _prepare_search(config: pytest.Config) -> None:
    """Choose a seed, the same for all processes of xdist, and open the database that was named."""
    option = config.option
    quick = option.gear_fuzz == QUICK
    if option.gear_fuzz_seed is None:
        fresh = 0 if quick else secrets.randbelow(2**32)
        option.gear_fuzz_seed = getattr(config, "workerinput", {}).get(_SEED, fresh)
    if option.gear_fuzz_db and quick:
        raise pytest.UsageError("--gear-fuzz-db: a quick search keeps nothing; say --gear-fuzz=ci or deep")
    if option.gear_fuzz_db:
        from gearspec.fuzz.shelf import open_redis  # noqa: PLC0415 - only where it was asked for

        with told():
            config.stash[STORE] = open_redis(option.gear_fuzz_db)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's
    """Hand the seed to a worker of xdist."""
    node.workerinput[_SEED] = node.config.option.gear_fuzz_seed


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say first of all with which seed a search can be repeated, where it was left to chance."""
    option = config.option
    return (
        []
        if option.gear_fuzz == QUICK
        else [f"gearspec: {option.gear_fuzz} fuzz, seed {option.gear_fuzz_seed}"]
    )


def _choose_paths(config: pytest.Config) -> None:
    """Where nobody named a path: the suites, if a program is put under test or ``gearspec run`` called us."""
    own = config.inipath == INI
    checkout = config.rootpath == Path(__file__).resolve().parent.parent
    named = config.option.target or config.option.testee
    if config.args_source is config.ArgsSource.ARGS or not (own or (checkout and named)):
        return
    from gearspec.data import data_folder  # noqa: PLC0415 - not needed where a path was named

    config.args = [str(data_folder("suites"))]
