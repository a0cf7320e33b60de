"""docs/scripts.md: its cases are cases, and it leaves no word of the grammar out."""

import re
from pathlib import Path

import pytest

import gearspec
from gearspec.protocol.transcript import Note
from gearspec.script import case as words
from gearspec.script import check, load, step, talk
from gearspec.script.load import parse_cases
from gearspec.script.rehearse import rehearse
from gearspec.script.verdict import Verdict
from tests.puppet import Client
from tests.theatre import play

PAGE = Path(gearspec.__file__).parent.parent / "docs" / "scripts.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = [
    (TEXT[: found.start(1)].count("\n"), found[1])
    for found in re.finditer(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
]
CASES = [case for line, block in BLOCKS for case in parse_cases("\n" * line + block, PAGE)]
QUOTED = {word for quoted in re.findall(r"`([^`\n]+)`", TEXT) for word in re.findall(r"[A-Za-z_-]+", quoted)}


def test_there_is_an_example_of_each_kind():
    assert len(CASES) == len(BLOCKS) == 5


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_every_example_passes(case):
    result = rehearse(case) if "server" in case.under_test else play(case, "client", Client)
    assert (result.verdict, result.message) == (Verdict.PASS, "")
    assert [event for event in result.transcript.events if not isinstance(event.what, Note)]


@pytest.mark.parametrize(
    "known",
    [
        load._KEYS,
        step._KEYS,
        step._WORDS,
        {"together", "either", "as", "flag", "script"},
        {"hex", "repeat", "join", "clock", "any-of", "matches"},
        {"each-byte", "anywhere", "next", "size", "type", "magic"},
        {"pass", "tolerated", "recorded"},
        words.ROLES,
        {"REFUSE", "ACCEPT", "DIE", "calls", "reports"},
        {"connect", "quit", *(operation for known in step._CALLS.values() for operation in known)},
        {key for settings in step._SETTINGS.values() for key in settings},
        step._EVENTS,
        check.SILENT,
    ],
)
def test_every_word_of_the_grammar_is_explained(known):
    assert set(known) - QUOTED == set()


def test_the_times_are_those_of_the_player():
    for seconds in (talk.EARLY, talk.GRACE, talk.LULL):
        assert f"{seconds * 1000:.0f} ms" in TEXT
    assert talk.FENCE == 2
    assert "within two seconds" in TEXT
