"""What is known of one connection."""

import pytest

from gearspec.protocol.packet import Line, request, response
from gearspec.script.action import Sign
from gearspec.script.link import Link

STATUS = response("STATUS_RES", handle=b"h", known=b"0", running=b"0", numerator=b"", denominator=b"")


def link(sent=b"", **state):
    made = Link("client")
    made.sent.feed(sent)
    for name, value in state.items():
        setattr(made, name, value)
    return made


WHOLE = request("ECHO_REQ", data=b"x").encode()


@pytest.mark.parametrize("sent", [b"", WHOLE, WHOLE + b"status\n", b"status\n" + WHOLE])
def test_what_ends_at_the_end_of_a_packet_or_line_is_whole(sent):
    assert link(sent).whole
    assert link(sent).fenceable


@pytest.mark.parametrize("sent", [WHOLE[:5], WHOLE[:-1], WHOLE + b"stat", b"\0REX"])
def test_what_ends_in_the_middle_or_is_no_packet_is_not(sent):
    assert not link(sent).whole
    assert not link(sent).fenceable


def test_a_size_that_lies_leaves_a_connection_in_mid_packet_however_large_it_is():
    assert not link(request("NOOP")._replace(size=2**32 - 1).encode()).whole


@pytest.mark.parametrize("state", [{"open": False}, {"talking": False}, {"held": b"x"}])
def test_a_connection_that_cannot_be_asked_is_not_fenceable(state):
    assert link(WHOLE, **state).whole
    assert not link(WHOLE, **state).fenceable


@pytest.mark.parametrize(
    ("last", "answer"),
    [
        ("SUBMIT_JOB", response("JOB_CREATED", handle=b"h")),
        ("SUBMIT_JOB_LOW_BG", response("JOB_CREATED", handle=b"h")),
        ("ECHO_REQ", response("ECHO_RES", data=b"x")),
        ("GET_STATUS", STATUS),
        ("GRAB_JOB", response("NO_JOB")),
        ("GRAB_JOB", response("JOB_ASSIGN", handle=b"h", function=b"f", workload=b"")),
    ],
)
def test_the_answer_to_the_last_request_is_as_good_as_a_fence(last, answer):
    asked = link(last=last, acted=True)
    asked.took(answer)
    assert not asked.acted


@pytest.mark.parametrize(
    ("last", "other"),
    [
        ("ECHO_REQ", response("NOOP")),
        ("PRE_SLEEP", response("NOOP")),
        ("CAN_DO", response("JOB_CREATED", handle=b"h")),
        ("GRAB_JOB", response("NOOP")),
        ("", Line(b"OK\n")),
        ("ECHO_REQ", Sign.CLOSED),
    ],
)
def test_what_may_have_another_cause_is_not(last, other):
    asked = link(last=last, acted=True)
    asked.took(other)
    assert asked.acted
