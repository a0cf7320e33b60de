"""Whether what came is what a line expects."""

import pytest

from gearspec.protocol.packet import Line, Packet, response
from gearspec.script.action import Sign
from gearspec.script.case import Message
from gearspec.script.fit import cells, fits, message_name, same_message, same_rows
from gearspec.script.value import template

NAMES = {"job": b"H:1"}


def line(what, *, args=None, rows=(), **values):
    made = {name: template(text) for name, text in values.items()}
    arguments = None if args is None else tuple(template(text) for text in args)
    return Message(1, "server", "client", what, made, arguments, rows)


def fit(expected, came):
    return fits(expected, came, "GRAB_JOB_UNIQ", NAMES)


def test_what_is_not_written_may_be_anything():
    assert (
        fit(line("WORK_COMPLETE", handle="$job"), response("WORK_COMPLETE", handle=b"H:1", data=b"any")) == {}
    )


def test_what_is_written_has_to_come():
    assert fit(line("WORK_FAIL", handle="$job"), response("WORK_FAIL", handle=b"H:10")) is None


def test_a_capture_binds_only_when_the_whole_line_fits():
    expected = line("WORK_COMPLETE", handle="$job", data="$result")
    assert fit(expected, response("WORK_COMPLETE", handle=b"H:1", data=b"r")) == {"result": b"r"}
    assert fit(expected, response("WORK_COMPLETE", handle=b"H:2", data=b"r")) is None


def test_one_name_twice_in_a_line_has_one_value():
    expected = line("JOB_ASSIGN", handle="$x", function="$x")
    assert fit(expected, response("JOB_ASSIGN", handle=b"a", function=b"a", workload=b"")) == {"x": b"a"}
    assert fit(expected, response("JOB_ASSIGN", handle=b"a", function=b"b", workload=b"")) is None


def test_an_argument_that_did_not_come_fits_nothing():
    assert fit(line("WORK_COMPLETE", data="$any"), Packet(b"\0RES", 13, b"H:1")) is None


def test_arguments_by_position_are_counted():
    assert fit(line("ERROR", args=["$code", "$text"]), response("ERROR", code=b"c", text=b"t")) is not None
    assert fit(line("ERROR", args=["$code"]), response("ERROR", code=b"c", text=b"t")) is None


def test_assign_is_the_one_that_belongs_to_the_grab():
    assert message_name(line("ASSIGN"), "GRAB_JOB_UNIQ") == "JOB_ASSIGN_UNIQ"
    assert message_name(Message(1, "worker", "server", "GRAB"), "GRAB_JOB_UNIQ") == "GRAB_JOB_UNIQ"


@pytest.mark.parametrize(
    ("what", "came", "same"),
    [
        ("CLOSE", Sign.CLOSED, True),
        ("CLOSE", Sign.RESET, True),
        ("RESET", Sign.CLOSED, True),
        ("CLOSE", Sign.RUBBISH, False),
        ("NOOP", Sign.CLOSED, False),
        ("NOOP", Packet(b"\0RES", 6), True),
        ("NOOP", Packet(b"\0RES", 10), False),
        ("TEXT", Line(b"OK\n"), True),
        ("TABLE", Line(b".\n"), True),
        ("NOOP", Line(b"OK\n"), False),
    ],
)
def test_signs_lines_and_packets_are_told_apart(what, came, same):
    assert same_message(line(what), came, "GRAB_JOB_UNIQ") is same


def test_a_line_of_text_is_compared_without_its_ending():
    assert fit(line("TEXT", line="OK"), Line(b"OK\r\n")) == {}
    assert fit(line("TEXT", line="OK"), Line(b"ERR\n")) is None


@pytest.mark.parametrize(
    ("row", "parts"),
    [(b"f\t1\t\t2", [b"f", b"1", b"", b"2"]), (b"30 ::1 - : f  g", [b"30", b"::1", b"-", b":", b"f", b"g"])],
)
def test_cells_stand_between_tabs_or_blanks(row, parts):
    assert cells(row) == parts


def test_rows_are_compared_as_a_set_with_any_cell_for_a_star():
    step = line("TABLE", rows=((template("$job"), None), (template("x"), template("1"))))
    assert same_rows(step, [[b"x", b"1"], [b"H:1", b"7"]], NAMES)
    assert not same_rows(step, [[b"x", b"1"]], NAMES)
    assert not same_rows(step, [[b"x", b"1"], [b"H:1", b"7"], [b"H:1", b"7"]], NAMES)
    assert not same_rows(step, [[b"x", b"1", b"2"], [b"H:1", b"7"]], NAMES)


def test_a_row_that_fits_several_lines_is_not_taken_from_the_only_one_that_another_line_has():
    step = line("TABLE", rows=((None, template("1")), (template("$job"), template("1"))))
    assert same_rows(step, [[b"H:1", b"1"], [b"x", b"1"]], NAMES)
    assert same_rows(step, [[b"x", b"1"], [b"H:1", b"1"]], NAMES)
    assert not same_rows(step, [[b"x", b"1"], [b"x", b"1"]], NAMES)
