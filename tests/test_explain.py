import pytest

from gearspec.explain import explain
from gearspec.protocol.clause import load_clauses
from gearspec.script.load import parse_cases
from gearspec.suite import own_cases

CASE = """\
- id: told
  title: An echo comes back
  clauses: [{clause}]
  under-test: [server]
  needs: [echo]
  dangerous: it shouts
  leaves: a job
  script:
  - client -> server: ECHO_REQ
    data: hi
  - server -> client: ECHO_RES
    clause: {clause}
"""


def told(clause):
    (case,) = parse_cases(CASE.format(clause=clause), "told.gear.yaml")
    return explain(case)


def test_a_case_is_told_with_its_facts_its_clause_and_its_chart():
    text = told("echo-answered")
    for words in (
        "told\n  An echo comes back.\n",
        "level:       must",
        "under test:  server",
        "told.gear.yaml:1",
        "needs:       echo (ECHO_REQ)",
        "dangerous:   it shouts",
        "leaves jobs: a job",
        "  echo-answered (must)\n    An ECHO_REQ is answered with exactly one ECHO_RES.\n    PROTOCOL, ",
        "(decides echo-answered)",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("which", "words"),
    [
        (lambda clause: clause.level == "practice", "Written nowhere; seen at "),
        (lambda clause: clause.since == "2.0.0", "since the edition 2.0.0"),
        (lambda clause: clause.contradictions, "But: "),
    ],
)
def test_where_a_clause_comes_from_is_said(which, words):
    name = next(clause.id for clause in load_clauses().values() if which(clause))
    assert words in told(name)


def test_every_case_can_be_explained():
    for case in own_cases():
        assert all(name in explain(case) for name in case.clauses)
