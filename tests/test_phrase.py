"""Words that are the same in every run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.protocol.packet import Line, Packet, response
from gearspec.script.action import Sign
from gearspec.script.case import Message
from gearspec.script.phrase import came, listed, wanted
from gearspec.script.value import template

NAMES = {"job": b"H:lap:1", "fn": b"gear-reverse"}


def line(what, **values):
    return Message(1, "server", "worker", what, {name: template(text) for name, text in values.items()})


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (line("nothing"), "nothing"),
        (line("CLOSE"), "the end of the connection"),
        (line("ASSIGN", handle="$job"), "JOB_ASSIGN handle='$job'"),
        (line("TEXT", line="OK"), "TEXT line='OK'"),
        (Message(1, "server", "admin", "TABLE", rows=((template("$fn"), None),)), "a table with $fn *"),
        (Message(1, "server", "admin", "TABLE"), "a table with no row of ours"),
        (Message(1, "server", "client", "ERROR", args=(template("a"),)), "ERROR 'a'"),
    ],
)
def test_an_expected_line_is_told_as_its_author_wrote_it(step, words):
    assert wanted(step, "GRAB_JOB") == words


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (Sign.CLOSED, "the end of the connection"),
        (Sign.RUBBISH, "bytes that are neither packet nor text"),
        (Line(b"gear-reverse\t0\t0\t1\n"), "TEXT '$fn\\t0\\t0\\t1'"),
        (response("WORK_FAIL", handle=b"H:lap:1"), "WORK_FAIL handle='$job'"),
        (response("WORK_FAIL", handle=b"H:lap:1\0"), "WORK_FAIL handle='$job\\0'"),
        (response("WORK_FAIL", handle=b"H:lap:2"), "WORK_FAIL handle=(another)"),
        (response("ECHO_RES", data=b"<gear-reverse>"), "ECHO_RES data='<$fn>'"),
        (Packet(b"\0RES", 13, b"H:lap:1"), "WORK_COMPLETE handle='$job' (data missing)"),
    ],
)
def test_what_came_is_told_with_names_for_values(what, words):
    assert came(what, NAMES) == words


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no such row"),
        ([[b"17", b"127.0.0.1", b"gear-reverse", b":"]], "* * $fn :"),
        ([[b"17", b"-", b"-", b":", b"H:lap:1"]], "* * * : $job"),
        ([[b"8", b"-", b"<H:lap:1>", b"!"], [b"9"]], "* * <$job> !; *"),
    ],
)
def test_a_table_is_told_without_the_cells_that_nobody_judges(rows, words):
    step = Message(1, "server", "admin", "TABLE", rows=((None, None, None, template(":"), template("$fn")),))
    assert listed(step, rows, NAMES) == words


@given(st.binary(max_size=80))
def test_nothing_that_came_can_steer_a_terminal(data):
    assert came(Line(data + b"\n"), NAMES).isprintable()
    assert came(Packet(b"\0RES", 17, data), NAMES).isprintable()
    assert came(Packet(b"\0RES", 14, data), NAMES).isprintable()
