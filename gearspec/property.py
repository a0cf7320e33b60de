"""A property as pytest sees it: a test in Python that tries examples on the target of the run.

A file of such tests says ``pytest_plugins = ["gearspec.property"]`` and uses the fixture
`gear_property`. To reports, to the known deviations and to the summary, a property is a case without
a script: its id is the name of the test in kebab-case, its title the docstring, its clauses those of
the marker ``clause``.

PYTEST_DONT_REWRITE: a file of properties imports this before it names it as a plugin,
and pytest would warn of that.
"""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from gearspec.errors import AuthorError
from gearspec.failure import escaped, explain_failure
from gearspec.fuzz.arena import Arena
from gearspec.fuzz.search import Filter, search
from gearspec.harness.expectation import Judgement
from gearspec.report import make_gap, make_record
from gearspec.script.case import Case
from gearspec.script.verdict import Result, Verdict
from gearspec.suite import case_level, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from gearspec.fuzz.arena import Ordeal
    from gearspec.fuzz.search import Examples
    from gearspec.fuzz.trial import Trial
    from gearspec.report import Record
    from gearspec.run import Run
    from gearspec.script.trait import Traits

ROLE: Final = "server"
_DANGER: Final = "whatever is sent may kill it"
_KEY: Final[pytest.StashKey[Property]] = pytest.StashKey()


class Property:
    """One property on the target of this run.

    Args:
        item: the test.
        run: what it is part of.

    Attributes:
        case: what stands for it wherever cases are expected.
        gap: why it was not tried; empty if it was.
    """

    def __init__(self, item: pytest.Function, run: Run) -> None:
        self.case = as_case(item)
        self.gap = ""
        self._item, self._run = item, run
        self._result: Result | None = None
        self._judgement: Judgement | None = None
        self._again = ""
        self._duration = 0.0
        self._avoided: Counter[str] = Counter()

    @property
    def gone(self) -> str | None:
        """Why a target that is not ours is gone for good; None while it is there."""
        return self._run.gone

    @property
    def traits(self) -> Traits:
        """How the target is talked with."""
        return self._run.target.traits

    def hold(self, trial: Trial, examples: Examples, *, count: int) -> None:
        """Try examples, and say whether what came of it is as expected.

        The same seed gives the same examples: 0, or that of ``--hypothesis-seed``.

        Args:
            trial: what they are tried for.
            examples: where they come from; those that the target is known to die of are left out.
            count: how many are tried.
        """
        start = int(self._item.config.getoption("--hypothesis-seed", None) or 0)
        permitted = Filter(self._run.target.avoid)
        tried = examples.filter(permitted)
        result = self._in_arena(lambda arena: search(arena, trial, tried, count=count, start=start))
        self._note(permitted)
        self._judge(result, f"--hypothesis-seed={start}")

    def stand(self, ordeal: Ordeal) -> None:
        """Go through an ordeal once, and say whether what came of it is as expected.

        Args:
            ordeal: what neither an example nor a line of a script can say, such as a peer that does not read.
        """
        self._judge(self._in_arena(lambda arena: arena.undergo(ordeal)))

    def record(self, problem: str) -> Record:
        """What a report says of it; `problem` is what kept us from trying it, if something did."""
        if self.gap:
            return make_gap(self.case, ROLE, self.gap)
        result = self._result or Result(Verdict.ERROR, problem)
        judgement = self._judgement or Judgement("fail", problem)
        record = make_record(self.case, ROLE, result, judgement, again=self._again, duration=self._duration)
        record["avoided"] = self._avoided
        return record

    def _in_arena(self, fight: Callable[[Arena], Result]) -> Result:
        began = time.perf_counter()
        arena = Arena(self._run.target, self._run.options.scale)
        try:
            result = fight(arena)
        finally:
            arena.close()
        self._duration = time.perf_counter() - began
        self._run.session.complaints += arena.complaints
        if arena.gone:
            self._run.session.gone = arena.gone
            self._item.session.shouldfail = f"{arena.gone}; what had not been run by then is not run"
        return result

    def _note(self, permitted: Filter) -> None:
        self._avoided = permitted.avoided
        counts = [f"{name} {count}" for name, count in sorted(permitted.avoided.items())]
        self._item.user_properties += [("avoided", count) for count in counts]
        if counts:
            known = f"not tried, as {self._run.target.name} is known to die of it: {', '.join(counts)}"
            self._item.add_report_section("call", "gearspec", known)

    def _judge(self, result: Result, *options: str) -> None:
        self._result = result
        test = f"{self.case.path}::{self._item.name}"
        self._again = shlex.join(["pytest", test, self._run.option, *options])
        self._judgement = judgement = self._run.judge(self.case, ROLE, result)
        self._item.user_properties.append(("verdict", str(result.verdict)))
        if judgement.action == "known":
            pytest.xfail(judgement.message)
        if judgement.action == "fail":
            text = explain_failure(self.case, result, judgement.message, self._again)
            pytest.fail(text, pytrace=False)


@pytest.fixture
def gear_property(request: pytest.FixtureRequest) -> Property:
    """The property that this test is about, on the target of this run."""
    item: pytest.Function = request.node
    run: Run = request.config.pluginmanager.get_plugin("gearspec.conduct").run_of(ROLE)  # type: ignore[union-attr]
    found = item.stash[_KEY] = Property(item, run)
    try:
        found.gap = run.refusal(found.case) or ""
    except AuthorError as problem:
        pytest.exit(escaped(str(problem)), pytest.ExitCode.USAGE_ERROR)
    if found.gap:
        pytest.skip(found.gap)
    return found


def as_case(item: pytest.Function) -> Case:
    """A case without a script, for a test that is a property."""
    clauses = tuple(name for marker in item.iter_markers("clause") for name in marker.args)
    path, line, _ = item.reportinfo()
    return Case(
        id=item.name.removeprefix("test_").replace("_", "-"),
        title=(item.function.__doc__ or "").partition("\n")[0].removesuffix("."),
        clauses=clauses,
        under_test=(ROLE,),
        needs=(),
        dangerous=_DANGER,
        leaves=None,
        steps=(),
        path=str(path),
        line=(line or 0) + 1,
    )


def _properties(items: list[pytest.Item]) -> Iterator[pytest.Function]:
    return (
        item for item in items if isinstance(item, pytest.Function) and "gear_property" in item.fixturenames
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each property with its level; drop those below the wanted one, and all if no server is tested."""
    weak = set()
    tested = ROLE in config.pluginmanager.get_plugin("gearspec.conduct").roles  # type: ignore[union-attr]
    for item in _properties(items):
        level = case_level(as_case(item))
        item.add_marker(level)
        if not tested or weigh(level) > weigh(config.option.gear_level):
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
