"""What is drawn: valid where it should be, and wrong in every way that there is."""

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from gearspec.errors import BadMagic
from gearspec.fuzz.strategy import attacks, chunkings, conversations, packets
from gearspec.protocol.message import LEGAL
from gearspec.protocol.packet import Decoder, Line, Packet, check
from gearspec.protocol.transcript import Note
from gearspec.script.trait import Traits

FIRST = settings(max_examples=500, database=None, derandomize=True, phases=[Phase.generate])
SEARCH = settings(FIRST, max_examples=10_000)


@given(packets())
def test_what_is_drawn_as_well_formed_is(packet):
    assert check(packet) == []


@pytest.mark.parametrize(("magic", "message"), LEGAL)
def test_every_legal_pair_of_magic_and_message_can_be_drawn(magic, message):
    packet = find(packets([message.name], [magic]), lambda _: True)
    assert (packet.magic, packet.name) == (magic, message.name)


@given(conversations(Traits(capabilities=frozenset(), grab="GRAB_JOB_UNIQ")))
def test_a_conversation_has_only_what_the_server_knows(sending):
    names = {piece.what.name for piece in sending.pieces if isinstance(piece.what, Packet)}
    assert not any(isinstance(piece.what, Line) for piece in sending.pieces)
    assert not names & {"ECHO_REQ", "OPTION_REQ", "SUBMIT_JOB_HIGH", "GET_STATUS_UNIQUE", "GRAB_JOB"}


@given(conversations(Traits()))
def test_a_conversation_is_a_stream_of_whole_valid_requests(sending):
    items = Decoder().feed(sending.data)
    assert items == [piece.what for piece in sending.pieces]
    assert all(isinstance(item, Line) or check(item) == [] for item in items)


@given(st.lists(st.integers(1, 100), min_size=1).flatmap(lambda n: st.tuples(st.just(n), chunkings(n))))
def test_cuts_rise_and_lie_inside_of_the_stream(drawn):
    lengths, cuts = drawn
    assert list(cuts) == sorted(set(cuts))
    assert all(0 < cut < sum(lengths) for cut in cuts)


@pytest.mark.parametrize("cut", [1, 4, 11, 12])
def test_a_cut_in_and_after_a_header_is_drawn(cut):
    assert cut in find(chunkings([12, 400]), lambda cuts: cut in cuts, settings=FIRST)


def test_a_short_stream_is_also_sent_byte_by_byte():
    assert find(chunkings([20]), lambda cuts: len(cuts) == 19, settings=FIRST)


def of_packets(holds):
    return lambda sending: any(isinstance(p.what, Packet) and holds(p.what) for p in sending.pieces)


def of_lines(holds):
    return lambda sending: any(isinstance(p.what, Line) and holds(p.what.raw[:-1]) for p in sending.pieces)


def of_kind(kind):
    return of_packets(lambda packet: kind in {violation.kind for violation in check(packet)})


def announced(packet):
    return len(packet.body) if packet.size is None else packet.size


def raw(holds):
    return lambda sending: any(isinstance(p.what, Note) and holds(p.data) for p in sending.pieces)


def unended(sending):
    return bool(Decoder(2**32).feed(sending.data) == [] and sending.data)


WRONG = {
    **{kind: of_kind(kind) for kind in ("BAD_MAGIC", "WRONG_SIZE", "UNKNOWN_TYPE", "UNEXPECTED_DATA")},
    **{kind: of_kind(kind) for kind in ("MISSING_ARGUMENT", "TRAILING_NUL", "EXTRA_ARGUMENT")},
    "HANDLE_TOO_LONG": of_kind("HANDLE_TOO_LONG"),
    "NOT_A_NUMBER": of_kind("NOT_A_NUMBER"),
    "a type of 2 GiB or more": of_packets(lambda packet: packet.type >= 2**31),
    "a type that is known by its last byte": of_packets(
        lambda packet: packet.type & 0xFFFFFF00 and 0 < packet.type % 256 < 5
    ),
    "the largest type": of_packets(lambda packet: packet.type == 2**32 - 1),
    "the largest type with a sign": of_packets(lambda packet: packet.type == 2**31 - 1),
    "the unused type": of_packets(lambda packet: packet.type == 5),
    "a size that is one too small": of_packets(lambda packet: announced(packet) == len(packet.body) - 1),
    "a size that is one too large": of_packets(lambda packet: announced(packet) == len(packet.body) + 1),
    "a size of 2 GiB or more": of_packets(lambda packet: announced(packet) >= 2**31),
    "an argument of 64 bytes": of_packets(lambda packet: max(map(len, packet.arguments), default=0) >= 64),
    "a packet that is not whole": unended,
    "text inside of a packet": raw(lambda data: data[0] == 0 and b"show" in data),
    "a packet inside of text": raw(lambda data: data.startswith(b"s") and b"\0RE" in data),
    "a command in capitals": of_lines(lambda text: text.isupper()),
    "a command with arguments that it does not take": of_lines(
        lambda text: text.lower().startswith(b"version ")
    ),
    "a command between tabs": of_lines(lambda text: b"\t" in text),
    "a line that ends with CR": of_lines(lambda text: text.endswith(b"\r")),
    "several pieces": lambda sending: len(sending.pieces) > 2,
    "cuts": lambda sending: bool(sending.cuts),
    "a connection that stays open": lambda sending: sending.lingers,
    "nothing wrong at all": of_packets(lambda packet: check(packet, "worker") == []),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_way_to_be_wrong_is_drawn(name):
    # Hypothesis learns from the constants of our code, so no fixed number of draws has each of them for ever.
    assert find(attacks(), WRONG[name], settings=SEARCH)


def test_a_bad_magic_is_drawn_that_a_decoder_meets():
    def met(sending):
        decoder = Decoder()
        decoder.feed(sending.data)
        return isinstance(decoder.error, BadMagic)

    assert find(attacks(), met, settings=SEARCH)
