"""One run on one program: what is played, and what is expected of it. It knows nothing of pytest."""

from __future__ import annotations

from contextlib import contextmanager
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
from gearspec.harness.target import Target, resolve_target
from gearspec.harness.version import in_range, numbers
from gearspec.suite import item_id, role_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gearspec.harness.program import Program
    from gearspec.report import Subject
    from gearspec.script.case import Case
    from gearspec.script.verdict import Result

REFERENCE: Final = "reference"
"""The target and the testee when none is named."""
NO_FILE: Final = "none"
"""What stands for a file of expectations where there shall be none."""
TARGET: Final = "target"
TESTEE: Final = "testee"
KINDS: Final = {TARGET: frozenset({"server"}), TESTEE: frozenset({"client", "worker"})}
"""The two kinds of programs under test, and what each can be."""


class Playing(Protocol):
    """What a run asks of a session with a program under test.

    It is one of `gearspec.harness.session.Session` and `gearspec.harness.casting.Casting`.
    """

    version: str | None
    header: list[str]
    gone: str | None
    complaints: list[str]

    @property
    def subject(self) -> Program:
        """What is under test."""

    @property
    def edition(self) -> str:
        """The edition of PROTOCOL that it is held to."""

    @property
    def roles(self) -> frozenset[str]:
        """What it can be, once it was started."""

    @property
    def owned(self) -> bool:
        """Whether it is ours: it may be killed, and is started again when it has died."""

    def start(self) -> None:
        """Reach it, or start it, and find out what it is."""

    def prepare(self, cases: Sequence[Case], role: str) -> None:
        """Play in the background those of the cases that it is worth for."""

    def play(self, case: Case, role: str) -> Result:
        """Play one, or collect what came of it in the background."""

    def close(self) -> None:
        """Leave it as it was found, or stop it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user asked for; see docs/command-line.md.

    Attributes:
        target: what ``--target`` named.
        testee: what ``--testee`` named.
        level: the weakest level that is played.
        expectations: a file, `NO_FILE`, or None for the one beside the file of the program.
        update: a file to be brought up to date, ``""`` for the one beside that of the program, None for none.
        scale: what deadlines are multiplied by.
        transcripts: a folder for the transcript of every item.
        report: a file for the report.
        html: a file for the report as a page.
        markdown: a file for the report as a comment.
        finds: a folder for what a search finds.
        dangerous: whether dangerous cases are played on a server that gearspec did not start.
        fuzz: how much is searched: a profile of `gearspec.fuzz.effort`.
        fuzz_seconds: after which a property tries no further example; None for what the profile says.
        fuzz_seed: that of the first round of a search.
    """

    target: str = REFERENCE
    testee: str = REFERENCE
    level: str = "practice"
    expectations: str | None = None
    update: str | None = None
    scale: float = 1.0
    transcripts: Path | None = None
    report: Path | None = None
    html: Path | None = None
    markdown: Path | None = None
    finds: Path = Path("gearspec-finds")
    dangerous: bool = False
    fuzz: str = "quick"
    fuzz_seconds: float | None = None
    fuzz_seed: int = 0

    def changed(self) -> dict[str, object]:
        """Those that are not at their defaults, as JSON can hold them."""
        usual = Options()
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in values.items()
            if value != getattr(usual, name)
        }


def make_session(options: Options, kind: str) -> Playing:
    """A session with the target or the testee that the options name; it is not started.

    Raises:
        AuthorError: there is no such program, or its file has a fault.
    """
    if kind == TARGET:
        from gearspec.harness.session import Session  # noqa: PLC0415 - not every run plays with both

        return Session(resolve_target(options.target), scale=options.scale, dangerous=options.dangerous)
    from gearspec.harness.casting import Casting  # noqa: PLC0415 - likewise
    from gearspec.harness.testee import resolve_testee  # noqa: PLC0415 - likewise

    return Casting(resolve_testee(options.testee), scale=options.scale)


