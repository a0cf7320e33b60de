"""The site: every page is there, every link leads somewhere, and what it is made of can be searched."""

import json
import re

import pytest

from gearspec.errors import HarnessError, UsageError
from gearspec.page import site
from gearspec.page.link import broken
from gearspec.page.template import Page, slug
from gearspec.protocol.admin import COMMANDS
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import MESSAGES
from gearspec.standing import known_standings
from gearspec.suite import own_cases
from tests.staging import CHECKOUT

GUIDES = {path.stem for path in (CHECKOUT / "docs").glob("*.md")}


@pytest.fixture(scope="module")
def pages():
    return dict(site.pages())


def test_every_message_command_clause_and_case_has_its_page(pages):
    assert {f"messages/{slug(message.name)}.html" for message in MESSAGES} <= pages.keys()
    assert {f"text/{slug(name.decode())}.html" for name in COMMANDS} <= pages.keys()
    assert {f"cases/{case.id}.html" for case in own_cases()} <= pages.keys()
    for clause in load_clauses().values():
        assert f'id="{clause.id}"' in pages[f"clauses/{clause.group}.html"]


def test_every_link_of_a_generated_page_leads_somewhere(pages):
    html = {path: text for path, text in pages.items() if path.endswith(".html")}
    written = {"index.html", *(f"guides/{name}.html" for name in GUIDES)}
    assert list(broken(html, written)) == []


def test_the_front_page_counts_what_there_is_and_leads_to_it_once(pages):
    programs = {standing.name for standing in known_standings()}
    front = pages["index.md"]
    for count, name in (
        (len(MESSAGES), "messages"),
        (len(own_cases()), "cases"),
        (len(programs), "programs"),
    ):
        assert f"<b>{count} {name}</b>" in front
    doors = re.findall(r'<li><a href="([^"]+)">', front)
    assert len(doors) == len(set(doors)) > 5


def test_every_guide_stands_once_in_the_navigation(pages):
    for name in GUIDES:
        assert pages["index.md"].count(f"\nguides/{name}\n") == 1


WORDS = "It says [more](#a-guide) of `one`, `echo-answered` and `two`."
GUIDE = f"# A guide\n\n{WORDS}\n\n    code\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Makes a small site of some pages."""

    def make(*made, show=lambda _: None):
        monkeypatch.setattr(site, "data_folder", lambda name: tmp_path / name)
        monkeypatch.setattr(site, "pages", lambda _: made)
        tmp_path.joinpath("docs").mkdir(exist_ok=True)
        tmp_path.joinpath("docs", "guide.md").write_text(GUIDE)
        tmp_path.joinpath("vectors").mkdir(exist_ok=True)
        tmp_path.joinpath("vectors", "schema.json").write_text("{}")
        monkeypatch.setattr(site, "export", lambda: {"vectors": []})
        site.build(tmp_path / "out", show=show)
        return tmp_path / "out"

    return make


FRONT = Page("index.md", "# Front\n\n```{toctree}\n:hidden:\n\nguides/guide\n```\n")
PAGE = Page(
    "cases/one.html",
    '<h1>One &lt;case&gt;</h1>\n<p>About zebras.</p>\n<h2 id="why">Why</h2>\n<a href="LINK">x</a>\n',
)


def with_link(link):
    return PAGE._replace(text=PAGE.text.replace("LINK", link))


def test_a_page_becomes_sections_that_can_be_linked_and_searched_and_what_programs_read_lies_beside_it(build):
    out = build(FRONT, with_link("#why"))
    text = (out / "cases" / "one.html").read_text()
    assert '<section id="why">' in text
    assert "<title>One &lt;case&gt;" in text
    assert '<a class="reference internal" href="#why">Why</a>' in text
    index = json.loads(
        (out / "searchindex.js").read_text().removeprefix("Search.setIndex(").removesuffix(")")
    )
    assert "cases/one" in index["docnames"]
    assert "zebra" in index["terms"]
    assert json.loads((out / "vectors.json").read_text()) == {"vectors": []}
    schemas = {path.name for path in (CHECKOUT / "gearspec").glob("*.schema.json")}
    assert {path.name for path in (out / "schemas").iterdir()} == {"vectors.schema.json", *schemas}


