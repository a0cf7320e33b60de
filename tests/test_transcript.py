from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gearspec.protocol.message import REQ, RES
from gearspec.protocol.packet import Line, Packet, request, response
from gearspec.protocol.transcript import (
    CLOSE,
    OPEN,
    RAW,
    SHOWN,
    Note,
    Speech,
    Transcript,
    describe,
    printable,
    repr_bytes,
)

PACKETS = st.builds(
    Packet, st.sampled_from([REQ, RES, b"\0XX\n"]), st.integers(0, 50), st.binary(max_size=300), st.none()
)
WHATS = (
    PACKETS
    | st.builds(Line, st.binary(max_size=300))
    | st.builds(Note, st.just(RAW), st.binary(max_size=300))
)


def is_plain(text):
    return all(" " <= character <= "~" or character == "\n" for character in text)


@given(st.binary(max_size=300))
def test_printable_never_emits_a_control_character(value):
    text = printable(value)
    assert is_plain(text)
    assert "\n" not in text


@given(st.binary(max_size=SHOWN))
@example(b"\\0")
@example(b"\x001")
def test_printable_loses_nothing_of_a_short_value(value):
    # Python would read a digit after it as part of the number; and behind two backslashes it is a digit.
    escapes = re.sub(r"\\(.)", lambda found: r"\x00" if found[1] == "0" else found[0], printable(value))
    assert escapes.encode("ascii").decode("unicode_escape").encode("latin-1") == value


def test_a_long_value_is_cut_with_a_word_on_its_length():
    assert printable(b"a" * 65) == "a" * 64 + "... (65 bytes)"
    assert printable(b"a" * 64) == "a" * 64
    assert printable(b"abc", limit=2) == "ab... (3 bytes)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\x1b[31m", "\\x1b[31m"),
        (b"\0REQ", "\\0REQ"),
        (b"a\r\n\tb", "a\\r\\n\\tb"),
        (b"\\", "\\\\"),
        (b"\xc3\xa9\x7f", "\\xc3\\xa9\\x7f"),
    ],
)
def test_bytes_that_steer_a_terminal_are_escaped(value, text):
    assert printable(value) == text
    assert repr_bytes(value) == f"'{text}'"


@given(WHATS)
def test_an_event_is_described_in_one_plain_line(what):
    text = describe(what)
    assert is_plain(text)
    assert "\n" not in text
    assert len(text) < 3000


@given(st.lists(WHATS, max_size=5), st.booleans())
def test_a_transcript_is_rendered_in_plain_ascii(whats, hexadecimal):
    transcript = Transcript()
    for at, what in enumerate(whats):
        transcript.add(float(at), "client", "server", what)
    assert is_plain(transcript.render(hexadecimal=hexadecimal))


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (
            request("SUBMIT_JOB", function=b"f", unique=b"", workload=b"\0"),
            r"SUBMIT_JOB function='f' unique='' workload='\0'",
        ),
        (response("NOOP"), "NOOP"),
        (Packet(REQ, 7, b"f\0u"), "SUBMIT_JOB function='f' unique='u' (workload missing)"),
        (Packet(RES, 6, b"abc"), "NOOP with 3 bytes of data"),
        (Packet(REQ, 16, b"abc", 9), "ECHO_REQ data='abc' (size says 9, there are 3)"),
        (Packet(REQ, 99, b"abc"), r"TYPE_99 data='abc' magic=\0REQ"),
        (Packet(RES, 1, b"f"), r"CAN_DO function='f' magic=\0RES"),
        (Line(b"status\r\n"), r"TEXT 'status\r\n'"),
        (Note(OPEN), "OPEN"),
        (Note(RAW, b"abc"), "RAW 3 bytes"),
    ],
)
def test_what_is_described_and_what_is_wrong_with_it(what, text):
    assert describe(what) == text


def test_events_are_rendered_in_the_order_of_their_times_with_names_for_values():
    transcript = Transcript()
    transcript.add(0.0125, "server", "client", response("JOB_CREATED", handle=b"H:lap:1"))
    transcript.add(0.002, "client", "server", Note(CLOSE))
    assert transcript.render({b"H:lap:1": "$job"}, hexadecimal=False).splitlines() == [
        "      2.0 ms  client -> server: CLOSE",
        "     12.5 ms  server -> client: JOB_CREATED handle=$job",
    ]


def test_the_bytes_stand_under_each_packet_and_a_long_one_is_cut():
    transcript = Transcript()
    transcript.add(0.0, "client", "server", request("ECHO_REQ", data=b"x" * 200))
    head, *rows = transcript.render().splitlines()
    assert head.endswith("(200 bytes)'")
    assert rows[0].split("  ")[-1] == ".REQ........xxxx"
    assert "00 52 45 51 00 00 00 10 00 00 00 c8" in rows[0]
    assert len(rows) == 9
    assert rows[-1].strip() == "... 84 more bytes"


def test_what_a_library_tells_its_user_is_shown_to_its_end():
    transcript = Transcript()
    error = b"mylib_do(LOST) " + b"x" * 100 + b": nobody answers"
    transcript.add(0.0, "client", "user", Speech("reports", "error", (("text", error),)))
    assert transcript.render().endswith(": nobody answers'")
    assert describe(transcript.events[0].what).endswith("... (131 bytes)'")


def test_of_a_long_conversation_the_beginning_and_the_end_are_rendered():
    transcript = Transcript()
    for n in range(10):
        transcript.add(n, "client", "server", request("ECHO_REQ", data=b"%d" % n))
    lines = transcript.render(hexadecimal=False, most=4).splitlines()
    assert [line[-2:-1] for line in lines if "ECHO_REQ" in line] == ["0", "1", "8", "9"]
    assert lines[2] == "... 6 more events ..."
    assert transcript.render(hexadecimal=False, most=10).count("ECHO_REQ") == 10
    assert transcript.render(hexadecimal=False).count("ECHO_REQ") == 10
