from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.decode import decode_bytes, decode_capture, decode_file, decode_hex
from gearspec.errors import AuthorError, UsageError
from gearspec.protocol.packet import Line, Packet, request, response
from gearspec.protocol.transcript import OPEN, Note, Transcript
from gearspec.vector import load_vectors

SUBMIT = request("SUBMIT_JOB", function=b"reverse", unique=b"", workload=b"test")
LISTED = "     0  REQ SUBMIT_JOB function='reverse' unique='' workload='test'"


def is_plain(text):
    return all(" " <= character <= "~" or character == "\n" for character in text)


@pytest.fixture
def capture(tmp_path):
    """A capture of one client that is answered with a packet that has two defects."""
    layer = pytest.importorskip("gearspec.protocol.layer", reason="captures need scapy")
    transcript = Transcript()
    transcript.add(0.0, "client", "server", Note(OPEN))
    transcript.add(0.001, "client", "server", SUBMIT)
    transcript.add(0.002, "server", "client", Packet(b"\0REQ", 14, b"H:lap:1\0"))
    transcript.add(0.003, "client", "server", Note("RAW", b"\0RE\x1b"))
    layer.write_pcap(transcript, tmp_path / "some.pcap")
    return tmp_path / "some.pcap"


@pytest.mark.parametrize("separator", ["", " ", "\n", ":", ", ", " 0x", "\\x"])
def test_hexadecimal_is_read_with_the_usual_separators(separator):
    assert decode_hex(separator.join(["", *(f"{byte:02X}" for byte in SUBMIT.encode())])) == LISTED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("00 52 45 51 \u00e9", "'\\xc3\\xa9' is no hexadecimal digit"),
        ("status", "'s' is no hexadecimal digit"),
        ("\x1b[31m", "'\\x1b' is no hexadecimal digit"),
        ("00 5", "3 hexadecimal digits"),
        ("", "no bytes"),
        (" \n", "no bytes"),
    ],
)
def test_rubbish_is_an_error_of_its_author_in_one_plain_line(text, words):
    with pytest.raises(UsageError) as caught:
        decode_hex(text)
    assert isinstance(caught.value, AuthorError)
    assert words in str(caught.value)
    assert is_plain(str(caught.value))


def test_each_item_stands_on_a_line_with_its_offset_and_each_defect_under_it():
    data = (
        SUBMIT.encode()
        + b"status\r\n"
        + Packet(b"\0RES", 14, b"H:1\0").encode()
        + Packet(b"\0REQ", 99).encode()
    )
    assert decode_bytes(data).splitlines() == [
        LISTED,
        "    25  TEXT 'status\\r\\n'",
        "    33  RES WORK_FAIL handle='H:1\\0'",
        "        ! TRAILING_NUL: handle of WORK_FAIL ends with a NUL",
        "    49  REQ TYPE_99 magic=\\0REQ",
        "        ! UNKNOWN_TYPE: no message has type 99",
    ]


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (b"\0RE", "in mid-packet: 3 bytes came, 9 are missing"),
        (b"\0REQ\0\0\0\x10\x80\0\0\0", "in mid-packet: 12 bytes came, 2147483648 are missing"),
        (b"\0XX", "magic is b'\\x00XX', neither"),
        (b"stat", "in mid-packet: 4 bytes came, 1 are missing"),
    ],
)
def test_what_is_left_is_shown_with_the_reason(rest, words):
    *_, left, reason = decode_bytes(SUBMIT.encode() + rest).splitlines()
    assert left.startswith(f"    25  {len(rest)} bytes left: ")
    assert reason.startswith("        ! ")
    assert words in reason


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_listed_in_plain_ascii(data):
    assert is_plain(decode_bytes(data))


@pytest.mark.parametrize("vector", load_vectors(), ids=lambda vector: vector.id)
def test_a_vector_is_listed_with_its_violations(vector):
    listing = decode_hex(vector.data.hex())
    told = [line.split(":")[0].removeprefix("        ! ") for line in listing.splitlines() if "  ! " in line]
    expected = [kind for element in vector.elements for kind in element.violations]
    assert told[: len(expected)] == expected
    assert len(told) == len(expected) + bool(vector.rest)


def test_a_capture_is_listed_with_parties_and_judged_by_who_sent_it(capture):
    lines = decode_capture(capture).splitlines()
    assert [line.partition(" ms  ")[2] for line in lines if " ms  " in line] == [
        "198.18.0.1:40001 -> server: OPEN",
        "198.18.0.1:40001 -> server: REQ SUBMIT_JOB function='reverse' unique='' workload='test'",
        "server -> 198.18.0.1:40001: REQ WORK_FAIL handle='H:lap:1\\0'",
        "198.18.0.1:40001 -> server: RAW 4 bytes: \\0RE\\x1b",
    ]
    assert [line.split(":")[0].strip() for line in lines if "  ! " in line] == [
        "! WRONG_MAGIC",
        "! TRAILING_NUL",
    ]


def test_a_file_is_a_capture_when_it_begins_like_one_and_else_its_bytes(capture, tmp_path):
    assert decode_file(capture) == decode_capture(capture)
    (tmp_path / "raw").write_bytes(SUBMIT.encode())
    assert decode_file(tmp_path / "raw") == LISTED


def test_a_file_that_is_not_there_or_empty_is_an_error_of_usage(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        decode_file(tmp_path / "none")
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="no bytes"):
        decode_file(tmp_path / "empty")


def test_a_capture_without_the_port_says_which_to_name(capture):
    with pytest.raises(UsageError, match="no TCP segment to or from port 7003; name the port"):
        decode_capture(capture, port=7003)


def test_without_scapy_a_capture_is_an_error_of_usage_that_says_what_to_install(capture, monkeypatch):
    monkeypatch.setitem(sys.modules, "gearspec.protocol.layer", None)
    monkeypatch.delattr("gearspec.protocol.layer")
    with pytest.raises(UsageError, match=r"install gearspec\[scapy\]"):
        decode_capture(capture)


def test_a_line_and_an_answer_of_a_sound_peer_have_no_defect():
    data = Line(b"OK\r\n").raw + response("NOOP").encode()
    assert decode_bytes(data).splitlines() == ["     0  TEXT 'OK\\r\\n'", "     4  RES NOOP"]
