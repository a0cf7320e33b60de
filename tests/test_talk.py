"""The connections of a play: what is sent when, what a fence is, and when there is no going on."""

import pytest

from gearspec.errors import TargetGone
from gearspec.protocol.packet import Packet, request
from gearspec.protocol.transcript import HALF_CLOSE, OPEN, Note
from gearspec.script import talk as talking
from gearspec.script.action import Arrival, Moment, Send, Sign
from gearspec.script.talk import EYE
from gearspec.script.verdict import Stopped, Verdict
from tests.memory import Driver, Late, Oblivious
from tests.miniature import Flooding, Mute, Selective, Waking

ECHO = request("ECHO_REQ", data=b"x")
CAN_DO = request("CAN_DO", function=b"f")
SLEEP = request("PRE_SLEEP")


@pytest.fixture
def driver():
    return Driver()


def send(talk, party, *packets, **more):
    """Send packets in one write."""
    return talk.send(party, b"".join(packet.encode() for packet in packets), list(packets), **more)


def steps(*generators):
    for generator in generators:
        yield from generator


def queue(talk, party):
    return [received.what for received in talk.links[party].queue]


def names(talk, party):
    return [getattr(what, "name", what) for what in queue(talk, party)]


# --- sending and fences -------------------------------------------------------------------------


def test_a_connection_is_opened_by_what_is_sent_first(driver):
    driver.run(send(driver.talk(), "client", ECHO))
    assert driver.log == ["open client", "send client ECHO_REQ"]


def test_what_was_sent_on_others_is_fenced_once_and_only_once(driver):
    talk = driver.talk()
    driver.run(steps(send(talk, "worker", CAN_DO), send(talk, "client", ECHO), send(talk, "client", ECHO)))
    assert driver.log == [
        "open worker",
        "send worker CAN_DO",
        "send worker ECHO_REQ",
        "open client",
        "send client ECHO_REQ",
        "send client ECHO_REQ",
    ]


def test_the_answer_to_a_fence_is_for_nobody(driver):
    talk = driver.talk()
    driver.run(steps(send(talk, "worker", CAN_DO), send(talk, "client", ECHO), talk.hush("client")))
    assert queue(talk, "worker") == []
    assert names(talk, "client") == ["ECHO_RES"]
    assert not any("gs-fence" in str(event.what) for event in talk.transcript.events)


def test_the_other_fence_asks_for_a_job_that_does_not_exist(driver):
    talk = driver.talk(fence="status")
    driver.run(steps(send(talk, "worker", CAN_DO), send(talk, "client", ECHO)))
    assert "send worker GET_STATUS" in driver.log


def test_a_connection_in_mid_packet_is_never_fenced(driver):
    talk = driver.talk()
    half = ECHO.encode()[:5]
    driver.run(steps(talk.send("client", half, []), send(talk, "worker", CAN_DO), talk.look()))
    assert [entry for entry in driver.log if "client" in entry] == ["open client", "send client .."]


def test_what_is_held_back_goes_out_with_the_next(driver):
    talk = driver.talk()
    driver.run(steps(talk.hold("client", ECHO.encode(), [ECHO]), send(talk, "client", SLEEP)))
    assert driver.log == ["open client", "send client ECHO_REQ PRE_SLEEP"]


def test_a_server_that_answers_no_fence_hangs():
    driver = Driver(Mute())
    talk = driver.talk()
    with pytest.raises(TargetGone, match="a fresh connection is not answered within 2 s") as gone:
        driver.run(steps(send(talk, "worker", CAN_DO), talk.settle()))
    assert gone.value.outcome == "HANG"


def test_a_connection_that_answers_no_fence_while_a_fresh_one_is_answered_is_a_failure():
    driver = Driver(Selective())
    talk = driver.talk()
    submit = request("SUBMIT_JOB", function=b"f", unique=b"", workload=b"")
    with pytest.raises(Stopped, match="client is not answered any more, a fresh one is") as stopped:
        driver.run(steps(send(talk, "client", submit), talk.settle()))
    assert stopped.value.verdict is Verdict.FAIL


