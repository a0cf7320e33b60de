"""How many mutants of the model the scripts find, how many fuzzing finds, and how fast.

Usage: python -m benchmarks.mutants [--sample=200] [--seed=0] [--seconds=60] [-j 2] [--results=FILE]

A mutant is a job server with one small mistake, made by rule (`benchmarks.mutation`). Both judges meet it in
memory, in every dialect that the known targets speak and in one more: the scripts are all cases with a server
under test, and fuzzing is conversations and frames for so many seconds of processor time. The time of a judge
is that of one processor until its first find; without a find it is longer than any other.

What is known of a mutant is kept in the file of results, so that a run that was stopped goes on where it was,
and one with more `--seconds` tries only those again that were not found. A survivor is as good as the model
when a case says by its flags that it makes use of a freedom, or when ``survivors.yaml`` has the reason. Exit
code 1 when one is neither, when one that is listed was found, or when a judge finds something in the model.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import time
from dataclasses import fields
from functools import cache, partial
from itertools import islice
from pathlib import Path
from statistics import median_high
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.mutation import Mutant, mutants
from gearspec import __version__, model
from gearspec.document import load
from gearspec.fuzz.conversation import conversations
from gearspec.fuzz.strategy import attacks
from gearspec.fuzz.strategy import conversations as streams
from gearspec.fuzz.trial import pipelined, survival
from gearspec.harness.target import known_targets
from gearspec.script.rehearse import rehearse
from gearspec.script.trait import Traits, unmet
from gearspec.script.verdict import Result, Verdict
from tests.fault import MODEL, cases, failed, model_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

    from gearspec.script.case import Case

    Judge = Callable[[Any, float], "Opinion"]

PATIENCE: Final = 2.0
"""Seconds of processor time after which a server that has not answered never will."""
NEVER: Final = float("inf")
_SETTINGS: Final = settings(
    deadline=None,
    database=None,
    max_examples=10**9,  # the clock ends it
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


class _Stuck(Exception):  # noqa: N818 - it is what came of an example
    """It does not come to an end."""


class _End(Exception):  # noqa: N818 - it ends a search
    """Something was found, or the time is over."""


class Opinion(NamedTuple):
    """What a judge says of a model.

    Attributes:
        found: what is wrong with it; empty if nothing is.
        seconds: of processor time until that.
        told: what it does in another way that the text allows; a case says so by its flags.
    """

    found: str = ""
    seconds: float = NEVER
    told: str = ""


class Ground(NamedTuple):
    """A dialect to try a model in.

    Attributes:
        name: of the target that speaks it.
        traits: of that target.
    """

    name: str
    traits: Traits

    def server(self, package: Any) -> Any:  # noqa: ANN401 - a model that was made up
        """A server of this dialect; what is as usual is as the model has it."""
        dialect, usual = self.traits.dialect, model.Dialect()
        chosen = {field.name: getattr(dialect, field.name) for field in fields(dialect)}
        unusual = {name: value for name, value in chosen.items() if value != getattr(usual, name)}
        return package.Server(package.Dialect(**unusual))

    def rehearsed(self, case: Case, package: Any) -> Result:  # noqa: ANN401
        """What a case comes to."""
        return rehearse(case, partial(self.server, package), self.traits)


UNTAKEN: Final = Ground(
    "nobody",
    Traits(
        dialect=model.Dialect(
            order="lifo", abandoned="run", retries=1, total="queued", wakeup=1, response_magic="close"
        )
    ),
)
"""The choices that no known target takes."""


@cache
def grounds() -> list[Ground]:
    """The model's own first."""
    found = [Ground(target.name, target.traits) for target in known_targets()] + [UNTAKEN]
    return sorted(found, key=lambda ground: ground.traits.dialect != model.Dialect())


# --- the judges ---------------------------------------------------------------------------------


