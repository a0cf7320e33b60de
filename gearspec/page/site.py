"""The reference site: all pages, and the generator that makes a folder of HTML of them."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from gearspec import __version__
from gearspec.data import data_folder
from gearspec.errors import HarnessError, UsageError
from gearspec.page.account import known_subjects
from gearspec.page.case import case_pages
from gearspec.page.clause import clause_pages
from gearspec.page.machine import machine_pages
from gearspec.page.matrix import matrix_pages
from gearspec.page.message import message_pages
from gearspec.page.template import Page, render
from gearspec.page.text import text_pages
from gearspec.protocol.admin import COMMANDS
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import MESSAGES
from gearspec.suite import own_cases
from gearspec.vector import export, load_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDES: Final = (
    *("test-your-server", "test-your-library", "read-a-failure", "verdicts", "expectations", "ci"),
    *("command-line", "targets", "adapters", "peers", "fuzzing", "findings"),
    *("vectors", "other-languages", "wireshark", "formats"),
)
"""The pages of ``docs/`` for users, in the order in which they are to be read; any other comes after them."""
CONTRIBUTING: Final = ("write-a-case", "scripts", "clauses", "ledger", "architecture")
"""Those for whoever adds to gearspec."""
_PACKAGE: Final = Path(__file__).resolve().parent.parent
_STATIC: Final = _PACKAGE / "page" / "static"
_MARK: Final = ".buildinfo"
"""The file by which a folder is known to be a site."""
_SETTINGS: Final[dict[str, Any]] = {
    "project": "gearspec",
    "version": __version__,
    "extensions": ["myst_parser", "gearspec.page.fragment"],
    "myst_enable_extensions": ["colon_fence"],
    "myst_heading_anchors": 3,
    "suppress_warnings": ["toc.not_included"],  # only indexes stand in the sidebar, and link to the rest
    "html_theme": "furo",
    "html_title": f"gearspec {__version__}",
    "html_static_path": [str(_STATIC)],
    "html_css_files": ["gearspec.css", "chart.css", "matrix.css"],
    "html_copy_source": False,
    "html_use_index": False,
    "html_show_copyright": False,
    "html_show_search_summary": False,  # it would fetch each page that is found, which file:// forbids
}


def pages() -> Iterator[Page]:
    """Every generated page."""
    cases, vectors, subjects = own_cases(), load_vectors(), known_subjects()
    yield from message_pages(cases, vectors)
    yield from text_pages(vectors)
    yield from clause_pages(cases, subjects)
    yield from case_pages(cases, subjects)
    yield from machine_pages()
    yield from matrix_pages()
    yield Page("index.md", _front(len(cases), len(vectors)))


def build(out: Path) -> None:
    """Make the site in a folder; an earlier one that is there is replaced.

    Raises:
        UsageError: the folder has something else in it, or Sphinx is not installed.
        HarnessError: a page of ours is not as it must be.
    """
    if out.exists() and any(out.iterdir()):
        if not (out / _MARK).exists():
            raise UsageError(f"{out} has something else in it: name a new folder, or an earlier site")
        shutil.rmtree(out)
    with TemporaryDirectory(prefix="gearspec-site-") as folder:
        source, extra = Path(folder, "source"), Path(folder, "extra")
        _write(source)
        _write_data(extra)
        _run_sphinx(source, out, Path(folder, "doctrees"), {**_SETTINGS, "html_extra_path": [str(extra)]})


def _front(cases: int, vectors: int) -> str:
    places = {name: place for place, name in enumerate(GUIDES)}
    names = (path.stem for path in data_folder("docs").glob("*.md"))
    written = sorted(names, key=lambda name: (places.get(name, len(places)), name))
    return render(
        "index.md",
        messages=len(MESSAGES),
        commands=len(COMMANDS),
        clauses=len(load_clauses()),
        cases=cases,
        vectors=vectors,
        schemas=sorted(_schemas()),
        guides=[name for name in written if name not in CONTRIBUTING],
        contributing=CONTRIBUTING,
    )


def _write(source: Path) -> None:
    """The pages that Sphinx reads: what people wrote, and what is generated."""
    shutil.copytree(data_folder("docs"), source / "guides")
    for page in pages():
        path = source / page.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(page.text, "utf-8")


def _write_data(extra: Path) -> None:
    """What programs read: the vectors, and the schemas of all formats."""
    schemas = extra / "schemas"
    schemas.mkdir(parents=True)
    for name, path in _schemas().items():
        shutil.copy(path, schemas / name)
    (extra / "vectors.json").write_text(json.dumps(export()), "utf-8")


def _schemas() -> dict[str, Path]:
    """Every schema by its name in the site."""
    found = {path.name: path for path in _PACKAGE.glob("*.schema.json")}
    return {**found, "vectors.schema.json": data_folder("vectors") / "schema.json"}


def _run_sphinx(source: Path, out: Path, doctrees: Path, settings: dict[str, Any]) -> None:
    try:
        from sphinx.application import Sphinx  # noqa: PLC0415 - slow to import, and optional
        from sphinx.util.console import nocolor  # noqa: PLC0415 - likewise
    except ImportError:
        raise UsageError("the site is made with Sphinx: install gearspec[site]") from None
    nocolor()
    said = StringIO()
    Sphinx(source, None, out, doctrees, "html", settings, status=None, warning=said).build()
    if said.getvalue():
        raise HarnessError(f"a page of the site is faulty: {said.getvalue().strip()}")
