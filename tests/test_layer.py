from __future__ import annotations

import random
import shutil
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("scapy", reason="the scapy layers need scapy")

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Padding, Raw
from scapy.sendrecv import sniff
from scapy.sessions import TCPSession
from scapy.utils import rdpcap, wrpcap, wrpcapng

from gearspec.errors import UsageError
from gearspec.fuzz.strategy import attacks
from gearspec.protocol.layer import LAYERS, PORT, Gearman, GearmanLine, read_capture, write_pcap
from gearspec.protocol.message import LEGAL, MESSAGES, REQ, RES
from gearspec.protocol.packet import Decoder, Line, Packet, request, response
from gearspec.protocol.transcript import CLOSE, HALF_CLOSE, OPEN, RAW, RESET, Note, Transcript
from gearspec.vector import load_vectors

ELEMENTS = [
    pytest.param(element, id=f"{vector.id}-{index}")
    for vector in load_vectors()
    for index, element in enumerate(vector.elements)
]
PEER = "198.18.0.1:40001"


def transcript_of(*events):
    transcript = Transcript()
    for at, (sender, receiver, what) in enumerate(events):
        transcript.add(at / 10, sender, receiver, what)
    return transcript


def stream(*items, cuts=()):
    """Segments of one stream from a client, as raw notes, cut where it is said."""
    data = b"".join(item.encode() if isinstance(item, Packet) else item.raw for item in items)
    edges = [0, *cuts, len(data)]
    chunks = [data[start:end] for start, end in pairwise(edges)]
    return transcript_of(*(("client", "server", Note(RAW, chunk)) for chunk in chunks if chunk))


def whats(transcript, *kinds):
    notes = {OPEN, CLOSE, RESET} - set(kinds)
    return [e.what for e in transcript.events if not (isinstance(e.what, Note) and e.what.kind in notes)]


def test_there_is_a_layer_for_each_message_with_its_arguments():
    assert {name: layer.fields_desc for name, layer in LAYERS.items()}.keys() == {m.name for m in MESSAGES}
    for message in MESSAGES:
        assert tuple(field.name for field in LAYERS[message.name].fields_desc) == message.arguments


@pytest.mark.parametrize("element", ELEMENTS)
def test_what_was_dissected_is_rebuilt_as_it_was_also_without_the_cache(element):
    packet = Gearman.dispatch_hook(element.raw)(element.raw)
    assert bytes(packet) == element.raw
    packet.clear_cache()
    assert bytes(packet) == element.raw


@settings(deadline=None)
@given(attacks().map(lambda sending: sending.data) | st.binary(min_size=1, max_size=40))
def test_whatever_is_sent_is_dissected_shown_and_rebuilt_as_it_was(data):
    packet = Gearman(data)
    assert packet.show(dump=True)
    assert bytes(packet) == data
    packet.clear_cache()
    assert bytes(packet) == data


@pytest.mark.parametrize(("magic", "message"), LEGAL, ids=lambda value: getattr(value, "name", ""))
def test_every_legal_pair_is_dissected_into_its_layer(magic, message):
    body = b"\0".join(b"%d" % index for index in range(len(message.arguments)))
    packet = Gearman(Packet(magic, message.type, body).encode())
    layer = packet.getlayer(LAYERS[message.name])
    assert [layer.getfieldval(name) for name in message.arguments] == body.split(b"\0")[
        : len(message.arguments)
    ]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_crafting_a_message_fills_in_type_magic_and_size(message):
    fields = dict.fromkeys(message.arguments, b"v")
    (packet,) = Decoder().feed(bytes(Gearman() / LAYERS[message.name](**fields)))
    assert (packet.name, packet.magic) == (message.name, message.magics[0])
    assert packet.fields == fields


@pytest.mark.parametrize(
    "packet",
    [
        Packet(RES, 1, b"function"),
        Packet(REQ, 7, b"only\0one separator"),
        Packet(REQ, 9, b"surplus"),
        Packet(REQ, 99, b"unknown"),
    ],
)
def test_what_is_no_legal_message_stays_raw(packet):
    dissected = Gearman(packet.encode())
    assert dissected.getlayer(Raw).load == packet.body
    assert not any(dissected.haslayer(layer) for layer in LAYERS.values())


def test_a_malformed_packet_can_be_crafted():
    lying = Gearman(size=2**31) / LAYERS["ECHO_REQ"](data=b"abc")
    assert bytes(lying) == b"\0REQ\0\0\0\x10\x80\0\0\0abc"
    strange = Gearman(magic=b"\0XXX", type=2**32 - 1) / b"rest"
    assert bytes(strange) == b"\0XXX\xff\xff\xff\xff\0\0\0\4rest"


def test_what_follows_the_size_is_padding():
    packet = Gearman(request("GRAB_JOB").encode() + b"\0RE")
    assert packet.getlayer(Padding).load == b"\0RE"


