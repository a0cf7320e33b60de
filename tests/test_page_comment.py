import re

from hypothesis import given
from hypothesis import strategies as st

from gearspec.page.comment import LIMIT, comment, inert
from tests.reporting import HEADER, log, record

NASTY = "**@all** <script>alert(1)</script> [x](javascript:1) `code` "
NASTY += "| ![](http://h/x) $$x$$\n# head\n- item\x1b[2J"


def test_it_says_what_was_tested_what_passed_and_what_failed_and_how_to_see_it_again():
    text = comment(log(record("one"), record("two", "FAIL")))
    assert text.startswith("### ❌ gearspec: <code>mine 1.2</code>: 1 not as expected: 1 of 2 passed\n")
    assert "| server | must |" in text
    assert "<code>two[server]</code>" in text
    assert "again: <code>gearspec replay two</code>" in text
    assert "<code>one[server]</code>" not in text


def test_what_is_known_is_folded_and_has_its_reason():
    text = comment(log(record("one"), record("two", "FAIL", "known")))
    assert text.startswith("### ✅ ")
    assert "<details><summary>Known deviations (1)</summary>\n\n|" in text
    assert "| <code>two[server]</code> | FAIL, defect: it is so |" in text


def test_nothing_a_target_says_means_anything_in_it():
    nasty = record("one", "FAIL") | dict.fromkeys(("message", "title", "again"), NASTY)
    known = record("two", "FAIL", "known") | {"known": NASTY}
    subject = {"name": NASTY, "version": NASTY, "edition": "2.0.0"}
    text = comment(log(nasty, known, header=HEADER | {"target": subject}))
    for meaning in ("<script", "@all", "](", "`", "![", "$$", "\x1b", "\n# head", "\n- item"):
        assert meaning not in text


@given(st.text())
def test_a_text_becomes_one_line_without_a_character_that_means_something(text):
    shown = inert(text)
    assert "\n" not in shown
    assert not set(re.sub(r"&#\d+;", "", shown)) & set("<>&|`*_[]#~!@$\\^")


def test_it_fits_into_a_comment_however_much_failed():
    long = "_" * 3000
    failed = [record(f"c{n}", "FAIL") | {"message": long, "again": long} for n in range(400)]
    known = [record(f"k{n}", "FAIL", "known") | {"known": long} for n in range(400)]
    text = comment(log(*failed, *known))
    assert len(text) <= LIMIT
    assert "more" in text


def test_a_few_more_than_are_shown_are_counted():
    text = comment(log(*[record(f"c{n:02}", "FAIL") for n in range(52)]))
    assert text.count("again: ") == 50
    assert "- and 2 more\n" in text
