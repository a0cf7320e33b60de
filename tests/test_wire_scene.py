"""Scenes on a clock of the test's own; see test_wire_run for what they share with plays."""

import selectors
import socket

import pytest

from gearspec.errors import AdapterError, HarnessError
from gearspec.script.action import Arrival, How, Send, Shut, Sign, Wait
from gearspec.script.scene import Ask, Clock, Deafen, Listen, Said, Settle, Spent
from gearspec.script.verdict import Result, Verdict
from gearspec.wire import listener
from gearspec.wire.listener import PAUSE
from gearspec.wire.pace import Pace
from gearspec.wire.run import EXTENSIONS
from gearspec.wire.scene import LOOK_EVERY, SceneRun
from tests.benching import Embedded, passed


class Stage:
    """A scene with a clock of its own; `news` is what it was sent, `asked` what its adapter was."""

    def __init__(self, selector):
        self.selector = selector
        self.time = 100.0
        self.pace = Pace(lambda: self.time)
        self.news, self.asked = [], []
        self.run = None

    def begin(self, *cues, scale=1.0, start=None):
        def scene():
            for cue in cues:
                self.news.append((yield cue))
            return Result(Verdict.PASS)

        return self.begin_scene(scene(), scale, start)

    def begin_scene(self, scene, scale=1.0, start=None):
        start = start or (
            lambda: Embedded(lambda asks, say: [self.asked.append(ask) or say("ok") for ask in asks])
        )
        self.run = SceneRun(
            scene, start, host="127.0.0.1", selector=self.selector, pace=self.pace, scale=scale
        )
        self.run.start()
        return self.run

    def lose(self, seconds):
        """The loop is held up."""
        self.time += seconds
        self.pace.sleep(self.time, 0)
        self.pace.wake()

    def hear(self):
        self.selector.select(10)
        self.run.hear(self.time)

    def close(self):
        if self.run:
            self.run.close()
            if self.run.adapter:
                self.run.adapter.stop()


@pytest.fixture
def stage():
    with selectors.DefaultSelector() as selector:
        stage = Stage(selector)
        yield stage
        stage.close()
        assert not selector.get_map()


def address(run, server):
    found = run._listeners[server].address
    return found.host, found.port


def connected(stage, *cues, **options):
    """A scene whose server has accepted a connection; its peer."""
    run = stage.begin(Listen("server"), Wait(100.0), *cues, **options)
    peer = socket.create_connection(address(run, "server"))
    peer.settimeout(10)
    stage.hear()
    run.resume(100.0)
    return run, peer


def test_every_cue_is_answered_with_the_time(stage):
    run = stage.begin(Listen("server"), Deafen("server"), Ask({"do": "hello"}))
    assert [news.now for news in stage.news] == [100.0] * 3
    assert run.result.verdict is Verdict.PASS


def test_a_connection_that_is_accepted_arrives_under_a_name_of_its_own(stage):
    run, peer = connected(stage, Wait(100.0))
    with peer, socket.create_connection(address(run, "server")):
        stage.hear()
        run.resume(100.0)
    assert [news.arrivals for news in stage.news[1:]] == [
        (Arrival("server#1", 100.0, Sign.ACCEPTED),),
        (Arrival("server#2", 100.0, Sign.ACCEPTED),),
    ]


def test_each_server_counts_for_itself(stage):
    run = stage.begin(Listen("first"), Listen("second"), Wait(101.0))
    peers = [socket.create_connection(address(run, name)) for name in ("second", "first", "second")]
    while len(run.inbox.arrivals) < 3:
        stage.hear()
    for peer in peers:
        peer.close()
    assert sorted(came.party for came in run.inbox.arrivals) == ["first#1", "second#1", "second#2"]


def test_what_the_adapter_says_arrives(stage):
    run = stage.begin(Ask({"do": "hello"}), Wait(102.0))
    stage.hear()
    run.resume(100.0)
    assert stage.news[-1].arrivals == (Said(100.0, {"said": "ok"}),)


def test_names_of_servers_become_addresses(stage):
    run = stage.begin(Listen("first"), Deafen("second"), Ask({"servers": ["second", "first"]}), Wait(101.0))
    stage.hear()
    wanted = [f"127.0.0.1:{address(run, name)[1]}" for name in ("second", "first")]
    assert stage.asked == [{"servers": wanted}]


def test_a_deadline_is_stretched_by_the_scale(stage):
    assert stage.begin(Wait(102.0), scale=3.0).due == 106.0


def test_a_deadline_is_extended_by_the_time_that_was_lost_but_not_for_ever(stage):
    run = stage.begin(Wait(101.0))
    for _ in range(EXTENSIONS):
        stage.lose(1.0)
        run.resume(stage.time)
    assert stage.news == []
    stage.lose(1.0)
    run.resume(stage.time)
    assert [news.lagged for news in stage.news] == [True]


def test_nothing_is_waited_for_that_the_peer_has_read(stage):
    run, peer = connected(stage, Settle("server#1", 200.0))
    peer.close()
    assert run.result.verdict is Verdict.PASS


def test_what_the_peer_has_not_read_is_looked_at_again_until_it_has(stage):
    run, peer = connected(stage, Send("server#1", b"xyz"), Settle("server#1", 200.0))
    with peer:
        assert run.due == 100.0 + LOOK_EVERY
        run.resume(101.0)
        assert run.due == 101.0 + LOOK_EVERY
        peer.recv(3)
        run.resume(102.0)
    assert run.result.verdict is Verdict.PASS


def test_a_peer_that_does_not_read_is_waited_for_no_longer_than_asked(stage):
    run, peer = connected(stage, Send("server#1", b"xyz"), Settle("server#1", 200.0), scale=2.0)
    with peer:
        run.resume(299.0)
        assert run.result is None
        run.resume(300.0)
    assert run.result.verdict is Verdict.PASS


