"""A testee and all that is played with it in one run."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gearspec.errors import AdapterError
from gearspec.harness.adapter import AdapterProcess, EmbeddedAdapter
from gearspec.harness.ensemble import Ensemble, unsure
from gearspec.harness.interview import PROBES, greet, probe
from gearspec.harness.life import identities
from gearspec.harness.locate import Located, locate
from gearspec.harness.performance import token
from gearspec.harness.testee import resolve_testee
from gearspec.script.guest import TesteeStage
from gearspec.script.load import case_waits
from gearspec.script.testee import scenes
from gearspec.script.trait import unmet
from gearspec.script.verdict import Result, Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gearspec.harness.adapter import Adapter
    from gearspec.harness.contract import Hello
    from gearspec.harness.life import Identity
    from gearspec.harness.testee import Testee
    from gearspec.script.case import Case
    from gearspec.script.scene import Scene

AT_ONCE: Final = 24
"""How many scenes are played in the background at once; most of the time they wait."""
CORES: Final = len(os.sched_getaffinity(0))
"""How many of them start their adapters, which they do not wait for but work on."""


class Casting:
    """Plays cases with one testee, each scene with an adapter of its own.

    Args:
        testee: what to play with.
        scale: what deadlines are multiplied by.

    Attributes:
        subject: the testee.
        edition: the edition of PROTOCOL that it is held to.
        owned: whether it is ours to kill; it is.
        version: of the library, as its adapter says.
        header: what a report says of the testee, in lines.
        gone: always None, since an adapter that has ended is started again.
        complaints: none; what an adapter writes to its standard error is in the transcript of its case.
    """

    def __init__(self, testee: Testee, *, scale: float = 1.0) -> None:
        self.subject, self.edition = testee, testee.edition
        self.owned = True
        self.version: str | None = None
        self.header: list[str] = []
        self.gone: str | None = None
        self.complaints: list[str] = []
        self._scale = scale
        self._located: Located | None = None
        self._identity: Identity | None = None
        self._hello: Hello | None = None
        self._probed: dict[tuple[str, str], Result] = {}
        self._cases: dict[tuple[str, str], Case] = {}
        self._ensembles: list[Ensemble] = []
        self._second: Ensemble | None = None

    @property
    def hello(self) -> Hello:
        """What the adapter says of itself, once the session was started."""
        assert self._hello is not None, "a session is started before anything is asked of it"
        return self._hello

    @property
    def roles(self) -> frozenset[str]:
        """What the library can be."""
        return frozenset(self.hello.roles)

    def start(self) -> None:
        """Start an adapter, ask it who it is, and make sure that it refuses what it does not know.

        Raises:
            UsageError: it is not installed.
            AdapterError: it does not start, or breaks its contract.
        """
        if not self.subject.embedded:
            self._located = locate(self.subject)
        heard: list[Hello] = []
        for self._identity in identities():
            result = self.alone([greet(heard)])
            if result.verdict is Verdict.PASS:
                break
        else:
            raise AdapterError(f"{self.subject.name}: {result.message}")
        self._hello = heard[-1]
        self.version = self._hello.version
        self.header = self._header(self._hello)

    def prepare(self, cases: Sequence[Case], role: str) -> None:
        """Begin to play cases, several at a time; `play` collects what comes of them."""
        longest_first = sorted(cases, key=lambda case: not case_waits(case))
        items = {(case.id, role): case for case in longest_first if not self.lacks(case, role)}
        self._cases |= items
        if items:
            self._ensembles.append(self._ensemble(items, CORES))

    def play(self, case: Case, role: str) -> Result:
        """Play a case, or collect what came of it in the background.

        What could not be told while many were played is played again with few others, which start one by one,
        and then alone.
        """
        refused = self._gate(case, role)
        if refused:
            return refused
        item = (case.id, role)
        results = [result for each in self._ensembles for result in each.collect(item)]
        if unsure(results):
            results = self._second_time(item)
        return self.alone(self._scenes(case, role)) if unsure(results) or not results else worst(results)

    def _second_time(self, item: tuple[str, str]) -> list[Result]:
        """What comes of an item when all that could not be told is played once more, and nothing else."""
        if self._second is None:
            doubtful = [item, *(other for each in self._ensembles for other in each.doubtful())]
            self._second = self._ensemble({each: self._cases[each] for each in doubtful}, 1)
        return self._second.collect(item)

    def _ensemble(self, items: Mapping[tuple[str, str], Case], rising: int) -> Ensemble:
        scenes = {(name, role): self._scenes(case, role) for (name, role), case in items.items()}
        return Ensemble(scenes, self.begin, most=AT_ONCE, rising=rising, scale=self._scale)

    def close(self) -> None:
        """End whatever is still played."""
        for ensemble in [*self._ensembles, *([self._second] if self._second else [])]:
            ensemble.close()
        self._ensembles.clear()
        self._second = None

    # --- features ---------------------------------------------------------------------------

    def lacks(self, case: Case, role: str) -> list[str]:
        """What a case needs of a role and the library is said not to have."""
        return unmet(case.needs, role, self.hello.features[role])

    def _gate(self, case: Case, role: str) -> Result | None:
        """UNSUPPORTED, if the adapter refuses what the library is said to lack, where it can be asked for."""
        lacking = self.lacks(case, role)
        for need in lacking:
            if need in PROBES[role]:
                asked = self._probe(role, need)
                if asked.verdict is not Verdict.PASS:
                    return asked
        return Result(Verdict.UNSUPPORTED, f"lacks {', '.join(lacking)}") if lacking else None

    def _probe(self, role: str, feature: str) -> Result:
        if (role, feature) not in self._probed:
            self._probed[role, feature] = self.alone([probe(role, feature)])
        return self._probed[role, feature]

    # --- playing ----------------------------------------------------------------------------

    def _scenes(self, case: Case, role: str) -> list[Scene]:
        return scenes(case, TesteeStage(role, self.hello.features[role], self.edition, token, time.time))

    def alone(self, parts: list[Scene]) -> Result:
        """What comes of scenes that are played one after the other: the worst."""
        ensemble = Ensemble({("", ""): parts}, self.begin, scale=self._scale)
        try:
            return worst(ensemble.collect(("", "")))
        finally:
            ensemble.close()

    def begin(self) -> Adapter:
        """Start an adapter.

        Raises:
            UsageError: it does not start.
        """
        if self._located is None:
            return EmbeddedAdapter()
        assert self._identity is not None, "as whom it runs is settled when the session starts"
        return AdapterProcess(self._located, self._identity, self.subject.folder, self._scale)

    def _header(self, hello: Hello) -> list[str]:
        testee, library = self.subject, f"{hello.name} {hello.version}, {' and '.join(hello.roles)}"
        how = f"started from {self._located.command[0]}" if self._located else "running inside gearspec"
        note = [self._identity.note] if self._located and self._identity and self._identity.note else []
        return [
            f"testee: {testee.name}, {testee.title or 'without a file'}; {library}",
            f"edition of PROTOCOL: {self.edition}",
            how,
            *note,
            *testee.notes,
        ]


@contextmanager
def started(testee: str) -> Iterator[Casting]:
    """A session with what ``--testee`` means, for as long as it is needed.

    Raises:
        AuthorError: there is no such testee, or it is not installed.
        AdapterError: it cannot be started, or breaks its contract.
    """
    casting = Casting(resolve_testee(testee))
    casting.start()
    try:
        yield casting
    finally:
        casting.close()
