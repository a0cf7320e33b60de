"""Whether an adapter keeps its contract, found out before any verdict on its library is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.errors import AdapterError
from gearspec.harness.casting import Casting
from gearspec.harness.expectation import SOUND
from gearspec.harness.interview import GREETING, part
from gearspec.script.verdict import Verdict
from gearspec.suite import load_checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gearspec.harness.testee import Testee
    from gearspec.script.case import Case

OK: Final = "ok"
LACKS: Final = "lacks"
FAILED: Final = "FAILED"
"""How a check may end; `LACKS` is for what the adapter neither lists nor, where it is asked, does."""
_GREETING: Final = "it says who it is, and refuses what it does not know"
_CONTRACT: Final = "docs/adapters.md has the contract"


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: what it is.
        mark: one of `OK`, `LACKS` and `FAILED`.
        finding: what was found, if that is worth a word.
        advice: what to do about it; empty if all is well.
        case: what can be played again to see it; None if there is no such case.
    """

    name: str
    mark: str = OK
    finding: str = ""
    advice: str = ""
    case: Case | None = None


def examine(
    testee: Testee, roles: Iterable[str] = ("client", "worker"), scale: float = 1.0
) -> Iterator[Check]:
    """Look at one thing after the other.

    Args:
        testee: whose adapter it is.
        roles: which of its roles to look at.
        scale: what deadlines are multiplied by.

    Raises:
        UsageError: it is not installed.
    """
    casting = Casting(testee, scale=scale)
    try:
        try:
            casting.start()
        except AdapterError as problem:
            yield Check(_GREETING, FAILED, str(problem), _CONTRACT)
            return
        hello = casting.hello
        known = f"{hello.name} {hello.version}, {' and '.join(hello.roles)}"
        yield Check(_GREETING, OK, known)
        for role in roles:
            yield from _role(casting, role)
        yield _end(casting)
    finally:
        casting.close()


def _role(casting: Casting, role: str) -> Iterator[Check]:
    if role not in casting.roles:
        yield Check(f"{role}: none of its roles", LACKS)
        return
    checks = [case for case in load_checks() if role in case.under_test]
    casting.prepare(checks, role)
    for case in checks:
        yield (
            _expected(casting, case, role) if case.id.startswith("check-") else _refused(casting, case, role)
        )
    result = casting.alone([part(role)])
    name = f"{role}: it quits when it is told to"
    yield Check(name) if result.verdict is Verdict.PASS else Check(name, FAILED, result.message, _CONTRACT)


def _expected(casting: Casting, case: Case, role: str) -> Check:
    """A healthy conversation, as it should be."""
    result = casting.play(case, role)
    feature = case.id.removeprefix(f"check-{role}").removeprefix("-")
    name = f"{role}: {case.title}"
    if result.verdict is Verdict.UNSUPPORTED:
        return Check(name, LACKS, result.message.removeprefix("lacks "))
    if result.verdict in SOUND:
        return Check(name)
    cure = (
        f"if the library cannot do it, do not list {feature}"
        if case.needs
        else "every library has to do this"
    )
    return Check(name, FAILED, f"{result.verdict}: {result.message}", cure, case)


def _refused(casting: Casting, case: Case, role: str) -> Check:
    """A conversation in which something else happens than what the script says."""
    result = casting.play(case, role)
    name = f"{role}: {case.title}"
    if result.verdict is Verdict.FAIL:
        return Check(name)
    advice = "tell what the library tells its user, and nothing else"
    return Check(name, FAILED, f"{result.verdict} {result.message}".rstrip(), advice, case)


def _end(casting: Casting) -> Check:
    name = "it ends when there are no more requests"
    adapter = casting.begin()
    try:
        if adapter.leave(GREETING):
            return Check(name)
    finally:
        adapter.stop()
    finding = f"it still runs {GREETING:g} s after the end of its input"
    return Check(name, FAILED, finding, "read requests until there are no more, and end then")
