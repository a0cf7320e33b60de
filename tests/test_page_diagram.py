import re
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.page.diagram import draw_diagram

SVG = "{http://www.w3.org/2000/svg}"
BOXES = ["one", "two", "three", "four", "five"]
ARROWS = st.lists(
    st.tuples(st.sampled_from(BOXES), st.sampled_from(BOXES), st.text("ab /", min_size=1, max_size=80)),
    max_size=20,
)


def shape(arrows, boxes=BOXES, title="A title"):
    return ET.fromstring(draw_diagram(boxes, arrows, title)).find(f"{SVG}svg")


def texts(svg, style):
    """Each text of a style, with the place of its middle and how far it reaches from there."""
    return [
        (node.text, float(node.get("x")), float(node.get("y")), len(node.text) * 6.7 / 2)
        for node in svg.iter(f"{SVG}text")
        if style in node.get("class")
    ]


def test_boxes_stand_in_a_row_and_none_touches_another():
    places = [(name, x) for name, x, _, _ in texts(shape([]), "head")]
    assert [name for name, _ in places] == BOXES
    assert all(x + 76 < after for (_, x), (_, after) in pairwise(places))


def test_what_leads_to_the_right_is_above_and_what_leads_back_below():
    svg = shape([("one", "two", "there"), ("two", "one", "back"), ("two", "two", "stays")])
    assert {name: y < 0 for name, _, y, _ in texts(svg, "remark")} == {"there": True, "back": False}


def test_what_leads_the_same_way_stands_on_one_arrow():
    svg = shape([("one", "two", "this"), ("one", "two", "or that")])
    assert [name for name, *_ in texts(svg, "remark")] == ["this", "or that"]
    assert sum("V" in node.get("d") for node in svg.iter(f"{SVG}path")) == 1


@settings(deadline=None)
@given(ARROWS)
def test_no_words_lie_on_others_and_none_outside_of_the_picture(arrows):
    svg = shape(arrows)
    left, top, width, height = map(float, svg.get("viewBox").split())
    words = texts(svg, "remark")
    for index, (_, x, y, half) in enumerate(words):
        assert left <= x - half
        assert x + half <= left + width
        assert top <= y - 10
        assert y <= top + height
        assert not any(abs(y - b) < 12 and abs(x - a) < half + reach for _, a, b, reach in words[:index])


@settings(deadline=None)
@given(ARROWS)
def test_no_upright_line_runs_through_words(arrows):
    svg = shape(arrows)
    for node in svg.iter(f"{SVG}path"):
        found = re.fullmatch(r"M(-?\d+) (-?\d+)V(-?\d+)H(-?\d+)V(-?\d+)", node.get("d"))
        for upright in (found[1], found[4]) if found else ():
            for _, x, _, half in texts(svg, "remark"):
                assert abs(x - float(upright)) > half


def test_markup_stays_text():
    svg = shape([("<a>", "b", "<script>")], ["<a>", "b"], "<title>")
    assert {node.tag.removeprefix(SVG) for node in svg.iter()} == {"svg", "title", "rect", "text", "path"}
    assert "<script>" in [name for name, *_ in texts(svg, "remark")]
