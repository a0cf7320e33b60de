"""Links that lead nowhere are found, and others are not."""

import pytest

from gearspec.page.link import broken


def find(link, place="index.html"):
    pages = {"cases/one.html": '<p id="why">B</p>', place: f'<h1 id="top">A</h1>\n<a href="{link}">x</a>'}
    return list(broken(pages, {"vectors.json"}))


@pytest.mark.parametrize(
    "link",
    [
        "#top",
        "#",
        "cases/one.html",
        "cases/one.html#why",
        "cases/../cases/one.html",
        "cases/one.html?q=1#why",
        "vectors.json",
        "https://gearman.invalid/nowhere",
        "//gearman.invalid/nowhere",
        "mailto:nobody",
    ],
)
def test_a_link_that_leads_somewhere_is_not_told(link):
    assert find(link) == []


@pytest.mark.parametrize(
    "link",
    ["#bottom", "two.html", "cases/two.html", "cases/one.html#what", "../index.html", "cases/", "x.json"],
)
def test_a_link_that_leads_nowhere_is_told_with_its_place(link):
    assert find(link) == [f"index.html:2: '{link}' leads nowhere"]


def test_a_link_is_relative_to_its_page():
    assert find("one.html", "cases/three.html") == []
    assert find("cases/one.html", "cases/three.html") != []


def test_what_a_page_loads_is_a_link_too():
    assert list(broken({"index.html": '<img src="gone.png">'}, ())) == [
        "index.html:1: 'gone.png' leads nowhere"
    ]
