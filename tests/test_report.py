import json

import jsonschema
import pytest

from gearspec.harness.expectation import Judgement
from gearspec.plugin import INI
from gearspec.protocol.packet import Line, Packet, request
from gearspec.protocol.transcript import OPEN, RAW, Note, Transcript
from gearspec.report import Report, entries, make_gap, make_header, make_record
from gearspec.script.verdict import Result, Verdict
from gearspec.suite import own_cases

SCHEMA = json.loads(INI.with_name("report.schema.json").read_text())
CASE = own_cases()[0]
MINE = {"name": "mine", "version": "1", "edition": "2.0.0"}


def transcript():
    found = Transcript()
    found.add(0.2, "server", "client", Packet(b"\0BAD", 77, b"\xff\0\x1b"))
    found.add(0.1, "client", "server", request("ECHO_REQ", data=b"gear-1"))
    found.add(0.0, "client", "server", Note(OPEN))
    found.add(0.3, "admin", "server", Line(b"status\n"))
    found.add(0.4, "server", "admin", Note(RAW, b"\xe9"))
    return found


def record(verdict, action="fail"):
    result = Result(verdict, "why", flags=("flag",), transcript=transcript(), names={b"gear-1": "$word"})
    return make_record(CASE, "server", result, Judgement(action, "why"), again="again", duration=0.25)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_line_is_as_the_schema_says(tmp_path, verdict):
    path = tmp_path / "out.jsonl"
    report = Report(path)
    report.header(make_header({"target": MINE, "testee": MINE | {"version": None}}, {"dangerous": True}))
    report.case(record(verdict))
    report.case(make_gap(CASE, "server", "dangerous"))
    report.footer({"planned": 2, "run": 1, "complete": True})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["header", "case", "case", "footer"]
    for line in lines:
        jsonschema.Draft202012Validator(SCHEMA).validate(line)


def test_the_schema_is_one_and_refuses_what_is_not_in_it():
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    good = {"kind": "case", **record(Verdict.FAIL)}
    for change in ({"verdict": "MAYBE"}, {"level": "perhaps"}, {"id": "x"}, {"more": 1}, {"kind": "footer"}):
        assert not validator.is_valid(good | change)


def test_what_was_written_is_there_although_the_run_was_killed(tmp_path):
    path = tmp_path / "out.jsonl"
    report = Report(path)
    report.header(make_header({"target": MINE}, {}))
    header = json.loads(path.read_text())
    assert (header["target"], header["testee"]) == (MINE, None)
    report.footer({"planned": 0, "run": 0, "complete": False})


def test_a_transcript_is_in_order_in_words_and_in_hexadecimal():
    found = entries(transcript(), {b"gear-1": "$word"})
    assert [entry["at"] for entry in found] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert found[0]["hex"] == ""
    assert found[1]["what"] == "ECHO_REQ data=$word"
    assert found[1]["hex"] == request("ECHO_REQ", data=b"gear-1").encode().hex()
    assert found[2]["what"].isascii()
    assert found[3]["hex"] == b"status\n".hex()
    assert found[4]["hex"] == "e9"


def test_a_pass_needs_no_transcript_and_everything_else_has_one():
    assert record(Verdict.PASS, "pass")["transcript"] == []
    assert len(record(Verdict.RECORDED, "pass")["transcript"]) == 5


def test_what_is_known_is_as_expected():
    assert record(Verdict.FAIL, "known") | {"as_expected": True, "known": "why"} == record(
        Verdict.FAIL, "known"
    )
    assert not record(Verdict.FAIL)["as_expected"]
    assert record(Verdict.PASS, "pass")["known"] == ""


def test_what_was_not_run_has_a_reason_in_place_of_a_verdict():
    gap = make_gap(CASE, "server", "dangerous")
    assert (gap["verdict"], gap["message"]) == (None, "dangerous")
