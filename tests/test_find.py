"""What was found is written down, and played again from the file."""

import sys
from dataclasses import replace

import pytest

from gearspec.fuzz.find import write_find
from gearspec.fuzz.strategy import MARK, Piece, Sending
from gearspec.fuzz.trial import survive
from gearspec.protocol import layer
from gearspec.protocol.message import REQ
from gearspec.protocol.packet import Packet
from gearspec.script.load import load_cases
from gearspec.script.rehearse import rehearse
from gearspec.script.verdict import Verdict
from tests.miniature import Dropping
from tests.test_trial import UNKNOWN, Dies, packets, tried
from tests.test_write import bare

ATTACK = Packet(REQ, 99, MARK + b"\xff")
SENDING = Sending((Piece(ATTACK.encode(), ATTACK),), cuts=(3,))


@pytest.fixture
def written(tmp_path):
    def write(result, play=lambda case: rehearse(case, Dropping), case=None):
        return write_find(case or result.case, result, tmp_path / "finds", ["FAIL: it did"], play)

    return write


@pytest.fixture
def lost():
    return tried(survive, SENDING, Dropping)


def test_the_file_holds_the_case_under_a_name_that_follows_from_it(written, lost, tmp_path):
    find = written(lost)
    (path,) = (tmp_path / "finds").glob("*.gear.yaml")
    (case,) = load_cases(path)
    assert find.case == case
    assert path.name == f"{case.id}.gear.yaml"
    assert bare(replace(case, id=lost.case.id)).steps == bare(find.case).steps
    assert find.text == path.read_text()
    assert find.text.startswith("# FAIL: it did\n\n- id: others-go-on-whatever-one-sends-")
    assert written(lost).case.id == case.id


def test_played_from_the_file_it_fails_with_the_same_message(written, lost):
    played = []

    def play(case):
        played.append(rehearse(case, Dropping))
        return played[-1]

    find = written(lost, play)
    assert find.doubts == ()
    assert find.result is played[0]
    assert (played[0].verdict, played[0].message) == (lost.verdict, lost.message)


def test_what_is_sent_from_the_file_is_what_was_sent(written, lost):
    def sent(result):
        whats = [event.what for event in result.transcript.events if event.sender == "client2"]
        return [(what.type, what.body[16:]) for what in whats if isinstance(what, Packet)]

    assert sent(rehearse(written(lost).case, Dropping)) == sent(lost) == [(99, b"\xff")]


def test_the_capture_beside_it_is_the_conversation(written, lost, tmp_path):
    written(lost)
    (path,) = (tmp_path / "finds").glob("*.pcap")
    packets = [
        event.what
        for event in layer.read_capture(path, layer.PORT).events
        if isinstance(event.what, Packet) and event.what.type == 99
    ]
    assert [packet.body[-1:] for packet in packets] == [b"\xff"]


def test_what_comes_to_something_else_alone_is_told_so(written, lost):
    find = written(lost, rehearse)
    assert find.result is lost
    assert find.doubts == ("not reproducible as a script: played alone from the file, it came to PASS",)


def test_a_death_may_be_noticed_at_another_line_and_is_dangerous_to_play(written):
    death = tried(survive, packets(UNKNOWN), driver=Dies)
    assert death.verdict is Verdict.CRASH
    later = replace(death, message="other-connections-undisturbed: the server exited with status 3")
    find = written(death, lambda _: later)
    assert find.doubts == ()
    assert find.case.dangerous == "the program may die of it"


def test_each_find_is_played_on_an_instance_of_its_own(written, lost):
    dangers = []

    def play(case):
        dangers.append(case.dangerous)
        return lost

    assert written(lost, play).case.dangerous is None
    assert dangers != [None]


def test_without_scapy_there_is_no_capture_and_that_is_told(written, lost, monkeypatch):
    monkeypatch.setitem(sys.modules, "gearspec.protocol.layer", None)
    monkeypatch.delattr("gearspec.protocol.layer")
    assert written(lost).doubts == ("there is no capture of it: that takes scapy, install gearspec[scapy]",)


def test_a_case_that_cannot_be_read_again_is_told_so(written, lost):
    (doubt,) = written(lost, case=replace(lost.case, clauses=("no-such-clause",))).doubts
    assert doubt.startswith("not reproducible as a script: ")
    assert "there is no clause 'no-such-clause'" in doubt
