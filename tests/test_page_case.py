"""Pages of cases say what the script, its clauses and the results of programs say."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gearspec.harness.expectation import Deviation
from gearspec.page.account import Account
from gearspec.page.case import area_of, case_page, case_pages, script_of
from gearspec.protocol.clause import load_clauses
from gearspec.script.load import parse_cases
from gearspec.script.verdict import Verdict
from gearspec.suite import find_case, own_cases, own_properties

CASE = find_case("two-clients-share-a-job")
PROPERTY = next(case for case in own_properties() if "slow-reader-blocks-nobody" in case.clauses)
FILE = """\
# What the file is about.

- id: first
  title: The first
  clauses: [echo-answered]
  under-test: [server]
  script:
  # Said within.
  - client -> server: ECHO_REQ
    data: hi
  - server -> client: ECHO_RES
    clause: echo-answered
    data: hi

# What the second is about.
- id: second
  title: The second
  clauses: [echo-answered]
  under-test: [server]
  script:
  - client -> server: ECHO_REQ
    data: ho
  - server -> client: ECHO_RES
    clause: echo-answered
    data: ho
"""


def page(case=CASE, script="- id: x", found=()):
    return case_page(case, script, list(found))


def test_each_case_has_a_page_that_the_index_leads_to():
    pages = {one.path: one.text for one in case_pages(own_cases()[:40], [])}
    assert pages.keys() == {f"cases/{case.id}.html" for case in own_cases()[:40]} | {"cases/index.html"}
    index = pages.pop("cases/index.html")
    for path, text in pages.items():
        assert f'href="../{path}"' in index
        assert all(f'id="{place}"' in index for place in re.findall(r'href="index.html#([^"]+)"', text))


def test_a_script_stands_on_its_page_as_in_its_file():
    first, second = parse_cases(FILE, "x.gear.yaml")
    lines = FILE.splitlines()
    assert script_of(first, FILE).splitlines() == lines[2:13]
    assert script_of(second, FILE).splitlines() == lines[15:]


def test_a_changed_title_changes_the_page():
    assert "Another title." in page(replace(CASE, title="Another title"))
    assert "Another title." not in page()


def test_a_changed_line_of_the_script_changes_the_chart():
    first, second = parse_cases(FILE, CASE.path)
    assert "data='hi'" in page(first)
    assert "data='hi'" not in page(second)


def test_a_changed_clause_changes_the_page(monkeypatch):
    clauses = load_clauses()
    name = CASE.clauses[0]
    changed = clauses | {name: replace(clauses[name], text="A new text.", contradictions="Not so sure.")}
    assert "A new text." not in page()
    monkeypatch.setattr("gearspec.page.case.load_clauses", lambda: changed)
    assert "A new text." in page()
    assert "Not so sure." in page()


def test_what_a_case_needs_and_warns_of_is_on_its_page():
    text = page(replace(CASE, needs=("coalescing",), dangerous="it may hurt", leaves="they stay"))
    assert "<code>coalescing</code>: one job for several submits with the same function and unique" in text
    assert "it may hurt" in text
    assert "add <code>--dangerous</code>" in text
    assert "they stay" in text
    assert "<code>--dangerous</code>" not in page()


def test_the_command_that_plays_it_again_names_what_is_under_test():
    assert "gearspec replay two-clients-share-a-job --target=HOST:PORT" in page()
    both = page(replace(CASE, under_test=("server", "client")))
    assert "gearspec replay &#39;two-clients-share-a-job[client]&#39; --testee=NAME" in both


def test_a_program_can_be_made_of_what_puts_a_server_under_test():
    make = "gearspec explain two-clients-share-a-job --as=python --target=HOST:PORT &gt; case.py"
    assert make in page()
    assert "--as=python" not in page(replace(CASE, under_test=("client",)))
    assert "--as=python" not in page(PROPERTY)


def test_what_a_program_did_is_told_with_its_reason():
    why = Deviation(CASE.id, Verdict.FAIL, "oops", "defect", "It is old", issue="https://example.org/1")
    account = Account(
        "mine 1.0", "my server", f"{CASE.id}[server]", Verdict.FAIL, "oops: so it came", "", why
    )
    text = page(found=[account])
    assert all(part in text for part in ("mine 1.0", ">FAIL<", "oops: so it came", "defect: It is old"))
    assert 'href="https://example.org/1"' in text
    assert "No result of any program" in page()


def test_the_clauses_that_a_line_decides_are_links_in_the_chart():
    group = load_clauses()["coalesce-same-handle"].group
    chart = page().partition("<svg")[2].partition("</svg>")[0]
    assert f'href="../clauses/{group}.html#coalesce-same-handle"' in chart


def test_a_case_is_about_what_its_file_is_named():
    assert area_of(CASE) == ("server", "coalesce")
    assert area_of(PROPERTY) == ("server", "slow reader")


def test_a_property_has_a_page_without_a_chart_and_is_played_by_pytest():
    text = page(PROPERTY, script_of(PROPERTY, Path(PROPERTY.path).read_text("utf-8")))
    assert "<svg" not in text
    assert f"suites/server/test_slow_reader.py::test_{PROPERTY.id.replace('-', '_')} --target=" in text
    assert f">def test_{PROPERTY.id.replace('-', '_')}(" in text


@pytest.mark.parametrize("place", ["title", "script", "sign"])
def test_markup_is_shown_and_not_obeyed(place):
    hostile = "<script>alert(1)</script>\n<h2>x</h2>"
    account = Account("mine", "", f"{CASE.id}[server]", Verdict.FAIL, hostile if place == "sign" else "")
    text = page(
        replace(CASE, title=hostile if place == "title" else "t"),
        hostile if place == "script" else "s",
        [account],
    )
    assert "<script>" not in text
    assert "\n<h2>x" not in text
    assert "&lt;script&gt;" in text
