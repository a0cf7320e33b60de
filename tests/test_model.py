from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import gearspec.model
from gearspec.model import Dialect, Server
from gearspec.protocol.clause import load_clauses

FOLDER = Path(gearspec.model.__file__).parent


def test_every_clause_that_is_cited_exists():
    cited = {
        clause
        for path in FOLDER.glob("*.py")
        for text in re.findall(r"Clauses: ([a-z0-9,\s-]+)\.", path.read_text())
        for clause in re.split(r",\s+", text)
    }
    assert len(cited) > 100
    assert cited <= load_clauses().keys()


def test_a_copy_under_another_name_is_a_server_of_its_own():
    spec = importlib.util.spec_from_file_location(
        "another_model", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        loaded = {name for name in sys.modules if name.startswith("another_model.")}
        assert {f"another_model.{path.stem}" for path in FOLDER.glob("[a-z]*.py")} == loaded
        assert module.Server is not Server
        assert module.Server(module.Dialect(), prefix=b"H:x").connected(1) == []
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "another_model"]:
            del sys.modules[name]


def test_no_module_is_too_long_to_be_read():
    assert max(len(path.read_text().splitlines()) for path in FOLDER.glob("*.py")) < 300


def test_the_dialect_of_the_specification_is_the_default():
    assert Server().dialect == Dialect()
