"""Trials on servers in memory: the model passes them, and each wrong server fails one."""

import pytest
from hypothesis import given, settings

from gearspec.errors import TargetGone
from gearspec.fuzz.strategy import MARK, Piece, Sending, attacks, conversations
from gearspec.fuzz.trial import agree, survival, survive
from gearspec.model.effect import Close, Send
from gearspec.model.server import Server
from gearspec.protocol.message import REQ
from gearspec.protocol.packet import Line, Packet, request, response
from gearspec.protocol.transcript import RAW, Note
from gearspec.script import rehearse
from gearspec.script.check import check_case
from gearspec.script.trait import Traits
from gearspec.script.verdict import Verdict
from tests.memory import Driver, ReadsOnce
from tests.miniature import Doubling, Dropping, Wrapped, named

UNKNOWN = Packet(REQ, 99)


class Dies(Driver):
    """Is gone once it has got a packet of an unknown type."""

    def do(self, action):
        if UNKNOWN.encode() in getattr(action, "data", b""):
            raise TargetGone("CRASH", "the server exited with status 3")
        super().do(action)

    def run(self, play):
        try:
            return super().run(play)
        except TargetGone as gone:
            with pytest.raises(StopIteration) as end:
                play.throw(gone)
            return end.value.value


class Room:
    """An instance of a server in memory."""

    process = None

    def __init__(self, driver):
        self.driver = driver

    def harm(self):
        return ""

    def play(self, plays):
        return [self.driver.run(play) for play in plays]


def packets(*packets, **more):
    return Sending(tuple(Piece(packet.encode(), packet) for packet in packets), **more)


def tried(trial, sending, server=Server, driver=Driver, **traits):
    driver = driver(server())
    return trial(sending)(Room(driver), driver.stage(**traits))


@settings(max_examples=50)
@given(attacks())
def test_the_model_survives_every_attack(sending):
    assert tried(survive, sending).message == ""


@settings(max_examples=50)
@given(conversations(Traits()))
def test_the_model_gives_the_same_answers_to_any_chunking(sending):
    assert tried(agree, sending).message == ""


@settings(max_examples=50)
@given(attacks())
def test_what_is_tried_is_a_case_that_could_have_been_typed(sending):
    check_case(survival(sending, Traits()))


@pytest.mark.parametrize("lingers", [True, False])
def test_both_sides_of_a_survival_are_in_the_transcript(lingers):
    result = tried(survive, packets(UNKNOWN, lingers=lingers))
    assert result.verdict is Verdict.PASS
    said = [(event.sender, getattr(event.what, "name", event.what)) for event in result.transcript.events]
    attack, done = said.index(("client2", "TYPE_99")), said.index(("worker", "WORK_COMPLETE"))
    closed = next(
        n for n, (sender, what) in enumerate(said) if sender == "client2" and what == Note("HALF_CLOSE")
    )
    assert attack < done
    assert (done < closed) is lingers
    assert ("client3", Note("OPEN")) in said


def test_an_attack_gets_fresh_words():
    sending = packets(request("SUBMIT_JOB", function=MARK, unique=b"", workload=MARK + b"$"))
    sent = [event.what for event in tried(survive, sending).transcript.events if event.sender == "client2"]
    (packet,) = (what for what in sent if isinstance(what, Packet))
    word = packet.fields["function"]
    assert (len(word), packet.fields["workload"]) == (len(MARK), word + b"$")
    assert word != MARK


def test_a_server_without_exceptions_is_not_asked_for_them():
    result = tried(survive, packets(UNKNOWN), capabilities=frozenset())
    names = {getattr(event.what, "name", "") for event in result.transcript.events}
    assert result.verdict is Verdict.PASS
    assert "OPTION_REQ" not in names
    assert "WORK_FAIL" in names


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


def forget(attribute, value):
    """Everybody loses some of his state."""

    def effects(server, _connection):
        for connection in server.exchange.connections.values():
            setattr(connection, attribute, type(getattr(connection, attribute))(value))
        return []

    return effects


def answer(*packets):
    return lambda _server, connection: [Send(connection, packet) for packet in packets]


OTHERS = "other-connections-undisturbed: "


