"""Every valid vector is read alike by gearspec's decoder, by the scapy layers, and by Wireshark.

Wireshark's dissector was written by others from the same text. Where tshark 4.0 differs, `FAULTS` says
how; a fault that is not seen any more fails the test, so the list can only be true.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("scapy", reason="the scapy layers need scapy")

from gearspec.protocol.layer import LAYERS, Gearman, write_pcap
from gearspec.protocol.message import BY_TYPE, HEADER_SIZE, RES
from gearspec.protocol.packet import Decoder
from gearspec.protocol.transcript import RAW, Note, Transcript
from gearspec.vector import load_vectors

EMPTY = "a packet whose last argument is empty is called malformed"
CUT = "a last argument is shown up to its first NUL"
UNKNOWN = "GET_STATUS is called an unknown command"
TERMINATED = "the text of an ERROR is looked for up to a NUL, and the packet called malformed without one"
FAULTS = {EMPTY, CUT, UNKNOWN, TERMINATED}

PACKETS = [
    pytest.param(element, id=f"{vector.id}-{index}")
    for vector in load_vectors()
    if vector.result == "valid"
    for index, element in enumerate(vector.elements)
    if not element.is_line
]


class Seen(NamedTuple):
    """What a decoder says of a packet: type, size, and where each argument begins and ends."""

    type: int
    size: int
    begins: list[int]
    last: int
    malformed: bool


@pytest.mark.parametrize("element", PACKETS)
def test_our_decoder_and_the_scapy_layers_read_the_same_fields(element):
    (packet,) = Decoder().feed(element.raw)
    header = Gearman(element.raw)
    layer = header.getlayer(LAYERS[packet.name])
    assert packet.fields == element.fields
    assert {name: getattr(layer, name) for name in packet.fields} == element.fields
    assert (header.magic, header.type, header.size) == (packet.magic, packet.type, len(packet.body))


@pytest.fixture(scope="module")
def dissected(tmp_path_factory):
    """All packets in one capture, as tshark dissects them, one frame each."""
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    path = tmp_path_factory.mktemp("agree") / "vectors.pcap"
    transcript = Transcript()
    for at, packet in enumerate(PACKETS):
        element = packet.values[0]
        parties = ("server", "client") if element.raw.startswith(RES) else ("client", "server")
        transcript.add(float(at), *parties, Note(RAW, element.raw))
    write_pcap(transcript, path)
    command = ["tshark", "-r", str(path), "-Y", "gearman", "-T", "pdml", "-J", "gearman _ws.malformed"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [_seen(frame) for frame in ET.fromstring(done.stdout).iter("packet")]


def _seen(frame):
    protocols = {protocol.get("name"): protocol for protocol in frame.iter("proto")}
    named = [field for field in protocols["gearman"].iter("field") if "gearman." in field.get("name", "")]
    magic, type_, size, *rest = named
    start = int(magic.get("pos"))
    # data_content repeats the data; an unknown command has a field of its own, outside of the packet.
    others = {"gearman.data_content", "gearman.pkt_type.unknown"}
    arguments = [field for field in rest if field.get("name") not in others]
    return Seen(
        int(type_.get("show")),
        int(size.get("show")),
        [int(argument.get("pos")) - start for argument in arguments],
        int(arguments[-1].get("size")) if arguments else 0,
        "_ws.malformed" in protocols,
    )


def _expected(element):
    """What tshark should say of a packet, and what it says where it is wrong, with the fault."""
    begins, at = [], HEADER_SIZE
    for value in element.fields.values():
        begins.append(at)
        at += len(value) + 1
    last = list(element.fields.values())[-1] if element.fields else b""
    right = Seen(element.type, len(element.body), begins, len(last), malformed=False)
    if BY_TYPE[element.type].name == "GET_STATUS":
        return right._replace(begins=[], last=0), UNKNOWN
    if BY_TYPE[element.type].name == "ERROR":
        return right._replace(begins=begins[:-1], malformed=True), TERMINATED
    if element.fields and not last:
        return right._replace(begins=begins[:-1], malformed=True), EMPTY
    if b"\0" in last:
        return right._replace(last=last.index(b"\0")), CUT
    return right, None


def test_wireshark_finds_the_same_types_sizes_and_beginnings_but_for_its_known_faults(dissected):
    assert len(dissected) == len(PACKETS)
    faults = set()
    for packet, seen in zip(PACKETS, dissected, strict=True):
        expected, fault = _expected(packet.values[0])
        if fault in {EMPTY, TERMINATED}:  # what it then takes for the last argument is another
            expected = expected._replace(last=seen.last)
        assert seen == expected, packet.id
        faults.add(fault)
    assert faults - {None} == FAULTS
