"""The colours of what people look at: text can be read on its ground, in light and in dark."""

import re
from pathlib import Path

import pytest

from gearspec import page
from gearspec.page import badge

FOLDER = Path(page.__file__).parent
SHEETS = {"base": FOLDER / "templates" / "base.css", "matrix": FOLDER / "static" / "matrix.css"}
ENOUGH = 4.5
"""The contrast that WCAG 2 asks of text, on level AA."""


def schemes(sheet):
    """The colours of a style sheet by their names, light and dark."""
    blocks = re.findall(r"\{([^{}]*--[^{}]*)\}", SHEETS[sheet].read_text("utf-8"))
    found = [dict(re.findall(r"--([\w-]+):[^;]*(#[0-9a-f]{6})", block)) for block in blocks]
    return [colours for colours in found if colours]


def light(colour):
    """The relative luminance of a colour."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_wcag_says_it_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("sheet", SHEETS)
def test_text_can_be_read_in_light_and_in_dark(sheet):
    found = schemes(sheet)
    assert len(found) >= 2
    for colours in found:
        grounds = [name for name in colours if name.endswith(("ground", "raised"))]
        texts = colours.keys() - {*grounds, "line", "matrix-line"}
        assert grounds
        assert texts
        for ground in grounds:
            for text in texts:
                assert contrast(colours[text], colours[ground]) >= ENOUGH, (text, ground)


def test_each_colour_has_its_counterpart():
    for sheet in SHEETS:
        first, *others = schemes(sheet)
        for other in others:
            assert first.keys() == other.keys()


@pytest.mark.parametrize("colour", badge._COLOURS.values())
def test_white_text_can_be_read_on_a_badge(colour):
    assert contrast("#ffffff", colour) >= ENOUGH
