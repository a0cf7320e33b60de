"""One run on one target: what is played, and what is expected of it. It knows nothing of pytest."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from gearspec.errors import UsageError
from gearspec.harness.expectation import (
    TODO,
    Expectations,
    Judgement,
    Outcome,
    judge,
    load_expectations,
    sign,
)
from gearspec.harness.revision import dump, update
from gearspec.harness.version import in_range, numbers
from gearspec.script.load import case_waits
from gearspec.suite import item_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gearspec.harness.target import Target
    from gearspec.script.case import Case
    from gearspec.script.verdict import Result

REFERENCE: Final = "reference"
"""The target when none is named."""
NO_FILE: Final = "none"
"""What stands for a file of expectations where there shall be none."""


class Playing(Protocol):
    """What a run asks of a session with a target; see `gearspec.harness.session.Session`."""

    target: Target
    version: str | None
    header: list[str]
    gone: str | None
    complaints: list[str]

    def start(self) -> None:
        """Reach the target, or start it, and find out what it is."""

    def prepare(self, cases: Sequence[Case]) -> None:
        """Play these in the background, since they wait for a clock."""

    def play(self, case: Case) -> Result:
        """Play one, or collect what came of it in the background."""

    def close(self) -> None:
        """Leave the target as it was found, or stop it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user asked for; see docs/command-line.md.

    Attributes:
        target: what ``--target`` named.
        level: the weakest level that is played.
        expectations: a file, `NO_FILE`, or None for the one beside the target file.
        update: a file to be brought up to date, ``""`` for the one beside the target file, None for none.
        scale: what deadlines are multiplied by.
        transcripts: a folder for the transcript of every item.
        report: a file for the report.
        dangerous: whether dangerous cases are played on a server that gearspec did not start.
    """

    target: str = REFERENCE
    level: str = "practice"
    expectations: str | None = None
    update: str | None = None
    scale: float = 1.0
    transcripts: Path | None = None
    report: Path | None = None
    dangerous: bool = False

    def changed(self) -> dict[str, object]:
        """Those that are not at their defaults, as JSON can hold them."""
        usual = Options()
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in values.items()
            if value != getattr(usual, name)
        }


def make_session(options: Options) -> Playing:
    """A session with the target that the options name; it is not started.

    Raises:
        AuthorError: there is no such target, or its file has a fault.
    """
    from gearspec.harness.session import Session  # noqa: PLC0415 - not every run that imports this plays
    from gearspec.harness.target import resolve_target  # noqa: PLC0415 - likewise

    return Session(resolve_target(options.target), scale=options.scale, dangerous=options.dangerous)


@dataclass(slots=True)
class Run:
    """A session and the expectations that go with it.

    Attributes:
        options: see `Options`.
        make_session: how to come by the session.
        alone: whether no other process uses the same target.
        notes: what a reader should know about the expectations.
    """

    options: Options
    make_session: Callable[[Options], Playing] = make_session
    alone: bool = True
    notes: list[str] = field(default_factory=list)
    _session: Playing | None = None
    _closed: bool = False
    _expectations: Expectations | None = None
    _prepared: set[str] = field(default_factory=set)

    @property
    def session(self) -> Playing:
        """The session; it is started when it is first asked for.

        Raises:
            AuthorError: the target cannot be reached, or a file that belongs to it has a fault.
        """
        if self._session is None:
            session = self._session = self.make_session(self.options)
            session.start()
            self._expectations = self._expect(session)
        return self._session

    @property
    def header(self) -> list[str]:
        """What is tested, and what is expected of it."""
        return [*self.session.header, *self.notes]

    @property
    def edition(self) -> str:
        """The edition of PROTOCOL that the target is held to."""
        return self.session.target.traits.edition

    @property
    def gone(self) -> str | None:
        """Why a target that is not ours is gone for good; None while it is there."""
        return self._session.gone if self._session else None

    @property
    def complaints(self) -> list[str]:
        """What programs of ours that have ended by now had printed of faults inside them."""
        return self._session.complaints if self._session else []

    def prepare(self, cases: Iterable[Case]) -> None:
        """Start in the background what waits for a clock; what was given before is left alone."""
        fresh = [case for case in cases if case.id not in self._prepared and case_waits(case)]
        fresh = [case for case in fresh if not case.dangerous]
        self._prepared.update(case.id for case in fresh)
        if fresh:
            self.session.prepare(fresh)

    def refusal(self, case: Case) -> str | None:
        """Why a case is not played on this target; None if it is."""
        if not case.dangerous or self.session.target.address is None:
            return None
        if not self.options.dangerous:
            return "dangerous on a server that is not ours (--gear-dangerous if it is yours)"
        return None if self.alone else "dangerous on a server that several processes share (run without -n)"

    def play(self, case: Case, role: str) -> Result:
        """Play one case, and keep its transcript where that was asked for."""
        result = self.session.play(case)
        if self.options.transcripts:
            self.options.transcripts.mkdir(parents=True, exist_ok=True)
            head = f"{case.title}\n{result.verdict} {result.message}\n\n"
            text = f"{head}{result.transcript.render(result.names)}\n"
            (self.options.transcripts / f"{item_id(case, role)}.txt").write_text(text, "utf-8")
        return result

    def judge(self, case: Case, role: str, result: Result) -> Judgement:
        """Hold a result against what is expected."""
        outcome = Outcome(result.verdict, sign(result.verdict, result.flags, result.message))
        return judge(item_id(case, role), outcome, self._expectations, self.session.version)

    def close(self) -> None:
        """Leave the target as it was found, or stop it."""
        if self._session and not self._closed:
            self._closed = True
            self._session.close()

    def known_file(self) -> Path | None:
        """The file of expectations to read; None if there is none."""
        if self.options.expectations:
            return None if self.options.expectations == NO_FILE else Path(self.options.expectations)
        known = Path(self.options.update) if self.options.update else self.session.target.known
        return known if known and known.exists() else None

    def update_file(self) -> Path:
        """The file of expectations to write.

        Raises:
            UsageError: none was named and there is none that may be written.
        """
        if self.options.update:
            return Path(self.options.update)
        known = self.session.target.known
        package = Path(__file__).resolve().parent
        if known is None or known.resolve().is_relative_to(package):
            raise UsageError("--gear-update-expectations needs a file here: --gear-update-expectations=FILE")
        return known

    def known_so_far(self) -> Expectations:
        """What is to be brought up to date.

        Raises:
            AuthorError: there is no file that may be written, or it has a fault, or is about other versions.
        """
        path, version = self.update_file(), self.session.version
        if not path.name.endswith(".yaml"):
            raise UsageError(
                f"--gear-update-expectations={path}: the name of a file of expectations ends in .yaml"
            )
        if not path.exists():
            return Expectations(path, numbers(version))
        known = load_expectations(path)
        if not in_range(version, known.versions):
            raise UsageError(f"{path} is about {known.versions}, and this is {version}: name another file")
        return known

    def update(self, outcomes: Mapping[str, Outcome]) -> str:
        """Bring the file of expectations up to date; says what was done, on one line."""
        renewed = update(self.known_so_far(), outcomes, self.session.version)
        renewed.path.write_text(dump(renewed), "utf-8")
        todo = sum(entry.reason == TODO for entry in renewed.deviations)
        return f"{renewed.path}: {len(renewed.deviations)} known deviations, {todo} still without a reason"

    def _expect(self, session: Playing) -> Expectations | None:
        path = self.known_file()
        if path is None:
            self.notes.append("expectations: none")
            return None
        known = load_expectations(path)
        if not in_range(session.version, known.versions):
            version = session.version or "of an unknown version"
            self.notes.append(
                f"expectations: none, since {path} is about {known.versions} and this is {version}"
            )
            return None
        self.notes.append(f"expectations: {path}, {len(known.deviations)} known deviations")
        return known
