"""What the player knows of a server, and that all of it means something."""

from dataclasses import replace

import pytest

from gearspec.model.dialect import Dialect
from gearspec.protocol.message import BY_NAME, GRABS
from gearspec.script.load import parse_cases
from gearspec.script.rehearse import rehearse
from gearspec.script.trait import CAPABILITIES, Traits, unmet
from gearspec.script.verdict import Verdict
from tests.memory import Driver

CASE = """
- id: one
  title: A job is assigned by whatever grab the server knows
  clauses: [grab-job-assign]
  under-test: [server]
  script:
  - client -> server: SUBMIT_JOB
    function: $fn
    workload: w
  - server -> client: JOB_CREATED
    handle: $job
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    clause: grab-job-assign
    handle: $job
    function: $fn
    workload: w
  - worker -> server: WORK_FAIL
    handle: $job
  - server -> client: WORK_FAIL
    handle: $job
  - worker -> server: CLOSE
  - client -> server: GET_STATUS
    handle: $job
  - server -> client: STATUS_RES
    known: '0'
"""


def played(**traits):
    (case,) = parse_cases(CASE, "a.gear.yaml")
    return rehearse(case, traits=Traits(**traits))


def sent(result):
    return {getattr(event.what, "name", "") for event in result.transcript.events}


def test_what_a_case_needs_of_another_role_is_not_missed_in_a_server():
    assert unmet(["priorities", "epoch", "background"], "server", {"priorities"}) == ["epoch"]
    assert unmet(["priorities", "background"], "client", {"priorities"}) == ["background"]


def test_by_default_a_server_has_everything():
    assert Traits().capabilities == CAPABILITIES.keys()
    assert Traits().dialect == Dialect()


@pytest.mark.parametrize("grab", GRABS)
def test_the_grab_is_what_a_script_means_by_it(grab):
    result = played(grab=grab)
    assert (result.verdict, result.message) == (Verdict.PASS, "")
    assert {grab, GRABS[grab]} <= sent(result)


@pytest.mark.parametrize("fence", ["echo", "status"])
@pytest.mark.parametrize("close_fence", ["workers", "eof", None])
def test_every_pair_of_fences_lets_a_case_pass(fence, close_fence):
    assert played(fence=fence, close_fence=close_fence).verdict is Verdict.PASS


def test_only_who_shall_be_found_in_the_table_of_workers_gets_an_id():
    assert "SET_CLIENT_ID" in sent(played(close_fence="workers"))
    assert "SET_CLIENT_ID" not in sent(played(close_fence="eof"))


def test_each_capability_is_a_word_with_a_meaning():
    assert all(name == name.lower() and meaning for name, meaning in CAPABILITIES.items())
    named = {
        word.strip(",") for meaning in CAPABILITIES.values() for word in meaning.split() if word.isupper()
    }
    assert {word for word in named if "_" in word} <= BY_NAME.keys()


def test_traits_are_values():
    assert replace(Traits(), grab="GRAB_JOB") == Traits()
    assert Driver().stage(grab="GRAB_JOB_ALL").traits != Traits()
