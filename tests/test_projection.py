"""The rules S1 to S10 for a server under test, each with a server that shows why it is there."""

import pytest

from gearspec.script import play
from gearspec.script.action import Arrival
from gearspec.script.load import parse_cases
from gearspec.script.talk import EARLY, EYE, GRACE, LULL, Talk
from gearspec.script.verdict import Verdict, worst
from tests.memory import Deferring, Driver, Late, Oblivious, ReadsOnce
from tests.miniature import Closing, Doubling, Waking, Wrapped, named

HEAD = """
- id: one
  title: One thing
  clauses: [CLAUSE]
  under-test: [server]
  script:
"""
JOB = """
  - client -> server: SUBMIT_JOB
    function: $fn
    workload: in
  - server -> client: JOB_CREATED
    handle: $job
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    handle: $job
"""
DONE = """
  - worker -> server: WORK_COMPLETE
    handle: $job
    data: out
  - server -> client: WORK_COMPLETE
    clause: CLAUSE
    handle: $job
    data: out
"""
CLAUSE = "work-complete-forwarded"
ECHO = """
  - client -> server: ECHO_REQ
    data: some words
  - server -> client: ECHO_RES
    clause: CLAUSE
    data: some words
"""


def driven(lines, server=None, kind=Driver, **traits):
    """Play a case; its result and the driver."""
    text = (HEAD + lines).replace("CLAUSE", CLAUSE)
    (case,) = parse_cases(text, "a.gear.yaml")
    driver = kind(server)
    return worst([driver.run(one) for one in play.plays(case, driver.stage(**traits))]), driver


def played(lines, server=None, kind=Driver, **traits):
    return driven(lines, server, kind, **traits)[0]


def without(monkeypatch, rule):
    """Take a rule of the conversation away."""

    def nothing(*_args, **_more):
        yield from ()

    monkeypatch.setattr(Talk, rule, nothing)


def test_s1_lines_of_parties_are_sent_those_of_the_server_are_expected_and_others_are_skipped():
    lines = (
        JOB + DONE + "  - client reports: complete\n    data: out\n"
        "  - worker calls: work\n  - server: ACCEPT\n"
    )
    result, driver = driven(lines)
    assert result.verdict is Verdict.PASS
    sent = [entry.split()[2] for entry in driver.log if entry.startswith("send") and "~" not in entry]
    assert [name for name in sent if name not in {"ECHO_REQ", "RESET_ABILITIES", "TEXT"}] == [
        *("SUBMIT_JOB", "CAN_DO", "GRAB_JOB", "WORK_COMPLETE"),
    ]


PROGRESS = (
    JOB
    + """
  - worker -> server: WORK_STATUS
    handle: $job
    numerator: 1
    denominator: 2
  - client2 -> server: GET_STATUS
    handle: $job
  - server -> client2: STATUS_RES
    numerator: 1
  - server -> client: WORK_STATUS
    handle: $job
"""
    + DONE
)


def test_s2_what_was_sent_on_one_connection_is_handled_before_another_one_asks(monkeypatch):
    assert played(PROGRESS, Deferring()).verdict is Verdict.PASS
    without(monkeypatch, "settle")
    assert "client2 expected STATUS_RES numerator='1'" in played(PROGRESS, Deferring()).message


DEATH = (
    JOB
    + """
  - worker -> server: CLOSE
  - client2 -> server: GET_STATUS
    handle: $job
  - server -> client2: STATUS_RES
    running: '0'
  - worker2 -> server: CAN_DO
    function: $fn
  - worker2 -> server: GRAB
  - server -> worker2: ASSIGN
    handle: $job
"""
    + DONE.replace("worker ->", "worker2 ->")
)


def test_s3_a_close_has_been_noticed_before_the_play_goes_on(monkeypatch):
    assert played(DEATH, Oblivious(after=4)).verdict is Verdict.PASS
    without(monkeypatch, "_noticed")
    assert "client2 expected STATUS_RES running='0'" in played(DEATH, Oblivious(after=4)).message


def test_s3_a_server_of_one_thread_has_noticed_a_close_after_two_questions():
    assert played(DEATH, Oblivious(after=2), close_fence="eof").verdict is Verdict.PASS
    assert played(DEATH, Oblivious(after=4), close_fence="eof").verdict is Verdict.FAIL


SILENCE = """
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: PRE_SLEEP
  - server -> worker: nothing
    clause: CLAUSE
"""


def test_s4_silence_is_what_is_left_after_a_fence():
    assert played(SILENCE).verdict is Verdict.PASS
    assert "worker expected nothing, came NOOP" in played(SILENCE, Waking()).message


def test_s4_the_end_of_a_connection_is_no_silence():
    result = played(SILENCE, Closing())
    assert result.message.endswith("worker expected nothing, came the end of the connection")


def test_s4_where_nothing_can_be_asked_a_while_has_to_do():
    half = """
  - client -> server: ECHO_REQ
    data: x
    frame: {size: +1}
  - server -> client: nothing
    clause: CLAUSE
"""
    result, driver = driven(half)
    assert result.verdict is Verdict.PASS
    assert f"send {EYE} ECHO_REQ" in driver.log
    assert driver.passed == pytest.approx(LULL)


