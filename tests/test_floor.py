"""The floors of docs/architecture.md: nothing imports what lies above it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import gearspec

PACKAGE = Path(gearspec.__file__).parent
PAGE = PACKAGE.parent / "docs" / "architecture.md"
IMPURE = frozenset(
    {
        "asyncio",
        "concurrent",
        "datetime",
        "multiprocessing",
        "sched",
        "select",
        "selectors",
        "signal",
        "socket",
    }
    | {"socketserver", "ssl", "subprocess", "threading", "time"}
)
"""Modules of Python that have a socket, a clock, a thread or a process."""


@cache
def tables():
    """The rows of each table of the page: cells, with words between backticks as a tuple."""
    found = [[]]
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| "):
            found[-1].append(
                [tuple(re.findall(r"`([^`]+)`", cell)) or cell.strip() for cell in line.split("|")[1:-1]]
            )
        elif found[-1] and not line.startswith("|"):
            found.append([])
    return [[row for row in rows if any(isinstance(cell, tuple) for cell in row)] for rows in found if rows]


def floors():
    """The modules of each floor, the lowest floor first."""
    return {name: modules for name, modules, _ in tables()[0]}


def places():
    """The packages that are kept to some modules."""
    return {packages[0]: modules for packages, modules in tables()[1]}


def room(module):
    """The part of a dotted name that stands in the table."""
    return module.removeprefix("gearspec.").partition(".")[0] if module != "gearspec" else "__init__"


def height(module):
    return next((n for n, modules in enumerate(floors().values()) if room(module) in modules), None)


def named(path):
    """The dotted name of the module in a file."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imports(source, module, package):
    """Every module that a source imports, with its line and whether that happens within a function."""
    tree = ast.parse(source)
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = _from(node, module, package)
        for name in names:
            yield name, node.lineno, id(node) in inner


def _from(node, module, package):
    base = module.split(".") if package else module.split(".")[:-1]
    base = base[: len(base) - node.level + 1] if node.level else []
    origin = ".".join([*base, *([node.module] if node.module else [])])
    # What is taken from a package of ours may be a module itself.
    inner = [f"{origin}.{alias.name}" for alias in node.names]
    own = [name for name in inner if origin.startswith("gearspec") and is_module(name)]
    return own or [origin]


def is_module(name):
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def read(path):
    return list(imports(path.read_text("utf-8"), named(path), path.name == "__init__.py"))


def climbs(source, module, *, package=False):
    """The imports of a source that lead to a higher floor."""
    return [
        name
        for name, _, _ in imports(source, module, package)
        if name.startswith("gearspec") and height(name) > height(module)
    ]


FILES = sorted(PACKAGE.rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=[named(path) for path in FILES])


def test_every_module_has_one_floor_and_every_name_on_a_floor_is_a_module():
    listed = [module for modules in floors().values() for module in modules]
    assert len(listed) == len(set(listed))
    assert set(listed) == {room(named(path)) for path in FILES}


@each_file
def test_nothing_imports_what_lies_above_it(path):
    assert climbs(path.read_text("utf-8"), named(path), package=path.name == "__init__.py") == []


@each_file
def test_what_lies_below_the_wire_is_pure(path):
    if height(named(path)) < height("wire"):
        assert [name for name, _, _ in read(path) if name.partition(".")[0] in IMPURE] == []


@each_file
def test_packages_are_kept_to_their_places(path):
    module = named(path).removeprefix("gearspec.")
    for name, line, _ in read(path):
        allowed = places().get(name.partition(".")[0])
        kept = allowed is None or any(f"{module}.".startswith(f"{place}.") for place in allowed)
        assert kept, f"{path.name}:{line} imports {name}"


@each_file
def test_the_layer_of_scapy_is_imported_within_functions_only(path):
    layer = "gearspec.protocol.layer"
    assert [line for name, line, within in read(path) if name == layer and not within] == []


@pytest.mark.parametrize(
    ("source", "module", "found"),
    [
        ("import gearspec.wire.loop", "gearspec.script.play", ["gearspec.wire.loop"]),
        ("from gearspec.wire import loop", "gearspec.script.play", ["gearspec.wire.loop"]),
        ("from gearspec import run", "gearspec.harness.session", ["gearspec.run"]),
        ("from ..wire.loop import Loop", "gearspec.script.play", ["gearspec.wire.loop"]),
        (
            "if TYPE_CHECKING:\n    from gearspec.wire.loop import Loop",
            "gearspec.script.play",
            ["gearspec.wire.loop"],
        ),
        ("def f():\n    import gearspec.cli", "gearspec.plugin", ["gearspec.cli"]),
        ("from gearspec import __version__", "gearspec.model.server", []),
        ("from gearspec.script.play import plays", "gearspec.wire.loop", []),
        ("from .queue import Queue", "gearspec.model.server", []),
    ],
)
def test_an_import_that_climbs_is_seen_however_it_is_written(source, module, found):
    assert climbs(source, module) == found
