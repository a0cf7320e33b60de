"""Lies are drawn in every way, are cases that can be played, and ask for what a library owes."""

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from gearspec.fuzz.lie import client_case, lies, truths, worker_case
from gearspec.fuzz.strategy import MARK, Piece, Sending
from gearspec.harness.target import INPUT_CLASSES
from gearspec.harness.testee import LIES, known_testees, resolve_testee
from gearspec.protocol.message import BY_NAME, RES
from gearspec.protocol.packet import Packet, response
from gearspec.protocol.transcript import RAW, Note
from gearspec.script.check import check_case
from gearspec.script.verdict import Verdict
from tests.puppet import Client, Worker
from tests.theatre import play

CASES = {"client": client_case, "worker": worker_case}
SEARCH = settings(max_examples=5000, phases=[Phase.generate], database=None)
CREATED = response("JOB_CREATED", handle=MARK)
COMPLETE = response("WORK_COMPLETE", handle=MARK, data=b"sent")
ASSIGNED = response("JOB_ASSIGN", handle=b"H:1", function=b"gear-function", workload=b"w")


def lie(*packets, lingers=False):
    return Sending(tuple(Piece(packet.encode(), packet) for packet in packets), lingers=lingers)


@given(st.sampled_from(sorted(CASES)).flatmap(lambda role: st.tuples(st.just(role), lies(role))))
def test_every_lie_is_a_case_that_can_be_played(drawn):
    role, sending = drawn
    check_case(CASES[role](sending))
    assert truths(sending) <= LIES.keys() | BY_NAME.keys() | INPUT_CLASSES.keys()


@given(lies("client"))
def test_who_was_told_that_more_is_coming_is_not_left_waiting(sending):
    assert not sending.lingers or all(isinstance(piece.what, Packet) for piece in sending.pieces)


@given(st.data(), st.sampled_from(sorted(CASES)), st.sampled_from(known_testees()))
def test_a_lie_has_nothing_that_is_not_permitted(data, role, name):
    avoid = resolve_testee(name).avoid.get(role, {})
    assert not truths(data.draw(lies(role, lambda word: word not in avoid))) & avoid.keys()