def test_a_fence_that_is_not_answered_while_we_were_held_up_tells_nothing(driver):
    talk = driver.talk()
    play = steps(send(talk, "worker", CAN_DO), talk.settle())
    action = next(play)
    while not (isinstance(action, Send) and b"gs-fence" in action.data):
        action = play.send(Moment(1.0))
    play.send(Moment(1.0))
    with pytest.raises(Stopped, match="held up too long") as stopped:
        play.send(Moment(9.0, lagged=True))
    assert stopped.value.verdict is Verdict.INCONCLUSIVE


def test_a_wait_ends_when_its_time_has_come_whatever_the_clock_says(driver):
    talk = driver.talk()
    play = talk.pause(5.0)
    next(play)
    with pytest.raises(StopIteration) as end:
        play.send(Moment(17.0))
    assert end.value.value is True


def test_a_flood_ends_the_play():
    driver = Driver(Flooding())
    with pytest.raises(Stopped, match="client is flooded with more than 10000 packets or lines"):
        driver.run(steps(send(talk := driver.talk(), "client", ECHO), talk.pause(driver.clock.now + 1)))


# --- the transcript -----------------------------------------------------------------------------


def test_the_transcript_has_what_the_parties_said_and_not_what_the_player_asks(driver):
    talk = driver.talk()
    driver.run(steps(send(talk, "client", ECHO), talk.round_trip(), talk.hush("client")))
    assert [(event.sender, event.what) for event in talk.transcript.events] == [
        ("client", Note(OPEN)),
        ("client", ECHO),
        ("server", Packet(b"\0RES", 17, b"x")),
    ]


def test_the_transcript_begins_at_zero(driver):
    talk = driver.talk()
    driver.run(send(talk, "client", ECHO))
    assert {event.at for event in talk.transcript.events} == {0.0}


def test_what_is_left_of_a_broken_stream_is_noted(driver):
    talk = driver.talk()
    play = send(talk, "client", ECHO)
    next(play)
    play.send(Moment(1.0))
    with pytest.raises(StopIteration):
        play.send(Moment(1.0, (Arrival("client", 1.0, Sign.RUBBISH, b"\0x"),)))
    assert talk.transcript.events[-1].what == Note("RAW", b"\0x")
    assert not talk.links["client"].open


# --- grabbing -----------------------------------------------------------------------------------


def test_a_patient_grab_sleeps_and_grabs_again():
    driver = Driver(Waking())
    talk = driver.talk()
    with pytest.raises(Stopped, match="worker is woken again and again, and never given a job"):
        driver.run(steps(talk.grab("worker", patient=True), talk.pause(driver.clock.now + 1)))
    assert driver.log[:4] == [
        "open worker",
        "send worker GRAB_JOB",
        "send worker PRE_SLEEP",
        "send worker GRAB_JOB",
    ]


def test_a_single_grab_takes_its_answer_as_it_comes(driver):
    talk = driver.talk(grab="GRAB_JOB_UNIQ")
    driver.run(steps(talk.grab("worker", patient=False), talk.hush("worker")))
    assert driver.log[1] == "send worker GRAB_JOB_UNIQ"
    assert names(talk, "worker") == ["NO_JOB"]


def test_what_comes_to_a_sleeper_is_marked(driver):
    talk = driver.talk()
    job = request("SUBMIT_JOB_BG", function=b"f", unique=b"", workload=b"")
    driver.run(steps(send(talk, "worker", CAN_DO, SLEEP), send(talk, "client", job), talk.hush("worker")))
    assert [(received.what.name, received.asleep) for received in talk.links["worker"].queue] == [
        ("NOOP", True)
    ]


# --- closing ------------------------------------------------------------------------------------


def test_a_party_that_will_close_can_be_told_in_the_table_of_workers(driver):
    talk = driver.talk(marked=["worker"])
    driver.run(steps(send(talk, "worker", CAN_DO), talk.close("worker")))
    assert driver.log == [
        "open worker",
        "send worker SET_CLIENT_ID",
        "send worker CAN_DO",
        "shut worker HALF_CLOSE",
        "shut worker CLOSE",
        f"open {EYE}",
        f"send {EYE} TEXT",
    ]


