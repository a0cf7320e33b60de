from __future__ import annotations

import pytest

from gearspec.errors import VectorError
from gearspec.form import Form


@pytest.fixture
def form(tmp_path):
    return lambda text: _written(tmp_path / "some.yaml", text)


def _written(path, text):
    path.write_text(text, "utf-8")
    return Form(path, VectorError)


def fault(call, *arguments):
    with pytest.raises(VectorError) as caught:
        call(*arguments)
    return caught.value.line, caught.value.message


def test_a_mapping_with_known_keys_is_returned(form):
    checker = form("a: 1\nb: [x, y]\n")
    mapping = checker.keys(checker.load(), {"a", "b", "c"}, ("a",))
    assert checker.text(mapping, "a") == "1"
    assert checker.text(mapping, "c") == ""
    assert checker.words(mapping, "b", {"x", "y"}) == ("x", "y")
    assert checker.words(mapping, "c") == ()


def test_an_unknown_key_and_a_missing_one_are_faults_at_their_lines(form):
    checker = form("a: 1\nz: 2\n")
    assert fault(checker.keys, checker.load(), {"a", "b"}) == (2, "'z' is no key here; these are: a, b")
    assert fault(checker.keys, checker.load(), {"a", "z", "b"}, ("b",)) == (1, "the key 'b' is missing")


def test_a_value_of_another_form_is_a_fault(form):
    checker = form("a: 1\nb:\n- x\n- {y: z}\nc: {d: e}\n")
    mapping = checker.load()
    assert fault(checker.mapping, mapping["a"]) == (1, "a mapping is expected here")
    assert fault(checker.mapping, None) == (None, "a mapping is expected here")
    assert fault(checker.sequence, mapping, "a") == (1, "'a' is a list")
    assert fault(checker.text, mapping, "c") == (5, "'c' is text")
    assert fault(checker.words, mapping, "b")[0] == 4
    assert fault(checker.known, mapping, "a", ("x", "y")) == (1, "'a' is '1', but one of: x, y")
    assert fault(checker.words, mapping, "b", ("y",)) == (3, "'x' is not known as one of the b")


def test_bytes_are_ascii_text_or_hexadecimal(form):
    checker = form('a: "x\\0"\nb: {hex: "00 FF"}\nc: {hex: 0}\nd: \u00e9\ne: [x]\nf: {hex: "00", more: 1}\n')
    mapping = checker.load()
    assert checker.value(mapping["a"], 1) == b"x\0"
    assert checker.value(mapping["b"], 2) == b"\0\xff"
    assert fault(checker.value, mapping["c"], 3) == (3, "'hex' is pairs of hexadecimal digits")
    assert fault(checker.value, mapping["d"], 4)[0] == 4
    assert fault(checker.value, mapping["e"], 5)[0] == 5
    assert fault(checker.value, mapping["f"], 6)[0] == 6


def test_a_file_that_cannot_be_read_is_a_fault_of_its_author(tmp_path):
    assert fault(Form(tmp_path / "none.yaml", VectorError).load) == (
        None,
        "cannot be read: No such file or directory",
    )
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    assert fault(Form(tmp_path / "latin.yaml", VectorError).load) == (None, "this is not UTF-8")
