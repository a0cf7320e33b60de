"""Which inputs are known to kill some server, and that they are recognised wherever they stand."""

import pytest
from hypothesis import given

from gearspec.fuzz.hazard import hazards
from gearspec.fuzz.strategy import Piece, Sending, attacks
from gearspec.harness.target import INPUT_CLASSES
from gearspec.protocol.message import BY_NAME, REQ
from gearspec.protocol.packet import Line, Packet, request
from gearspec.protocol.transcript import RAW, Note


def packet(*packets):
    return Sending(tuple(Piece(packet.encode(), packet) for packet in packets))


def raw(data):
    return Sending((Piece(data, Note(RAW, data)),))


def job(function=b"f", unique=b"u", workload=b"w"):
    return request("SUBMIT_JOB", function=function, unique=unique, workload=workload)


def able(function):
    return request("CAN_DO", function=function)


def unable(function):
    return request("CANT_DO", function=function)


@pytest.mark.parametrize(
    ("sending", "expected"),
    [
        (packet(job()), {"SUBMIT_JOB"}),
        (packet(Packet(REQ, 99)), {"unknown-type"}),
        (packet(able(b"f"), unable(b"f")), {"CAN_DO", "CANT_DO"}),
        (packet(able(b"f"), unable(b"g")), {"CAN_DO", "CANT_DO", "cant-do-unregistered"}),
        (
            packet(able(b"f"), request("RESET_ABILITIES"), unable(b"f")),
            {"CAN_DO", "RESET_ABILITIES", "CANT_DO", "cant-do-unregistered"},
        ),
        (packet(job(function=b"")), {"SUBMIT_JOB", "odd-name"}),
        (packet(job(unique=b"a\nb")), {"SUBMIT_JOB", "odd-name"}),
        (packet(Packet(REQ, 7)), {"SUBMIT_JOB", "odd-name"}),
        (packet(Packet(REQ, 2**31)), {"unknown-type", "huge-type"}),
        (packet(Packet(REQ, 2**31 - 1)), {"unknown-type"}),
        (packet(Packet(REQ, 16, b"", 2**31)), {"ECHO_REQ", "huge-size"}),
        (packet(Packet(REQ, 16, b"", 2**31 - 1)), {"ECHO_REQ"}),
        (packet(job(unique=b"a" * 50)), {"SUBMIT_JOB", "long-argument"}),
        (packet(job(unique=b"a" * 49, workload=b"a" * 100)), {"SUBMIT_JOB"}),
        (packet(Packet(REQ, 7, b"a" * 50)), {"SUBMIT_JOB", "long-argument"}),
        (packet(request("GET_STATUS", handle=b"a" * 50)), {"GET_STATUS", "long-argument"}),
        (packet(request("ECHO_REQ", data=b"a" * 64)), {"ECHO_REQ"}),
        (packet(request("CAN_DO", function=b"a" * 50)), {"CAN_DO", "long-argument"}),
        (packet(Packet(b"\0REX", 9)), {"GRAB_JOB", "bad-magic"}),
        (raw(b"\0x"), {"bad-magic"}),
        (raw(b"a\0x\n"), {"text"}),
        (raw(b"create  function \r\n"), {"text", "create-function-empty"}),
        (raw(b"create\0x function\0y \n"), {"text", "create-function-empty"}),
        (raw(b"create function f\n"), {"text"}),
        (raw(b"status\n"), {"text"}),
    ],
)
def test_an_input_belongs_to_its_classes(sending, expected):
    assert hazards(sending) == expected


def test_what_lies_inside_of_something_else_counts_as_well():
    inner = request("GRAB_JOB_ALL").encode()
    assert "GRAB_JOB_ALL" in hazards(packet(job(workload=inner)))
    assert "GRAB_JOB_ALL" in hazards(Sending((Piece(b"x" + inner, Line(b"x" + inner)),)))
    assert "GRAB_JOB_ALL" not in hazards(raw(inner[:11]))


def test_a_header_counts_that_is_seen_only_by_who_believes_a_size_and_no_magic():
    short = job()._replace(size=len(job().body) - 1)
    sending = packet(short._replace(body=b"f\0u\0\0"), Packet(REQ, 255))
    assert hazards(packet(short)) == {"SUBMIT_JOB", "text"}
    assert {"huge-size", "bad-magic"} <= hazards(sending)


@given(attacks())
def test_every_class_is_one_that_a_target_file_may_name(sending):
    assert hazards(sending) <= INPUT_CLASSES.keys() | BY_NAME.keys()
