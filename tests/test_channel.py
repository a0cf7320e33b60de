import json
import os
import selectors

import pytest

from gearspec.errors import AdapterError
from gearspec.script.scene import Ended, Said
from gearspec.wire import channel as module
from gearspec.wire.channel import GRACE, SHORT, Channel
from gearspec.wire.source import Inbox
from tests.benching import Talk


class Piped(Talk):
    """An adapter of pipes; the other ends are in the hands of the test, and so is its end."""

    ended = None

    def __init__(self, *, watched):
        self.reader, self.mouth = os.pipe()
        self.ear, self.writer = os.pipe()
        self.watch, self.death = os.pipe() if watched else (None, None)
        self.open = {self.reader, self.mouth, self.ear, self.writer, self.watch, self.death} - {None}
        self.inbox = Inbox()
        self.selector = selectors.DefaultSelector()
        self.caught_up = []
        self.channel = Channel(self, self.inbox, self.selector, self.caught_up.append)
        self.time = 1.0

    def say(self, said):
        os.write(self.mouth, said)

    def close(self, *files):
        for file in files:
            os.close(file)
            self.open.remove(file)

    def turn(self):
        """Let the channel do what it can do at once; the next turn is a second later."""
        for key, mask in self.selector.select(0):
            key.data.ready(mask, self.time)
        if self.channel.due <= self.time:
            self.channel.wake(self.time)
        self.time += 1

    @property
    def heard(self):
        """What has arrived: what was said, or how it ended."""
        self.turn()
        return [came.line["said"] if isinstance(came, Said) else came.how for came in self.inbox.take()]


def piped(*, watched):
    adapter = Piped(watched=watched)
    yield adapter
    adapter.channel.close()
    assert not adapter.selector.get_map()
    adapter.close(*adapter.open.copy())
    adapter.selector.close()


@pytest.fixture
def adapter():
    yield from piped(watched=True)


@pytest.fixture
def simple():
    yield from piped(watched=False)


def test_what_is_said_arrives_with_its_time(adapter):
    adapter.say(b'"hi"\n')
    adapter.turn()
    assert adapter.inbox.take() == (Said(1.0, {"said": "hi"}),)


def test_lines_arrive_in_order_however_they_were_written(adapter):
    adapter.say(b'"a"\n"b"\n"c')
    assert adapter.heard == ["a", "b"]
    adapter.say(b'd"')
    assert adapter.heard == []
    adapter.say(b'\n"e"\n')
    assert adapter.heard == ["cd", "e"]


def test_before_something_arrives_there_is_time_to_catch_up(adapter):
    adapter.say(b'"hi"\n')
    adapter.turn()
    assert adapter.caught_up == [1.0]


