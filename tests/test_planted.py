"""The servers that fuzzers are compared on have the fault that is planted in them."""

from contextlib import closing

import pytest

from benchmarks.planted import FAULTS, planted
from gearspec.fuzz.arena import ServerArena
from gearspec.fuzz.search import Search
from gearspec.fuzz.strategy import attacks
from gearspec.fuzz.trial import survive
from gearspec.script.verdict import Verdict

SHORT = 300
COMES_TO = {
    "dies-of-missing-arguments": (Verdict.CRASH, "the server exited with status 3"),
    "dies-of-sizes": (Verdict.CRASH, "the server exited with status 3"),
    "closes-everybody": (Verdict.FAIL, "came the end of the connection"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_short_search_finds_what_is_planted(fault, tmp_path, monkeypatch):
    monkeypatch.setattr("gearspec.fuzz.search.DEATHS", 0)  # the first one will do, whatever its size
    with closing(ServerArena(planted(fault, tmp_path))) as arena:
        result = Search(arena, survive, attacks()).run(SHORT).result
    verdict, words = COMES_TO[fault]
    assert result.verdict is verdict
    assert words in result.message