def test_the_keyboard_reaches_what_can_be_scrolled_and_captions_have_a_level(build):
    out = build(FRONT._replace(text=FRONT.text.replace(":hidden:", ":hidden:\n:caption: Guides")))
    text = (out / "guides" / "guide.html").read_text()
    assert re.findall(r"<pre[^>]*>", text) == ['<pre tabindex="0">']
    assert re.findall(r'<div[^>]*"table-wrapper', text) == ['<div tabindex="0" class="table-wrapper']
    assert re.findall(r'<p class="caption"[^>]*>', text) == [
        '<p class="caption" role="heading" aria-level="2">'
    ]


def test_pages_share_their_navigation_and_yet_each_leads_from_its_own_folder(build):
    other, near, top = (
        with_link("#why")._replace(path=path) for path in ("b/x.html", "guides/x.html", "y.html")
    )
    out = build(FRONT, with_link("#why"), with_link("#why")._replace(path="cases/two.html"), other, near, top)
    links = {
        path: set(
            re.findall('<a class="reference internal" href="([^"#]*guide.html)">', (out / path).read_text())
        )
        for path in ("cases/one.html", "cases/two.html", "b/x.html", "guides/x.html", "y.html")
    }
    assert list(links.values()) == [*[{"../guides/guide.html"}] * 3, {"guide.html"}, {"guides/guide.html"}]


def test_a_site_that_is_there_is_replaced(build, tmp_path):
    old = tmp_path / "out" / "old.html"
    old.parent.mkdir()
    old.touch()
    old.with_name(".buildinfo").touch()
    assert (build(FRONT) / "index.html").exists()
    assert not old.exists()


def test_a_guide_leads_to_the_cases_and_clauses_that_it_names(build):
    clause = PAGE._replace(
        path="clauses/echo.html", text=with_link("#why").text.replace("why", "echo-answered")
    )
    text = (build(FRONT, with_link("#why"), clause) / "guides" / "guide.html").read_text()
    links = re.findall('<a href="([^"]+)"><code class="docutils literal', text)
    assert links == ["../cases/one.html", "../clauses/echo.html#echo-answered"]


def test_a_guide_is_called_by_its_title_where_another_has_the_name_of_its_file(build, tmp_path):
    other = tmp_path / "docs" / "other.md"
    other.parent.mkdir()
    other.write_text("# The <other> one\n\nIt is not [guide.md](guide.md), nor [this](guide.md).\n")
    front = FRONT._replace(text=FRONT.text.replace("guides/guide", "guides/guide\nguides/other"))
    text = (build(front) / "guides" / "other.html").read_text()
    assert re.findall('<span class="std std-doc">([^<]+)</span>', text) == ["A guide", "this"]


@pytest.mark.parametrize("ci", ["", "true"])
def test_how_far_it_is_is_told_until_all_is_done(build, monkeypatch, ci):
    monkeypatch.setenv("CI", ci)
    told = []
    build(FRONT, with_link("#why"), show=told.append)
    assert told == sorted(told)
    assert told[-1] == 100
    assert len(told) > 3


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_done(tmp_path):
    tmp_path.joinpath("file").touch()
    with pytest.raises(UsageError, match="file/out: Not a directory"):
        site.build(tmp_path / "file" / "out")


def test_a_folder_with_anything_else_in_it_is_left_alone(build, tmp_path):
    own = tmp_path / "out" / "index.html"
    own.parent.mkdir()
    own.touch()
    with pytest.raises(UsageError, match="has something else in it: name a new folder"):
        build(FRONT)
    assert own.exists()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ((FRONT, with_link("two.html")), "cases/one.html.*'two.html' leads nowhere"),
        ((FRONT._replace(text="# Front\n\n[gone](gone.md)\n"),), "index.md.*gone.md"),
    ],
)
def test_a_link_that_leads_nowhere_is_our_fault_and_told_with_its_place(build, made, told):
    with pytest.raises(HarnessError, match=f"a page of the site is faulty: .*{told}"):
        build(*made)


def test_without_sphinx_it_is_told_what_to_install(build, monkeypatch):
    monkeypatch.setattr(site, "find_spec", lambda name: None if name == "sphinx" else name)
    with pytest.raises(UsageError, match=r"install gearspec\[site\]"):
        build(FRONT)
