"""A property as pytest sees it: a test in Python that tries examples on the target of the run.

A file of such tests says ``pytest_plugins = ["gearspec.property"]`` and uses the fixture
`gear_property`; or `gear_difference` to compare servers, or `gear_ordeal` for what is gone through once.
To reports, to the known deviations and to the summary, a property is a case without a script: its id is
the name of the test in kebab-case, its title the docstring, its clauses those of the marker ``clause``,
and what is under test the role in the marker ``under_test``: a server if there is none.

PYTEST_DONT_REWRITE: a file of properties imports this before it names it as a plugin,
and pytest would warn of that.
"""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

from gearspec import __version__
from gearspec.conduct import ITEM_ID, STORE
from gearspec.errors import AuthorError
from gearspec.failure import escaped, explain_failure, replay_command
from gearspec.fuzz.arena import ServerArena
from gearspec.fuzz.audition import Audition
from gearspec.fuzz.difference import Comparison, acquainted
from gearspec.fuzz.effort import QUICK, make_effort
from gearspec.fuzz.find import write_find
from gearspec.fuzz.search import Filter, Search
from gearspec.fuzz.shelf import Shelf, open_folder, without_password
from gearspec.harness.casting import Casting
from gearspec.harness.expectation import Judgement
from gearspec.progress import Progress
from gearspec.report import make_gap, make_record, make_searched
from gearspec.script.verdict import Result, Verdict
from gearspec.suite import FIXTURES, case_level, item_id, property_case, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator

    from gearspec.conduct import Conduct
    from gearspec.fuzz.arena import Ordeal
    from gearspec.fuzz.effort import Effort
    from gearspec.fuzz.search import Arena, Examples
    from gearspec.fuzz.survey import Survey
    from gearspec.harness.target import Target
    from gearspec.report import Record, Searched
    from gearspec.run import Run
    from gearspec.script.case import Case
    from gearspec.script.trait import Traits

SERVER: Final = "server"
FOLDER: Final = Path(".hypothesis", "gearspec")
"""Where finds are kept, in the folder that pytest was called in, unless an option says otherwise."""
Example = TypeVar("Example")
_KEY: Final[pytest.StashKey[Property]] = pytest.StashKey()


