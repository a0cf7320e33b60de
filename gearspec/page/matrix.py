"""The matrix: programs by areas, clauses and cases, and what changed from run to run.

Its pages have the form of those of the site, which shows the known programs; a folder of its own
shows those of some reports, with the page of each run and badges beside it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from gearspec.log import plain
from gearspec.page.badge import make_badge
from gearspec.page.board import log_catalogue, make_boards, own_catalogue
from gearspec.page.difference import differences
from gearspec.page.report import report_page
from gearspec.page.template import Page, render
from gearspec.standing import known_standings, make_standings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gearspec.log import Log
    from gearspec.page.badge import Badge
    from gearspec.page.board import Board
    from gearspec.protocol.clause import Clause
    from gearspec.standing import Standing

PAGES: Final = {
    "index.html": ("areas", "areas"),
    "clauses.html": ("clauses", "clauses"),
    "cases.html": ("cases", "cases"),
    "changes.html": ("changes", "what changed"),
    "badges.html": ("badges", "badges"),
}
"""The pages of a folder: for each its template and its name."""
_STYLE: Final = Path(__file__).with_name("static") / "matrix.css"


def matrix_pages() -> Iterator[Page]:
    """Those of the programs that gearspec knows, for the site."""
    standings, own = list(known_standings()), own_catalogue()
    values = {
        "standings": standings,
        "boards": make_boards(standings, own),
        "reports": [""] * len(standings),
        "clause_address": lambda clause: f"../clauses/{clause.group}.html#{clause.id}",
        "case_address": lambda case: f"../cases/{case}.html" if case in own else "",
    }
    for path, (template, _) in list(PAGES.items())[:3]:
        yield Page(f"matrix/{path}", render(f"matrix-{template}.html", **values))


def matrix_files(logs: Sequence[Log], known: Iterable[Standing] = ()) -> Iterator[Page]:
    """Every file of a folder of its own.

    Args:
        logs: reports; a program may be in several of them.
        known: what else stands beside them, without a page of its run.
    """
    found = [(standing, "") for standing in known]
    catalogue = own_catalogue()
    for number, log in enumerate(map(plain, logs), 1):
        path = f"runs/{number}.html"
        yield Page(path, report_page(log))
        catalogue = log_catalogue(log) | catalogue
        found += [(standing, path) for standing in make_standings(log)]
    found.sort(key=lambda one: (one[0].kind, one[0].name, one[0].time))
    standings, reports = [standing for standing, _ in found], [path for _, path in found]
    boards = make_boards(standings, catalogue)
    badges = _badges(standings, boards)
    for path, badge in badges.items():
        yield Page(f"{path}.svg", badge.svg())
        yield Page(f"{path}.json", badge.endpoint())
    values = {
        "standings": standings,
        "boards": boards,
        "reports": reports,
        "differences": differences(standings),
        "badges": badges,
        "badge_path": lambda standing, role: _badge_path(standings, standing, role),
        "clause_address": _nowhere,
        "case_address": _nowhere,
    }
    yield from _wrapped(values)


def _wrapped(values: dict[str, Any]) -> Iterator[Page]:
    """The pages of the site's form, each as one that stands alone."""
    names = {path: name for path, (_, name) in PAGES.items()}
    style = Markup(render("base.css") + render("matrix.css") + _STYLE.read_text("utf-8"))  # noqa: S704 - our own
    for path, (template, name) in PAGES.items():
        body = Markup(render(f"matrix-{template}.html", **values))  # noqa: S704 - it is escaped there
        yield Page(path, render("matrix.html", title=name, here=path, pages=names, style=style, body=body))


def _badges(standings: list[Standing], boards: list[Board]) -> dict[str, Badge]:
    return {
        _badge_path(standings, standing, board.role): make_badge(board.role, must)
        for board in boards
        for standing, must in zip(board.standings, board.must, strict=True)
    }


def _badge_path(standings: list[Standing], standing: Standing, role: str) -> str:
    """Where the badge of a program is; that of the same program and version in a later run has a number."""
    same = [one for one in standings if one.title == standing.title and role in one.roles]
    number = f"-{same.index(standing) + 1}" if same.index(standing) else ""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", standing.title).strip("-.").lower()
    return f"badges/{name}-{role}{number}"


def _nowhere(_: Clause | str) -> str:
    """What a folder of its own has no page of."""
    return ""


def write_files(pages: Iterable[Page], out: Path) -> None:
    """Put files into a folder; those of an earlier time that have the same names are replaced.

    Raises:
        OSError: one cannot be written.
    """
    for page in pages:
        path = out / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.text, "utf-8")