def test_a_peer_that_cannot_be_seen_is_given_a_pause(stage, monkeypatch):
    monkeypatch.setattr(listener, "backlog", lambda *_: None)
    run, peer = connected(stage, Send("server#1", b"xyz"), Settle("server#1", 200.0))
    with peer:
        run.resume(100.0 + PAUSE / 2)
        assert run.result is None
        run.resume(100.0 + PAUSE)
    assert run.result.verdict is Verdict.PASS


def test_what_comes_meanwhile_is_kept_for_the_answer(stage):
    run, peer = connected(stage, Send("server#1", b"xyz"), Settle("server#1", 200.0))
    with peer:
        peer.sendall(b"version\n")
        stage.hear()
        assert run.due == 100.0 + LOOK_EVERY
        peer.recv(3)
        run.resume(101.0)
    assert [arrival.party for arrival in stage.news[-1].arrivals] == ["server#1"]


def test_a_connection_may_be_closed_and_settled(stage):
    run, peer = connected(
        stage, Send("server#1", b"xyz"), Shut("server#1", How.CLOSE), Settle("server#1", 200.0)
    )
    with peer:
        assert run.result is None
        peer.recv(3)
        peer.recv(3)
        run.resume(101.0)
    assert run.result.verdict is Verdict.PASS


def refuse():
    raise AdapterError("the adapter does not start")


def rubbish():
    adapter = Embedded(lambda asks, _: list(asks))
    adapter.far.sendall(b'"x"\nrubbish\n')
    return adapter


def hearing(came):
    """A scene that goes on after a fault of its adapter."""
    while True:
        try:
            news = yield Wait(200.0)
        except AdapterError as fault:
            came.append(str(fault))
            break
        came += [said.line["said"] for said in news.arrivals]
    news = yield Ask({"do": "hello"})
    yield Wait(201.0)
    return passed(came)


def test_an_adapter_that_does_not_start_is_told_to_the_scene(stage):
    run = stage.begin_scene(hearing([]), start=refuse)
    assert run.due == 0.0
    run.resume(100.0)
    assert run.due == 201.0
    run.resume(201.0)
    assert run.result.message == "the adapter does not start"


def test_rubbish_of_an_adapter_is_told_to_the_scene_after_what_came_before(stage):
    run = stage.begin_scene(hearing([]), start=rubbish)
    stage.hear()
    run.resume(100.0)
    run.resume(100.0)
    run.resume(201.0)
    assert run.result.message == "x, the adapter says what is no JSON"


def test_a_fault_of_the_adapter_ends_the_settling(stage):
    def scene():
        yield Listen("server")
        yield Wait(100.0)
        yield Send("server#1", b"xyz")
        try:
            yield Settle("server#1", 200.0)
        except AdapterError:
            return passed(["told"])
        return passed(["not told"])

    run = stage.begin_scene(scene())
    with socket.create_connection(address(run, "server")):
        stage.hear()
        run.resume(100.0)
        run.inbox.fault = AdapterError("the adapter says what is no JSON")
        run.resume(100.0)
    assert run.result.message == "told"


def test_a_fault_of_the_adapter_that_the_scene_lets_escape_is_raised(stage):
    run = stage.begin(Wait(200.0), start=refuse)
    with pytest.raises(AdapterError, match="does not start"):
        run.resume(100.0)


@pytest.mark.parametrize(
    ("cue", "words"),
    [
        (Send("server#1", b"x"), "uses the connection of server#1 before there is one"),
        (Shut("server#1", How.CLOSE), "uses the connection of server#1 before there is one"),
        (Settle("server#1", 200.0), "uses the connection of server#1 before there is one"),
        (Ask({"servers": ["server"]}), "names server before that has an address"),
    ],
)
def test_what_does_not_exist_is_our_fault(stage, cue, words):
    with pytest.raises(HarnessError, match=words):
        stage.begin(cue)


def test_a_scene_that_is_closed_can_clean_up_and_nothing_is_left(stage):
    cleaned = []

    def scene():
        try:
            yield Listen("server")
            yield Wait(200.0)
        finally:
            cleaned.append(True)
        return passed([])

    run = stage.begin_scene(scene())
    where = address(run, "server")
    run.close()
    assert cleaned == [True]
    assert not stage.selector.get_map()
    with socket.socket() as sock:
        assert sock.connect_ex(where)
    run.adapter.stop()
    assert not run.adapter.thread.is_alive()


def test_a_scene_that_fails_while_it_cleans_up_leaves_nothing_all_the_same(stage):
    def scene():
        try:
            yield Listen("server")
            yield Wait(200.0)
        finally:
            raise RuntimeError("a bug of ours")

    run = stage.begin_scene(scene())
    with pytest.raises(RuntimeError, match="a bug of ours"):
        run.close()
    assert not stage.selector.get_map()
    run.adapter.stop()


def test_the_clock_of_the_adapter_arrives_at_once(stage):
    class Timed(Embedded):
        def spent(self):
            return {7: 0.25}

    run = stage.begin(Clock(), Wait(102.0), start=lambda: Timed(lambda asks, _: list(asks)))
    run.resume(100.0)
    assert stage.news[-1].arrivals == (Spent(100.0, {7: 0.25}),)


def test_of_an_adapter_that_has_not_started_no_clock_is_known(stage):
    def start():
        raise AdapterError("it does not start")

    def scene():
        try:
            yield Wait(102.0)
        except AdapterError:
            stage.news.append((yield Clock()))
        return Result(Verdict.PASS)

    run = stage.begin_scene(scene(), start=start)
    run.resume(100.0)
    run.resume(100.0)
    assert stage.news[-1].arrivals == (Spent(100.0, {}),)
