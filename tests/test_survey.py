"""Surveys: what a search has seen so far."""

import pytest

from gearspec.fuzz.survey import Survey, behaviour
from gearspec.protocol.packet import Line, request
from gearspec.protocol.transcript import CLOSE, Note, Speech, Transcript

ECHO = ("server", "client", request("ECHO_RES", data=b"x"))
NOOP = ("server", "client", request("NOOP"))


def shape(*events, role="server"):
    transcript = Transcript()
    for event in events:
        transcript.add(0.0, *event)
    return behaviour(transcript, role)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([ECHO], []),
        ([ECHO], [NOOP]),
        ([ECHO], [ECHO, ECHO]),
        ([ECHO, NOOP], [NOOP, ECHO]),
        ([ECHO], [("server", "worker", ECHO[2])]),
        ([("server", "client", Line(b"OK\n"))], [("server", "client", Note(CLOSE))]),
    ],
)
def test_behaviours_differ_by_the_names_of_what_is_said_to_whom_and_in_which_order(one, other):
    assert shape(*one) != shape(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([ECHO], [("server", "client", request("ECHO_RES", data=b"y"))]),
        ([ECHO], [ECHO, ("client", "server", request("ECHO_REQ", data=b"y"))]),
        ([ECHO, ("server", "worker", NOOP[2])], [("server", "worker", NOOP[2]), ECHO]),
    ],
)
def test_neither_arguments_nor_what_others_say_nor_the_order_between_connections_matter(one, other):
    assert shape(*one) == shape(*other)


def test_a_library_behaves_by_what_it_sends_and_what_it_reports():
    sent = ("client", "server", request("ECHO_REQ", data=b""))
    assert shape(sent, role="client") != shape(role="client")
    told = ("client", "user", Speech("reports", "fail", ()))
    assert shape(told, role="client") != shape(
        ("client", "user", Speech("reports", "complete")), role="client"
    )


def test_a_survey_in_words():
    survey = Survey(seed=5, examples=30, behaviours={1, 2}, seconds=2.0)
    assert str(survey) == "30 examples, 15/s, 2 behaviours, seed 5"
    assert str(Survey(examples=0)) == "0 examples, 0/s, 0 behaviours, found before"
