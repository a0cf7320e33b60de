"""Lines that say what was drawn send exactly that."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from gearspec.fuzz.line import lines
from gearspec.fuzz.strategy import Piece, Sending, attacks, pieces
from gearspec.protocol.message import LEGAL, REQ, RES
from gearspec.protocol.packet import Line, Packet, request
from gearspec.protocol.transcript import RAW, Note
from gearspec.script.encode import Variant, cuts, encode, writes

MAGICS = {"server": RES, "client": REQ}


def sent(found):
    """The writes of some lines, and what they are."""
    held, out, told = (), [], []
    for line in found:
        data, what = encode(line, {}, 0, MAGICS[line.sender])
        held = writes(held, data, cuts(line, Variant(), len(data)))
        told += what
        if not line.join:
            out += held
            held = ()
    assert held == (), "the last line holds nothing back"
    return out, told


def parts(sending):
    places = [0, *sending.cuts, len(sending.data)]
    return [sending.data[start:stop] for start, stop in pairwise(places)]


@given(attacks())
@example(Sending((Piece(b"x", Note(RAW, b"x")), Piece(b"\n", Line(b"\n"))), cuts=(1,)))
def test_an_attack_is_sent_byte_for_byte_and_write_for_write(sending):
    assert sent(lines(sending, "client", "server"))[0] == parts(sending)


@given(st.lists(pieces([pair for pair in LEGAL if pair[0] == RES]), min_size=1, max_size=3))
def test_so_is_what_a_server_sends(some):
    sending = Sending(tuple(some))
    assert sent(lines(sending, "server", "client"))[0] == [sending.data]


@given(attacks())
def test_the_transcript_shows_the_pieces_as_they_were_drawn(sending):
    def told(what):
        size = what.size if isinstance(what, Packet) else None
        return what._replace(size=None) if size == len(getattr(what, "body", b"")) else what

    drawn = [told(piece.what) for piece in sending.pieces]
    assert [told(what) for what in sent(lines(sending, "client", "server"))[1]] == drawn


def test_a_line_says_as_much_in_words_as_it_can():
    whats = [
        request("CAN_DO", function=b"f"),
        Packet(REQ, 7, b"f", 3),
        Packet(RES, 99, b"a\0b"),
        Packet(REQ, 9, b"x"),
        Line(b"status\n"),
        Note(RAW, b"\0R"),
    ]
    datas = [what.encode() if isinstance(what, Packet) else bytes(what[-1]) for what in whats]
    sending = Sending(tuple(Piece(data, what) for data, what in zip(datas, whats, strict=True)))
    found = lines(sending, "client", "server")
    assert [line.what for line in found] == ["CAN_DO", "SUBMIT_JOB", "ECHO_REQ", "GRAB_JOB", "TEXT", "RAW"]
    assert (found[1].frame.size, len(found[1].args)) == ("3", 1)
    assert (found[2].frame.type, found[2].frame.magic) == (99, RES)