class Property:
    """One property on the program under test of this run.

    Args:
        item: the test.
        run: what it is part of.
        part: which of several processes tries it here, counted from 0.

    Attributes:
        case: what stands for it wherever cases are expected.
        rivals: servers with which the one under test is compared.
        gap: why it was not tried; empty if it was.
    """

    def __init__(self, item: pytest.Function, run: Run, part: int = 0) -> None:
        self.case = as_case(item)
        self.rivals: list[Target] = []
        self.gap = ""
        self._item, self._run, self._role, self._part = item, run, _role(item), part
        self._result: Result | None = None
        self._judgement: Judgement | None = None
        self._again = ""
        self._duration = 0.0
        self._avoided: Counter[str] = Counter()
        self._searched: Searched | None = None

    @property
    def gone(self) -> str | None:
        """Why a target that is not ours is gone for good; None while it is there."""
        return self._run.gone

    @property
    def _avoid(self) -> Collection[str]:
        """What the program is known to die of."""
        if isinstance(self._run.session, Casting):
            return self._run.session.subject.avoid.get(self._role, {})
        return self._run.target.avoid

    @property
    def traits(self) -> Traits:
        """How the target is talked with."""
        return self._run.target.traits

    @property
    def sides(self) -> list[Traits]:
        """The same of it and of its rivals, in this order."""
        return [self.traits, *(rival.traits for rival in self.rivals)]

    def hold(
        self,
        trial: Callable[[Example], Any],
        examples: Examples[Example],
        *,
        hazards: Callable[[Example], Collection[str]] = lambda _: (),
        count: int,
    ) -> None:
        """Try examples, and say whether what came of it is as expected.

        Args:
            trial: makes of an example what the arena of the role tries; for a server that is an `Ordeal`.
            examples: where they come from; those that the program is known to die of are left out.
            hazards: tells which those are, in words of ``avoid``; not needed where `permits` was asked.
            count: how many are tried in a round; ``--gear-fuzz`` says how many rounds there are.
        """
        permitted = Filter(hazards, self._avoid)
        effort, shelf = self._effort(), self._shelf()
        with self._arena() as arena, Progress(self._item.config, self.case.id) as progress:
            hunt = Search(arena, trial, examples.filter(permitted), role=self._role, watch=progress)
            survey = hunt.run(count, effort, shelf)
        if shelf and shelf.lost:
            self._item.warn(pytest.PytestWarning(f"what was found is not kept: {escaped(shelf.lost)}"))
        self._avoided.update(permitted.avoided)
        self._note()
        self._searched = make_searched(survey, effort.seed)
        against = [f"--gear-against={rival.name}" for rival in self.rivals]
        self._judge(survey.result, *against, *self._again_options(survey))

    def permits(self, what: str) -> bool:
        """Whether an example may have something that programs are known to get wrong, a word of ``avoid``.

        What this one gets wrong may not occur, and is counted.
        """
        avoided = any(what in avoid for avoid in (self._avoid, *(rival.avoid for rival in self.rivals)))
        self._avoided.update([what] if avoided else [])
        return not avoided

    def stand(self, ordeal: Ordeal) -> None:
        """Go through an ordeal once, and say whether what came of it is as expected.

        Args:
            ordeal: what neither an example nor a line of a script can say, such as a peer that does not read.
        """
        with self._arena() as arena:
            result = arena.try_out(ordeal)
        self._judge(result)

    def record(self, problem: str) -> Record:
        """What a report says of it; `problem` is what kept us from trying it, if something did."""
        if self.gap:
            return make_gap(self.case, self._role, self.gap)
        result = self._result or Result(Verdict.ERROR, problem)
        judgement = self._judgement or Judgement("fail", problem)
        record = make_record(
            self.case, self._role, result, judgement, again=self._again, duration=self._duration
        )
        record["avoided"], record["searched"] = self._avoided, self._searched
        return record

    def _effort(self) -> Effort:
        options, parts = self._run.options, parts_of(self._item.config)
        return make_effort(options.fuzz, options.fuzz_seconds, options.fuzz_seed, self._part, parts)

    def _shelf(self) -> Shelf | None:
        """Where this property keeps what it finds in this version of the program, unless it is quick."""
        config, facts = self._item.config, self._run.facts
        if self._run.options.fuzz == QUICK:
            return None
        store = config.stash.get(STORE, None) or open_folder(config.invocation_params.dir / FOLDER)
        return Shelf(store, f"{self.case.id}[{self._role}] {facts['name']} {facts['version']}")

    def _again_options(self, survey: Survey[Any]) -> list[str]:
        if survey.seed is not None:
            return [f"--gear-fuzz-seed={survey.seed}"]
        url = self._item.config.option.gear_fuzz_db
        return [
            f"--gear-fuzz={self._run.options.fuzz}",
            *([f"--gear-fuzz-db={without_password(url)}"] if url else []),
        ]

    def _make_arena(self) -> Arena[Any]:
        """Where the role of this property is tried."""
        if isinstance(self._run.session, Casting):
            return Audition(self._run.session, self._role)
        if self.rivals:
            return Comparison([self._run.target, *self.rivals], self._run.options.scale)
        return ServerArena(self._run.target, self._run.options.scale)

    @contextmanager
    def _arena(self) -> Iterator[Arena[Any]]:
        began = time.perf_counter()
        arena = self._make_arena()
        try:
            yield arena
        finally:
            arena.close()
        self._duration = time.perf_counter() - began
        self._run.session.complaints += arena.complaints
        if arena.gone:
            self._run.session.gone = arena.gone
            self._item.session.shouldfail = f"{arena.gone}; what had not been run by then is not run"

    def _note(self) -> None:
        counts = [f"{name} {count}" for name, count in sorted(self._avoided.items())]
        self._item.user_properties += [("avoided", count) for count in counts]
        if counts:
            known = f"not tried, as {self._run.name} is known to get it wrong: {', '.join(counts)}"
            self._item.add_report_section("call", "gearspec", known)

    def _judge(self, result: Result, *options: str) -> None:
        self._result = result
        test = f"{self.case.path}::{self._item.originalname}"
        self._again = shlex.join(["pytest", test, self._run.option, *options])
        self._judgement = judgement = self._run.judge(self.case, self._role, result)
        self._item.user_properties.append(("verdict", str(result.verdict)))
        if judgement.action == "known":
            pytest.xfail(judgement.message)
        if judgement.action == "fail":
            pytest.fail(self._explain(result, judgement.message), pytrace=False)

    def _explain(self, result: Result, message: str) -> str:
        """What a person is told of a failure; a script that was found by chance is written down first."""
        if result.case is None:
            return explain_failure(self.case, result, message, self._again)
        version = self._run.facts["version"] or "of an unknown version"
        remarks = [
            f"{result.verdict} {result.message}",
            f"Found on {self._run.name} {version} by gearspec {__version__}:",
            self._again,
        ]
        finds = self._run.options.finds
        try:
            find = write_find(result.case, result, finds, map(escaped, remarks), self._play)
        except OSError as problem:
            text = explain_failure(self.case, result, message, self._again)
            return f"{text}\nwhat was found is not kept in --gear-finds={finds}: {problem.strerror}"
        again = replay_command(find.case, self._role, self._run.option)
        text = explain_failure(find.case, find.result, message, again)
        return "\n".join([text, f"search again: {self._again}", *map(escaped, find.doubts), "", find.text])

    def _play(self, case: Case) -> Result:
        return Result(Verdict.INCONCLUSIVE, self.gone) if self.gone else self._run.play(case, self._role)


