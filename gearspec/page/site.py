"""The reference site: all pages, and the generator that makes a folder of HTML of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from gearspec.data import data_folder
from gearspec.errors import HarnessError, UsageError
from gearspec.page.account import known_subjects
from gearspec.page.case import case_pages
from gearspec.page.clause import clause_pages
from gearspec.page.link import broken
from gearspec.page.machine import machine_pages
from gearspec.page.matrix import matrix_pages
from gearspec.page.message import message_pages
from gearspec.page.template import Page, render
from gearspec.page.text import text_pages
from gearspec.protocol.admin import COMMANDS
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import MESSAGES
from gearspec.suite import own_cases, own_properties
from gearspec.vector import export, load_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

GUIDES: Final = (
    *("test-your-server", "test-your-library", "read-a-failure", "verdicts", "clauses", "expectations", "ci"),
    *("command-line", "targets", "adapters", "peers", "fuzzing", "findings"),
    *("vectors", "other-languages", "wireshark", "formats"),
)
"""The pages of ``docs/`` for users, in the order in which they are to be read; any other comes after them."""
CONTRIBUTING: Final = ("write-a-case", "scripts", "ledger", "architecture")
"""Those for whoever adds to gearspec."""
_PACKAGE: Final = Path(__file__).resolve().parent.parent
_STEP: Final = re.compile(r"(?P<what>reading|writing) .*\[ *(?P<percent>\d+)%\]")
"""A line in which Sphinx says how far it is with one half of its work."""
_MARK: Final = ".buildinfo"
"""The file by which a folder is known to be a site."""


def pages(more: Sequence[Page] = ()) -> Iterator[Page]:
    """Every generated page; `more` are those that are made of what lies above this floor."""
    cases, vectors, subjects = own_cases(), load_vectors(), known_subjects()
    yield from message_pages(cases, vectors, subjects)
    yield from text_pages(vectors)
    yield from clause_pages(cases + own_properties(), subjects)
    yield from case_pages(cases + own_properties(), subjects)
    yield from machine_pages()
    yield from matrix_pages()
    yield from more
    programs = {subject.standing.name for subject in subjects}
    counts = {"cases": len(cases), "vectors": len(vectors), "programs": len(programs)}
    yield Page("index.md", _front(counts, more))


def build(out: Path, more: Sequence[Page] = (), show: Callable[[int], None] = lambda _: None) -> None:
    """Make the site in a folder; an earlier one that is there is replaced.

    Args:
        out: the folder.
        more: pages beside those of `pages`.
        show: is told how far it is, in percent.

    Raises:
        UsageError: the folder cannot be made or has something else in it, or Sphinx is not installed.
        HarnessError: a page of ours is not as it must be.
    """
    if not all(map(find_spec, ("sphinx", "furo", "myst_parser"))):
        raise UsageError("the site is made with Sphinx: install gearspec[site]")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"{out}: {problem.strerror}") from None
    if any(out.iterdir()):
        if not (out / _MARK).exists():
            raise UsageError(f"{out} has something else in it: name a new folder, or an earlier site")
        shutil.rmtree(out)
    with TemporaryDirectory(prefix="gearspec-site-") as folder:
        source, extra = Path(folder, "source"), Path(folder, "extra")
        _write(source, more)
        _write_data(extra)
        _run_sphinx(source, extra, out, show)
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    made = {name: path.read_text("utf-8") for name, path in files.items() if path.suffix == ".html"}
    for fault in broken(made, files):
        raise HarnessError(f"a page of the site is faulty: {fault}")


def _front(counts: dict[str, int], more: Sequence[Page]) -> str:
    places = {name: place for place, name in enumerate(GUIDES)}
    names = (path.stem for path in data_folder("docs").glob("*.md"))
    written = sorted(names, key=lambda name: (places.get(name, len(places)), name))
    return render(
        "index.md",
        messages=len(MESSAGES),
        commands=len(COMMANDS),
        clauses=len(load_clauses()),
        **counts,
        schemas=sorted(_schemas()),
        guides=[name for name in written if name not in CONTRIBUTING],
        contributing=CONTRIBUTING,
        more=[page.path.removesuffix(".html") for page in more],
    )


def _write(source: Path, more: Sequence[Page]) -> None:
    """The pages that Sphinx reads: what people wrote, and what is generated."""
    shutil.copytree(data_folder("docs"), source / "guides")
    for page in pages(more):
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


def _run_sphinx(source: Path, extra: Path, out: Path, show: Callable[[int], None]) -> None:
    """Have Sphinx make the site, in a process of its own, since it can do so once in each."""
    command = [sys.executable, "-m", "sphinx", f"--conf-dir={Path(__file__).parent}"]
    command += [f"--define=html_extra_path={extra}", f"--doctree-dir={source.with_name('doctrees')}"]
    command += [str(source), str(out.absolute())]
    # Where gearspec lies, so that Sphinx finds it, and nothing of the current folder.
    folder = _PACKAGE.parent
    # In a CI it takes a pipe for a terminal, unless this is set.
    environment = {**os.environ, "NO_COLOR": "1"}
    with (
        source.with_name("faults").open("w+", encoding="utf-8", errors="replace") as faults,
        subprocess.Popen(  # noqa: S603 - no shell
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=faults, text=True
        ) as sphinx,
    ):
        assert sphinx.stdout is not None, "it is a pipe"
        for line in sphinx.stdout:
            if step := _STEP.match(line):
                show((int(step["percent"]) + 100 * (step["what"] == "writing")) // 2)
        sphinx.wait()
        faults.seek(0)
        if said := faults.read().strip():
            raise HarnessError(f"a page of the site is faulty: {said}")