def test_s5_what_does_not_come_is_missed_soon_and_not_after_two_seconds():
    result, driver = driven(ECHO, Late("ECHO_RES", 60.0), fence="status")
    assert result.verdict is Verdict.FAIL
    assert driver.passed == pytest.approx(EARLY + GRACE)


def test_s5_what_comes_while_it_is_looked_into_has_come():
    assert played(ECHO, Late("ECHO_RES", EARLY + GRACE / 2), fence="status").verdict is Verdict.PASS


def test_s5_who_says_within_is_believed():
    patient = ECHO.replace("clause: CLAUSE", "clause: CLAUSE\n    within: 5")
    assert played(patient, Late("ECHO_RES", 4.0), fence="status").verdict is Verdict.PASS
    assert played(patient, Late("ECHO_RES", 6.0), fence="status").verdict is Verdict.FAIL


EARLY_BIRD = """
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - client -> server: SUBMIT_JOB
    function: $fn
    workload: in
  - server -> client: JOB_CREATED
    handle: $job
  - server -> worker: ASSIGN
    handle: $job
"""


def test_s6_a_worker_that_comes_too_early_sleeps_until_it_is_woken():
    result, driver = driven(EARLY_BIRD + DONE)
    assert result.verdict is Verdict.PASS
    slept = [entry.split()[2] for entry in driver.log if entry.startswith("send worker ")]
    assert slept[:5] == ["CAN_DO", "GRAB_JOB", "PRE_SLEEP", "ECHO_REQ", "GRAB_JOB"]


def test_s6_a_worker_that_is_woken_for_nothing_sleeps_again_but_not_for_ever():
    assert "woken again and again" in played(EARLY_BIRD + DONE, Waking()).message


def test_s6_a_noop_that_nobody_asked_for_is_taken_only_from_a_sleeper():
    lines = "  - worker -> server: PRE_SLEEP\n" + ECHO.replace("client", "worker")
    assert played(lines, Waking()).verdict is Verdict.PASS

    class Awake(Driver):
        def open(self, party):
            super().open(party)
            if party == "worker":
                noop = Arrival(party, self.clock.now, play.Packet(b"\0RES", 6))
                self.arrivals.append(noop)

    assert "came NOOP" in played(ECHO.replace("client", "worker"), kind=Awake).message


FORK = """
  - client -> server: ECHO_REQ
    data: WORDS
  - either:
    - as: pass
      script:
      - server -> client: ECHO_RES
        data: a
        clause: CLAUSE
    - as: tolerated
      flag: other
      script:
      - server -> client: ECHO_RES
        data: b
    - as: recorded
      flag: silent
      script:
      - server -> client: nothing
"""


@pytest.mark.parametrize(
    ("words", "verdict", "message"),
    [
        ("a", Verdict.PASS, ""),
        ("b", Verdict.TOLERATED, "other"),
        ("c", Verdict.FAIL, f"{CLAUSE}: client expected ECHO_RES data='a', came ECHO_RES data='c'"),
    ],
)
def test_s7_what_comes_chooses_the_branch_by_full_match_then_by_its_message(words, verdict, message):
    result = played(FORK.replace("WORDS", words))
    assert (result.verdict, result.message) == (verdict, message)


def test_s7_silence_is_chosen_only_once_it_is_proved():
    result = played(FORK.replace("WORDS", "a"), Late("ECHO_RES", 60.0), fence="status")
    assert (result.verdict, result.flags) == (Verdict.RECORDED, ("silent",))


def test_s8_after_the_last_line_nothing_more_may_come():
    assert "after the last line client got WORK_COMPLETE" in played(JOB + DONE, Doubling()).message


def test_s8_the_ledger_has_the_last_word():
    class Shouting(Wrapped):
        def twist(self, effect):
            louder = named(effect, "ECHO_RES")
            return [effect._replace(item=effect.item._replace(body=b"SOME WORDS")) if louder else effect]

    unsaid = ECHO.removesuffix("    data: some words\n")
    result = played(unsaid, Shouting(), fence="status")
    assert (result.verdict, result.clause) == (Verdict.FAIL, "echo-returns-data")
    assert played(unsaid).verdict is Verdict.PASS


def test_s9_a_case_that_is_dangerous_is_marked_and_played_like_any_other():
    dangerous = HEAD.replace("  script:", "  dangerous: it may end the server\n  script:")
    (case,) = parse_cases((dangerous + ECHO).replace("CLAUSE", CLAUSE), "a.gear.yaml")
    assert case.dangerous == "it may end the server"
    driver = Driver()
    (one,) = play.plays(case, driver.stage())
    assert driver.run(one).verdict is Verdict.PASS


CUT = ECHO.replace("data: some words\n  - server", "data: some words\n    split: [5, 14]\n  - server")


def test_s10_the_pieces_of_a_packet_arrive_one_by_one():
    result, driver = driven(CUT)
    assert result.verdict is Verdict.PASS
    pieces = [entry for entry in driver.log if entry.startswith(("send client ..", f"send {EYE}"))]
    assert pieces[:3] == ["send client ..", f"send {EYE} ECHO_REQ", "send client .."]


def test_s10_so_a_server_that_takes_a_segment_for_a_packet_is_found():
    assert played(ECHO, kind=ReadsOnce).verdict is Verdict.PASS
    assert played(CUT, kind=ReadsOnce).verdict is Verdict.FAIL
