from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec import vector
from gearspec.data import data_folder
from gearspec.document import load
from gearspec.errors import VectorError
from gearspec.protocol.message import BY_NAME, LEGAL, MESSAGES
from gearspec.protocol.packet import VIOLATIONS
from gearspec.vector import KINDS, RESULTS, export, load_notes, load_vectors

VECTORS = load_vectors()
FOLDER = data_folder("vectors")
SOUND = """\
- id: noop
  title: A NOOP
  hex: 00 52 45 53  00 00 00 06  00 00 00 00
  result: valid
  flags: [plain]
  clauses: [frame-header]
"""
NOTES = "format: 1\nflags:\n  plain:\n    kind: boundary\n    effect: None.\n"


@pytest.fixture
def folder(tmp_path):
    """Writes a folder of vectors; a file of streams unless its text names a message."""
    (tmp_path / "notes.yaml").write_text(NOTES, "utf-8")

    def write(name="noop.yaml", text=SOUND, message="NOOP"):
        head = f"message: {message}\n" if message else ""
        (tmp_path / name).write_text(f"format: 1\n{head}vectors:\n{text}", "utf-8")
        return tmp_path

    return write


def fault(folder):
    with pytest.raises(VectorError) as caught:
        load_vectors(folder)
    return caught.value.line, caught.value.message


def test_a_sound_file_is_loaded_with_all_that_it_says(folder):
    (found,) = load_vectors(folder())
    (element,) = found.elements
    assert (found.id, found.title, found.result, found.line) == ("noop", "A NOOP", "valid", 4)
    assert found.data == element.raw == b"\0RES\0\0\0\6\0\0\0\0"
    assert (found.flags, found.clauses, found.rest, found.source) == (
        ("plain",),
        ("frame-header",),
        b"",
        None,
    )
    assert (element.type, element.body, element.is_line) == (6, b"", False)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("id: noop", "id: No Op", 4, "lower-case words"),
        ("result: valid", "result: fine", 7, "'result' is 'fine'"),
        ("result: valid", "result: invalid", 7, "does not fit"),
        ("result: valid", "result: incomplete", 7, "does not fit"),
        ("00 00 00 00", "00 00 00 0", 6, "hexadecimal"),
        ("00 00 00 00", "00 00 00 01", 6, "not a whole packet"),
        ("00 00 00 00", "00 00 00 00 00", 4, "'rest' is not the 1 bytes"),
        ("00 00 00 06", "00 00 00 07", 6, "the header says type 7, not 6"),
        ("52 45 53", "52 45 54", 6, "not a whole packet"),
        ("00 00 00 00", "00 00 00 01 41", 4, "the data is 'A'"),
        ("[frame-header]", "[no-such-clause]", 9, "not known as one of the clauses"),
        ("[plain]", "[fancy]", 4, "'fancy' is not explained"),
        ("title: A NOOP", "titel: A NOOP", 5, "'titel' is no key here"),
        ("  title: A NOOP\n", "", 4, "'title' is missing"),
        ("flags: [plain]", "packets: []", 8, "'packets' is no key here"),
        ("flags: [plain]", "violations: [UGLY]", 8, "not known as one of the violations"),
        ("flags: [plain]", "source: {program: telnet, version: 1}", 8, "'program' is 'telnet'"),
        ("flags: [plain]", "fields: {handle: x}", 8, "the fields of NOOP are"),
    ],
)
def test_a_fault_in_a_vector_is_told_with_its_line(folder, old, new, line, words):
    assert old in SOUND
    found_line, message = fault(folder(text=SOUND.replace(old, new)))
    assert words in message
    assert found_line == line


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('{function: "f", unique: "u"}', "the data is"),
        ('{unique: "f"}', "the fields of SUBMIT_JOB are function, unique, workload"),
        ('{function: "f", unique: "u", workload: {hex: "80"}}', "the data is"),
        ('{function: "f", unique: "u", workload: "\u00e9"}', "ASCII"),
    ],
)
def test_fields_that_are_not_the_bytes_are_a_fault(folder, fields, words):
    text = SOUND.replace(
        "00 52 45 53  00 00 00 06  00 00 00 00", "00 52 45 51  00 00 00 07  00 00 00 05 66 00 75 00 78"
    )
    text = text.replace("flags: [plain]", f"fields: {fields}")
    assert words in fault(folder(text=text, message="SUBMIT_JOB"))[1]


@pytest.mark.parametrize(
    ("packets", "words"),
    [
        ('[{line: "statu\\n"}]', "not this line"),
        ('[{line: "status"}]', "not this line"),
        ('[{line: "status\\n"}, {line: "more\\n"}]', "not this line"),
        ("[]", "'rest' is not the 7 bytes"),
        ("[{message: NOOP}]", "not a whole packet"),
        ("[{data: x}]", "not a whole packet"),
        ("[{lines: x}]", "'lines' is no key here"),
        ("status", "'packets' is a list"),
    ],
)
def test_a_stream_that_is_not_its_elements_is_a_fault(folder, packets, words):
    text = f"- id: text\n  title: T\n  hex: 73 74 61 74 75 73 0a\n  packets: {packets}\n  result: valid\n"
    assert words in fault(folder(text=text, message=None))[1]


def test_an_element_names_its_message_or_its_type(folder):
    noop = "00 52 45 53  00 00 00 06  00 00 00 00"
    text = f"- id: text\n  title: T\n  hex: {noop}\n  packets: [{{violations: []}}]\n  result: valid\n"
    assert "a 'message', a 'type' or a 'line'" in fault(folder(text=text, message=None))[1]


