"""The search: what is tried, how often, and what comes of it."""

import pytest
from hypothesis import given

from gearspec.fuzz.hazard import hazards
from gearspec.fuzz.search import Filter, search
from gearspec.fuzz.strategy import Piece, Sending, attacks
from gearspec.protocol.packet import Packet, request
from gearspec.script.verdict import Result, Verdict


class FakeArena:
    """Judges examples without any server."""

    def __init__(self, judge, gone_after=10**6):
        self.judge, self.gone_after = judge, gone_after
        self.tried = []

    @property
    def gone(self):
        return "it is gone" if len(self.tried) >= self.gone_after else None

    def try_out(self, sending):
        self.tried.append(sending)
        return Result(self.judge(sending), str(len(sending.data)))


def same(sending):
    return sending


def passing(_):
    return Verdict.PASS


def is_long(sending):
    return len(sending.data) > 60


def long(verdict):
    return lambda sending: verdict if is_long(sending) else Verdict.PASS


def test_a_search_that_finds_nothing_passes_and_has_tried_as_many_as_it_may():
    arena = FakeArena(passing)
    assert search(arena, same, attacks(), count=30).verdict is Verdict.PASS
    assert len(arena.tried) == 30


def test_what_is_found_is_as_small_as_it_can_be():
    arena = FakeArena(long(Verdict.FAIL))
    found = search(arena, same, attacks(), count=100)
    assert found.verdict is Verdict.FAIL
    assert int(found.message) == min(len(sending.data) for sending in arena.tried if is_long(sending))
    assert int(found.message) < max(len(sending.data) for sending in arena.tried)


def test_nothing_that_failed_is_tried_twice():
    arena = FakeArena(long(Verdict.FAIL))
    search(arena, same, attacks(), count=100)
    failed = list(filter(is_long, arena.tried))
    assert len(failed) == len(set(failed))


def test_a_server_does_not_have_to_die_for_ever(monkeypatch):
    monkeypatch.setattr("gearspec.fuzz.search.DEATHS", 2)
    arena = FakeArena(long(Verdict.HANG))
    assert search(arena, same, attacks(), count=100).verdict is Verdict.HANG
    assert sum(map(is_long, arena.tried)) == 2


def test_a_server_that_is_gone_is_left_alone():
    arena = FakeArena(passing, gone_after=5)
    assert search(arena, same, attacks(), count=30).verdict is Verdict.PASS
    assert len(arena.tried) == 5


def test_the_same_seed_gives_the_same_examples_and_another_one_others():
    def tried(start):
        arena = FakeArena(passing)
        search(arena, same, attacks(), count=30, start=start)
        return arena.tried

    assert tried(0) == tried(0) != tried(1)


def test_a_fault_of_ours_is_no_find():
    def fault(_):
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        search(FakeArena(fault), same, attacks(), count=30)


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
