import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.errors import ReportError
from gearspec.log import read_log
from gearspec.report import FORMAT
from tests.reporting import FOOTER, HEADER, MINE, record, write


def test_what_was_written_is_read(tmp_path):
    log = read_log(write(tmp_path, HEADER, record("one"), record("two", "FAIL"), FOOTER))
    assert list(log.records) == ["one[server]", "two[server]"]
    assert log.records["two[server]"] == record("two", "FAIL")
    assert (log.header, log.footer) == (HEADER, FOOTER)
    assert log.subjects == {"target": MINE}
    assert log.whole


def test_of_an_item_that_was_run_again_the_last_record_counts(tmp_path):
    log = read_log(write(tmp_path, HEADER, record("one"), record("one", "CRASH"), FOOTER))
    assert [found["verdict"] for found in log.records.values()] == ["CRASH"]


@pytest.mark.parametrize("rest", ["", '{"kind": "foo', '{"kind": "footer", "planned": 2}'])
def test_a_report_of_a_run_that_was_killed_is_read_as_far_as_it_goes(tmp_path, rest):
    path = write(tmp_path, HEADER, record("one"))
    path.write_text(path.read_text() + rest)
    log = read_log(path)
    assert (list(log.records), log.footer, log.whole) == (["one[server]"], None, False)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([], "a report is one header"),
        ([record("one"), FOOTER], "a report is one header"),
        ([HEADER, FOOTER, record("one")], "a report is one header"),
        ([HEADER, HEADER, FOOTER], "a report is one header"),
        ([HEADER | {"format": FORMAT + 1}], ":1: the format is not 1: read it with the gearspec that wrote"),
        ([HEADER, record("one") | {"verdict": "MAYBE"}], ":2: verdict: 'MAYBE' is not one of"),
        ([HEADER, record("one") | {"flags": [1]}], ":2: flags.0: 1 is not of type 'string'"),
        ([HEADER, [1]], ":2: 'kind' is one of: header, case, footer"),
        ([HEADER, {"kind": {}}], ":2: 'kind' is one of: header, case, footer"),
    ],
)
def test_what_is_no_report_is_told_with_its_line(tmp_path, lines, fault):
    path = write(tmp_path, *lines)
    with pytest.raises(ReportError) as told:
        read_log(path)
    assert f"{path}{fault}".replace(f"{path}a", f"{path}: a") in str(told.value)


def test_a_fault_is_one_short_line_without_anything_that_steers_a_terminal(tmp_path):
    path = write(tmp_path, HEADER, record("one") | {"verdict": "\x1b[2J" * 9999})
    with pytest.raises(ReportError) as told:
        read_log(path)
    assert "\x1b" not in str(told.value)
    assert len(str(told.value).removeprefix(str(path))) < 300


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ReportError, match=r"none\.jsonl: cannot be read"):
        read_log(tmp_path / "none.jsonl")


@given(st.binary())
def test_whatever_a_file_holds_it_is_read_or_told(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "report.jsonl"
    path.write_bytes(json.dumps({"kind": "header", **HEADER}).encode() + b"\n" + data)
    try:
        assert read_log(path).header == HEADER
    except ReportError as told:
        assert str(path) in str(told)  # noqa: PT017 - it is raised or not
