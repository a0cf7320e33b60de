"""The search: what is tried, how often, and what comes of it."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase

from gearspec.fuzz import search as module
from gearspec.fuzz.effort import Effort
from gearspec.fuzz.hazard import hazards
from gearspec.fuzz.search import Filter, Search
from gearspec.fuzz.strategy import Piece, Sending, attacks
from gearspec.protocol.packet import Packet, request
from gearspec.script.verdict import Result, Verdict


class FakeArena:
    """Judges examples without any server."""

    def __init__(self, judge, gone_after=10**6):
        self.judge, self.gone_after = judge, gone_after
        self.tried, self.complaints = [], []

    @property
    def gone(self):
        return "it is gone" if len(self.tried) >= self.gone_after else None

    def try_out(self, sending):
        self.tried.append(sending)
        judged = self.judge(sending)
        return judged if isinstance(judged, Result) else Result(judged, str(len(sending.data)))

    def close(self):
        pass


def hunt(arena, size=100, effort=None, database=None, **settings):
    """Search among attacks."""
    return Search(arena, lambda sending: sending, attacks(), **settings).run(size, effort, database)


def passing(_):
    return Verdict.PASS


def is_long(sending):
    return len(sending.data) > 60


def long(verdict):
    return lambda sending: verdict if is_long(sending) else Verdict.PASS


def ticking(step):
    """A clock that goes on whenever somebody looks at it."""
    ticks = count(0, step)
    return lambda: next(ticks)


def test_a_search_that_finds_nothing_passes_and_has_tried_as_many_as_it_may():
    arena = FakeArena(passing)
    survey = hunt(arena, 30)
    assert (survey.result.verdict, survey.example) == (Verdict.PASS, None)
    assert survey.examples == len(arena.tried) == 30


def test_what_is_found_is_as_small_as_it_can_be():
    arena = FakeArena(long(Verdict.FAIL))
    found = hunt(arena)
    assert found.result.verdict is Verdict.FAIL
    assert len(found.example.data) == min(len(sending.data) for sending in arena.tried if is_long(sending))
    assert len(found.example.data) == int(found.result.message)
    assert len(found.example.data) < max(len(sending.data) for sending in arena.tried)


def test_nothing_that_failed_is_tried_again_but_the_first_of_all():
    arena = FakeArena(long(Verdict.FAIL))
    hunt(arena)
    first, *failed = filter(is_long, arena.tried)
    assert failed[0] == first
    assert len(failed) == len(set(failed))


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.HANG])
def test_what_fails_once_and_not_again_is_undecided(verdict):
    arena = FakeArena(lambda _: verdict if len(arena.tried) == 5 else Verdict.PASS)
    survey = hunt(arena, 30)
    assert (survey.result.verdict, survey.examples, survey.undecided) == (Verdict.PASS, 30, 1)


@pytest.mark.parametrize(("verdict", "gone_after"), [(Verdict.CRASH, 100), (Verdict.HANG, 5)])
def test_a_program_that_is_gone_needs_no_other_proof(verdict, gone_after):
    arena = FakeArena(lambda _: verdict if len(arena.tried) == 5 else Verdict.PASS, gone_after)
    assert hunt(arena, 30).result.verdict is verdict


def test_a_smaller_example_of_another_fault_is_not_what_was_found():
    """Once something long was tried, whatever is short fails as well, but otherwise."""

    def judge(sending):
        if is_long(sending):
            return Result(Verdict.FAIL, clause="one")
        return Result(Verdict.FAIL, clause="other") if any(map(is_long, arena.tried)) else Verdict.PASS

    arena = FakeArena(judge)
    found = hunt(arena)
    assert found.result.clause == "one"
    assert is_long(found.example)


@pytest.mark.parametrize("verdict", [Verdict.HANG, Verdict.CRASH])
def test_a_program_does_not_have_to_die_for_ever(monkeypatch, verdict):
    monkeypatch.setattr(module, "DEATHS", 2)
    arena = FakeArena(long(verdict))
    assert hunt(arena).result.verdict is verdict
    assert len(set(filter(is_long, arena.tried))) <= 2


def test_a_smaller_example_is_not_looked_for_for_ever():
    arena = FakeArena(long(Verdict.FAIL))
    found = hunt(arena, clock=ticking(module.PATIENCE))
    assert set(filter(is_long, arena.tried)) == {found.example}


def test_once_it_is_too_late_for_a_smaller_example_none_is_drawn():
    drawn = []
    examples = attacks().map(lambda sending: drawn.append(sending) or sending)
    found = Search(FakeArena(long(Verdict.FAIL)), lambda sending: sending, examples, clock=ticking(100)).run(
        50
    )
    assert len(drawn) - drawn.index(found.example) <= 3  # it is made sure of, and then it is late


def test_a_server_that_is_gone_is_left_alone():
    arena = FakeArena(passing, gone_after=5)
    assert hunt(arena, effort=Effort(rounds=3)).result.verdict is Verdict.PASS
    assert len(arena.tried) == 5


def tried(**effort):
    arena = FakeArena(passing)
    hunt(arena, 30, Effort(**effort))
    return arena.tried


def test_the_same_seed_gives_the_same_examples_and_another_one_others():
    assert tried() == tried() != tried(seed=1)


def test_each_round_has_a_seed_of_its_own_with_which_it_can_be_repeated():
    assert tried(rounds=2, seed=4) == tried(seed=4) + tried(seed=5)


def test_processes_take_turns_with_the_rounds():
    parts = [tried(rounds=3, part=part, parts=2) for part in range(2)]
    assert parts == [tried(seed=0) + tried(seed=2), tried(seed=1)]


def test_a_find_tells_the_seed_of_its_round_and_ends_the_search():
    first = {id(sending) for sending in tried(seed=7)}
    assert len(first) == 30
    arena = FakeArena(lambda _: Verdict.PASS if len(arena.tried) <= 30 else Verdict.FAIL)
    assert hunt(arena, 30, Effort(rounds=5, seed=7)).seed == 8


def test_when_its_time_is_over_a_search_passes_with_what_it_has_tried():
    arena = FakeArena(passing)
    survey = hunt(arena, 10, Effort(rounds=None, seconds=100), clock=ticking(1))
    assert survey.result.verdict is Verdict.PASS
    assert 10 < survey.examples == len(arena.tried) < 100


def test_when_its_time_is_over_a_search_draws_nothing_more():
    drawn = []
    examples = attacks().map(lambda sending: drawn.append(sending) or sending)
    search = Search(FakeArena(passing), lambda sending: sending, examples, clock=ticking(1))
    tried = search.run(1000, Effort(seconds=20)).examples
    assert len(drawn) <= tried + 1 < 20


def test_what_an_earlier_search_found_is_tried_first_and_needs_no_seed():
    kept = InMemoryExampleDatabase()
    first = hunt(FakeArena(long(Verdict.FAIL)), database=kept)
    assert first.seed == 0
    arena = FakeArena(long(Verdict.FAIL))
    second = hunt(arena, effort=Effort(seed=99), database=kept)
    assert (second.example, second.seed) == (first.example, None)
    assert arena.tried[0] == first.example


def test_what_passes_by_now_is_forgotten():
    kept = InMemoryExampleDatabase()
    hunt(FakeArena(long(Verdict.FAIL)), database=kept)
    hunt(FakeArena(passing), database=kept)
    arena = FakeArena(passing)
    hunt(arena, 1, database=kept)
    assert len(arena.tried) == 1


def test_what_could_not_be_told_does_not_end_a_search():
    arena = FakeArena(lambda _: Verdict.PASS if len(arena.tried) != 3 else Verdict.INCONCLUSIVE)
    survey = hunt(arena, 30)
    assert (survey.result.verdict, survey.examples, survey.undecided) == (Verdict.PASS, 30, 1)


def test_a_search_of_which_nothing_could_be_told_is_inconclusive():
    survey = hunt(FakeArena(lambda _: Verdict.INCONCLUSIVE), 5)
    assert (survey.result.verdict, survey.undecided) == (Verdict.INCONCLUSIVE, 5)


def test_a_search_that_must_avoid_everything_is_inconclusive():
    nothing = st.integers().filter(lambda _: False)
    survey = Search(FakeArena(passing), lambda sending: sending, nothing).run(5)
    assert (survey.result.verdict, survey.examples) == (Verdict.INCONCLUSIVE, 0)


def test_whoever_watches_sees_every_example():
    seen = []
    hunt(FakeArena(passing), 7, watch=lambda survey: seen.append((survey.examples, survey.seed)))
    assert seen == [(number, 0) for number in range(1, 8)]


def test_a_fault_of_ours_is_no_find():
    def fault(_):
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        hunt(FakeArena(fault), 30)


def one(packet):
    return Sending((Piece(packet.encode(), packet),))


def test_what_is_to_be_avoided_is_counted_and_not_tried():
    permitted = Filter(hazards, ["GRAB_JOB", "unknown-type", "bad-magic"])
    assert permitted(one(request("NOOP")))
    assert not permitted(one(request("GRAB_JOB")))
    assert not permitted(one(Packet(b"\0REX", 99)))
    assert permitted.avoided == {"GRAB_JOB": 1, "unknown-type": 1, "bad-magic": 1}


@given(attacks().filter(Filter(hazards, ["unknown-type"])))
def test_what_is_to_be_avoided_never_comes_through(sending):
    packets = [piece.what for piece in sending.pieces if isinstance(piece.what, Packet)]
    assert all(packet.message for packet in packets)
