"""The bytes of a sent line, and the ways in which a case is played."""

import pytest

from gearspec.script.case import Message
from gearspec.script.encode import Variant, cuts, encode, variants
from gearspec.script.load import parse_cases

HEAD = """\
- id: one
  title: One thing
  clauses: [echo-answered]
  under-test: [server]
  script:
"""
TAIL = """\
  - client -> server: ECHO_REQ
  - server -> client: ECHO_RES
    clause: echo-answered
"""


def case_of(lines):
    return parse_cases(HEAD + lines + TAIL, "a.gear.yaml")[0]


def line_of(lines):
    step = case_of(lines).steps[0]
    assert isinstance(step, Message)
    return step


@pytest.mark.parametrize(
    ("line", "data"),
    [
        ("client -> server: ECHO_REQ", "00524551 00000010 00000000"),
        ("client -> server: ECHO_REQ\n    data: hi", "00524551 00000010 00000002 6869"),
        ("client -> server: GET_STATUS\n    handle: $job", "00524551 0000000f 00000003 483a31"),
        (
            "client -> server: SUBMIT_JOB\n    function: f\n    workload: w",
            "00524551 00000007 00000004 66000077",
        ),
        ("worker -> server: WORK_STATUS\n    handle: h", "00524551 0000000c 00000005 6800300030"),
        ("worker -> server: CAN_DO\n    args: [f, g]", "00524551 00000001 00000003 660067"),
        ("worker -> server: CAN_DO\n    args: []", "00524551 00000001 00000000"),
        ("client -> server: ECHO_REQ\n    frame: {size: +1}", "00524551 00000010 00000001"),
        (
            "client -> server: ECHO_REQ\n    data: abc\n    frame: {size: -1}",
            "00524551 00000010 00000002 616263",
        ),
        ("client -> server: ECHO_REQ\n    frame: {size: -1}", "00524551 00000010 ffffffff"),
        ("client -> server: ECHO_REQ\n    frame: {size: 4294967295}", "00524551 00000010 ffffffff"),
        ("client -> server: ECHO_REQ\n    frame: {type: 99}", "00524551 00000063 00000000"),
        ("client -> server: ECHO_REQ\n    frame: {magic: 00524553}", "00524553 00000010 00000000"),
        ("client -> server: ECHO_REQ\n    times: 2", "00524551 00000010 00000000 00524551 00000010 00000000"),
        ("client -> server: RAW\n    hex: 00 52", "0052"),
        ("admin -> server: TEXT\n    line: status", "7374617475730a"),
        ('admin -> server: TEXT\n    line: "status\\r"', "7374617475730d0a"),
    ],
)
def test_a_line_is_the_bytes_that_it_says(line, data):
    encoded, what = encode(line_of(f"  - {line}\n"), {"job": b"H:1"}, 0)
    assert encoded == bytes.fromhex(data)
    assert (
        b"".join(getattr(item, "raw", None) or getattr(item, "data", b"") or item.encode() for item in what)
        == encoded
    )


def test_a_clock_is_rendered_when_it_is_sent():
    line = line_of("  - client -> server: SUBMIT_JOB_EPOCH\n    function: f\n    epoch: {clock: +2}\n")
    assert encode(line, {}, 1000.7)[0].endswith(b"f\0\x001002\0")


def test_a_case_without_a_choice_is_played_once():
    assert variants(case_of("").steps, "server") == [Variant()]


def test_every_choice_and_every_cut_is_a_variant():
    lines = """\
  - either:
    - as: pass
      script:
      - client -> server: ECHO_REQ
    - as: pass
      script:
      - client -> server: ECHO_REQ
  - client -> server: ECHO_REQ
    data: abc
    split: anywhere
"""
    found = variants(case_of(lines).steps, "server")
    assert len(found) == 2 * 14
    assert {variant.cut for variant in found} == set(range(1, 15))
    assert {variant.choices for variant in found} == {((6, 0),), ((6, 1),)}


@pytest.mark.parametrize(
    ("split", "offsets"),
    [("[1, 5]", (1, 5)), ("[5, 50]", (5,)), ("each-byte", tuple(range(1, 12))), ("anywhere", (3,))],
)
def test_a_packet_is_cut_where_its_line_says(split, offsets):
    line = line_of(f"  - client -> server: ECHO_REQ\n    split: {split}\n")
    assert cuts(line, Variant(cut=3), 12) == offsets