@pytest.mark.parametrize(("role", "name"), [("client", "gear"), ("client", "php"), ("worker", "php")])
def test_who_does_not_bear_much_is_still_told_different_lies(role, name):
    avoid = resolve_testee(name).avoid[role]
    told = []

    @settings(SEARCH, max_examples=20, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(lies(role, lambda word: word not in avoid))
    def tell(sending):
        told.append(sending)

    tell()
    assert len(set(told)) >= 15


@pytest.mark.parametrize("name", LIES)
def test_every_class_of_lies_is_drawn(name):
    assert find(lies("client"), lambda sending: name in truths(sending), settings=SEARCH)


@pytest.mark.parametrize(
    ("sending", "classes"),
    [
        (lie(CREATED, COMPLETE, lingers=True), set()),
        (lie(CREATED, COMPLETE), {"lost"}),
        (lie(CREATED, CREATED, lingers=True), {"created-again"}),
        (lie(COMPLETE), {"lost", "lost-early", "foreign-handle"}),
        (lie(Packet(RES, 13, MARK), lingers=True), {"malformed", "foreign-handle"}),
        (lie(Packet(b"\0REQ", 6), lingers=True), {"request"}),
        (lie(CREATED, Packet(RES, 6, b"", 99)), {"wrong-size", "lost"}),
        (lie(CREATED, Packet(b"\0REX", 17), lingers=True), {"bad-magic"}),
    ],
)
def test_a_lie_belongs_to_its_classes(sending, classes):
    assert truths(sending) & LIES.keys() == classes


def test_bytes_that_are_no_packet_belong_to_their_classes():
    sending = Sending((Piece(b"ab", Note(RAW, b"ab")),), cuts=(1,))
    assert truths(sending) == {"text", "wrong-size", "lost", "lost-early", "in-pieces"}


# --- clients -----------------------------------------------------------------------------------------


def of_client(make, *packets, lingers=False):
    return play(client_case(lie(*packets, lingers=lingers)), "client", make)


class Inventive(Client):
    """Tells a result that nobody sent."""

    def ended(self, connection):
        for task in self.jobs.values():
            self.tell("complete", task=task, data=b"made up")
            self.over(task)
        self.jobs.clear()
        super().ended(connection)


class Doubling(Client):
    def tell(self, event, **fields):
        for _ in range(2):
            super().tell(event, **fields)


class Deaf(Client):
    """Does not notice the end of a connection."""

    def ended(self, connection):
        self.connection = None


class Mortal(Client):
    def came(self, connection, packet):
        if packet.name == "ERROR":
            self.die("was killed by SIGSEGV")
        else:
            super().came(connection, packet)


class Once(Client):
    """Makes one connection in its life."""

    def open(self, server):
        return None if self.accepted else super().open(server)

    def submit(self, task):
        if self.connection:
            super().submit(task)


@pytest.mark.parametrize("lingers", [False, True])
@pytest.mark.parametrize("packets", [(CREATED, COMPLETE), (CREATED, response("WORK_FAIL", handle=MARK))])
def test_a_client_that_takes_what_it_is_sent_passes(packets, lingers):
    more = (CREATED, response("WORK_STATUS", handle=MARK, numerator=b"1", denominator=b"2"))
    assert of_client(Client, *(more if lingers else packets), lingers=lingers).verdict is Verdict.PASS


class Eager(Client):
    """Takes itself for a worker when it is sent what workers are."""

    def came(self, connection, packet):
        if packet.name == "NOOP":
            self.send(connection, "GRAB_JOB_UNIQ")
        else:
            super().came(connection, packet)


def test_a_client_may_send_what_nobody_asks_for():
    assert of_client(Eager, CREATED, response("NOOP"), lingers=True).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("make", "packets", "verdict", "message"),
    [
        (Inventive, (CREATED,), Verdict.FAIL, "came the report complete task='t1' data='made up'"),
        (Doubling, (CREATED, COMPLETE), Verdict.FAIL, "after the last line its user got the report complete"),
        (Deaf, (CREATED,), Verdict.FAIL, "expected the report fail, or the report exception"),
        (Mortal, (response("ERROR", code=b"c", text=b"t"),), Verdict.CRASH, "was killed by SIGSEGV"),
        (Once, (CREATED, COMPLETE), Verdict.FAIL, "expected SUBMIT_JOB function='gear-function'"),
    ],
)
def test_a_client_that_is_taken_in_is_found_out(make, packets, verdict, message):
    result = of_client(make, *packets)
    assert (result.verdict, result.clause) == (verdict, "any-bytes-survived")
    assert message in result.message


# --- workers -----------------------------------------------------------------------------------------


def of_worker(make, *packets, lingers=False):
    return play(worker_case(lie(*packets, lingers=lingers)), "worker", make)


class Mute(Worker):
    def came(self, connection, packet):
        """Nothing comes of it."""


class Quitter(Worker):
    """Does not come back."""

    def ended(self, connection):
        pass


class Teller(Quitter):
    """Tells its user, who makes another."""

    def ended(self, connection):
        self.tell("error", text="it is gone")


@pytest.mark.parametrize("packets", [(response("NO_JOB"),), (response("NOOP"),), (ASSIGNED,), (CREATED,)])
@pytest.mark.parametrize("lingers", [False, True])
def test_a_worker_that_goes_on_passes(packets, lingers):
    assert of_worker(Worker, *packets, lingers=lingers).verdict is Verdict.PASS


def test_a_worker_comes_back_or_tells_its_user():
    assert of_worker(Teller, CREATED).verdict is Verdict.PASS
    assert "expected CAN_DO function='gear-function'" in of_worker(Quitter, CREATED).message


def test_a_worker_that_does_nothing_any_more_is_found_out():
    assert "server expected" in of_worker(Mute, response("NOOP"), lingers=True).message


class Sleepless(Worker):
    """Notices that it was answered twice only when it has fallen asleep."""

    answers = 0

    def came(self, connection, packet):
        self.answers += packet.name == "NO_JOB"
        if self.answers < 2:
            super().came(connection, packet)
        elif packet.name == "NO_JOB":
            self.tell("error", text="it was answered twice")


def test_a_worker_that_sleeps_already_may_still_tell_its_user():
    twice = [response("NO_JOB")] * 2
    assert of_worker(Sleepless, *twice, lingers=True).verdict is Verdict.PASS
