from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gearspec import document
from gearspec.document import Mapping, Sequence, Text, load
from gearspec.errors import DocumentError, VectorError

SCALARS = st.sampled_from(["0123", "no", "1:30", "null", "~", "1e3", "0x1f", "2020-01-01", "true", ".5"])
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3),
    max_leaves=8,
)


def fault(text, error=DocumentError):
    with pytest.raises(error) as caught:
        load(text, "some.yaml", error)
    return caught.value


@pytest.mark.parametrize("word", ["0123", "no", "1:30", "null", "1e3", "2020-01-01", "yes", "0x1f", "1_000"])
def test_a_scalar_stays_what_its_author_wrote(word):
    assert load(f"key: {word}", "some.yaml") == {"key": word}


@given(TREES)
def test_a_tree_of_words_comes_back_as_it_is(tree):
    assert load(yaml.safe_dump(tree, default_flow_style=False), "some.yaml") == tree


@given(TREES)
def test_the_loader_written_in_python_agrees_with_the_one_in_c(tree):
    text = yaml.safe_dump(tree)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_LOADER", yaml.SafeLoader)
        slow = load(text, "some.yaml")
    assert slow == load(text, "some.yaml")


def test_every_value_knows_its_line():
    loaded = load("a: 1\nb:\n- x\n- y: z\n", "some.yaml")
    assert isinstance(loaded, Mapping)
    assert isinstance(loaded["b"], Sequence)
    assert (loaded.line, loaded["a"].line, loaded["b"].line, loaded["b"][1]["y"].line) == (1, 1, 3, 4)
    assert [key.line for key in loaded] == [1, 2]


def test_the_line_of_a_key_is_that_of_the_mapping_when_it_is_not_there():
    loaded = load("\na: 1\nb: 2", "some.yaml")
    assert (loaded.line_of("b"), loaded.line_of("c")) == (3, 2)


def test_a_text_of_the_same_letters_is_the_same_key():
    assert load("a: 1", "some.yaml")[Text("a")] == "1"


def test_an_empty_document_is_none():
    assert load("", "some.yaml") is None
    assert load("# only a comment\n", "some.yaml") is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "stands here twice"),
        ("b: 1\na: &x 1\nc: *x\n", 2, "aliases"),  # the value that the alias repeats stands there
        ("a: 1\nb: &x [*x]\n", 2, "aliases"),
        ("a: 1\nb: !thing 2\n", 2, "tags"),
        ("a: 1\n? [b, c]\n: 2\n", 2, "plain word"),
        ("a: 1\nb: [1, 2\n", 3, "not YAML"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: é\nb: \x00", 2, "not YAML"),
        ("a:\n- " + "[" * 63 + "]" * 63, 2, "deep"),
        # libyaml has a bound of its own, which is another in each version.
        ("- " * 9999 + "x", 1, "nest"),
    ],
)
def test_what_is_not_strict_yaml_is_refused_at_its_line(text, line, words):
    found = fault(text)
    assert found.line == line
    assert words in found.message
    assert str(found).startswith(f"some.yaml:{line}: ")


def test_a_word_of_a_file_cannot_break_the_line_that_tells_of_it():
    assert str(fault('"\\e[31m\\n": 1\n"\\e[31m\\n": 2')).splitlines() == [
        "some.yaml:2: the key '\\x1b[31m\\n' stands here twice"
    ]


def test_a_fault_is_of_the_kind_that_the_caller_names():
    assert isinstance(fault("a: [", VectorError), VectorError)
