import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from gearspec.cli import USAGE, call
from gearspec.page.badge import LABEL, make_badge
from gearspec.page.board import ABSENT, BROKEN, KEPT, OPEN, UNTRIED, Entry, make_boards, own_catalogue, stance
from gearspec.page.difference import BETTER, GONE, NEW, OTHERWISE, WORSE, compare, differences
from gearspec.page.matrix import PAGES, matrix_files, matrix_pages
from gearspec.standing import known_standings, make_standings
from gearspec.tally import Count
from tests.reporting import FOOTER, HEADER, MINE, Walk, hostile, log, record, write

ECHO = ("echo-answered", "echo-returns-data")
CATALOGUE = {name: Entry(f"the title of {name}", "must", ECHO) for name in ("one", "two", "three")}


def standing(*records, **changes):
    (found,) = make_standings(log(*records))
    return replace(found, **changes)


def files(*logs, known=()):
    return dict(matrix_files(logs, known))


def cells(page, words):
    """The cells of the row that holds some words, as text."""
    row = next(row for row in re.findall(r"(?s)<tr.*?</tr>", page) if words in row)
    return [" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in re.findall(r"(?s)<td.*?</td>", row)]


class TestBoard:
    def test_a_clause_is_kept_when_a_case_decided_it_and_none_to_the_contrary(self):
        records = [record("one"), record("two", "FAIL", clauses=ECHO[::-1])]
        for order in (records, records[::-1]):
            states = stance(standing(*order), "server", CATALOGUE)
            assert (states["echo-answered"], states["echo-returns-data"]) == (KEPT, BROKEN)

    def test_a_clause_whose_cases_came_to_no_verdict_is_not_exercised(self):
        states = stance(standing(record("one", "UNSUPPORTED", "skip")), "server", CATALOGUE)
        assert states["echo-answered"] == OPEN
        assert states["frame-size"] == UNTRIED

    def test_a_clause_of_another_edition_is_told_from_one_that_is_broken(self):
        old, new = (
            stance(standing(record("one"), edition=edition), "server", CATALOGUE)
            for edition in ("1.1.18", "2.0.0")
        )
        assert (old["can-do-timeout-milliseconds"], new["can-do-timeout-milliseconds"]) == (ABSENT, UNTRIED)

    def test_a_case_counts_in_each_area_of_its_clauses_and_a_skip_is_no_pass(self):
        entry = Entry("", "must", ("echo-answered", "frame-size"))
        mine = standing(record("one"), record("two", "UNSUPPORTED", "skip"), record("three", "CRASH"))
        (board,) = make_boards([mine], dict.fromkeys(("one", "two", "three"), entry))
        assert board.areas == {"framing": [Count(1, 2, 3)], "echo": [Count(1, 2, 3)]}
        assert [line.item for line in board.cases["framing"]] == [
            "one[server]",
            "three[server]",
            "two[server]",
        ]
        assert "echo" not in board.cases

    def test_programs_of_one_role_stand_side_by_side_and_what_was_not_run_is_empty(self):
        one, other = standing(record("one")), standing(record("two"), name="other")
        (board,) = make_boards([one, other], CATALOGUE)
        assert [line.findings.count(None) for line in board.cases["echo"]] == [1, 1]

    def test_clauses_stand_under_what_they_are_about_and_only_where_somebody_was_tried_on_them(self):
        entry = Entry("", "must", ("echo-answered", "frame-size"))
        (board,) = make_boards([standing(record("one"))], {"one": entry})
        rows = {
            area: [(clause.id, states) for clause, states in rows] for area, rows in board.clauses.items()
        }
        assert rows == {"framing": [("frame-size", [KEPT])], "echo": [("echo-answered", [KEPT])]}

    def test_there_is_a_board_for_each_role(self):
        mine = standing(record("one", role="client"), kind="testee")
        assert [board.role for board in make_boards([standing(record("one")), mine], CATALOGUE)] == ["server"]
        both = make_standings(
            log(record("one"), record("two", role="client"), header=HEADER | {"testee": MINE})
        )
        assert [board.role for board in make_boards(both, CATALOGUE)] == ["server", "client"]


class TestDifference:
    before = standing(
        record("same", "FAIL"),
        record("mended", "FAIL"),
        record("broken"),
        record("other", "FAIL"),
        record("gone"),
    )
    after = standing(
        record("same", "FAIL"),
        record("mended", "TOLERATED"),
        record("broken", "CRASH"),
        record("other", "HANG"),
        record("new"),
    )

    def test_each_kind_of_change_is_told_and_what_is_the_same_is_not(self):
        changes = compare(self.before, self.after)
        assert {kind: [change.item for change in found] for kind, found in changes.items()} == {
            WORSE: ["broken[server]"],
            BETTER: ["mended[server]"],
            OTHERWISE: ["other[server]"],
            NEW: ["new[server]"],
            GONE: ["gone[server]"],
        }
        assert compare(self.before, self.before) == {}

    def test_what_was_left_out_of_a_part_has_not_changed(self):
        assert GONE not in compare(self.before, replace(self.after, whole=False))
        assert NEW not in compare(replace(self.before, whole=False), self.after)

    def test_only_runs_of_one_program_are_compared_each_with_its_next(self):
        runs = [replace(self.before, version=version) for version in ("1", "2", "3")]
        found = differences([*runs, replace(self.after, name="other")])
        assert [(one.before.version, one.after.version) for one in found] == [("1", "2"), ("2", "3")]


class TestBadge:
    @pytest.mark.parametrize(
        ("count", "message", "colour"),
        [
            (Count(3, 3, 3), "server: 3 of 3 musts", "brightgreen"),
            (Count(2, 2, 3), "server: 2 of 3 musts", "blue"),
            (Count(2, 3, 3), "server: 2 of 3 musts", "red"),
            (Count(0, 0, 3), "server: nothing tested", "lightgrey"),
        ],
    )
    def test_it_says_how_many_musts_are_kept_and_is_green_only_if_all_are(self, count, message, colour):
        badge = make_badge("server", count)
        assert badge == (message, colour)
        assert json.loads(badge.endpoint()) == {
            "schemaVersion": 1,
            "label": LABEL,
            "message": message,
            "color": colour,
        }
        picture = ET.fromstring(badge.svg())
        assert picture.get("aria-label") == f"gearspec: {message}"


class TestFolder:
    def test_it_has_every_page_and_a_page_and_a_badge_of_each_run(self):
        found = files(log(record("one")), log(record("one", "FAIL")))
        assert set(found) == {
            *PAGES,
            *("runs/1.html", "runs/2.html"),
            *(f"badges/mine-1.2-server{n}.{end}" for n in ("", "-2") for end in ("svg", "json")),
        }

    def test_what_is_no_pass_leads_to_the_page_of_its_run(self):
        found = files(log(record("one")), log(record("one", "FAIL")))
        assert cells(found["cases.html"], "one") == ["PASS", "FAIL"]
        assert 'href="runs/2.html#one[server]"' in found["cases.html"]
        assert 'id="one[server]"' in found["runs/2.html"]
        assert 'href="runs/1.html#' not in found["cases.html"]

    def test_runs_of_one_program_stand_together_in_the_order_of_time(self):
        other = HEADER | {"target": MINE | {"name": "other"}}
        late, early = ({"time": f"2026-0{month}-01T00:00:00+00:00"} for month in (5, 4))
        found = files(
            log(record("one", "FAIL"), header=HEADER | late),
            log(record("one", "CRASH"), header=other),
            log(record("one"), header=HEADER | early),
        )
        assert cells(found["cases.html"], "one") == ["PASS", "FAIL", "CRASH"]
        assert "1 does not pass any more" in found["changes.html"]

    def test_every_link_leads_to_something(self):
        found = files(log(record("one"), record("two", "FAIL")), known=known_standings()[:2])
        ids = {path: set(re.findall(r' id="([^"]+)"', text)) for path, text in found.items()}
        for path, text in found.items():
            for link in re.findall(r' (?:href|src)="([^"]+)"', text):
                page, _, anchor = link.partition("#")
                target = page or path
                assert target in found, link
                assert not anchor or anchor in ids[target], link

    def test_hostile_names_stay_names(self):
        found = files(hostile())
        for path, text in found.items():
            assert re.fullmatch(r"(runs/|badges/)?[A-Za-z0-9][A-Za-z0-9.-]*", path)
            if path.endswith(".html"):
                walk = Walk(text)
                assert walk.count("script") == path.startswith("runs/")
                assert "\x1b" not in text
            elif path.endswith(".svg"):
                ET.fromstring(text)

    def test_cases_of_a_user_have_their_titles(self):
        assert "An echo comes back" in files(log(record("mine")))["cases.html"]


class TestCommand:
    def test_it_writes_the_folder_and_says_what_to_open(self, tmp_path, capsys):
        path = write(tmp_path, HEADER, record("one"), FOOTER)
        assert call(["matrix", str(path), f"--out={tmp_path}/out"]) == 0
        assert capsys.readouterr().out == f"open {tmp_path}/out/index.html\n"
        assert (tmp_path / "out" / "runs" / "1.html").exists()

    def test_a_run_that_was_cut_off_is_refused(self, tmp_path, capsys):
        path = write(tmp_path, HEADER, record("one"))
        assert call(["matrix", str(path), f"--out={tmp_path}/out"]) == USAGE
        assert f"{path} is of a run that was cut off: run it again" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_it_wants_something_to_show(self, tmp_path, capsys):
        assert call(["matrix", f"--out={tmp_path}/out"]) == USAGE
        assert "--known" in capsys.readouterr().err
        (tmp_path / "file").touch()
        assert call(["matrix", "--known", f"--out={tmp_path}/file/out"]) == USAGE
        assert "Not a directory" in capsys.readouterr().err


def test_the_known_programs_are_all_on_the_pages_of_the_site():
    pages = {page.path: page.text for page in matrix_pages()}
    assert set(pages) == {"matrix/index.html", "matrix/clauses.html", "matrix/cases.html"}
    for page in pages.values():
        assert page.startswith("<h1>")
        for known in known_standings():
            assert known.name in page
    assert 'href="../clauses/echo.html#echo-answered"' in pages["matrix/clauses.html"]
    own = own_catalogue()
    for case in re.findall(r'href="\.\./cases/([^"]+)\.html"', pages["matrix/cases.html"]):
        assert case in own
