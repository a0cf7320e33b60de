from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.protocol.admin import (
    COMMANDS,
    TABLE,
    Bare,
    Failure,
    ReplyReader,
    Request,
    Success,
    Table,
    parse_line,
    parse_request,
    parse_row,
    render_reply,
    render_request,
)
from gearspec.protocol.packet import Line

WORDS = st.binary(min_size=1, max_size=8).filter(lambda word: not any(byte <= 0x20 for byte in word))
TABLES = [command for command in COMMANDS.values() if command.reply == TABLE]


def read(command, *lines):
    reader = ReplyReader(COMMANDS.get(command))
    replies = [reader.feed(Line(line)) for line in lines]
    assert replies[:-1] == [None] * (len(lines) - 1)
    return replies[-1]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name.decode())
def test_every_command_is_read_back_from_its_own_line(command):
    for arity in command.arities:
        request = Request(command, (b"x",) * arity)
        assert parse_request(request.line) == request


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name.decode())
def test_a_wrong_number_of_arguments_is_refused(command):
    for arity in set(range(6)) - command.arities:
        refusal = parse_request(Request(command, (b"x",) * arity).line)
        assert isinstance(refusal, Failure)
        assert refusal.code == b"INVALID_ARGUMENTS"


@pytest.mark.parametrize(
    "line", [b"\n", b"\r\n", b"   \n", b"cancel\n", b"show\n", b"show nothing\n", b"\xff\n"]
)
def test_what_is_no_command_is_refused(line):
    assert parse_request(Line(line)) == Failure(b"UNKNOWN_COMMAND", b"Unknown server command")


@pytest.mark.parametrize("line", [b"maxqueue f 3\n", b"maxqueue f 3\r\n", b"  MaxQueue  f   3 \n"])
def test_case_spaces_and_line_ending_make_no_difference(line):
    assert parse_request(Line(line)) == Request(COMMANDS[b"maxqueue"], (b"f", b"3"))


def test_the_case_of_an_argument_is_kept():
    request = parse_request(render_request(b"create function", b"Reverse"))
    assert request == Request(COMMANDS[b"create function"], (b"Reverse",))


@given(st.lists(WORDS, max_size=6))
def test_any_line_is_a_request_or_a_refusal(words):
    assert isinstance(parse_request(Line(b" ".join(words) + b"\n")), Request | Failure)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Success(), b"OK"),
        (Success(b"1.1.20 ds"), b"OK 1.1.20 ds"),
        (Failure(b"UNKNOWN_JOB"), b"ERR UNKNOWN_JOB"),
        (Failure(b"INVALID_ARGUMENTS", b"one is missing"), b"ERR INVALID_ARGUMENTS one+is+missing"),
        (Bare(b"v1.130.1"), b"v1.130.1"),
    ],
)
def test_a_reply_of_one_line_is_rendered_and_read_back(reply, text, ending):
    assert render_reply(reply, ending=ending) == [Line(text + ending)]
    assert read(b"version", text + ending) == reply


def test_a_word_that_only_begins_like_ok_is_no_success():
    assert parse_line(Line(b"OKAY\n")) == Bare(b"OKAY")
    assert parse_line(Line(b"ERROR x\n")) == Bare(b"ERROR x")


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_table_ends_with_a_line_that_holds_only_a_period(ending):
    rows = ((b"f", b"3", b"1", b"2"), (b".", b"0", b"0", b"0"))
    lines = render_reply(Table(rows), COMMANDS[b"status"], ending)
    assert [line.raw for line in lines] == [
        b"f\t3\t1\t2" + ending,
        b".\t0\t0\t0" + ending,
        b"." + ending,
    ]
    assert read(b"status", *(line.raw for line in lines)) == Table(rows)


def test_a_table_may_be_empty():
    assert read(b"status", b".\n") == Table(())


def test_workers_have_descriptor_address_identity_and_functions():
    line = Line(b"36 ::1 me too : f g\n")
    assert parse_row(line, COMMANDS[b"workers"]) == (b"36", b"::1", b"me too", b"f", b"g")


@pytest.mark.parametrize("raw", [b"36 127.0.0.1 - :\n", b"36 127.0.0.1 - : \n"])
def test_a_connection_without_functions_has_three_cells(raw):
    assert parse_row(Line(raw), COMMANDS[b"workers"]) == (b"36", b"127.0.0.1", b"-")


@pytest.mark.parametrize(
    ("raw", "row"),
    [
        (b"\n", (b"",)),
        (b"x\n", (b"x",)),
        (b"x y\n", (b"x", b"y")),
        (b"x y z\n", (b"x", b"y", b"z")),
    ],
)
def test_a_row_of_workers_may_be_cut_short(raw, row):
    assert parse_row(Line(raw), COMMANDS[b"workers"]) == row


@pytest.mark.parametrize("command", [b"workers", b"status", b"show jobs"])
def test_a_server_that_does_not_know_a_table_says_so_in_one_line(command):
    assert read(command, b"ERR unknown_command Unknown+server+command\r\n") == Failure(
        b"unknown_command", b"Unknown server command"
    )


def test_a_function_that_is_called_err_does_not_end_the_table():
    assert read(b"status", b"ERR x\t0\t0\t0\n", b".\n") == Table(((b"ERR x", b"0", b"0", b"0"),))


def test_the_reply_to_what_is_no_command_is_one_line():
    assert read(b"nonsense", b"ERR UNKNOWN_COMMAND x\r\n") == Failure(b"UNKNOWN_COMMAND", b"x")


@pytest.mark.parametrize("command", TABLES, ids=lambda command: command.name.decode())
@given(rows=st.lists(st.lists(st.binary(max_size=6), min_size=4, max_size=4).map(tuple), max_size=4))
def test_no_value_of_a_peer_can_forge_a_line_of_a_table(command, rows):
    lines = render_reply(Table(tuple(rows)), command)
    assert len(lines) == len(rows) + 1
    reader = ReplyReader(command)
    replies = [reader.feed(line) for line in lines if not line.raw.startswith(b"ERR ")]
    assert replies[:-1] == [None] * (len(replies) - 1)
    assert isinstance(replies[-1], Table)
    assert all(line.raw.count(b"\n") == 1 and line.raw.endswith(b"\n") for line in lines)


@given(
    identity=st.binary(min_size=1, max_size=6),
    functions=st.lists(st.binary(min_size=1, max_size=4), max_size=3),
)
def test_a_row_of_workers_has_as_many_cells_as_it_was_given(identity, functions):
    command = COMMANDS[b"workers"]
    row = (b"7", b"127.0.0.1", identity, *functions)
    line, _end = render_reply(Table((row,)), command)
    assert len(parse_row(line, command)) == len(row)


def test_a_single_cell_that_would_end_the_table_is_escaped():
    command = COMMANDS[b"show unique jobs"]
    assert [line.raw for line in render_reply(Table(((b".",), (b"",))), command)] == [
        b"\\x2e\n",
        b"\n",
        b".\n",
    ]
