"""Rehearsals: a case with the model in memory, where time passes only when somebody waits."""

from gearspec.errors import WireError
from gearspec.model.effect import Close, Send
from gearspec.model.server import Server
from gearspec.protocol.packet import Decoder, Packet, request
from gearspec.script.load import parse_cases
from gearspec.script.rehearse import EPOCH, rehearse
from gearspec.script.verdict import Verdict
from tests.memory import Driver

HEAD = """
- id: one
  title: One thing
  clauses: [epoch-not-before]
  under-test: [server]
  script:
"""
LATER = """
  - client -> server: SUBMIT_JOB_EPOCH
    function: $fn
    epoch: {clock: +7200}
    mark: asked
  - server -> client: JOB_CREATED
    handle: $job
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: PRE_SLEEP
  - server -> worker: NOOP
    since: asked
    not-before: 7199
    within: 7201
    clause: epoch-not-before
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    handle: $job
  - worker -> server: WORK_COMPLETE
    handle: $job
"""
ECHO = """
  - client -> server: ECHO_REQ
    data: WORDS
  - server -> client: ECHO_RES
    data: WORDS
    clause: epoch-not-before
"""


def case(lines):
    return parse_cases(HEAD + lines, "a.gear.yaml")[0]


def test_two_hours_pass_in_no_time():
    result = rehearse(case(LATER))
    assert result.verdict is Verdict.PASS
    assert result.transcript.events[-1].at > 7000


def test_every_rehearsal_is_like_the_one_before():
    first, second = (rehearse(case(LATER)) for _ in range(2))
    assert first.transcript == second.transcript
    assert first.names == second.names


def test_time_begins_at_the_same_moment_of_the_epoch():
    epoch = next(e.what for e in rehearse(case(LATER)).transcript.events if isinstance(e.what, Packet))
    assert int(epoch.fields["epoch"]) == EPOCH + 7200


def test_each_play_gets_a_server_of_its_own():
    servers = []

    def made():
        servers.append(Server())
        return servers[-1]

    split = ECHO.replace("data: WORDS\n  - server", "data: WORDS\n    split: anywhere\n  - server")
    assert rehearse(case(split.replace("WORDS", "x")), made).verdict is Verdict.PASS
    assert len(servers) == 12
    assert len(set(map(id, servers))) == 12


def test_the_worst_play_counts():
    class Counting(Server):
        made = 0

        def __init__(self):
            super().__init__()
            Counting.made += 1
            self.wrong = Counting.made == 3

        def echo(self, sender, packet):
            super().echo(sender, packet._replace(body=b"y") if self.wrong and packet.body == b"x" else packet)

        def received(self, connection, item):
            self.handlers["ECHO_REQ"] = self.echo
            return super().received(connection, item)

    split = ECHO.replace("data: WORDS\n  - server", "data: WORDS\n    split: anywhere\n  - server")
    result = rehearse(case(split.replace("WORDS", "x")), Counting)
    assert "expected ECHO_RES data='x', came ECHO_RES data='y'" in result.message


def test_bytes_arrive_as_they_are_sent_and_the_server_decodes_them_itself():
    driver = Driver()
    talk = driver.talk()
    data = request("ECHO_REQ", data=b"x").encode()
    driver.run(talk.send("client", data[:7], []))
    assert driver.decoders[0].rest == data[:7]
    assert isinstance(driver.decoders[0], Decoder)


def test_bytes_that_decode_as_nothing_are_told_to_the_server_as_an_error():
    class Told(Server):
        def broken(self, connection, error):
            self.error = error
            return super().broken(connection, error)

    driver = Driver(Told())
    driver.run(driver.talk().send("client", b"\0REX" + bytes(8), []))
    assert isinstance(driver.server.error, WireError)


def test_what_is_sent_to_a_connection_that_was_closed_goes_nowhere():
    class Closing(Server):
        count = 0

        def received(self, connection, item):
            self.count += isinstance(item, Packet)
            return [Close(connection)]

    driver = Driver(Closing())
    talk = driver.talk()
    noop = request("ECHO_REQ", data=b"x")
    driver.run(talk.send("client", noop.encode() * 3, [noop] * 3))
    driver.run(talk.send("client", noop.encode(), [noop]))
    assert driver.log.count("open client") == 1
    assert driver.server.count == 3


def test_what_is_for_a_connection_that_is_gone_reaches_nobody():
    class Shouting(Server):
        def received(self, connection, item):
            return [*super().received(connection, item), Send(99, request("ECHO_REQ", data=b""))]

    driver = Driver(Shouting())
    driver.run(driver.talk().round_trip())
    assert not driver.arrivals


def test_a_server_is_ticked_at_each_of_its_deadlines_and_at_no_other_time():
    class Ticking(Server):
        ticks = ()

        @property
        def deadline(self):
            return EPOCH + len(self.ticks) if len(self.ticks) < 4 else None

        def tick(self, now):
            self.ticks = (*self.ticks, now - EPOCH)
            return super().tick(now)

    driver = Driver(Ticking())
    talk = driver.talk()
    driver.run(talk.pause(EPOCH + 10))
    assert driver.server.ticks == (0, 1, 2, 3)
    assert driver.passed == 10
