"""The suites as a whole: what they hold the model to, and what they leave open."""

import ast
from collections import Counter

import pytest

from gearspec.data import data_folder
from gearspec.model.server import Server
from gearspec.protocol.clause import load_clauses
from gearspec.script.case import Either
from gearspec.script.load import SUFFIX, load_cases, walk
from gearspec.script.rehearse import rehearse
from gearspec.script.verdict import Verdict
from gearspec.suite import own_cases

SUITES = data_folder("suites")
SERVER = [case for case in own_cases() if "server" in case.under_test]
UNCITED = {
    "epoch-optional": "it allows what a server may do; the probe for the capability finds out which it does",
}
"""Clauses about servers that nothing in the suites decides, each with the reason."""

each_case = pytest.mark.parametrize("case", SERVER, ids=[case.id for case in SERVER])


def properties():
    """The clauses that tests in Python say they are about, each with the role that is under test."""
    for path in sorted(SUITES.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            marks = {
                ast.unparse(mark.func): [ast.unparse(argument).strip("'") for argument in mark.args]
                for mark in getattr(node, "decorator_list", [])
                if isinstance(mark, ast.Call)
            }
            role = marks.get("pytest.mark.under_test", ["server"])[0]
            yield from ((name, role) for name in marks.get("pytest.mark.clause", []))


def test_every_file_loads_and_no_id_stands_twice():
    counts = Counter(case.id for path in sorted(SUITES.rglob(f"*{SUFFIX}")) for case in load_cases(path))
    assert [name for name, count in counts.items() if count > 1] == []
    assert len(counts) > len(SERVER) > 0


@each_case
def test_every_case_holds_on_the_model(case):
    result = rehearse(case)
    open_flags = {
        branch.flag
        for step in walk(case.steps)
        if isinstance(step, Either) and all(branch.grade != "pass" for branch in step.branches)
        for branch in step.branches
    }
    if result.verdict in {Verdict.RECORDED, Verdict.TOLERATED}:
        assert set(result.flags) <= open_flags, (
            "the model takes a branch that is no pass where another is one"
        )
    else:
        assert (result.verdict, result.message) == (Verdict.PASS, "")


@each_case
def test_no_case_leaves_a_job_unless_it_says_so(case, monkeypatch):
    servers = []

    def made():
        servers.append(Server())
        return servers[-1]

    def leave(_talk):
        """In place of the player's tidying up."""
        yield from ()

    monkeypatch.setattr("gearspec.script.play.clean", leave)
    rehearse(case, made)
    left = [handle for server in servers for handle in server.exchange.queue.jobs]
    assert case.leaves or left == []


def test_every_clause_about_servers_is_decided_somewhere_or_is_listed():
    clauses = {clause.id for clause in load_clauses().values() if "server" in clause.roles}
    cited = {name for case in SERVER for name in case.clauses} | {name for name, _ in properties()}
    assert clauses - cited - UNCITED.keys() == set(), "decide them, or say in UNCITED why not"
    assert UNCITED.keys() - (clauses - cited) == set(), "take them out of UNCITED: they are decided, or gone"


def test_every_clause_of_a_property_is_one_about_its_role():
    clauses = load_clauses()
    assert [name for name, role in properties() if role not in clauses[name].roles] == []
    assert set(properties())
