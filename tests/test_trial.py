"""Trials on servers in memory: the model passes them, and each wrong server fails one."""

import pytest
from hypothesis import given, settings

from gearspec.errors import TargetGone
from gearspec.fuzz.strategy import MARK, Piece, Sending, attacks, conversations
from gearspec.fuzz.trial import agree, survive
from gearspec.model.effect import Close, Send
from gearspec.model.server import Server
from gearspec.protocol.message import REQ
from gearspec.protocol.packet import Line, Packet, request
from gearspec.protocol.transcript import RAW, Note
from gearspec.script import rehearse
from gearspec.script.trait import Traits
from gearspec.script.verdict import Verdict
from tests.memory import Driver, ReadsOnce
from tests.miniature import Doubling, Dropping, Wrapped, named

UNKNOWN = Packet(REQ, 99)


class Dies(Driver):
    """Is gone once it has got a packet of an unknown type."""

    def do(self, action):
        if isinstance(getattr(action, "data", None), bytes) and UNKNOWN.encode() in action.data:
            raise TargetGone("CRASH", "the server exited with status 3")
        super().do(action)

    def run(self, play):
        try:
            return super().run(play)
        except TargetGone as gone:
            with pytest.raises(StopIteration) as end:
                play.throw(gone)
            return end.value.value


def packets(*packets, **more):
    return Sending(tuple(Piece(packet.encode(), packet) for packet in packets), **more)


def tried(trial, sending, server=Server, driver=Driver, **traits):
    driver = driver(server())
    return driver.run(trial(sending, driver.stage(**traits)))


@settings(max_examples=50)
@given(attacks())
def test_the_model_survives_every_attack(sending):
    assert tried(survive, sending).message == ""


@settings(max_examples=50)
@given(conversations(Traits()))
def test_the_model_gives_the_same_answers_to_any_chunking(sending):
    assert tried(agree, sending).message == ""


@pytest.mark.parametrize("lingers", [True, False])
def test_both_sides_of_a_survival_are_in_the_transcript(lingers):
    result = tried(survive, packets(UNKNOWN, lingers=lingers))
    assert result.verdict is Verdict.PASS
    said = [(event.sender, getattr(event.what, "name", event.what)) for event in result.transcript.events]
    attack, done = said.index(("attacker", "TYPE_99")), said.index(("worker", "WORK_COMPLETE"))
    closed = next(
        n for n, (sender, what) in enumerate(said) if sender == "attacker" and what == Note("HALF_CLOSE")
    )
    assert attack < done
    assert (done < closed) is lingers
    assert ("newcomer", Note("OPEN")) in said


def test_an_attack_gets_fresh_words():
    sending = packets(request("SUBMIT_JOB", function=MARK, unique=b"", workload=b""))
    sent = [event.what for event in tried(survive, sending).transcript.events if event.sender == "attacker"]
    assert not any(isinstance(what, Packet) and MARK in what.body for what in sent)


def on_unknown(effects):
    """A server that does this to its connections when it gets a packet of an unknown type."""

    class Harmed(Server):
        harmed = False

        def received(self, connection, item):
            if item == UNKNOWN:
                self.harmed = True
                return effects(self, connection)
            return [] if self.harmed and effects is mute else super().received(connection, item)

    return Harmed


def mute(_server, _connection):
    return []


def close_all(server, _connection):
    return [Close(number) for number in server.exchange.connections]


def tell_all(server, _connection):
    return [Send(number, Line(b"what was that?\n")) for number in server.exchange.connections]


def answer(magic, type_, body=b""):
    return lambda _server, connection: [Send(connection, Packet(magic, type_, body))]


@pytest.mark.parametrize(
    ("effects", "verdict", "message"),
    [
        (mute, Verdict.HANG, "server-survives: a fresh connection is not answered within 2 s"),
        (
            close_all,
            Verdict.FAIL,
            "other-connections-undisturbed: client expected WORK_COMPLETE, came CLOSED",
        ),
        (
            tell_all,
            Verdict.FAIL,
            "other-connections-undisturbed: client expected WORK_COMPLETE, came TEXT, WORK_COMPLETE",
        ),
        (
            answer(REQ, 6),
            Verdict.FAIL,
            (
                "frame-response-magic: attacker got a malformed packet: "
                "NOOP from a server under magic b'\\x00REQ'"
            ),
        ),
        (
            answer(b"\0RES", 19, b"CODE"),
            Verdict.FAIL,
            "frame-arguments-separated: attacker got a malformed packet: ERROR has no text",
        ),
        (
            answer(b"\0RES", 77),
            Verdict.FAIL,
            "frame-type-numbers: attacker got a malformed packet: no message has type 77",
        ),
        (
            answer(b"\0RES", 6, b"x"),
            Verdict.FAIL,
            "frame-no-arguments: attacker got a malformed packet: NOOP carries 1 bytes of data",
        ),
    ],
)
def test_a_server_that_does_more_than_refuse_is_told_what_is_wrong(effects, verdict, message):
    result = tried(survive, packets(UNKNOWN), on_unknown(effects))
    assert (result.verdict, result.message) == (verdict, message)
    assert result.clause == message.partition(":")[0]


