import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gearspec.page import drawing
from gearspec.page.drawing import draw_case, draw_record
from gearspec.sequence import case_rows, parties
from gearspec.suite import own_cases

SVG = "{http://www.w3.org/2000/svg}"
CASES = own_cases()
HOSTILE = "</text></svg><script>alert(1)</script><a href='javascript:alert(1)' onload=\"x\">\x1b[31m\0"


def shape(drawn):
    """The chart as a tree; it has to be XML."""
    return ET.fromstring(drawn)


def texts(drawn):
    return ["".join(node.itertext()) for node in shape(drawn).iter(f"{SVG}text")]


def record(*transcript, title="A title", verdict="FAIL", expected="PONG", came=""):
    return {
        "title": title,
        "transcript": list(transcript),
        "verdict": verdict,
        "expected": expected,
        "came": came,
    }


def event(sender="client", receiver="server", what="ECHO_REQ data='hi'"):
    return {"at": 0.0125, "sender": sender, "receiver": receiver, "what": what, "hex": ""}


@pytest.mark.parametrize("case", CASES[::25], ids=lambda case: case.id)
def test_a_case_is_drawn_with_all_its_parties_words_and_clauses(case):
    drawn = draw_case(case)
    found = texts(drawn)
    said = "".join(found).replace(" ", "")
    for party in parties(case_rows(case)):
        assert found.count(party) == 2
    for row in case_rows(case):
        if getattr(row, "kind", "") != "close" and len(row.text) < 150:
            assert row.text.replace(" ", "") in said
    assert all(f"decides {name}" in found for name in case.clauses)


def test_every_case_can_be_drawn_and_a_usual_one_takes_little_room():
    sizes = sorted(len(draw_case(case)) for case in CASES)
    assert sizes[len(sizes) * 9 // 10] < 6000
    assert all(shape(draw_case(case)).tag == "div" for case in CASES)


def test_nothing_is_drawn_outside_of_the_picture():
    for case in CASES:
        svg = shape(draw_case(case)).find(f"{SVG}svg")
        left, top, width, height = map(float, svg.get("viewBox").split())
        for node in svg.iter(f"{SVG}text"):
            assert left <= float(node.get("x")) <= left + width, case.id
            assert top <= float(node.get("y")) <= top + height, case.id
        for node in svg.iter(f"{SVG}rect"):
            assert left <= float(node.get("x")), case.id
            assert float(node.get("x")) + float(node.get("width")) <= left + width, case.id


def test_a_clause_is_a_link_where_there_is_a_page_of_it():
    case = CASES[0]
    linked = shape(draw_case(case, lambda name: f"clause.html#{name}"))
    assert {node.get("href") for node in linked.iter(f"{SVG}a")} == {
        f"clause.html#{name}" for name in case.clauses
    }
    assert not list(shape(draw_case(case)).iter(f"{SVG}a"))


def test_a_picture_says_what_it_is_to_those_who_do_not_see_it():
    svg = shape(draw_case(CASES[0])).find(f"{SVG}svg")
    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text == CASES[0].title
    assert svg.find(f"{SVG}desc").text.startswith("A sequence chart of ")


def test_a_picture_takes_its_colours_from_the_page():
    style = Path(drawing.__file__).with_name("static").joinpath("chart.css").read_text()
    assert set(re.findall(r"(?:fill|stroke): ([^;]+);", style)) == {"currentColor", "none", "#d9363e"}
    assert "style=" not in draw_case(CASES[0])


def test_a_failure_shows_times_and_the_place_where_it_broke():
    drawn = draw_record(record(event(), event("server", "client", "PING"), came="PING"))
    assert "12.5 ms" in texts(drawn)
    (broken,) = (node for node in shape(drawn).iter(f"{SVG}g") if node.get("class") == "break")
    assert " ".join(broken.itertext()) == "FAIL: expected PONG; came PING"


def test_a_failure_without_a_conversation_is_drawn_too():
    assert "FAIL: expected PONG; came nothing" in " ".join(texts(draw_record(record())))


@pytest.mark.parametrize("key", ["sender", "receiver", "what"])
def test_markup_of_a_peer_stays_text(key):
    drawn = draw_record(record(event(**{key: HOSTILE}), title=HOSTILE, expected=HOSTILE, came=HOSTILE))
    allowed = {"div", "svg", "title", "desc", "path", "rect", "text", "g"}
    assert {node.tag.removeprefix(SVG) for node in shape(drawn).iter()} <= allowed
    assert not any(name.startswith("on") for node in shape(drawn).iter() for name in node.attrib)
    assert "\x1b" not in drawn
    assert "\0" not in drawn


def test_markup_in_a_script_and_in_an_address_stays_text():
    drawn = draw_case(replace(CASES[0], title=HOSTILE), lambda _: HOSTILE.partition("\x1b")[0])
    assert shape(drawn).find(f"{SVG}svg/{SVG}title").text.startswith("</text></svg><script>")
    assert not list(shape(drawn).iter(f"{SVG}script"))


def test_megabytes_of_a_peer_make_a_small_picture():
    flood = event(what="x" * 3_000_000)
    assert len(draw_record(record(*[flood] * 300, came="y" * 3_000_000))) < 200_000
