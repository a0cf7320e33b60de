import json
from dataclasses import replace

import jsonschema
import pytest

from gearspec.errors import ReportError
from gearspec.harness.target import known_names
from gearspec.harness.testee import known_testees
from gearspec.plugin import INI
from gearspec.protocol.clause import EDITIONS
from gearspec.script.verdict import Verdict
from gearspec.standing import Finding, dump, known_standings, load_standing, make_standings, standing_file
from tests.reporting import HEADER, MINE, log, record

SCHEMA = json.loads(INI.with_name("standing.schema.json").read_text())


def standing(*records, **changes):
    (found,) = make_standings(log(*records))
    return replace(found, **changes)


def test_a_standing_keeps_what_was_tested_and_what_came_of_it():
    found = standing(record("one"), record("two", "TOLERATED"), record("three", "FAIL", "known"))
    assert (found.kind, found.title, found.edition, found.whole) == ("target", "mine 1.2", "2.0.0", True)
    assert found.time == HEADER["time"]
    assert found.roles == {"server"}
    assert found.findings["one[server]"] == Finding(Verdict.PASS)
    assert found.findings["two[server]"].flags == ("flag",)
    three = found.findings["three[server]"]
    assert (three.verdict, three.clause, three.known) == ("FAIL", "echo-answered", "FAIL, defect: it is so")


def test_a_run_on_a_server_and_a_library_makes_two():
    header = HEADER | {"testee": MINE | {"name": "lib"}}
    records = [record("one"), record("two", role="client"), record("three", role="worker")]
    server, library = make_standings(log(*records, header=header))
    assert (server.name, list(server.findings)) == ("mine", ["one[server]"])
    assert (library.name, list(library.findings)) == ("lib", ["two[client]", "three[worker]"])


def test_what_was_not_run_has_no_verdict_and_a_reason():
    gap = standing(record("one", action="gap")).findings["one[server]"]
    assert (gap.verdict, gap.message) == (None, "dangerous on a server that is not ours")


def test_what_is_kept_is_read_again_and_is_as_the_schema_says(tmp_path):
    actions = [record(f"c{n}", verdict) for n, verdict in enumerate(Verdict)] + [record("d", action="gap")]
    found = standing(*actions)
    path = tmp_path / "mine.json"
    path.write_text(dump(found))
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(path.read_text()))
    assert load_standing(path) == found
    assert load_standing(path).whole


def test_its_text_does_not_depend_on_the_order_of_the_run():
    one, two = record("one"), record("two", "FAIL")
    assert dump(standing(one, two)) == dump(standing(two, one))
    assert dump(standing(one)).splitlines()[-3] == '  "one[server]": {"verdict": "PASS"}'


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 2}'])
def test_a_file_that_holds_something_else_is_told(tmp_path, text):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=r"mine\.json: "):
        load_standing(path)
    with pytest.raises(ReportError, match="cannot be read"):
        load_standing(tmp_path / "none.json")


def test_each_program_that_is_kept_is_known_and_lies_where_it_is_looked_for():
    names = {"target": known_names(), "testee": known_testees()}
    for found in known_standings():
        assert found.name in names[found.kind]
        assert load_standing(standing_file(found.kind, found.name)) == found
        assert found.whole
        assert found.edition in EDITIONS
        assert found.version
    for kind, known in names.items():
        assert {found.name for found in known_standings() if found.kind == kind} == set(known)