def outcome(play: Callable[[], Result]) -> Result:
    """What a play comes to; a model that raises or never ends is a program that dies or hangs."""
    signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        return play()
    except _Stuck:
        return Result(Verdict.HANG, "does not come to an end")
    except Exception as problem:  # noqa: BLE001 - whatever it is, a server would be gone
        return Result(Verdict.CRASH, f"raises {type(problem).__name__}")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _give_up(*_: object) -> None:
    raise _Stuck


def same(one: Result, other: Result) -> bool:
    """Whether two servers fail alike, so that what is known of one says it of the other."""
    return (one.verdict, one.message) == (other.verdict, other.message)


@cache
def known(ground: Ground, name: str) -> Result:
    """What a case comes to on the model as it is."""
    return ground.rehearsed(cases()[name], model)


def by_scripts(package: Any, _seconds: float) -> Opinion:  # noqa: ANN401
    """Play case after case; what an other dialect fails by itself is as good as listed for it."""
    spent, told = 0.0, ""
    for ground in grounds():
        has = ground.traits.capabilities
        able = [case for case in cases().values() if not unmet(case.needs, "server", has)]
        for case in able:
            usual = known(ground, case.id)
            began = time.process_time()
            result = outcome(partial(ground.rehearsed, case, package))
            spent += time.process_time() - began
            if not same(result, usual) and (failed(result) or failed(usual)):
                return Opinion(f"{case.id}, {ground.name}: {result.verdict} {result.message}", spent)
            if (result.verdict, result.flags) != (usual.verdict, usual.flags):
                told = told or f"{case.id}, {ground.name}: {result.verdict} {' '.join(result.flags)}".strip()
    return Opinion(told=told)


def by_fuzzing(package: Any, seconds: float) -> Opinion:  # noqa: ANN401
    """Try example after example until one fails that the model as it is does not, or the time is over."""
    began = time.process_time()
    found: list[str] = []

    @seed(0)
    @_SETTINGS
    @given(_examples())
    def try_one(example: tuple[Ground, Case]) -> None:
        ground, case = example
        if not found and time.process_time() - began < seconds:
            result = outcome(partial(ground.rehearsed, case, package))
            if failed(result) and not same(result, ground.rehearsed(case, model)):
                found.append(f"{case.id}, {ground.name}: {result.verdict} {result.message}")
        if found or time.process_time() - began >= seconds:
            raise _End

    try:
        try_one()
    except _End:
        spent = time.process_time() - began
    return Opinion(found[0], spent) if found else Opinion()


def _examples() -> SearchStrategy[tuple[Ground, Case]]:
    """Conversations, and frames as they should be and as nobody should send them."""
    return st.one_of(
        st.tuples(st.just(ground), drawn)
        for ground in grounds()
        for drawn in (
            conversations(ground.traits, clocks=True),
            streams(ground.traits).map(pipelined),
            attacks().map(partial(survival, traits=ground.traits)),
        )
    )


JUDGES: Final[dict[str, Judge]] = {"scripts": by_scripts, "fuzzing": by_fuzzing}


# --- the run ------------------------------------------------------------------------------------


def sample(count: int, start: int) -> Iterator[Mutant]:
    """Mutants that can be loaded; of the dialect not how a file of one is read, as no server shows that."""
    sources = {path.stem: path.read_text("utf-8") for path in MODEL.glob("[a-z]*.py")}
    drawn = mutants(sources, start)
    behaviour = (one for one in drawn if one.module != "dialect" or one.id.startswith("dialect.Dialect:"))
    return islice(filter(_loads, behaviour), count)


def _loads(mutant: Mutant) -> bool:
    try:
        model_with("mutant", mutant.module, mutant.source)
    except Exception:  # noqa: BLE001 - whatever it is, it is no server
        return False
    return True


def judged(task: tuple[str, float, Mutant]) -> dict[str, Any]:
    """What a judge says of a mutant, as it is kept."""
    judge, seconds, mutant = task
    opinion = JUDGES[judge](model_with("mutant", mutant.module, mutant.source), seconds)
    return {"id": mutant.id, "judge": judge, "limit": seconds, **opinion._asdict()}


