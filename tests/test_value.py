"""Values of a script."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.script.value import (
    AnyOf,
    Clock,
    Join,
    Matches,
    Repeat,
    Template,
    match,
    names_in,
    render,
    show,
    template,
)

WORDS = st.text(st.characters(max_codepoint=0x7E, min_codepoint=1), max_size=20)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain", (b"plain",)),
        ("$job", ("job",)),
        ("${job}", ("job",)),
        ("a${job}b", (b"a", "job", b"b")),
        ("$$5", (b"$5",)),
        ("$$$fn", (b"$", "fn")),
        ("$a$b", ("a", "b")),
    ],
)
def test_a_template_is_text_with_names_in_it(text, parts):
    assert template(text).parts == parts


@pytest.mark.parametrize("text", ["$", "a$ b", "$1", "${}", "${a", "cost: $5"])
def test_a_dollar_that_begins_no_name_is_an_error(text):
    with pytest.raises(ValueError, match="write \\$\\$ for a dollar"):
        template(text)


def test_text_beyond_ascii_is_an_error():
    with pytest.raises(ValueError, match="hex"):
        template("grüße")


@given(WORDS)
def test_doubled_dollars_make_any_text_literal(text):
    assert render(template(text.replace("$", "$$")), {}, 0) == text.encode()


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (Repeat(template("ab"), 3), b"ababab"),
        (Repeat(template("ab"), 0), b""),
        (Join((template("$fn"), template("-x"))), b"reverse-x"),
        (Clock(+3), b"1003"),
        (Clock(-1000), b"0"),
    ],
)
def test_the_forms_that_are_sent_become_bytes(value, data):
    assert render(value, {"fn": b"reverse"}, 1000.9) == data


@pytest.mark.parametrize("value", [AnyOf((template("a"),)), Matches(re.compile(b"a"))])
def test_what_can_only_be_expected_cannot_be_sent(value):
    with pytest.raises(TypeError, match="cannot be sent"):
        render(value, {}, 0)


def test_a_whole_value_that_is_an_unbound_name_captures_what_came():
    assert match(template("$job"), b"H:1", {}) == {"job": b"H:1"}


def test_a_bound_name_has_to_match_what_came():
    assert match(template("$job"), b"H:1", {"job": b"H:1"}) == {}
    assert match(template("$job"), b"H:10", {"job": b"H:1"}) is None


def test_any_of_takes_the_first_value_that_matches():
    assert match(AnyOf((template("a"), template("b"))), b"b", {}) == {}
    assert match(AnyOf((template("a"), template("b"))), b"c", {}) is None


def test_a_regular_expression_matches_from_the_first_byte_to_the_last():
    pattern = Matches(re.compile(b"[0-9]+"))
    assert match(pattern, b"12", {}) == {}
    assert match(pattern, b"12\n", {}) is None


def test_names_are_found_in_every_form():
    value = Join((template("a$b"), Repeat(template("$c"), 2), AnyOf((template("$d"),)), Clock(0)))
    assert names_in(value) == ("b", "c", "d")


@given(st.binary(max_size=30))
def test_a_value_is_shown_without_a_control_character(data):
    assert show(Template((data,))).isprintable()


def test_values_are_shown_as_their_author_wrote_them():
    shown = [
        show(value)
        for value in (
            template("x$job"),
            Repeat(template("ab"), 9),
            Join((template("a"), template("$b"))),
            Clock(-2),
            AnyOf((template("1"), template("0"))),
            Matches(re.compile(b"[a-z]")),
        )
    ]
    assert shown == ["x$job", "ab x 9", "a + $b", "now-2 s", "1 or 0", "/[a-z]/"]