def test_segments_on_the_port_are_dissected_and_text_is_told_by_its_first_byte():
    for ports in ({"sport": PORT}, {"dport": PORT}):
        raw = bytes(TCP(**ports) / Raw(response("NOOP").encode()))
        assert TCP(raw).haslayer(LAYERS["NOOP"])
        assert TCP(bytes(TCP(**ports) / Raw(b"status\n"))).getlayer(GearmanLine).line == b"status\n"


@pytest.mark.parametrize("cuts", [(), (5,), (11, 12, 13), (20, 26, 40), tuple(range(1, 70))])
def test_a_tcp_session_of_scapy_puts_the_stream_together(tmp_path, cuts):
    items = [
        request("ECHO_REQ", data=b"a\0b"),
        Line(b"status\r\n"),
        request("CAN_DO", function=b"reverse"),
        request("GRAB_JOB"),
        request("ECHO_REQ", data=b"the end"),
    ]
    write_pcap(stream(*items, cuts=cuts), tmp_path / "some.pcap")
    seen = []
    for frame in sniff(offline=str(tmp_path / "some.pcap"), session=TCPSession):
        layer = frame.getlayer(TCP).payload
        while layer:
            if isinstance(layer, Gearman):
                seen.append(Packet(layer.magic, layer.type, bytes(layer.payload)[: layer.size]))
            elif isinstance(layer, GearmanLine):
                seen.append(Line(layer.line))
            layer = layer.payload
    assert seen == items


def test_a_transcript_comes_back_from_a_capture(tmp_path):
    submit = request("SUBMIT_JOB_BG", function=b"f", unique=b"\xff", workload=b"a\0b" * 20000)
    write_pcap(
        transcript_of(
            ("client", "server", Note(OPEN)),
            ("client", "server", submit),
            ("server", "client", response("JOB_CREATED", handle=b"H:lap:1")),
            ("admin", "server", Line(b"status\r\n")),
            ("server", "admin", Line(b".\n")),
            ("client", "server", Note(CLOSE)),
            ("server", "admin", Note(RESET)),
        ),
        tmp_path / "some.pcap",
    )
    found = read_capture(tmp_path / "some.pcap")
    admin = "198.18.0.3:40002"
    assert [(event.sender, event.receiver, event.what) for event in found.events] == [
        (PEER, "server", Note(OPEN)),
        (PEER, "server", submit),
        ("server", PEER, response("JOB_CREATED", handle=b"H:lap:1")),
        (admin, "server", Note(OPEN)),
        (admin, "server", Line(b"status\r\n")),
        ("server", admin, Line(b".\n")),
        (PEER, "server", Note(CLOSE)),
        ("server", admin, Note(RESET)),
    ]
    assert [round(event.at, 3) for event in found.events] == [0, 0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.6]


def test_a_party_that_connects_again_has_another_port(tmp_path):
    again = transcript_of(
        ("client", "server", request("GRAB_JOB")),
        ("client", "server", Note(CLOSE)),
        ("client", "server", Note(OPEN)),
        ("client", "server", request("PRE_SLEEP")),
        ("server", "client", Note(RESET)),
        ("client", "server2", request("GRAB_JOB")),
    )
    write_pcap(again, tmp_path / "some.pcap")
    found = read_capture(tmp_path / "some.pcap")
    opened = [(event.sender, event.receiver) for event in found.events if event.what == Note(OPEN)]
    assert opened == [(PEER, "server"), ("198.18.0.1:40002", "server"), ("198.18.0.1:40003", "server2")]


@pytest.mark.parametrize("name", ["first", "second", "server3"])
def test_a_server_by_any_of_its_names_has_the_port_of_a_server(tmp_path, name):
    write_pcap(transcript_of((name, "client", response("NOOP"))), tmp_path / "some.pcap")
    assert whats(read_capture(tmp_path / "some.pcap")) == [response("NOOP")]


def test_a_half_close_ends_one_direction_and_what_was_unfinished_is_raw(tmp_path):
    half = transcript_of(
        ("client", "server", Note(RAW, b"\0REQ\0\0")),
        ("client", "server", Note(HALF_CLOSE)),
        ("server", "client", response("NOOP")),
    )
    write_pcap(half, tmp_path / "some.pcap")
    expected = [Note(RAW, b"\0REQ\0\0"), Note(CLOSE), response("NOOP")]
    assert whats(read_capture(tmp_path / "some.pcap"), CLOSE) == expected


def frames_of(tmp_path, *items):
    write_pcap(stream(*items, cuts=range(7, 7 * len(items), 7)), tmp_path / "whole.pcap")
    return list(rdpcap(str(tmp_path / "whole.pcap")))


ITEMS = [request("CAN_DO", function=b"f%d" % index) for index in range(6)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.randoms(use_true_random=False))
def test_segments_that_cross_and_come_twice_are_put_in_order(tmp_path, chance):
    hello, *data = frames_of(tmp_path, *ITEMS)
    mixed = data + chance.sample(data, 3)
    chance.shuffle(mixed)
    wrpcap(str(tmp_path / "mixed.pcap"), [hello, *mixed])
    assert whats(read_capture(tmp_path / "mixed.pcap")) == ITEMS