def test_a_close_is_waited_for_until_the_table_no_more_has_it():
    driver = Driver(Oblivious(after=3))
    talk = driver.talk(marked=["worker"])
    driver.run(steps(send(talk, "worker", CAN_DO), talk.close("worker")))
    assert driver.log.count(f"send {EYE} TEXT") == 3


def test_a_close_that_the_server_never_notices_is_a_failure():
    driver = Driver(Oblivious(after=10**6))
    talk = driver.talk(marked=["worker"])
    with pytest.raises(Stopped, match="still lists worker 2 s after it closed"):
        driver.run(steps(send(talk, "worker", CAN_DO), talk.close("worker")))


def test_of_a_server_with_one_thread_two_round_trips_are_enough():
    driver = Driver(Oblivious(after=2))
    talk = driver.talk(marked=["worker"], close_fence="eof")
    driver.run(steps(send(talk, "worker", CAN_DO), talk.close("worker")))
    assert not driver.server.gone
    assert driver.log[-2:] == [f"send {EYE} ECHO_REQ"] * 2


def test_a_reset_is_one(driver):
    talk = driver.talk()
    driver.run(steps(send(talk, "worker", CAN_DO), talk.reset("worker")))
    assert "shut worker RESET" in driver.log
    assert not talk.links["worker"].open


def test_after_a_half_close_the_answers_still_come():
    driver = Driver(Late("ECHO_RES", 0.5))
    talk = driver.talk(fence="status")
    until = driver.clock.now + 1
    driver.run(steps(send(talk, "client", ECHO), talk.half_close("client"), talk.pause(until)))
    assert talk.transcript.events[2].what == Note(HALF_CLOSE)
    assert not talk.links["client"].talking


def test_a_party_that_sends_again_after_a_close_gets_a_new_connection(driver):
    talk = driver.talk()
    driver.run(steps(send(talk, "client", ECHO), talk.close("client"), send(talk, "client", ECHO)))
    assert driver.log.count("open client") == 2


# --- questions and silence ----------------------------------------------------------------------


def test_a_list_is_read_to_its_end(driver):
    talk = driver.talk()
    driver.run(steps(send(talk, "worker", CAN_DO), talk.settle()))
    assert driver.run(talk.ask(b"status\n")) == [b"f\t0\t0\t1"]


def test_a_list_that_does_not_come_is_a_failure():
    driver = Driver(Mute())
    with pytest.raises(Stopped, match="the admin command workers is not answered"):
        driver.run(driver.talk().ask(b"workers\n"))


def test_silence_is_proved_by_a_fence(driver):
    talk = driver.talk()
    driver.run(steps(send(talk, "client", SLEEP), talk.hush("client")))
    assert driver.log[-1] == "send client ECHO_REQ"
    assert driver.passed == 0.0


def test_silence_of_a_connection_that_cannot_be_fenced_takes_its_time(driver):
    talk = driver.talk()
    driver.run(steps(talk.send("client", ECHO.encode()[:5], []), talk.hush("client")))
    assert driver.log[-1] == f"send {EYE} ECHO_REQ"
    assert driver.passed == pytest.approx(talking.LULL)


def test_silence_of_a_connection_that_is_closed_needs_nothing(driver):
    talk = driver.talk()
    bad = Packet(b"\0REX", 1)
    driver.run(steps(send(talk, "client", bad), talk.pause(driver.clock.now + 1), talk.hush("client")))
    assert driver.log == ["open client", "send client .."]
    assert queue(talk, "client") == [Sign.CLOSED]


def test_a_look_fences_everybody_but_the_helper(driver):
    talk = driver.talk()
    driver.run(
        steps(send(talk, "client", ECHO), send(talk, "worker", CAN_DO), talk.round_trip(), talk.look())
    )
    fences = [entry for entry in driver.log if entry.endswith("ECHO_REQ")]
    assert fences.count(f"send {EYE} ECHO_REQ") == 1
    assert driver.log[-2:] == ["send client ECHO_REQ", "send worker ECHO_REQ"]


def test_lines_of_text_are_sent_as_they_are(driver):
    talk = driver.talk()

    def tell():
        admin = yield from talk.link("admin")
        yield from talk.put_line(admin, b"version\n")
        yield from talk.hush("admin")

    driver.run(tell())
    assert [what.text.split()[0] for what in queue(talk, "admin")] == [b"OK"]
