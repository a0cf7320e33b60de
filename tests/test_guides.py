"""The guides: what they tell a reader to type or to write works, and what they name is there."""

import re

import pytest

from gearspec.cli import cli
from gearspec.harness.target import load_target
from gearspec.protocol.clause import load_clauses
from gearspec.script.load import parse_cases
from gearspec.script.rehearse import rehearse
from gearspec.script.verdict import Verdict
from gearspec.suite import own_cases
from tests.staging import CHECKOUT

DOCS = sorted((CHECKOUT / "docs").glob("*.md"))
TEXTS = {path.stem: path.read_text("utf-8") for path in DOCS}
COMMANDS = [
    (name, line.strip())
    for name, text in TEXTS.items()
    for line in re.findall(r"(?:^ {4}|`)(gearspec [a-z][^`\n|>]*)", text, re.MULTILINE)
]
OF_PYTEST = {"--target", "--testee", "--junit-xml"}
"""Options of a run, which are pytest's or the plugin's, beside those that begin with --gear-."""


def blocks(name, language):
    return re.findall(f"```{language}\n(.*?)```", TEXTS[name], re.DOTALL)


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line}" for page, line in COMMANDS])
def test_every_command_is_one_and_has_the_options_that_it_is_given(page, line):
    name = line.split()[1]
    assert name in cli.commands, page
    options = {option for param in cli.commands[name].params for option in param.opts}
    used = set(re.findall(r"(?<= )--[a-z-]+", line))
    if name == "run":
        used = {option for option in used - OF_PYTEST if not option.startswith("--gear-")}
    assert used <= options, page


def test_the_case_of_the_guide_passes_and_the_clause_that_it_speaks_of_is_its_own():
    (case,) = parse_cases(blocks("write-a-case", "yaml")[0], CHECKOUT / "docs" / "write-a-case.md")
    assert rehearse(case).verdict is Verdict.PASS
    assert load_clauses()[case.clauses[0]].group == "status"
    assert f"the clause `{case.clauses[0]}`" in TEXTS["write-a-case"]


def test_the_target_file_of_the_guide_is_one(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(blocks("test-your-server", "yaml")[0])
    assert load_target(path).title == "my server"


@pytest.mark.parametrize("code", blocks("wireshark", "python"))
def test_the_python_of_the_guide_runs(code, tmp_path, monkeypatch):
    pytest.importorskip("scapy", reason="scapy is not installed")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "wireshark.md", "exec"), {})


def test_the_failure_that_is_read_is_of_a_case_and_a_clause_that_there_are():
    failure = TEXTS["read-a-failure"]
    cited = re.search(r"gearspec replay ([a-z-]{20,}) ", failure)[1]
    case = next(case for case in own_cases() if case.id == cited)
    clause = load_clauses()[re.search("FAIL: ([a-z-]+):", failure)[1]]
    assert clause.id in case.clauses
    assert clause.text in failure
    assert case.title in failure


def test_every_schema_is_in_the_table_of_formats():
    named = set(re.findall(r"`([a-z/.]+\.json)`", TEXTS["formats"]))
    there = {"vectors/schema.json"} | {
        f"gearspec/{path.name}" for path in CHECKOUT.glob("gearspec/*.schema.json")
    }
    assert named == there
