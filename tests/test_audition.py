"""Lies that are tried on a library."""

import pytest

from gearspec.fuzz.audition import TRIES, Audition
from gearspec.fuzz.lie import client_case
from gearspec.fuzz.strategy import Piece, Sending
from gearspec.protocol.packet import response
from gearspec.script.verdict import Result, Verdict

NOOP = response("NOOP")
CASE = client_case(Sending((Piece(NOOP.encode(), NOOP),)))


class FakeCasting:
    def __init__(self, *verdicts):
        self.verdicts = list(verdicts)
        self.played = []

    def play(self, case, role):
        self.played.append((case, role))
        return Result(self.verdicts.pop(0))


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.TOLERATED])
def test_what_passes_is_played_once(verdict):
    casting = FakeCasting(verdict)
    assert Audition(casting, "client").try_out(CASE).verdict is verdict
    assert casting.played == [(CASE, "client")]


def test_what_passes_the_next_time_is_no_find():
    assert Audition(FakeCasting(Verdict.FAIL, Verdict.PASS), "client").try_out(CASE).verdict is Verdict.PASS


def test_what_never_passes_is_one():
    casting = FakeCasting(*[Verdict.CRASH] * TRIES)
    result = Audition(casting, "client").try_out(CASE)
    assert (result.verdict, result.case) == (Verdict.CRASH, CASE)
    assert casting.verdicts == []
