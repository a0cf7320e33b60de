"""Conversations with several servers at once: what is a difference, and what is not."""

import pytest

from gearspec.errors import UsageError
from gearspec.fuzz.conversation import parallel_conversations
from gearspec.fuzz.difference import Comparison, acquainted, compare, converse_with_each
from gearspec.fuzz.search import Search
from gearspec.harness.target import load_target, resolve_target
from gearspec.script.case import Case
from gearspec.script.verdict import Result, Verdict

CASE = Case("id", "title", (), ("server",), (), None, None, (), "path", 1)
GOOD = Result(Verdict.PASS, clause="echo-answered", case=CASE)
BAD = Result(Verdict.FAIL, "echo-answered: nothing came", clause="echo-answered", case=CASE)
WORSE = Result(Verdict.CRASH, "echo-answered: it is gone", clause="echo-answered", case=CASE)
UNCLEAR = Result(Verdict.INCONCLUSIVE, "echo-answered: who knows", clause="echo-answered", case=CASE)


@pytest.mark.parametrize("same", [GOOD, BAD])
def test_what_all_servers_do_is_no_difference(same):
    assert compare("ab", [same, same]).verdict is Verdict.PASS


def test_what_could_not_be_told_of_one_is_no_difference():
    assert compare("ab", [UNCLEAR, BAD]).verdict is Verdict.PASS


def test_a_difference_tells_of_all_servers_and_is_the_worst_of_them():
    found = compare("abc", [BAD, GOOD, WORSE])
    assert found.verdict is Verdict.CRASH
    assert found.message == "echo-answered: a: nothing came; b: as its dialect has it; c: it is gone"


def test_a_difference_is_a_script_if_the_server_under_test_shows_it():
    assert compare("ab", [BAD, GOOD]).case is CASE
    assert compare("ab", [GOOD, BAD]).case is None


@pytest.fixture
def other(tmp_path):
    """A server that is taken for one with another dialect than it has."""
    path = tmp_path / "other.yaml"
    path.write_text("embedded: reference\ndialect: {order: lifo}\n")
    return load_target(path)


def search(*targets):
    arena = Comparison(targets)
    examples = parallel_conversations([target.traits for target in targets])
    try:
        return Search(arena, converse_with_each, examples).run(60).result
    finally:
        arena.close()


def test_a_server_differs_in_nothing_from_itself():
    assert search(*[resolve_target("reference")] * 2).message == ""


def test_a_server_that_does_not_do_as_its_dialect_says_differs(other):
    found = search(resolve_target("reference"), other)
    assert found.message.startswith("grab-job-assign: reference: as its dialect has it; other: worker")


def test_what_is_known_of_the_version_that_is_there_is_known_of_it():
    assert acquainted("reference").traits.edition == "2.0.0"


def test_a_server_that_does_not_start_is_told(tmp_path):
    path = tmp_path / "none.yaml"
    path.write_text("command: [/no/such/program]\n")
    with pytest.raises(UsageError, match="no/such/program"):
        acquainted(str(path))
