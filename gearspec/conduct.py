"""How a run is conducted: what is collected, in which order, and what comes out of it.

One of these is registered in every process of pytest. Under xdist the workers
play, and the controller, which sees every report, says what came of it.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from gearspec.fuzz.shelf import Store
    from gearspec.item import CaseFile, CaseItem
    from gearspec.minutes import Minutes
    from gearspec.page.paper import Papers
    from gearspec.run import Options, Playing, Run
    from gearspec.script.case import Case

SUFFIX: Final = ".gear.yaml"
"""What `gearspec.script.load` says as well, and is too heavy to be imported for."""
SESSION_FACTORY: Final[pytest.StashKey[Callable[[Options, str], Playing]]] = pytest.StashKey()
"""Where something else than real programs can be put under test; see `gearspec.run.make_session`."""
QUICK: Final = "quick"
"""That of `gearspec.fuzz.effort`, likewise."""
STORE: Final[pytest.StashKey[Store]] = pytest.StashKey()
"""Where finds are kept, if an option says it."""
ITEM_ID: Final[pytest.StashKey[str]] = pytest.StashKey()
"""What a test that is a property is called by reports."""
_SERVER: Final = "server"
_LIBRARY: Final = frozenset({"client", "worker"})


class Conduct:
    """The hooks of pytest that need to remember something.

    Args:
        config: pytest's.

    Attributes:
        roles: what cases are collected for: those of the program that an option names; all of them if there
            is none; and none if there are two, since those meet each other.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        server = frozenset() if config.option.testee else frozenset({_SERVER})
        self.roles = server | (frozenset() if config.option.target else _LIBRARY)
        self._found: dict[str, Path] = {}
        self._worker = hasattr(config, "workerinput")
        self._runs: dict[str, Run] = {}
        self._minutes: Minutes | None = None
        self._papers: Papers | None = None
        self._broken = self._gone = self._played = self._begun = False
        self._complaints: list[str] = []

    def run_of(self, role: str) -> Run:
        """The run with the program of a role; asking for it does not start anything yet."""
        from gearspec.run import TARGET, TESTEE, Run, make_session  # noqa: PLC0415 - nothing heavy before a case

        kind = TARGET if role == _SERVER else TESTEE
        if kind not in self._runs:
            factory = self.config.stash.get(SESSION_FACTORY, make_session)
            self._runs[kind] = Run(self._options(), kind, factory, alone=not self._worker)
        return self._runs[kind]

    def _options(self) -> Options:
        from gearspec.run import REFERENCE, Options  # noqa: PLC0415 - likewise

        given = self.config.option
        return Options(
            target=given.target or REFERENCE,
            testee=given.testee or REFERENCE,
            level=given.gear_level,
            expectations=given.gear_expectations,
            update=given.gear_update_expectations,
            scale=given.gear_timeout_scale,
            transcripts=given.gear_transcripts,
            report=given.gear_report,
            html=given.gear_html,
            markdown=given.gear_markdown,
            finds=given.gear_finds,
            dangerous=given.gear_dangerous,
            fuzz=given.gear_fuzz,
            fuzz_seconds=given.gear_fuzz_seconds,
            fuzz_seed=given.gear_fuzz_seed or 0,
        )

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> CaseFile | None:
        """Collect a file of cases; the probes among them ask a target what it can do, and are no cases."""
        if not file_path.name.endswith(SUFFIX):
            return None
        from gearspec.item import CaseFile  # noqa: PLC0415 - likewise
        from gearspec.suite import is_suite  # noqa: PLC0415 - likewise

        if not is_suite(file_path):
            return None
        # pytest itself has no name for a file outside its root directory.
        outside = not file_path.is_relative_to(self.config.rootpath)
        nodeid = str(file_path) if outside else None
        return CaseFile.from_parent(
            parent, path=file_path, nodeid=nodeid, run_of=self._collected_for, found=self._found
        )

    def _collected_for(self, role: str) -> Run | None:
        return self.run_of(role) if role in self.roles else None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Mark the report of a file that its author has to mend; the mark survives the trip through xdist."""
        report = yield
        if getattr(collector, "broken", False):
            report.gearspec_broken = True  # type: ignore[attr-defined]
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember that a file is broken."""
        self._broken = self._broken or hasattr(report, "gearspec_broken")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop what is below the level, and put the rest in the order in which it is best played."""
        ours = self._ours(items)
        if not ours:
            return
        from gearspec.suite import case_level, weigh  # noqa: PLC0415 - likewise

        with told():
            dropped = {
                item
                for item in ours
                if weigh(case_level(item.case)) > weigh(item.run.options.level) or not self.has(item.role)
            }
        if dropped:
            self.config.hook.pytest_deselected(items=list(dropped))
        items[:] = sorted((item for item in items if item not in dropped), key=self._place)

    def has(self, role: str) -> bool:
        """Whether the program under test has a role; only a testee that was named has to be asked."""
        return role == _SERVER or not self.config.option.testee or role in self.run_of(role).roles

    def _place(self, item: pytest.Item) -> int:
        """Cases of libraries come after those of servers, and of the latter those that are dangerous last.

        Cases that wait for a clock come just before them, when they have waited in the background
        while others were run; but first under xdist, which deals out the longest stretch first, and
        only what one worker was dealt together can wait together. What takes minutes comes last, where
        xdist deals out only a few at once.
        """
        from gearspec.script.load import case_waits  # noqa: PLC0415 - likewise

        case = getattr(item, "case", None)
        if case is None:
            return 4 if ITEM_ID in item.stash and self.config.option.gear_fuzz != QUICK else 0
        if item.role != _SERVER:  # type: ignore[attr-defined]
            return 3
        return 2 if case.dangerous else (-1 if self._worker else 1) * case_waits(case)

    def _ours(self, items: Iterable[pytest.Item]) -> list[CaseItem]:
        from gearspec.item import CaseItem  # noqa: PLC0415 - likewise

        return [item for item in items if isinstance(item, CaseItem)] if self._runs else []

    def pytest_sessionstart(self) -> None:
        """Find out at once whether a testee that was named can be started."""
        if self.config.option.testee and not self._worker:
            with told():
                _ = self.run_of("client").session

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Reach what is under test before the first case, in the process that reports."""
        ours = self._ours(session.items)
        names = [item.nodeid for item in ours]
        names += [_as_name(item.stash[ITEM_ID]) for item in session.items if ITEM_ID in item.stash]
        if not names or self._worker or self.config.option.collectonly or session.testsfailed:
            return
        self._open(names)
        self._prepare(item for item in ours if item.role == _SERVER)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """The same under xdist, where only the workers collect, and each starts a target of its own."""
        ours = [name for name in ids if f"{SUFFIX}::" in name]
        if not ours or self._minutes:
            return
        self._look_in(ours)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.ensure_newline()
            for line in self._header():
                reporter.write_line(line)

    def _look_in(self, names: list[str]) -> None:
        """Open the minutes of what others play: what is under test is started here to hear what it is."""
        self._open(names)
        with told():
            for run in self._runs.values():
                run.close()

    def _open(self, names: list[str]) -> None:
        from gearspec.minutes import Minutes  # noqa: PLC0415 - likewise
        from gearspec.script.case import ROLES  # noqa: PLC0415 - likewise
        from gearspec.suite import role_of  # noqa: PLC0415 - likewise

        items = frozenset(name.rpartition("::")[2] for name in names)
        with told():
            found = set(map(role_of, items))
            runs = list(
                {run.kind: run for run in (self.run_of(role) for role in ROLES if role in found)}.values()
            )
            options = runs[0].options
            asked = (options.report, options.html, options.markdown, options.update)
            needed = any(one is not None for one in asked)
            self._papers = self._make_papers(options)
            self._minutes = Minutes(runs, self._planned() if needed else frozenset(), items)

    def _make_papers(self, options: Options) -> Papers | None:
        if options.html is None and options.markdown is None:
            return None  # the templates need not be loaded
        from gearspec.page.paper import Papers  # noqa: PLC0415 - likewise

        return Papers({"html": options.html, "markdown": options.markdown})

    def _planned(self) -> frozenset[str]:
        """Every item of the suites that the paths of this run belong to."""
        from gearspec.suite import suite_items  # noqa: PLC0415 - likewise

        folder = self.config.invocation_params.dir
        paths = [(folder / argument.partition("::")[0]).resolve() for argument in self.config.args]
        return frozenset(suite_items(paths, {role for role in self.roles if self.has(role)}))

    def pytest_report_collectionfinish(self) -> list[str]:
        """The header: only when a case was collected, and so after it was."""
        return self._header() if self._minutes else []

    def _header(self) -> list[str]:
        assert self._minutes is not None
        return [line for run in self._minutes.runs for line in run.header]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Begin what is played in the background: under xdist as soon as it is dealt to this worker.

        Else cases of libraries begin, all of them, when those of servers are over.
        """
        if self._worker:
            self._prepare(self._ours(_dealt(self.config, item, nextitem)))
        elif not self._begun and any(one.role != _SERVER for one in self._ours([item])):
            self._begun = True
            self._prepare(one for one in self._ours(item.session.items) if one.role != _SERVER)

    def _prepare(self, items: Iterable[CaseItem]) -> None:
        cases: dict[str, list[Case]] = {}
        for item in items:
            cases.setdefault(item.role, []).append(item.case)
        for role, several in cases.items():
            self.run_of(role).prepare(several, role)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the record of a case on the report of the phase that decided it."""
        report = yield
        if self._ours([item]) and (report.when == "call" or (report.when == "setup" and not report.passed)):
            problem = call.excinfo.exconly() if call.excinfo else ""
            found = {"record": item.record(problem), "gone": item.run.gone}  # type: ignore[attr-defined]
            # As JSON and back: xdist carries plain strings and lists, and nothing derived from them.
            report.gearspec = json.loads(json.dumps(found))  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what came of a case, wherever it was played."""
        found = getattr(report, "gearspec", None)
        self._played = self._played or found is not None
        if found and not self._minutes and not self._worker:
            # Under xdist nothing tells of properties before one was tried; another may be of any role.
            self._look_in([_as_name(f"[{role}]") for role in sorted(self.roles) if self.has(role)])
        if found and self._minutes:
            self._minutes.add(found["record"])
            self._gone = self._gone or found["gone"] is not None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Leave what was under test, write what is to be written, and settle the exit code."""
        for run in self._runs.values():
            run.close()
            self._complaints += run.complaints
        if self._minutes:
            self._minutes.close()
        if self._minutes and self._papers:
            self._write(self._papers, self._minutes)
        if self._worker:
            self.config.workeroutput["gearspec"] = self._complaints  # type: ignore[attr-defined]
        else:
            session.exitstatus = self._exit_code(exitstatus)

    def _write(self, papers: Papers, minutes: Minutes) -> None:
        """Write what people read; the summary is not lost with a page."""
        from gearspec.errors import UsageError  # noqa: PLC0415 - likewise

        try:
            papers.write(minutes.log)
        except UsageError as problem:
            minutes.refuse(str(problem))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - xdist's
        """Take over what the target of a worker complained of."""
        self._complaints += getattr(node, "workeroutput", {}).get("gearspec", [])

    def _exit_code(self, status: int) -> int:
        codes = pytest.ExitCode
        if self._broken or (self._minutes and self._minutes.refused):
            return codes.USAGE_ERROR
        if self._gone and status == codes.INTERRUPTED:
            return codes.TESTS_FAILED
        if status == codes.OK and not self.config.option.collectonly:
            if self._minutes and self._minutes.tally.untested:
                return codes.TESTS_FAILED
            named = self.config.option.target or self.config.option.testee
            if named and not self._minutes and not self._played:
                return codes.NO_TESTS_COLLECTED
        return status

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what the run comes to, if it had a case."""
        if self._minutes:
            names = " and ".join(dict.fromkeys(run.name for run in self._minutes.runs))
            terminalreporter.write_sep("=", f"gearspec: {names}")
            from gearspec.failure import escaped  # noqa: PLC0415 - likewise

            complaints = [f"complaint of the target: {line}" for line in self._complaints]
            for line in (*self._minutes.lines(), *complaints):
                terminalreporter.write_line(escaped(line))


def _as_name(item: str) -> str:
    """An id as it stands at the end of a name that pytest gives to a case."""
    return f"::{item}"


@contextmanager
def told() -> Iterator[None]:
    """What an author, an adapter or a target that cannot be reached did is one line and exit code 4."""
    from gearspec.errors import AdapterError, AuthorError, TargetGone  # noqa: PLC0415 - likewise
    from gearspec.failure import escaped  # noqa: PLC0415 - likewise

    try:
        yield
    except (AdapterError, AuthorError, TargetGone) as problem:
        raise pytest.UsageError(escaped(str(problem)).replace("\n", " ")) from None


def _dealt(config: pytest.Config, item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.Item]:
    """What xdist has dealt to this worker so far: this item, the next, and those in its queue.

    The queue has no public name; where it is not found, the two items are all that is known.
    """
    known = [item, *([nextitem] if nextitem else [])]
    for plugin in config.pluginmanager.get_plugins():
        queue = getattr(plugin, "torun", None)
        if queue is not None and hasattr(queue, "lock"):
            with queue.lock() as indexes:
                known += [item.session.items[index] for index in indexes if isinstance(index, int)]
    return known