def test_sequence_numbers_may_wrap_round(tmp_path):
    frames = frames_of(tmp_path, *ITEMS)
    for frame in frames:
        frame[TCP].seq = (frame[TCP].seq + 2**32 - 1020) % 2**32
        frame[TCP].chksum = None
    wrpcap(str(tmp_path / "wrapped.pcap"), frames)
    assert whats(read_capture(tmp_path / "wrapped.pcap")) == ITEMS


def test_a_capture_may_begin_in_the_middle_and_lack_a_segment(tmp_path):
    data = [
        frame for frame in frames_of(tmp_path, *ITEMS) if frame.haslayer(Gearman) or frame[TCP].flags == "PA"
    ]
    whole = b"".join(item.encode() for item in ITEMS)
    wrpcap(str(tmp_path / "gap.pcap"), data[:3] + data[4:])
    found = whats(read_capture(tmp_path / "gap.pcap"))
    assert found[0] == ITEMS[0]
    assert b"".join(note.data for note in found[1:]) == whole[14:21] + whole[28:]


def test_bytes_that_do_not_decode_are_raw_each_once(tmp_path):
    broken = transcript_of(
        ("client", "server", Note(RAW, request("GRAB_JOB").encode() + b"\0XX")),
        ("client", "server", Note(RAW, b"more")),
    )
    write_pcap(broken, tmp_path / "some.pcap")
    found = whats(read_capture(tmp_path / "some.pcap"))
    assert found == [request("GRAB_JOB"), Note(RAW, b"\0XX"), Note(RAW, b"more")]


def test_padding_of_a_short_frame_is_no_data(tmp_path):
    ack = Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=9, dport=PORT, flags="A", seq=100)
    padded = Ether(bytes(ack) + b"\0" * 6)
    data = (
        Ether()
        / IP(src="10.0.0.1", dst="10.0.0.2")
        / TCP(sport=9, dport=PORT, flags="PA", seq=100)
        / b"status\n"
    )
    wrpcap(str(tmp_path / "some.pcap"), [padded, data])
    assert whats(read_capture(tmp_path / "some.pcap")) == [Line(b"status\n")]


def test_pcapng_is_read_and_another_port_can_be_named(tmp_path):
    frames = frames_of(tmp_path, request("GRAB_JOB"))
    for frame in frames:
        frame[TCP].dport = 7003 if frame[TCP].dport == PORT else frame[TCP].dport
        frame[TCP].sport = 7003 if frame[TCP].sport == PORT else frame[TCP].sport
        frame[TCP].chksum = None
    wrpcapng(str(tmp_path / "some.pcapng"), frames)
    assert whats(read_capture(tmp_path / "some.pcapng", port=7003)) == [request("GRAB_JOB")]
    assert read_capture(tmp_path / "some.pcapng").events == []


@pytest.mark.parametrize("content", [b"", b"no capture at all, only text", b"\xd4\xc3\xb2\xa1\2\0"])
def test_a_file_that_is_no_capture_is_an_error_of_usage(tmp_path, content):
    path = tmp_path / "some.pcap"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read as a capture"):
        read_capture(path)
    with pytest.raises(UsageError, match="cannot be read as a capture"):
        read_capture(tmp_path / "none.pcap")


def test_hundreds_of_connections_have_addresses_of_their_own(tmp_path):
    events = [(f"client{index}", "server", request("GRAB_JOB")) for index in range(300)]
    write_pcap(transcript_of(*events), tmp_path / "some.pcap")
    found = read_capture(tmp_path / "some.pcap")
    assert len({event.sender for event in found.events}) == 300
    assert whats(found) == [request("GRAB_JOB")] * 300


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_wireshark_dissects_what_is_written_and_finds_no_fault_in_the_tcp(tmp_path):
    chance = random.Random(1)
    big = request("ECHO_REQ", data=chance.randbytes(60000))
    write_pcap(
        transcript_of(
            ("client", "server", big),
            ("server", "client", response("ECHO_RES", data=big.body)),
            ("client", "server", Note(CLOSE)),
        ),
        tmp_path / "some.pcap",
    )
    command = ["tshark", "-r", str(tmp_path / "some.pcap"), "-o", "tcp.check_checksum:TRUE", "-T", "fields"]
    command += [
        "-e",
        "gearman.pkt_type",
        "-e",
        "gearman.data_size",
        "-e",
        "tcp.analysis.flags",
        "-e",
        "tcp.checksum.status",
    ]
    lines = subprocess.run(
        command, capture_output=True, check=True, text=True, timeout=30
    ).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    assert [row[:2] for row in rows if row[0]] == [["16", "60000"], ["17", "60000"]]
    assert {(row[2], row[3]) for row in rows} == {("", "1")}


def test_nothing_else_of_gearspec_imports_scapy():
    script = "import sys, gearspec.decode, gearspec.vector, gearspec.plugin; sys.exit('scapy' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
