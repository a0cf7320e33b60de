"""One-line faults of the model, each the mistake of a server that somebody could have written.

A case is believed because it fails on servers that are wrong in just the way it is about, and passes
on all others. So every case is rehearsed on every faulty model; the outcome is a matrix, fault by case,
which ``python -m benchmarks.matrix`` prints.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from unittest import mock

import gearspec.model.effect
from gearspec.document import load
from gearspec.protocol import packet
from gearspec.script import rehearse
from gearspec.script.verdict import Verdict
from gearspec.suite import own_cases

MODEL = Path(gearspec.model.__file__).parent
PACKET = Path(packet.__file__)
DECODER = "decoder"
"""In place of a module: the fault is in the decoder of packets, which every server has."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A model, client or worker with one line changed.

    Attributes:
        id: what it does wrong.
        clauses: those that it breaks; a case that finds it decides one of them.
        module: where it is, or `DECODER`.
        old: a piece of source that stands there once.
        new: what takes its place.
        kind: empty; or ``gross`` when nearly every case rests on what it breaks, so that it may fail any
            number of them; or ``variant`` when the text allows it, so that a case tells it by its flags.
    """

    id: str
    clauses: frozenset[str]
    module: str
    old: str
    new: str
    kind: str


def read_fault(entry):
    """A fault as it is written in a file."""
    return Fault(
        entry["id"],
        frozenset(entry["clauses"]),
        entry["module"],
        entry["old"],
        entry["new"],
        entry.get("kind", ""),
    )


_FILE = Path(__file__).with_name("faults.yaml")
FAULTS = tuple(read_fault(entry) for entry in load(_FILE.read_text("utf-8"), _FILE))


class _Copy(MetaPathFinder, InspectLoader):
    """Modules made of sources, beside those that the sources were read from."""

    def __init__(self, name, sources):
        self.name = name
        self.sources = sources

    def find_spec(self, fullname, _path, _target=None):
        return spec_from_loader(fullname, self) if fullname in self.sources else None

    def is_package(self, fullname):
        return fullname == self.name

    def get_source(self, fullname):
        return self.sources[fullname]


def replaced(text, fault):
    """A source with its fault.

    Raises:
        ValueError: what is to be replaced does not stand there exactly once.
    """
    if text.count(fault.old) != 1:
        raise ValueError(
            f"{fault.id}: {fault.old!r} stands {text.count(fault.old)} times in {fault.module}, not once"
        )
    return text.replace(fault.old, fault.new)


def copy_name(fault):
    """What the package that has a fault is called."""
    return "faulty_" + fault.id.replace("-", "_")


def read_sources(folder, name):
    """The source of each module of a package, as that of a package with another name."""
    inside = {f"{name}.{path.stem}": path.read_text("utf-8") for path in folder.glob("[a-z]*.py")}
    return {name: (folder / "__init__.py").read_text("utf-8")} | inside


def load_copy(name, wanted, sources, shared):
    """Import what is wanted of a package `name` from sources, beside some modules that it shares with us."""
    finder = _Copy(name, sources)
    sys.meta_path.insert(0, finder)
    sys.modules.update(shared)
    try:
        return import_module(wanted)
    finally:
        sys.meta_path.remove(finder)
        for loaded in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[loaded]


def model_with(name, module, text):
    """A model of this name in which a module has another text."""
    sources = read_sources(MODEL, name) | {f"{name}.{module}": text}
    # whoever carries out effects knows them by their class
    return load_copy(name, name, sources, {f"{name}.effect": gearspec.model.effect})


@cache
def _faulty(fault):
    """The module that has what a fault changes: a model, or a decoder."""
    name = copy_name(fault)
    if fault.module == DECODER:
        module = load_copy(name, name, {name: replaced(PACKET.read_text("utf-8"), fault)}, {})
        module.Packet, module.Line = packet.Packet, packet.Line  # everybody else knows them by their class
        return module
    text = (MODEL / f"{fault.module}.py").read_text("utf-8")
    return model_with(name, fault.module, replaced(text, fault))


def rehearsed(case, fault):
    """What a case comes to with a fault."""
    module = _faulty(fault)
    if fault.module != DECODER:
        return rehearse.rehearse(case, module.Server)
    with mock.patch.object(rehearse, "Decoder", module.Decoder):
        return rehearse.rehearse(case)


@cache
def cases():
    """Every case that has a server under test, by its id."""
    return {case.id: case for case in own_cases() if "server" in case.under_test}


@cache
def sound(name):
    """What a case comes to without a fault."""
    return rehearse.rehearse(cases()[name])


def failed(result):
    """Whether a case found something."""
    return result.verdict.rank >= Verdict.INCONCLUSIVE.rank


def told(name, result):
    """Whether a case that did not fail says by its verdict or its flags that something is different."""
    return (result.verdict, result.flags) != (sound(name).verdict, sound(name).flags)
