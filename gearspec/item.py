"""A case as pytest sees it: a file of cases is collected, and each role under test makes an item."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from gearspec.errors import AuthorError
from gearspec.failure import escaped, explain_failure, replay_command
from gearspec.harness.expectation import Judgement
from gearspec.report import Record, make_gap, make_record
from gearspec.script.load import load_cases
from gearspec.script.verdict import Result, Verdict
from gearspec.suite import case_level, item_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gearspec.run import Run
    from gearspec.script.case import Case


class Deviates(Exception):  # noqa: N818 - what it says is about the target, and no error of ours
    """A result that is not what was expected."""


class CaseFile(pytest.File):
    """A file of cases.

    Args:
        run_of: the run with the program of a role; None for a role that is not under test.
        found: where each case of other files was found, by its id; its own are added.

    Attributes:
        broken: whether its author has to mend it.
    """

    def __init__(
        self,
        *,
        run_of: Callable[[str], Run | None],
        found: dict[str, Path],
        **kwargs: Any,  # noqa: ANN401 - pytest's own
    ) -> None:
        super().__init__(**kwargs)
        self._run_of, self._found = run_of, found
        self.broken = False

    def collect(self) -> Iterator[CaseItem]:
        """An item for each case and each of its roles that is under test in this run."""
        try:
            cases = load_cases(self.path)
        except AuthorError as error:
            raise self._broken(str(error)) from None
        for case in cases:
            other = self._found.setdefault(case.id, self.path)
            if other != self.path:
                raise self._broken(f"{case.path}:{case.line}: {other} has the id '{case.id}' as well")
            for role in case.under_test:
                if run := self._run_of(role):
                    # What is given whole pytest takes apart as it does the ids in its cache (--last-failed).
                    nodeid = f"{self.nodeid}::{item_id(case, role)}"
                    yield CaseItem.from_parent(
                        self, name=item_id(case, role), nodeid=nodeid, case=case, role=role, run=run
                    )

    def _broken(self, message: str) -> Exception:
        self.broken = True
        return self.CollectError(message)


class CaseItem(pytest.Item):
    """A case with one role under test.

    It is played during setup, so that what goes wrong there is an error, and ours; what the target
    did is judged in the test proper.

    Attributes:
        case: the case.
        role: what is under test.
        run: what it is played in.
        gap: why it was not run.
        result: what came of it; None before it was played.
        judgement: what is made of that; None before it was judged.
    """

    def __init__(self, *, case: Case, role: str, run: Run, **kwargs: Any) -> None:  # noqa: ANN401 - likewise
        super().__init__(**kwargs)
        self.case, self.role, self.run = case, role, run
        self.gap = ""
        self.result: Result | None = None
        self.judgement: Judgement | None = None
        self.duration = 0.0
        self.add_marker(case_level(case))
        self.add_marker(pytest.mark.clause(*case.clauses))
        if case.dangerous:
            self.add_marker("dangerous")
        self.extra_keyword_matches.update(case.clauses)
        self.user_properties += [("clause", str(name)) for name in case.clauses]
        self.user_properties.append(("level", case_level(case)))

    def setup(self) -> None:
        """Play it, unless it must not be played on this program."""
        self.gap = self.run.refusal(self.case) or ""
        if self.gap:
            pytest.skip(self.gap)
        began = time.perf_counter()
        self.result = self.run.play(self.case, self.role)
        self.duration = time.perf_counter() - began
        self.judgement = self.run.judge(self.case, self.role, self.result)
        self.user_properties.append(("verdict", str(self.result.verdict)))
        self.user_properties += [("flag", str(flag)) for flag in self.result.flags]
        if self.run.gone:
            self.session.shouldfail = f"{self.run.gone}; what had not been run by then is not run"
        if self.result.verdict is Verdict.ERROR:
            raise Deviates(self.result.message)

    def runtest(self) -> None:
        """Say whether what came of it is as expected."""
        assert self.judgement is not None, "pytest sets an item up before it runs it"
        if self.judgement.action == "skip":
            pytest.skip(self.judgement.message)
        if self.judgement.action == "known":
            pytest.xfail(self.judgement.message)
        if self.judgement.action == "fail":
            raise Deviates(self.judgement.message)

    def record(self, problem: str) -> Record:
        """What a report says of it; `problem` is what kept us from playing it, if something did."""
        if self.gap:
            return make_gap(self.case, self.role, self.gap)
        result = self.result or Result(Verdict.ERROR, problem)
        judgement = self.judgement or Judgement("fail", problem)
        return make_record(
            self.case, self.role, result, judgement, again=self._again(), duration=self.duration
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - pytest's own
        """The failure in words; a traceback only for what is no verdict."""
        if isinstance(excinfo.value, pytest.xfail.Exception):
            return str(excinfo.value)  # a traceback that nobody sees takes a tenth of a second
        if isinstance(excinfo.value, AuthorError):
            return escaped(str(excinfo.value))
        if not isinstance(excinfo.value, Deviates):
            return super().repr_failure(excinfo, style)
        assert self.result is not None, "only a result deviates"
        return explain_failure(self.case, self.result, str(excinfo.value), self._again())

    def _again(self) -> str:
        return replay_command(self.case, self.role, self.run.option)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        return self.path, self.case.line - 1, self.name
