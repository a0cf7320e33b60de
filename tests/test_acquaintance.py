"""What is known of meetings of real programs."""

import pytest

from gearspec.errors import TargetError
from gearspec.harness.acquaintance import Acquaintances
from gearspec.harness.target import known_names
from gearspec.harness.testee import known_testees

ENTRY = "- {server: s, client: '*', worker: w, finding: job 1, reason: so it is}\n"


def test_an_entry_holds_for_those_it_names_and_for_findings_that_begin_so(tmp_path):
    path = tmp_path / "known.yaml"
    path.write_text(ENTRY)
    known = Acquaintances(path)
    assert known.strange(("s", "anybody", "w"), ["job 1: nothing", "no job 1"]) == ["no job 1"]
    assert known.strange(("other", "anybody", "w"), ["job 1"]) == ["job 1"]
    assert known.strange(("s", "anybody", "other"), ["job 1"]) == ["job 1"]


def test_what_is_known_of_those_who_met_and_was_not_seen_is_gone(tmp_path):
    path = tmp_path / "known.yaml"
    path.write_text(ENTRY)
    known = Acquaintances(path)
    assert known.gone() == []
    known.strange(("s", "one", "w"), [])
    assert known.gone() == known.entries
    known.strange(("s", "two", "w"), ["job 1: nothing"])
    assert known.gone() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b\n", "a list of what is known is expected here"),
        (ENTRY.replace("reason", "reasons"), ":1: 'reasons' is no key here"),
        (ENTRY.replace(", reason: so it is", ""), ":1: the key 'reason' is missing"),
    ],
)
def test_a_fault_in_the_file_is_told_with_its_line(tmp_path, text, message):
    path = tmp_path / "known.yaml"
    path.write_text(text)
    with pytest.raises(TargetError, match=message):
        Acquaintances(path)


def test_what_is_known_is_about_programs_that_there_are():
    for entry in Acquaintances().entries:
        assert entry.server in {"*", *known_names()}
        assert {entry.client, entry.worker} <= {"*", *known_testees()}
        assert entry.reason