def test_a_line_may_be_long(adapter):
    line = json.dumps("x" * 200_000).encode() + b"\n"
    heard = []
    for start in range(0, len(line), 50_000):
        adapter.say(line[start : start + 50_000])
        for _ in range(50_000 // SHORT + 1):
            heard += adapter.heard
    assert heard == ["x" * 200_000]


def test_a_turn_hears_few_short_lines(adapter):
    adapter.say(b'"hi"\n' * SHORT)
    assert len(adapter.heard) == SHORT // len(b'"hi"\n')


def test_a_request_is_written_at_once(adapter):
    adapter.channel.ask({"do": "hello"})
    assert os.read(adapter.ear, 100) == b'{"do": "hello"}\n'


def test_an_adapter_that_does_not_read_holds_nobody_up_and_gets_it_all_in_the_end(adapter):
    request = {"data": "x" * 500_000}
    adapter.channel.ask(request)
    adapter.channel.ask({"do": "hello"})
    wanted = adapter.ask(request) + b'{"do": "hello"}\n'
    got = b""
    while len(got) < len(wanted):
        got += os.read(adapter.ear, 1 << 16)
        adapter.turn()
    assert got == wanted
    assert [key.fd for key in adapter.selector.get_map().values()] == [adapter.reader, adapter.watch]


def test_an_adapter_that_closed_its_input_is_still_heard(adapter):
    adapter.channel.ask({"data": "x" * 500_000})
    adapter.close(adapter.ear)
    adapter.turn()
    adapter.channel.ask({"do": "hello"})
    adapter.say(b'"hi"\n')
    assert adapter.heard == ["hi"]


def test_an_adapter_that_ended_is_asked_in_vain(simple):
    simple.close(simple.mouth)
    simple.turn()
    simple.channel.ask({"do": "hello"})
    simple.close(simple.writer)
    assert os.read(simple.ear, 100) == b""


@pytest.mark.parametrize(
    "line",
    [b"rubbish\n", b'"hi"\nrubbish\n"ho"\n', b"\xff\n", b"\n"],
    ids=["words", "amid", "bytes", "empty"],
)
def test_rubbish_is_a_fault_and_nothing_more_is_heard(adapter, line):
    adapter.say(line)
    adapter.turn()
    assert isinstance(adapter.inbox.fault, AdapterError)
    assert not adapter.selector.get_map()
    assert [came.line["said"] for came in adapter.inbox.arrivals] == ["hi"] * line.count(b"hi")


def test_a_line_without_end_is_a_fault_that_shows_its_beginning(adapter, monkeypatch):
    monkeypatch.setattr(module, "LINE", 10_000)
    while adapter.inbox.fault is None:
        adapter.say(b"\x1bspam" * 1000)
        adapter.turn()
    assert str(adapter.inbox.fault).startswith(
        "the adapter says a line that does not end: \\x1bspam\\x1bspam"
    )
    assert len(str(adapter.inbox.fault).splitlines()) == 1


def test_lines_without_end_are_a_fault(adapter, monkeypatch):
    monkeypatch.setattr(module, "LINE_COST", module.KEPT // 1000)
    heard = 0
    while adapter.inbox.fault is None:
        adapter.say(b'"hi"\n' * 100)
        heard += len(adapter.heard)
    assert "more than anybody could want to hear" in str(adapter.inbox.fault)
    assert 900 <= heard <= 1100


def test_the_end_of_one_without_a_watch_is_the_end_of_its_output(simple):
    simple.say(b'"bye"\n')
    simple.close(simple.mouth)
    simple.turn()
    assert simple.heard == ["bye", "closed its output"]


def test_an_end_is_told_once_and_with_its_time(adapter):
    adapter.ended = "exited with status 1"
    adapter.close(adapter.mouth)
    adapter.close(adapter.death)
    adapter.turn()
    adapter.turn()
    assert adapter.inbox.take() == (Ended(1.0, "exited with status 1"),)


def test_all_that_it_had_said_arrives_before_its_end(adapter):
    adapter.ended = "exited with status 1"
    adapter.say(b'"x"\n' * SHORT)
    adapter.close(adapter.mouth, adapter.death)
    heard = []
    while adapter.selector.get_map():
        heard += adapter.heard
    assert heard == ["x"] * SHORT + ["exited with status 1"]


def test_an_end_is_seen_though_a_child_keeps_its_output_open(adapter):
    adapter.ended = "was killed by SIGSEGV"
    adapter.say(b'"x"\n')
    adapter.close(adapter.death)
    adapter.turn()
    adapter.turn()
    assert adapter.heard == ["x", "was killed by SIGSEGV"]


def test_the_end_of_its_output_waits_for_its_own_end(adapter):
    adapter.close(adapter.mouth)
    adapter.turn()
    assert adapter.inbox.take() == ()
    assert adapter.channel.due == 1.0 + GRACE
    adapter.ended = "exited with status 1"
    adapter.close(adapter.death)
    adapter.time = 1.1
    assert adapter.heard == ["exited with status 1"]


def test_an_adapter_that_closes_its_output_and_lives_has_ended_after_a_while(adapter):
    adapter.close(adapter.mouth)
    adapter.turn()
    assert adapter.heard == ["closed its output"]
    assert not adapter.selector.get_map()


def test_words_that_were_cut_short_by_the_end_are_not_heard(simple):
    simple.say(b'"whole"\n"hal')
    simple.turn()
    simple.close(simple.mouth)
    assert simple.heard == ["whole", "closed its output"]


def test_a_channel_may_be_closed_twice(adapter):
    adapter.channel.close()
    adapter.channel.close()
    assert not adapter.selector.get_map()
