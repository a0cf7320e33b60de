"""The list of known deviations, brought up to date with what a run has seen."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gearspec.harness.expectation import FLAGGED, LISTED, TODO, Deviation, Expectations, Outcome
from gearspec.harness.version import in_range
from gearspec.script.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNSOUND: Final = frozenset(LISTED) - FLAGGED
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,.;()/_\[\]-]*[A-Za-z0-9.)\]]")


def update(known: Expectations, outcomes: Mapping[str, Outcome], version: str | None) -> Expectations:
    """The expectations that a complete run bears out.

    An entry keeps its kind, reason and issue while its case still deviates, and
    goes when it does not; one for other versions, or for a case that was not
    run, stays. New entries have the reason `TODO`.

    Args:
        known: what was expected so far.
        outcomes: of every item, by its id.
        version: of the program.
    """
    covered: dict[Deviation, dict[str, Outcome]] = {}
    fresh: list[Deviation] = []
    for item in sorted(outcomes):
        entry = known.find(item, version)
        if entry:
            covered.setdefault(entry, {})[item] = outcomes[item]
        elif outcomes[item].verdict in _UNSOUND:
            fresh.append(_entry(Deviation(item, Verdict.FAIL, "", "", TODO), outcomes[item]))
    kept = [
        renewed
        for entry in known.deviations
        for renewed in (
            _renew(entry, covered.get(entry, {})) if in_range(version, entry.versions) else [entry]
        )
    ]
    return replace(known, deviations=(*kept, *fresh))


def _renew(entry: Deviation, outcomes: dict[str, Outcome]) -> list[Deviation]:
    """What becomes of an entry: nothing, itself with what came now, or one a role where they differ."""
    if not outcomes:
        return []
    if all(outcome.verdict is None or entry.meets(outcome) for outcome in outcomes.values()):
        return [entry]
    stays = _UNSOUND | FLAGGED if entry.outcome in FLAGGED else _UNSOUND
    renewed = {item: _entry(entry, outcome) for item, outcome in outcomes.items() if outcome.verdict in stays}
    if len(renewed) == len(outcomes) and len(set(renewed.values())) == 1:
        return list(renewed.values())[:1]
    return [replace(found, case=item) for item, found in renewed.items()]


def _entry(entry: Deviation, outcome: Outcome) -> Deviation:
    assert outcome.verdict is not None, "what was not run is never written down"
    return replace(entry, outcome=outcome.verdict, sign=outcome.sign)


def dump(known: Expectations) -> str:
    """The text of an expectations file; loading it gives the same expectations again."""
    lines = [known.preamble.rstrip("\n")] if known.preamble.strip() else []
    if known.versions:
        lines.append(f"versions: {_scalar(known.versions)}")
    lines.append("known:" if known.deviations else "known: []")
    for entry in known.deviations:
        values = {
            "case": entry.case,
            "outcome": entry.outcome,
            "flag" if entry.outcome in FLAGGED else "message": entry.sign,
            "kind": entry.kind,
            "reason": entry.reason,
            "issue": entry.issue,
            "versions": entry.versions,
            "sometimes": entry.sometimes,
        }
        rows = [f"{key}: {_scalar(value)}" for key, value in values.items() if value]
        lines += [f"{'  ' if index else '- '}{row}" for index, row in enumerate(rows)]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """As it is where YAML cannot take it for anything else, otherwise in double quotes."""
    if _PLAIN.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)
