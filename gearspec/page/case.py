"""The pages of the cases: one each, and an index of them by what they are about."""

from __future__ import annotations

import shlex
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.data import data_folder
from gearspec.failure import replay_command
from gearspec.page.account import accounts
from gearspec.page.drawing import draw_case
from gearspec.page.template import Page, render
from gearspec.protocol.clause import load_clauses
from gearspec.script.load import SUFFIX
from gearspec.script.trait import meaning
from gearspec.suite import case_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gearspec.page.account import Account, Subject
    from gearspec.script.case import Case

_OPTIONS: Final = {"server": "--target=HOST:PORT", "client": "--testee=NAME", "worker": "--testee=NAME"}
"""What puts a program of the reader's under test."""


def case_pages(cases: Sequence[Case], subjects: Sequence[Subject]) -> Iterator[Page]:
    """A page for each case, and the index.

    Args:
        cases: those that come with gearspec, the properties among them; those have no steps.
        subjects: the programs that were run.
    """
    areas: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        areas[area_of(case)].append(case)
    yield Page("cases/index.html", render("cases.html", areas=areas))
    texts = {path: Path(path).read_text("utf-8") for path in {case.path for case in cases}}
    for case in cases:
        page = case_page(case, script_of(case, texts[case.path]), accounts(case, subjects))
        yield Page(f"cases/{case.id}.html", page)


def area_of(case: Case) -> tuple[str, str]:
    """What a case is about: the folder of its file and the name of that."""
    path = Path(case.path)
    name = path.name.removesuffix(SUFFIX).removeprefix("test_").removesuffix(".py")
    return path.parent.name, name.replace("-", " ").replace("_", " ")


def script_of(case: Case, text: str) -> str:
    """A case as it stands in the text of its file, with its comments."""
    first, *rest = text.splitlines()[case.line - 1 :]
    lines = [first]
    for line in rest:
        if line[:1].strip():
            break
        lines.append(line)
    return "\n".join(lines).rstrip()


def case_page(case: Case, script: str, found: Sequence[Account]) -> str:
    """The page of one case.

    Args:
        case: what it is about.
        script: how it stands in its file.
        found: what programs did in it.
    """
    clauses = load_clauses()
    return render(
        "case.html",
        case=case,
        area=area_of(case),
        level=case_level(case),
        clauses=[clauses[name] for name in case.clauses],
        needs={need: meaning(need, case.under_test) for need in case.needs},
        chart=draw_case(case, lambda name: f"../clauses/{clauses[name].group}.html#{name}"),
        script=script,
        place=_place(case),
        commands={role: _command(case, role) for role in case.under_test},
        program=_program(case),
        accounts=found,
    )


def _program(case: Case) -> str:
    """How a program is made of it; empty where that cannot be."""
    if not case.steps or "server" not in case.under_test:
        return ""
    return f"gearspec explain {case.id} --as=python {_OPTIONS['server']} > case.py"


def _place(case: Case) -> Path:
    """Its file, as it lies in a checkout."""
    return Path(case.path).relative_to(data_folder("suites").parent)


def _command(case: Case, role: str) -> str:
    """How it is played alone."""
    if case.steps:
        return replay_command(case, role, _OPTIONS[role])
    return shlex.join(["pytest", f"{_place(case)}::test_{case.id.replace('-', '_')}", _OPTIONS[role]])