@dataclass(slots=True)
class Run:
    """A session and the expectations that go with it.

    Attributes:
        options: see `Options`.
        kind: `TARGET` or `TESTEE`.
        make_session: how to come by the session.
        alone: whether no other process uses the same program.
        notes: what a reader should know about the expectations.
    """

    options: Options
    kind: str = TARGET
    make_session: Callable[[Options, str], Playing] = make_session
    alone: bool = True
    notes: list[str] = field(default_factory=list)
    _session: Playing | None = None
    _closed: bool = False
    _expectations: Expectations | None = None
    _prepared: set[tuple[str, str]] = field(default_factory=set)

    @property
    def session(self) -> Playing:
        """The session; it is started when it is first asked for.

        Raises:
            AuthorError: the program cannot be reached, a file that belongs to it has a fault, or there is no
                place for transcripts.
        """
        if self._session is None:
            with self._kept() as folder:
                if folder:
                    folder.mkdir(parents=True, exist_ok=True)
            session = self._session = self.make_session(self.options, self.kind)
            session.start()
            self._expectations = self._expect(session)
        return self._session

    @property
    def header(self) -> list[str]:
        """What is tested, and what is expected of it."""
        return [*self.session.header, *self.notes]

    @property
    def name(self) -> str:
        """What is under test, as a reader knows it."""
        return self.session.subject.name

    @property
    def option(self) -> str:
        """The option of a command line that puts the same program under test."""
        return f"--{self.kind}={getattr(self.options, self.kind)}"

    @property
    def target(self) -> Target:
        """The server under test; only for runs of the kind `TARGET`."""
        subject = self.session.subject
        assert isinstance(subject, Target), "a run on a testee has no target"
        return subject

    @property
    def facts(self) -> Subject:
        """What is under test, as JSON can hold it."""
        return {"name": self.name, "version": self.session.version, "edition": self.edition}

    @property
    def roles(self) -> frozenset[str]:
        """What it can be."""
        return self.session.roles

    @property
    def edition(self) -> str:
        """The edition of PROTOCOL that it is held to."""
        return self.session.edition

    @property
    def gone(self) -> str | None:
        """Why a program that is not ours is gone for good; None while it is there."""
        return self._session.gone if self._session else None

    @property
    def complaints(self) -> list[str]:
        """What programs of ours that have ended by now had printed of faults inside them."""
        return self._session.complaints if self._session else []

    def prepare(self, cases: Iterable[Case], role: str) -> None:
        """Start in the background what is worth it; what was given before is left alone."""
        fresh = [case for case in cases if (case.id, role) not in self._prepared]
        self._prepared.update((case.id, role) for case in fresh)
        if fresh:
            version = self.session.version  # to start it is to read what is expected of it
            known = self._expectations
            # What is known to deviate comes first: it may wait for a deadline, and the others fit beside it.
            fresh.sort(key=lambda case: not (known and known.find(item_id(case, role), version)))
            self.session.prepare(fresh, role)

    def refusal(self, case: Case) -> str | None:
        """Why a case is not played on this program; None if it is."""
        if not case.dangerous or self.session.owned:
            return None
        if not self.options.dangerous:
            return "dangerous on a server that is not ours (--gear-dangerous if it is yours)"
        return None if self.alone else "dangerous on a server that several processes share (run without -n)"

    def play(self, case: Case, role: str) -> Result:
        """Play one case, and keep its transcript where that was asked for."""
        result = self.session.play(case, role)
        with self._kept() as folder:
            if folder:
                head = f"{case.title}\n{result.verdict} {result.message}\n\n"
                text = f"{head}{result.transcript.render(result.names)}\n"
                (folder / f"{item_id(case, role)}.txt").write_text(text, "utf-8")
        return result

    @contextmanager
    def _kept(self) -> Iterator[Path | None]:
        """The folder for transcripts, if there shall be one; what cannot be written there is one line."""
        try:
            yield self.options.transcripts
        except OSError as problem:
            raise UsageError(f"--gear-transcripts={self.options.transcripts}: {problem.strerror}") from None

    def judge(self, case: Case, role: str, result: Result) -> Judgement:
        """Hold a result against what is expected."""
        outcome = Outcome(result.verdict, sign(result.verdict, result.flags, result.message))
        return judge(item_id(case, role), outcome, self._expectations, self.session.version)

    def close(self) -> None:
        """Leave the program as it was found, or stop it."""
        if self._session and not self._closed:
            self._closed = True
            self._session.close()

    def known_file(self) -> Path | None:
        """The file of expectations to read; None if there is none."""
        if self.options.expectations:
            return None if self.options.expectations == NO_FILE else Path(self.options.expectations)
        known = Path(self.options.update) if self.options.update else self.session.subject.known
        return known if known and known.exists() else None

    def update_file(self) -> Path:
        """The file of expectations to write.

        Raises:
            UsageError: none was named and there is none that may be written.
        """
        if self.options.update:
            return Path(self.options.update)
        known = self.session.subject.known
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
        """Bring the file of expectations up to date; says what was done, on one line.

        Args:
            outcomes: of every item, also of those that another program played.
        """
        mine = {item: outcome for item, outcome in outcomes.items() if role_of(item) in self.roles}
        renewed = update(self.known_so_far(), mine, self.session.version)
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