@pytest.fixture
def gear_property(request: pytest.FixtureRequest) -> Property:
    """The property that this test searches, on the program under test of this run."""
    return _found(request)


@pytest.fixture
def gear_difference(request: pytest.FixtureRequest) -> Property:
    """The same for a test that compares the server under test with those of ``--gear-against``."""
    return _found(request, request.config.option.gear_against)


@pytest.fixture
def gear_ordeal(request: pytest.FixtureRequest) -> Property:
    """The same for a test that is gone through once."""
    return _found(request)


def _found(request: pytest.FixtureRequest, rivals: Collection[str] = ()) -> Property:
    item: pytest.Function = request.node
    run = _conduct(request.config).run_of(_role(item))
    found = item.stash[_KEY] = Property(item, run, getattr(request, "param", 0))
    try:
        found.gap = run.refusal(found.case) or ""
        found.rivals = [acquainted(name, run.options.scale) for name in rivals]
    except AuthorError as problem:
        pytest.exit(escaped(str(problem)), pytest.ExitCode.USAGE_ERROR)
    if found.gap:
        pytest.skip(found.gap)
    return found


def parts_of(config: pytest.Config) -> int:
    """How many processes of xdist search for the same: all of them, except in a quick search."""
    several = getattr(config, "workerinput", {}).get("workercount", 1)
    return 1 if config.option.gear_fuzz == QUICK else several


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each part of a search, for the processes of xdist to share."""
    parts = parts_of(metafunc.config)
    for fixture in {"gear_property", "gear_difference"}.intersection(metafunc.fixturenames):
        if parts > 1:
            names = [f"part-{part + 1}" for part in range(parts)]
            metafunc.parametrize(fixture, range(parts), indirect=True, ids=names)


def as_case(item: pytest.Function) -> Case:
    """A case without a script, for a test that is a property."""
    clauses = tuple(name for marker in item.iter_markers("clause") for name in marker.args)
    path, line, _ = item.reportinfo()
    return property_case(
        item.originalname,
        item.function.__doc__ or "",
        clauses=clauses,
        role=_role(item),
        path=str(path),
        line=(line or 0) + 1,
    )


def _role(item: pytest.Function) -> str:
    marker = item.get_closest_marker("under_test")
    return str(marker.args[0]) if marker else SERVER


def _conduct(config: pytest.Config) -> Conduct:
    found: Conduct | None = config.pluginmanager.get_plugin("gearspec.conduct")
    assert found, "the plugin of gearspec registers it"
    return found


def _properties(items: list[pytest.Item]) -> Iterator[pytest.Function]:
    return (
        item
        for item in items
        if isinstance(item, pytest.Function) and not FIXTURES.isdisjoint(item.fixturenames)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each property with its level; drop those below the wanted one, and what is not to be tested."""
    weak, conduct = set(), _conduct(config)
    for item in _properties(items):
        case, role = as_case(item), _role(item)
        level = case_level(case)
        item.stash[ITEM_ID] = item_id(case, role)
        item.add_marker(level)
        tested = role in conduct.roles and conduct.has(role)
        alone = "gear_difference" in item.fixturenames and not config.option.gear_against
        if not tested or alone or weigh(level) > weigh(config.option.gear_level):
            weak.add(item)
    if weak:
        config.hook.pytest_deselected(items=list(weak))
        items[:] = [item for item in items if item not in weak]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the record of a property on the report of the phase that decided it, as is done for cases."""
    report = yield
    found = item.stash.get(_KEY, None)
    if found and (report.when == "call" or (report.when == "setup" and not report.passed)):
        problem = call.excinfo.exconly() if call.excinfo else ""
        told = {"record": found.record(problem), "gone": found.gone}
        report.gearspec = json.loads(json.dumps(told))  # type: ignore[attr-defined]
    return report
