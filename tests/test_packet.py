from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.errors import BadMagic, LineTooLong, PacketTooLarge, Truncated, WireError
from gearspec.protocol.message import BY_NAME, LEGAL, MESSAGES, REQ, RES
from gearspec.protocol.packet import (
    MAX_LINE,
    VIOLATIONS,
    Decoder,
    Line,
    Packet,
    Violation,
    build,
    check,
    request,
    response,
)
from gearspec.vector import load_vectors

TYPES = st.integers(0, 50) | st.integers(0, 2**32 - 1)
PACKETS = st.builds(Packet, st.sampled_from([REQ, RES]), TYPES, st.binary(max_size=80), st.none())
LINES = st.binary(max_size=20).map(lambda data: Line(b"x" + data.replace(b"\n", b"") + b"\n"))
ITEMS = st.lists(PACKETS | LINES, max_size=6)
VECTORS = [pytest.param(vector, id=vector.id) for vector in load_vectors()]


def raw(items):
    return b"".join(item.encode() if isinstance(item, Packet) else item.raw for item in items)


def pieces(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def decode(chunks, max_size=2**32 - 1):
    decoder = Decoder(max_size)
    return [item for chunk in chunks for item in decoder.feed(chunk)], decoder


def kinds(packet, sender=None):
    return [violation.kind for violation in check(packet, sender)]


@given(ITEMS)
def test_what_was_encoded_is_decoded_as_it_was(items):
    assert decode([raw(items)])[0] == items


@given(ITEMS, st.lists(st.integers(0, 1000), max_size=8))
def test_any_chunking_decodes_identically(items, cuts):
    assert decode(pieces(raw(items), cuts))[0] == items


@given(
    st.binary(max_size=200) | ITEMS.map(raw), st.lists(st.integers(0, 1000), max_size=8), st.integers(0, 100)
)
def test_any_chunking_of_any_bytes_comes_to_the_same_items_and_the_same_fault(data, cuts, limit):
    whole, first = decode([data], limit)
    parts, second = decode(pieces(data, cuts), limit)
    assert parts == whole
    assert type(first.error) is type(second.error)


@given(st.binary(max_size=300))
def test_only_documented_faults_are_left_behind_and_none_is_raised_by_feed(data):
    _, decoder = decode([data])
    assert decoder.error is None or isinstance(decoder.error, BadMagic | PacketTooLarge | LineTooLong)
    if not decoder.error and decoder.rest:
        with pytest.raises(Truncated):
            decoder.eof()
    else:
        decoder.eof()


@given(st.binary(max_size=300))
def test_items_and_rest_are_the_whole_stream(data):
    items, decoder = decode([data])
    assert raw(items) + decoder.rest == data


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_decodes_to_its_packets_at_once_and_byte_by_byte(vector):
    for chunks in ([vector.data], [bytes([byte]) for byte in vector.data]):
        items, decoder = decode(chunks)
        assert [raw([item]) for item in items] == [element.raw for element in vector.elements]
        assert vector.rest.startswith(decoder.rest)
        assert (decoder.error is not None) == bool(vector.violations)
        for item, element in zip(items, vector.elements, strict=True):
            assert isinstance(item, Line) == element.is_line
            assert element.is_line or item.fields == element.fields


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_is_judged_as_its_author_judged_it(vector):
    items, decoder = decode([vector.data])
    for item, element in zip(items, vector.elements, strict=True):
        if isinstance(item, Packet):
            assert kinds(item) == list(element.violations)
    if vector.violations:
        assert isinstance(decoder.error, BadMagic)
    elif vector.rest:
        with pytest.raises(Truncated):
            decoder.eof()


def test_a_size_past_the_limit_is_refused_at_its_header_and_nothing_of_it_kept():
    decoder = Decoder(max_size=1000)
    header = Packet(REQ, 16, b"", size=1001).encode()
    assert decoder.feed(header) == []
    assert isinstance(decoder.error, PacketTooLarge)
    assert (decoder.error.size, decoder.error.limit) == (1001, 1000)
    assert decoder.feed(b"x" * 1001) == []
    assert decoder.rest == header


def test_a_size_of_the_limit_is_accepted():
    packet = Packet(REQ, 16, b"x" * 1000)
    assert decode([packet.encode()], max_size=1000)[0] == [packet]


def test_a_packet_past_the_limit_is_refused_also_in_one_piece():
    items, decoder = decode([Packet(REQ, 16, b"x" * 1001).encode()], max_size=1000)
    assert items == []
    assert isinstance(decoder.error, PacketTooLarge)


def test_an_announced_size_costs_no_memory_before_its_bytes_come():
    tracemalloc.start()
    try:
        decode([Packet(REQ, 16, b"", size=2**32 - 1).encode(), b"x" * 1000])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_a_packet_in_many_pieces_is_kept_once_and_joined_once():
    body = b"x" * 1_000_000
    data = Packet(REQ, 16, body).encode()
    tracemalloc.start()
    try:
        items, _ = decode([data[start : start + 1000] for start in range(0, len(data), 1000)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert items[0].body == body
    assert peak < 5 * len(body)


@pytest.mark.parametrize("count", range(1, 4))
def test_a_bad_magic_is_told_at_the_first_byte_that_shows_it(count):
    bad = b"\0RE"[:count] + b"!"
    _, decoder = decode([bytes([byte]) for byte in bad])
    assert isinstance(decoder.error, BadMagic)


def test_nothing_is_decoded_after_a_fault():
    decoder = Decoder()
    assert decoder.feed(request("GRAB_JOB").encode() + b"\0XXX") == [request("GRAB_JOB")]
    assert decoder.feed(request("GRAB_JOB").encode()) == []
    decoder.eof()


def test_a_line_without_an_end_is_refused_at_its_longest():
    _, decoder = decode([b"x" * (MAX_LINE - 1)])
    assert decoder.error is None
    decoder.feed(b"x")
    assert isinstance(decoder.error, LineTooLong)


def test_a_line_of_the_longest_length_is_taken():
    line = b"x" * (MAX_LINE - 1) + b"\n"
    assert decode([line[:-1], b"\n"])[0] == [Line(line)]


@pytest.mark.parametrize(
    ("ending", "text"), [(b"\n", b"status"), (b"\r\n", b"status"), (b"\r\r\n", b"status\r")]
)
def test_the_text_of_a_line_is_without_its_ending(ending, text):
    assert Line(b"status" + ending).text == text


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (b"\0", 11),
        (b"\0REQ", 8),
        (b"\0REQ\0\0\0\x10\0\0\0", 1),
        (b"\0REQ\0\0\0\x10\0\0\0\x05ab", 3),
        (b"stat", 1),
    ],
)
def test_the_end_of_a_stream_says_how_many_bytes_are_missing(data, missing):
    _, decoder = decode([data])
    with pytest.raises(Truncated) as caught:
        decoder.eof()
    assert (caught.value.rest, caught.value.missing) == (data, missing)


def test_a_packet_may_lie_about_its_size():
    packet = Packet(REQ, 16, b"abc", size=2**32 - 1)
    assert packet.encode() == b"\0REQ\0\0\0\x10\xff\xff\xff\xffabc"
    assert kinds(packet) == ["WRONG_SIZE"]


@pytest.mark.parametrize(("magic", "message"), LEGAL, ids=lambda value: getattr(value, "name", ""))
def test_a_packet_built_from_names_has_these_fields_and_no_defect(magic, message):
    fields = dict.fromkeys(message.arguments, b"1")
    packet = build(magic, message.name, **fields)
    assert (packet.fields, packet.name, check(packet)) == (fields, message.name, [])


@given(st.sampled_from(MESSAGES), st.data())
def test_an_opaque_argument_may_hold_any_bytes(message, data):
    if message.opaque:
        fields = dict.fromkeys(message.arguments, b"1") | {message.arguments[-1]: data.draw(st.binary())}
        assert build(message.magics[0], message.name, **fields).fields == fields


def test_a_packet_is_not_built_with_an_argument_missing_or_too_many():
    with pytest.raises(TypeError, match="workload"):
        request("SUBMIT_JOB", function=b"f", unique=b"")
    with pytest.raises(TypeError, match="GRAB_JOB"):
        request("GRAB_JOB", handle=b"h")


def test_an_unknown_type_has_a_name_and_one_argument():
    packet = Packet(REQ, 99, b"a\0b")
    assert (packet.name, packet.arguments, packet.fields, packet.message) == ("TYPE_99", (b"a\0b",), {}, None)


@given(
    PACKETS
    | st.builds(
        Packet, st.binary(min_size=4, max_size=4), st.integers(0, 60), st.binary(), st.integers(0, 99)
    )
)
def test_any_packet_is_judged_and_never_by_a_kind_without_an_explanation(packet):
    assert all(isinstance(found, Violation) and found.kind in VIOLATIONS for found in check(packet))


def test_a_magic_that_is_none_is_the_only_thing_said():
    assert kinds(Packet(b"\0REX", 99, b"", 5)) == ["BAD_MAGIC"]


@pytest.mark.parametrize(
    ("packet", "sender", "right"),
    [
        (request("CAN_DO", function=b"f"), "worker", True),
        (request("CAN_DO", function=b"f"), "client", False),
        (request("CAN_DO", function=b"f"), "server", False),
        (request("SUBMIT_JOB", function=b"f", unique=b"", workload=b""), "worker", False),
        (request("ECHO_REQ", data=b""), "client", True),
        (request("WORK_FAIL", handle=b"h"), "worker", True),
        (request("WORK_FAIL", handle=b"h"), "server", False),
        (response("WORK_FAIL", handle=b"h"), "server", True),
        (response("WORK_FAIL", handle=b"h"), "worker", False),
        (response("NOOP"), "client", False),
    ],
)
def test_a_magic_is_judged_by_who_sent_it(packet, sender, right):
    assert kinds(packet, sender) == ([] if right else ["WRONG_MAGIC"])


def test_the_words_of_a_violation_are_bounded():
    packet = response(
        "STATUS_RES", handle=b"h", known=b"x" * 9999, running=b"0", numerator=b"0", denominator=b"0"
    )
    (found,) = check(packet)
    assert found.message.endswith("xxx'...")
    assert len(found.message) < 100


def test_every_kind_of_violation_but_the_lying_size_has_a_vector():
    vectors = [parameter.values[0] for parameter in VECTORS]
    elements = [element for vector in vectors for element in vector.elements]
    assert set(VIOLATIONS) - {kind for found in vectors + elements for kind in found.violations} == {
        "WRONG_SIZE"
    }


def test_every_wire_error_is_one_of_the_documented_tree():
    assert {error.__name__ for error in WireError.__subclasses__()} == {
        "PacketTooLarge",
        "LineTooLong",
        "BadMagic",
        "Truncated",
    }


def test_the_names_of_the_table_are_those_that_build_takes():
    assert all(
        build(message.magics[0], name, **dict.fromkeys(message.arguments, b"")).name == name
        for name, message in BY_NAME.items()
    )