def test_an_id_is_unique_over_all_files(folder):
    folder("a.yaml")
    line, message = fault(folder("b.yaml"))
    assert (line, message) == (4, "the id 'noop' stands at a.yaml:4 already")


def test_an_answer_names_a_request_that_is_there(folder):
    text = '- id: ok\n  title: T\n  hex: 0a\n  packets: [{line: "\\n"}]\n  result: valid\n  answers: none\n'
    assert fault(folder(text=text, message=None)) == (3, "no vector has the id 'none'")


def test_a_flag_that_no_vector_has_is_a_fault_of_the_notes(folder):
    line, message = fault(folder(text=SOUND.replace("  flags: [plain]\n", "")))
    assert (line, message) == (None, "no vector has the flag 'plain'")


def test_a_file_of_another_format_is_refused(folder):
    path = folder() / "noop.yaml"
    path.write_text(path.read_text("utf-8").replace("format: 1", "format: 2"), "utf-8")
    assert fault(path.parent) == (1, "'format' is '2', but one of: 1")


@given(st.data())
def test_a_broken_file_is_only_ever_a_vector_error(tmp_path_factory, data):
    text = (FOLDER / "work-status.yaml").read_text("utf-8")[:3000]
    start = data.draw(st.integers(0, len(text)))
    broken = text[:start] + data.draw(st.text(max_size=4)) + text[start + data.draw(st.integers(0, 4)) :]
    path = tmp_path_factory.mktemp("vectors") / "broken.yaml"
    path.write_text(broken, "utf-8", errors="replace")
    with suppress(VectorError):
        vector._Reader(path, VectorError).vectors()


def test_every_message_has_a_file_of_its_own_and_every_legal_pair_a_valid_vector():
    names = {path.stem.replace("-", "_").upper() for path in FOLDER.glob("*.yaml")}
    assert names - {"FRAMING", "ADMIN", "NOTES"} == set(BY_NAME)
    valid = {(found.data[:4], found.elements[0].type) for found in VECTORS if found.result == "valid"}
    assert {(magic, message.type) for magic, message in LEGAL} <= valid


def test_every_legal_pair_but_one_was_captured_from_a_real_program():
    captured = {
        (found.data[:4], element.type) for found in VECTORS if found.source for element in found.elements[:1]
    }
    missing = [message.name for magic, message in LEGAL if (magic, message.type) not in captured]
    assert missing == ["ALL_YOURS"]  # PROTOCOL calls it not yet implemented, and no program sends it


@pytest.mark.parametrize("message", [m for m in MESSAGES if m.opaque], ids=lambda message: message.name)
def test_every_opaque_argument_has_vectors_with_nuls_and_magics_in_it(message):
    flags = {
        flag
        for found in VECTORS
        for flag in found.flags
        if found.elements and found.elements[0].type == message.type
    }
    assert {"embedded-nul", "embedded-magic", "not-utf8"} <= flags


def test_every_result_every_kind_and_every_violation_occurs():
    assert {found.result for found in VECTORS} == set(RESULTS)
    assert {note.kind for note in load_notes().values()} == set(KINDS)


def test_every_vector_belongs_to_a_clause_and_what_is_not_plain_valid_has_a_flag():
    assert not [found.id for found in VECTORS if not found.clauses]
    assert not [found.id for found in VECTORS if found.result != "valid" and not found.flags]


def test_a_title_is_a_phrase_without_a_full_stop_and_stands_once():
    titles = Counter(found.title for found in VECTORS)
    assert not [title for title, count in titles.items() if count > 1]
    assert not [title for title in titles if title.endswith(".") or not title[0].isupper()]


@pytest.fixture(scope="module")
def schema():
    found = json.loads((FOLDER / "schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_is_as_the_schema_says(schema, path):
    schema.validate(load(path.read_text("utf-8"), path))


def test_the_export_is_as_the_schema_says_and_holds_every_byte(schema):
    exported = json.loads(json.dumps(export()))
    schema.validate(exported)
    assert [bytes.fromhex(entry["hex"]) for entry in exported["vectors"]] == [found.data for found in VECTORS]
    assert set(exported["flags"]) == set(load_notes())


def test_the_export_names_type_and_message_of_a_packet_and_the_bytes_of_a_line():
    entries = {entry["id"]: entry for entry in export()["vectors"]}
    assert entries["text-then-packet"]["packets"] == [
        {"line": b"status\n".hex()},
        {
            "magic": "REQ",
            "type": 16,
            "message": "ECHO_REQ",
            "data": "616263",
            "fields": {"data": "616263"},
            "violations": [],
        },
    ]
    assert entries["type-43"]["packets"][0]["message"] is None
    assert entries["version-lf-gearmand"]["answers"] == "version-lf"
    assert entries["version-lf-gearmand"]["source"] == {"program": "gearmand", "version": "1.1.20"}


def test_the_schema_knows_the_words_of_the_code(schema):
    definitions = schema.schema["$defs"]
    assert definitions["violations"]["items"]["enum"] == list(VIOLATIONS)
    assert definitions["note"]["properties"]["kind"]["enum"] == list(KINDS)
    assert definitions["exported-vector"]["properties"]["result"]["enum"] == list(RESULTS)


def test_the_examples_of_the_page_are_vectors_as_they_stand():
    page = (FOLDER.parent / "docs" / "vectors.md").read_text("utf-8")
    files = {path: path.read_text("utf-8") for path in FOLDER.glob("*.yaml")}
    examples = [block.partition("```")[0] for block in page.split("```yaml\n")[1:]]
    assert len(examples) == 2
    assert all(any(example in text for text in files.values()) for example in examples)