def run(chosen: list[Mutant], asked: argparse.Namespace) -> dict[tuple[str, str], dict[str, Any]]:
    """Let every judge say what it has not said yet; scripts first, then what they have missed."""
    asked.results.touch()
    records = [json.loads(line) for line in asked.results.read_text().splitlines()]
    done = {(record["id"], record["judge"]): record for record in records}
    known = {name for (name, judge), record in done.items() if judge == "scripts" and record["found"]}
    todo = [
        (judge, limit, mutant)
        for judge, limit in (("scripts", NEVER), ("fuzzing", asked.seconds))
        for mutant in sorted(chosen, key=lambda mutant: mutant.id in known)
        if not _settled(done.get((mutant.id, judge)), limit)
    ]
    with multiprocessing.Pool(asked.jobs) as pool, asked.results.open("a") as results:
        for number, record in enumerate(pool.imap_unordered(judged, todo), 1):
            done[record["id"], record["judge"]] = record
            print(json.dumps(record), file=results, flush=True)
            told = f"{number} of {len(todo)}: {record['judge']} {record['seconds']:.1f} s, {record['id']}"
            print(told, file=sys.stderr, flush=True)
    return done


def _settled(record: dict[str, Any] | None, limit: float) -> bool:
    """Whether trying again could bring nothing new."""
    return record is not None and bool(record["found"] or record["limit"] >= limit)


def survivors() -> dict[str, str]:
    """The reasons why mutants are the same for whoever talks with them, by their ids."""
    path = Path(__file__).with_name("survivors.yaml")
    return {entry["mutant"]: entry["reason"] for entry in load(path.read_text("utf-8"), path)}


def report(chosen: list[Mutant], done: dict[tuple[str, str], dict[str, Any]]) -> bool:
    """Print the table and the survivors; returns whether each of these has its reason."""
    reasons = survivors()
    freedoms = {mutant.id: done[mutant.id, "scripts"]["told"] for mutant in chosen}
    times = {mutant.id: {judge: done[mutant.id, judge]["seconds"] for judge in JUDGES} for mutant in chosen}
    alive = [mutant for mutant in chosen if min(times[mutant.id].values()) == NEVER]
    same = [mutant for mutant in alive if mutant.id in reasons or freedoms[mutant.id]]
    counted = [times[mutant.id] for mutant in chosen if mutant not in same]
    print(
        f"gearspec {__version__}: {len(chosen)} mutants, {len(same)} as good as the model. Of the others:\n"
    )
    print("| judge | found | share | median time to a find |\n|---|---|---|---|")
    for judge in JUDGES:
        print(_row(judge, [each[judge] for each in counted]))
    print(_row("both", [min(each.values()) for each in counted]))
    for mutant in alive:
        reason = reasons.get(mutant.id) or freedoms[mutant.id] or "no reason"
        print(f"{mutant.id} (line {mutant.line}, {mutant.operator})\n    {reason}")
    stale = [mutant.id for mutant in chosen if mutant.id in reasons and mutant not in alive]
    for name in stale:
        print(f"listed in survivors.yaml, and found: {name}")
    return not stale and len(same) == len(alive)


def _row(judge: str, seconds: list[float]) -> str:
    found = sum(value < NEVER for value in seconds)
    middle = median_high(seconds)
    told = f"{middle:.2f} s" if middle < NEVER else "none"
    return f"| {judge} | {found} of {len(seconds)} | {found / len(seconds):.1%} | {told} |"


def main() -> int:
    """Judge a sample of mutants, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--results", type=Path, default=Path("mutants.jsonl"))
    asked = parser.parse_args()
    for judge in JUDGES:
        found = JUDGES[judge](model, min(asked.seconds, 10)).found
        if found:
            print(f"the {judge} find something in the model as it is: {found}")
            return 1
    chosen = list(sample(asked.sample, asked.seed))
    return int(not report(chosen, run(chosen, asked)))


if __name__ == "__main__":
    sys.exit(main())
