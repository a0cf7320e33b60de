"""What servers show to a stranger."""

import socket

import pytest

from gearspec.errors import UsageError
from gearspec.harness.sight import ECHO, STATUS, Sight, observe, questions, recognise
from gearspec.wire.address import Address
from tests.small_server import running

GEARMAND = {"version": "OK 1.1.20+ds", "status": ".", "workers": "9 127.0.0.1 - :"}


def look(port, *args, **settings):
    return observe(Address("127.0.0.1", port), *args, **settings)


def test_fences_and_lines_that_are_answered_are_seen():
    with running() as port:
        sight = look(port, lines=["version", "status", "something"])
    assert sight.fences == {ECHO, STATUS}
    assert sight.replies == {"version": "OK small-1", "status": ".", "something": "OK"}


def test_what_is_not_answered_is_left_out():
    with running("echo", "text") as port:
        sight = look(port, lines=["version"], scale=0.1)
    assert sight == Sight(frozenset({STATUS}), {})


def test_only_what_is_asked_is_sent():
    with running() as port:
        assert look(port, [STATUS]) == Sight(frozenset({STATUS}), {})


def test_a_server_that_answers_nothing_shows_nothing():
    with running("echo", "status", "text") as port:
        assert look(port, lines=["version"], scale=0.02) == Sight(frozenset(), {})


def test_a_place_where_nobody_listens_is_told():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(
            UsageError, match=f"cannot connect to 127.0.0.1:{port}: is a server running there"
        ):
            look(port)


def test_the_known_targets_are_told_apart_by_few_questions():
    assert questions() == ["status", "version", "workers"]


@pytest.mark.parametrize(
    ("fences", "replies", "name"),
    [
        ({ECHO, STATUS}, GEARMAND, "gearmand"),
        ({ECHO, STATUS}, {**GEARMAND, "version": "v1.130.1"}, "perl-gearmand"),
        ({ECHO, STATUS}, {**GEARMAND, "version": "1.140"}, "perl-gearmand"),
        ({ECHO, STATUS}, {**GEARMAND, "version": "OK gearspec-1.0"}, "reference"),
        ({STATUS}, {"status": ".", "workers": "."}, "geard"),
        ({ECHO, STATUS}, {}, "abraxas"),
    ],
)
def test_a_known_server_is_recognised_by_what_it_answers(fences, replies, name):
    assert recognise(Sight(frozenset(fences), replies)).name == name


@pytest.mark.parametrize(
    ("fences", "replies"),
    [
        ({ECHO, STATUS}, {**GEARMAND, "version": "OK some-rustygear-version"}),
        ({ECHO, STATUS}, {**GEARMAND, "version": "Error: command `version` is currently unimplemented"}),
        ({ECHO, STATUS}, {"status": "."}),
        (set(), {}),
    ],
)
def test_a_server_that_answers_otherwise_is_none_of_the_known(fences, replies):
    assert recognise(Sight(frozenset(fences), replies)) is None


def test_an_error_line_is_no_list():
    assert not Sight(frozenset(), {"status": "ERR unknown_command"}).lists("status")
    assert not Sight(frozenset(), {}).lists("status")
    assert Sight(frozenset(), {"status": "reverse\t0\t0\t1"}).lists("status")
