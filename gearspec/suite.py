"""Which cases there are, and what each of them weighs."""

from __future__ import annotations

import ast
import difflib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.data import data_folder
from gearspec.errors import UsageError
from gearspec.protocol.clause import LEVELS, load_clauses
from gearspec.script.case import Case
from gearspec.script.load import SUFFIX, load_cases

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

PROBES: Final = f"probes{SUFFIX}"
"""The file of probes: they find out what a target can do, and are no cases of their own."""
CHECKS: Final = f"checks{SUFFIX}"
"""The file of checks: they find out whether an adapter can be believed, and are no cases either."""
FIXTURES: Final = frozenset({"gear_property", "gear_difference", "gear_ordeal"})
"""What a test that is a property takes, one of them."""


def is_suite(path: Path) -> bool:
    """Whether a file is one of cases that are judged."""
    return path.name.endswith(SUFFIX) and path.name not in {PROBES, CHECKS}


@cache
def suite_cases(folder: Path) -> tuple[Case, ...]:
    """Every case of a folder and those below it, in the order of their paths.

    Raises:
        ScriptError: the first fault of any file.
    """
    files = sorted(path for path in folder.rglob(f"*{SUFFIX}") if is_suite(path))
    return tuple(case for path in files for case in load_cases(path))


def own_cases() -> tuple[Case, ...]:
    """The cases that come with gearspec."""
    return suite_cases(data_folder("suites"))


@cache
def own_properties() -> tuple[Case, ...]:
    """The properties that come with gearspec, as cases without steps; their files are read, not run."""
    files = sorted(data_folder("suites").rglob("test_*.py"))
    return tuple(case for path in files for case in read_properties(path.read_text("utf-8"), path))


def read_properties(text: str, path: Path | str) -> Iterator[Case]:
    """The properties in the text of a file: tests that take one of `FIXTURES`."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and FIXTURES.intersection(one.arg for one in node.args.args):
            marks = _marks(node)
            yield property_case(
                node.name,
                ast.get_docstring(node) or "",
                clauses=marks["clause"],
                role=marks.get("under_test", ("server",))[0],
                path=path,
                line=node.lineno,
            )


def _marks(node: ast.FunctionDef) -> dict[str, tuple[str, ...]]:
    """The words in each ``@pytest.mark.NAME(...)`` of a test."""
    return {
        mark.func.attr: tuple(map(ast.literal_eval, mark.args))
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute)
    }


def property_case(
    name: str, docstring: str, *, clauses: tuple[str, ...], role: str, path: Path | str, line: int
) -> Case:
    """A case without a script, for a test that is a property.

    Args:
        name: of the test; the id is made of it.
        docstring: its first line is the title.
        clauses: what it decides.
        role: what is under test.
        path: the file.
        line: where it stands there, counted from 1.
    """
    return Case(
        id=name.removeprefix("test_").replace("_", "-"),
        title=docstring.partition("\n")[0].removesuffix("."),
        clauses=clauses,
        under_test=(role,),
        needs=(),
        dangerous="whatever is sent may kill it",
        leaves=None,
        steps=(),
        path=str(path),
        line=line,
    )


def load_probes() -> dict[str, Case]:
    """The probes by the capability that each of them asks for."""
    return {case.id.removeprefix("probe-"): case for case in load_cases(data_folder("suites") / PROBES)}


def load_checks() -> tuple[Case, ...]:
    """The checks of adapters, in their order."""
    return tuple(load_cases(data_folder("suites") / CHECKS))


def is_own(case: Case) -> bool:
    """Whether a case comes with gearspec, and is not one of a user's."""
    return Path(case.path).resolve().is_relative_to(data_folder("suites"))


def find_case(case_id: str) -> Case:
    """The case with that id, among those that come with gearspec; the id of an item will do.

    Raises:
        UsageError: there is none; the message names those with similar ids.
    """
    cases = {case.id: case for case in own_cases()}
    name = case_id.partition("[")[0]
    if name not in cases:
        similar = difflib.get_close_matches(name, cases, 3)
        hint = f"did you mean {' or '.join(similar)}?" if similar else "'gearspec list' shows all of them"
        raise UsageError(f"there is no case '{name}'; {hint}")
    return cases[name]


def find_cases(what: str) -> list[Case]:
    """The cases that ``CASE``, ``FILE`` or ``FILE::CASE`` means.

    Raises:
        UsageError: there is no such case, or the file has none.
        ScriptError: the file has a fault.
    """
    path, _, name = what.partition("::")
    if not Path(path).is_file():
        return [find_case(name or what)]
    cases = [case for case in load_cases(path) if name in {"", case.id}]
    if not cases:
        raise UsageError(f"{path} has no case '{name}'" if name else f"{path} has no case")
    return cases


def suite_items(paths: Iterable[Path], roles: Collection[str]) -> list[str]:
    """The ids of all items of the suites that some paths belong to.

    A path in the suites of gearspec, or above them, stands for all of those; any other for its folder.
    """
    own = data_folder("suites")
    folders = {path if path.is_dir() else path.parent for path in paths}
    folders = {own if _related(own, folder) else folder for folder in folders}
    cases = [case for folder in sorted(folders) for case in suite_cases(folder)]
    return [item_id(case, role) for case in cases for role in case.under_test if role in roles]


def _related(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def weigh(level: str) -> int:
    """Where a level stands: the strongest weighs nothing."""
    return LEVELS.index(level)


def case_levels(case: Case) -> list[str]:
    """The level of each clause of a case, in the order of its clauses."""
    clauses = load_clauses()
    return [str(clauses[name].level) for name in case.clauses]


def case_level(case: Case) -> str:
    """The strongest level of its clauses."""
    return min(case_levels(case), key=weigh)


def role_of(item: str) -> str:
    """What was under test in an item, of its id."""
    return item.rpartition("[")[2].removesuffix("]")


def item_id(case: Case, role: str) -> str:
    """How pytest, expectations and reports name a case with that role under test."""
    return f"{case.id}[{role}]"
