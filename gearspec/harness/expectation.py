"""Known deviations of a program: what is expected of it although no clause says so.

The file ``NAME.known.yaml`` beside a target file lists them. It is strict both
ways: a listed case that passes, fails otherwise, or is skipped is as much a
surprise as a case that fails unlisted. docs/expectations.md explains it to the
authors of such files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.errors import TargetError
from gearspec.form import Form
from gearspec.harness.version import in_range
from gearspec.script.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KINDS: Final = ("defect", "edition", "text-silent", "text-contradicts")
"""Why a program deviates: its own fault, another edition, a text that is silent or contradicts itself."""
TODO: Final = "TODO"
"""The reason of an entry that nobody has explained yet; it fails the run."""
FLAGGED: Final = frozenset({Verdict.TOLERATED, Verdict.RECORDED})
"""Outcomes that are listed by their flags; all others by the beginning of their message."""
SOUND: Final = FLAGGED | {Verdict.PASS}
"""Outcomes that need no listing."""
LISTED: Final = (Verdict.FAIL, Verdict.CRASH, Verdict.HANG, Verdict.INCONCLUSIVE, *sorted(FLAGGED))
"""Outcomes that an entry may name."""

_KEYS: Final = frozenset(
    {"case", "outcome", "flag", "message", "kind", "reason", "issue", "versions", "sometimes"}
)


class Outcome(NamedTuple):
    """What came of one item.

    Attributes:
        verdict: None when the item was not run.
        sign: the flags joined by ", " where the verdict names flags, else the message.
    """

    verdict: Verdict | None
    sign: str


def case_of(item: str) -> str:
    """The id of the case that an item plays."""
    return item.partition("[")[0]


def sign(verdict: Verdict, flags: Iterable[str], message: str) -> str:
    """What an entry recognises an outcome by."""
    return ", ".join(flags) if verdict in FLAGGED else message


@dataclass(frozen=True, slots=True)
class Deviation:
    """One entry.

    Attributes:
        case: the id of a case (``echo-empty``) or of an item (``echo-empty[server]``).
        outcome: one of `LISTED`.
        sign: the flags, or the beginning of the message.
        kind: one of `KINDS`; empty only while the reason is `TODO`.
        reason: why, in words.
        issue: an address where it is discussed; may be empty.
        versions: the versions of the program that it holds for; empty for all that the file holds for.
        sometimes: why the program does this in some runs only; empty if it always does.
        line: where it stands, counted from 1.
    """

    case: str
    outcome: Verdict
    sign: str
    kind: str
    reason: str
    issue: str = ""
    versions: str = ""
    sometimes: str = ""
    line: int = 0

    def meets(self, outcome: Outcome) -> bool:
        """Whether this is what came, or may come in its place."""
        if self.sometimes and outcome.verdict in SOUND:
            return True
        if outcome.verdict is not self.outcome:
            return False
        if self.outcome in FLAGGED:
            return outcome.sign == self.sign
        return outcome.sign.startswith(self.sign)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What pytest is to make of an outcome.

    Attributes:
        action: ``pass``, ``skip``, ``known`` (it deviates, as listed) or ``fail``.
        message: why; empty for ``pass``.
    """

    action: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Expectations:
    """The entries of one file that hold for one version of a program.

    Attributes:
        path: the file.
        versions: the versions that the file is about; empty for all.
        deviations: its entries, in its order.
        preamble: the comment at its top.
    """

    path: Path
    versions: str = ""
    deviations: tuple[Deviation, ...] = ()
    preamble: str = ""

    def find(self, item: str, version: str | None) -> Deviation | None:
        """The entry for an item, whether it names the item or its case."""
        keys = {item, case_of(item)}
        holding = (entry for entry in self.deviations if in_range(version, entry.versions))
        return next((entry for entry in holding if entry.case in keys), None)


def judge(item: str, outcome: Outcome, expectations: Expectations | None, version: str | None) -> Judgement:
    """Hold an outcome against what is expected.

    Args:
        item: the id of the item, ``case[role]``.
        outcome: of an item that was run.
        expectations: None for none at all; then only sound outcomes pass.
        version: of the program under test, None if it is not known.
    """
    entry = expectations.find(item, version) if expectations else None
    if expectations is None or entry is None:
        if outcome.verdict in SOUND:
            return Judgement("pass")
        return Judgement("skip" if outcome.verdict is Verdict.UNSUPPORTED else "fail", outcome.sign)
    where = f"{expectations.path.name}:{entry.line}"
    if not entry.meets(outcome):
        remedy = " (remove the entry)" if outcome.verdict in SOUND | {Verdict.UNSUPPORTED} else ""
        listed = f"{where} lists {entry.outcome} '{entry.sign}'"
        came = f"{outcome.verdict} '{outcome.sign}'" if outcome.sign else f"{outcome.verdict}"
        return Judgement("fail", f"{listed}; what came is {came}{remedy}")
    if entry.reason == TODO:
        return Judgement("fail", f"{where}: the reason is still {TODO}: say why this is expected")
    if outcome.verdict in SOUND:
        return Judgement("pass")
    return Judgement("known", f"{entry.outcome}, {entry.kind}: {entry.reason}")


def load_expectations(path: Path) -> Expectations:
    """Read a file of known deviations.

    Raises:
        TargetError: the first fault, with file and line.
    """
    form = Form(path, TargetError)
    document = form.keys(form.load(), {"versions", "known"}, ("known",))
    versions = _versions(form, form.text(document, "versions"), document.line_of("versions"))
    entries: list[Deviation] = []
    for mapping in form.sequence(document, "known"):
        entry = _deviation(form, mapping)
        for other in entries:
            if case_of(other.case) == case_of(entry.case) and _clash(entry, other):
                raise form.fault(f"'{entry.case}' is already listed at line {other.line}", entry.line)
        entries.append(entry)
    preamble = re.match(r"(?:#.*\n|\s*\n)*", path.read_text("utf-8"))
    return Expectations(path, versions, tuple(entries), preamble[0] if preamble else "")


def _clash(entry: Deviation, other: Deviation) -> bool:
    """Whether two entries for one case are not for different roles, nor for different versions."""
    if entry.case == other.case:
        return entry.versions == other.versions
    return case_of(entry.case) in {entry.case, other.case}


def _deviation(form: Form, value: object) -> Deviation:
    entry = form.keys(value, _KEYS, ("case", "outcome", "reason"))
    outcome = Verdict(form.known(entry, "outcome", LISTED))
    key, other = ("flag", "message") if outcome in FLAGGED else ("message", "flag")
    if not form.text(entry, key) or other in entry:
        raise form.fault(f"{outcome} is recognised by its '{key}'", entry.line)
    if not form.text(entry, "reason"):
        raise form.fault("an empty reason explains nothing", entry.line_of("reason"))
    explained = form.text(entry, "reason") != TODO
    return Deviation(
        case=form.text(entry, "case"),
        outcome=outcome,
        sign=form.text(entry, key),
        kind=form.known(entry, "kind", KINDS) if explained or "kind" in entry else "",
        reason=form.text(entry, "reason"),
        issue=form.text(entry, "issue"),
        versions=_versions(form, form.text(entry, "versions"), entry.line_of("versions")),
        sometimes=form.text(entry, "sometimes"),
        line=entry.line,
    )


def _versions(form: Form, text: str, line: int) -> str:
    try:
        in_range(None, text)
    except ValueError as problem:
        raise form.fault(f"versions: {problem}", line) from None
    return text