def test_what_a_server_sends_back_as_it_came_is_no_fault_of_its():
    sending = packets(Packet(REQ, 15, b"a" * 200 + b"\0\0"))
    reflected = Packet(b"\0RES", 20, b"a" * 200 + b"\0\0\0000\0000\0000\0000")

    class Reflecting(Server):
        def received(self, connection, item):
            own = isinstance(item, Packet) and item.body.startswith(b"a")
            return [Send(connection, reflected)] if own else super().received(connection, item)

    assert tried(survive, sending, Reflecting).verdict is Verdict.PASS


@pytest.mark.parametrize("server", [Dropping, Doubling])
def test_a_server_that_loses_or_doubles_results_fails_whatever_is_sent(server):
    result = tried(survive, packets(request("NOOP")), server)
    assert "client expected WORK_COMPLETE" in result.message


def test_a_result_that_is_not_that_of_the_worker_is_noticed():
    class Altering(Wrapped):
        def twist(self, effect):
            changed = (
                effect._replace(item=effect.item._replace(body=b"x"))
                if named(effect, "WORK_COMPLETE")
                else effect
            )
            return [changed]

    result = tried(survive, packets(request("NOOP")), Altering)
    assert result.message.endswith("client got another WORK_COMPLETE than that of its worker")


def test_a_server_that_dies_is_a_crash_and_its_last_words_are_kept():
    result = tried(survive, packets(UNKNOWN), driver=Dies)
    assert (result.verdict, result.clause) == (Verdict.CRASH, "server-survives")
    assert result.message == "server-survives: the server exited with status 3"
    assert UNKNOWN in [event.what for event in result.transcript.events]


ASKED = packets(request("ECHO_REQ", data=MARK), request("ECHO_REQ", data=b"two"), cuts=(20,))


def test_a_server_that_takes_each_segment_for_a_packet_is_found():
    result = tried(agree, ASKED, driver=ReadsOnce, fence="status")
    assert (result.verdict, result.clause) == (Verdict.FAIL, "frame-any-chunking")


def on_the_second(change):
    """A server that changes what it echoes to a connection that is not the first."""

    class Second(Wrapped):
        def twist(self, effect):
            wrong = effect.connection > 0 and named(effect, "ECHO_RES") and effect.item.body == b"two"
            return change(effect) if wrong else [effect]

    return Second


def test_a_difference_is_told_without_what_is_different_each_time():
    other = on_the_second(lambda effect: [effect._replace(item=effect.item._replace(body=b"2"))])
    result = tried(agree, ASKED, other, fence="status")
    assert result.message == (
        "frame-any-chunking: in one piece it is answered by ECHO_RES data='two', "
        "cut at 20 by ECHO_RES data='2'"
    )


def test_answers_that_are_missing_are_counted():
    result = tried(agree, ASKED, on_the_second(lambda _: []), fence="status")
    assert result.message.endswith("it is answered by 2 answers, cut at 20 by 1")


def test_rubbish_from_a_server_is_a_fault_unless_text_was_sent():
    class Rubbish(Driver):
        def effects(self, effects):
            super().effects(effects)
            for number, arrival in enumerate(self.arrivals):
                if arrival.party == "attacker" and isinstance(arrival.what, Packet):
                    self.arrivals[number] = arrival._replace(what=rehearse.Sign.RUBBISH, rest=b"\0x")

    result = tried(survive, packets(UNKNOWN), driver=Rubbish)
    assert result.message == "frame-header: attacker got bytes that are no packet"
    text = Sending((*packets(UNKNOWN).pieces, Piece(b"x\n", Note(RAW, b"x\n"))))
    assert tried(survive, text, driver=Rubbish).verdict is Verdict.PASS
