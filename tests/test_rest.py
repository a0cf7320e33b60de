"""Who has nothing to do lets the processor rest: programs that do, and programs that spin."""

import pytest

from gearspec.script.rest import BUSY, CLAUSE, LOOKS
from gearspec.script.verdict import Verdict
from tests import clienting, working
from tests.puppet import Client, Worker
from tests.theatre import case_of, play

SPINS = f"{CLAUSE}: the %s has nothing to do, and keeps a processor busy"
SCRIPTS = {
    "client": clienting.WHOLE.replace("submit-fields", CLAUSE),
    "worker": working.script_of().replace("worker-runs-function", CLAUSE),
}
PUPPETS = {"client": Client, "worker": Worker}


def came_of(role, spent, script=None, clause=CLAUSE):
    """What comes of a program of which the clock says this, given the time."""

    class Timed(PUPPETS[role]):
        def spent(self):
            return spent(self.now)

    return play(case_of(script or SCRIPTS[role], role, clause), role, Timed)


@pytest.mark.parametrize("role", SCRIPTS)
def test_who_keeps_a_processor_busy_spins(role):
    result = came_of(role, lambda now: {7: now})
    assert (result.verdict, result.message) == (Verdict.FAIL, SPINS % role)


def test_two_who_take_turns_spin():
    assert came_of("client", lambda now: {7: now / 2, 8: now / 2}).verdict is Verdict.FAIL


@pytest.mark.parametrize("role", SCRIPTS)
def test_who_does_nothing_rests(role):
    assert came_of(role, lambda _: {7: 1.0}).verdict is Verdict.PASS


def test_nobody_is_accused_of_whom_nothing_is_known():
    assert came_of("client", lambda _: {}).verdict is Verdict.PASS


def test_who_gets_little_of_a_busy_machine_is_not_accused():
    assert came_of("client", lambda now: {7: now * (BUSY - 0.01)}).verdict is Verdict.PASS


@pytest.mark.parametrize("seconds", [LOOKS[0], sum(LOOKS[:2]), sum(LOOKS[:2]) + LOOKS[2] / 2])
def test_what_comes_to_an_end_is_no_spinning(seconds):
    assert came_of("client", lambda now: {7: min(now, seconds)}).verdict is Verdict.PASS


def test_a_thread_that_is_new_has_not_spent_its_time_since_the_last_look():
    assert came_of("client", lambda now: {7: 0.0, 100 + int(now * 1000): 5.0}).verdict is Verdict.PASS


def test_a_thread_that_has_ended_is_no_matter():
    assert came_of("client", lambda now: {7: 0.0} if now else {7: 0.0, 8: 5.0}).verdict is Verdict.PASS


def test_only_a_case_that_is_about_it_looks():
    script = clienting.WHOLE
    assert came_of("client", lambda now: {7: now}, script, "submit-fields").verdict is Verdict.PASS


def test_a_worker_whose_server_is_gone_may_look_for_it():
    script = SCRIPTS["worker"] + "  - server: DIE\n"
    assert came_of("worker", lambda now: {7: now}, script).verdict is Verdict.PASS