@pytest.mark.parametrize(
    ("effects", "verdict", "message"),
    [
        (mute, Verdict.HANG, "server-survives: a fresh connection is not answered within 2 s"),
        (close_all, Verdict.FAIL, OTHERS + "client expected WORK_COMPLETE '$job' 'out', came the end of"),
        (tell_all, Verdict.FAIL, OTHERS + "client expected WORK_COMPLETE '$job' 'out', came TEXT"),
        (forget("asleep", ()), Verdict.FAIL, OTHERS + "worker2 expected NOOP, nothing came"),
        (forget("abilities", ()), Verdict.FAIL, OTHERS + "worker2 expected NOOP, nothing came"),
        (
            forget("exceptions", ()),
            Verdict.FAIL,
            OTHERS + "client expected WORK_EXCEPTION '$next' 'no', came",
        ),
        (answer(Packet(REQ, 6)), Verdict.FAIL, "frame-response-magic: client2 got NOOP magic="),
        (answer(response("NOOP")._replace(body=b"x")), Verdict.FAIL, "frame-no-arguments: client2 got NOOP"),
        (
            answer(response("NO_JOB")),
            Verdict.FAIL,
            "grab-answered-once: client2 got NO_JOB: nothing was sent",
        ),
    ],
)
def test_a_server_that_does_more_than_refuse_is_told_what_is_wrong(effects, verdict, message):
    result = tried(survive, packets(UNKNOWN), on_unknown(effects))
    assert result.verdict is verdict
    assert result.message.startswith(message)
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
    assert tried(survive, packets(request("NOOP")), server).verdict is Verdict.FAIL


def test_a_result_that_is_not_that_of_the_worker_is_noticed():
    class Altering(Wrapped):
        def twist(self, effect):
            changed = (
                effect._replace(item=effect.item._replace(body=effect.item.body + b"x"))
                if named(effect, "WORK_COMPLETE")
                else effect
            )
            return [changed]

    result = tried(survive, packets(request("NOOP")), Altering)
    assert result.message.startswith(OTHERS + "client expected WORK_COMPLETE '$job' 'out'")


def test_a_server_that_dies_is_a_crash_and_its_last_words_are_kept():
    result = tried(survive, packets(UNKNOWN), driver=Dies)
    assert (result.verdict, result.clause) == (Verdict.CRASH, "server-survives")
    assert result.message == "server-survives: the server exited with status 3"
    assert UNKNOWN in [event.what for event in result.transcript.events]


ASKED = packets(request("ECHO_REQ", data=MARK), request("ECHO_REQ", data=b"two"), cuts=(20,))


def test_a_server_that_takes_each_segment_for_a_packet_is_found():
    result = tried(agree, ASKED, driver=ReadsOnce)
    assert (result.verdict, result.clause) == (Verdict.FAIL, "frame-any-chunking")


def on_the_second(change):
    """A server that changes what it echoes to whoever it has been talking to once before."""

    class Second(Wrapped):
        echoed = 0

        def twist(self, effect):
            self.echoed += named(effect, "ECHO_RES") and effect.item.body == b"two"
            wrong = self.echoed > 1 and named(effect, "ECHO_RES") and effect.item.body == b"two"
            return change(effect) if wrong else [effect]

    return Second


def test_a_difference_is_told_without_what_is_different_each_time():
    other = on_the_second(lambda effect: [effect._replace(item=effect.item._replace(body=b"2"))])
    result = tried(agree, ASKED, other, fence="status")
    assert result.message == "frame-any-chunking: client expected ECHO_RES 'two', came ECHO_RES data='2'"


def test_an_answer_that_is_missing_is_noticed():
    result = tried(agree, ASKED, on_the_second(lambda _: []), fence="status")
    assert result.message.startswith("frame-any-chunking: client expected ECHO_RES 'two', nothing came")


def test_nothing_is_compared_where_the_server_ends_the_connection():
    result = tried(agree, packets(UNKNOWN, cuts=(5,)), on_unknown(lambda _, connection: [Close(connection)]))
    assert (result.verdict, result.flags) == (Verdict.TOLERATED, ("closes",))


def test_rubbish_from_a_server_is_a_fault_unless_text_was_sent():
    class Rubbish(Driver):
        def effects(self, effects):
            super().effects(effects)
            for number, arrival in enumerate(self.arrivals):
                if arrival.party == "client2" and isinstance(arrival.what, Packet):
                    self.arrivals[number] = arrival._replace(what=rehearse.Sign.RUBBISH, rest=b"\0x")

    result = tried(survive, packets(UNKNOWN), driver=Rubbish)
    assert result.message == "frame-header: client2 got text or rubbish: it had sent nothing but packets"
    text = Sending((*packets(UNKNOWN).pieces, Piece(b"x\n", Note(RAW, b"x\n"))))
    assert tried(survive, text, driver=Rubbish).verdict is Verdict.PASS
