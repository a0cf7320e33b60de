"""What is told of bytes agrees with how packets are judged, and with the bytes."""

import re

import pytest

from gearspec.page.anatomy import arguments, runs
from gearspec.protocol.message import BY_NAME, MESSAGES
from gearspec.protocol.packet import Packet, check
from gearspec.vector import load_vectors

VECTORS = {one.id: one for one in load_vectors()}
SAMPLE = {"minute": b"0", "hour": b"0", "day": b"1", "month": b"1", "weekday": b"0"}
SAMPLE |= dict.fromkeys(("known", "running", "numerator", "denominator", "timeout", "epoch", "waiting"), b"1")


def kinds(message, name, value):
    """What is wrong with a message in which one argument has a value."""
    values = [value if one == name else SAMPLE.get(one, b"x") for one in message.arguments]
    return [one.kind for one in check(Packet(message.magics[0], message.type, b"\0".join(values)))]


def told(message, name):
    return next(one for one in arguments(message) if one.name == name)


ALL = [(message, name) for message in MESSAGES for name in message.arguments]


@pytest.mark.parametrize(("message", "name"), ALL, ids=[f"{one.name} {name}" for one, name in ALL])
def test_the_encoding_of_an_argument_is_the_one_that_it_is_judged_by(message, name):
    encoding = told(message, name).encoding
    assert kinds(message, name, SAMPLE.get(name, b"x")) == []
    assert ("digits" in encoding or encoding == "0 or 1") == bool(kinds(message, name, b"x"))
    assert (encoding == "0 or 1") == ("NOT_A_BOOLEAN" in kinds(message, name, b"2"))
    for low, high in re.findall(r"(\d+) to (\d+)", encoding):
        assert kinds(message, name, low.encode()) == kinds(message, name, high.encode()) == []
        assert kinds(message, name, b"%d" % (int(high) + 1)) == ["OUT_OF_RANGE"]
    for most in re.findall(r"at most (\d+)", encoding):
        assert kinds(message, name, b"h" * int(most)) == []
        assert kinds(message, name, b"h" * (int(most) + 1)) == ["HANDLE_TOO_LONG"]
    if "at most" not in encoding:
        assert "HANDLE_TOO_LONG" not in kinds(message, name, b"9" * 64)
    if name == message.arguments[-1]:
        assert ("NUL among them" in encoding) == (kinds(message, name, b"1\0x") == [])


def test_only_the_last_argument_has_no_nul_after_it():
    first, *_, last = arguments(BY_NAME["SUBMIT_JOB"])
    assert first.end == "a NUL comes after it"
    assert last.end == "it ends with the packet"


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS.values() if len(one.data) < 64], ids=lambda one: one.id
)
def test_the_runs_of_a_vector_are_its_bytes(vector):
    assert b"".join(bytes.fromhex(run.bytes) for run in runs(vector)) == vector.data


def test_a_long_run_is_cut_with_a_word_on_its_length():
    (run,) = [run for run in runs(VECTORS["submit-job-every-byte"]) if run.part == "workload"]
    assert run.bytes.endswith(" ... (256 bytes)")
    assert len(run.bytes) < 256


def test_what_is_not_complete_is_told_as_the_rest():
    parts = [run.part for run in runs(VECTORS["size-short-by-one"])]
    assert parts == ["magic", "type", "size", "data", "rest"]
