import re
from pathlib import Path

import pytest

from gearspec.errors import ClauseError
from gearspec.protocol.clause import EDITIONS, GROUPS, LEVELS, ROLES, load_clauses
from gearspec.protocol.message import MESSAGES

CLAUSES = list(load_clauses().values())
SECTIONS = {  # the headings of PROTOCOL with the lines that stand under them in the 2.0.0 edition
    "Gearman Protocol": range(8, 49),
    "Binary Packet": range(49, 122),
    "Client/Worker Requests": range(122, 137),
    "Client/Worker Responses": range(137, 160),
    "Client Requests": range(160, 256),
    "Client Responses": range(256, 315),
    "Worker Requests": range(315, 470),
    "Worker Responses": range(470, 527),
    "Administrative Protocol": range(527, 613),
    "Binary Protocol Example": range(613, 717),
}
SERVERS = {"gearmand", "perl-gearmand", "geard", "abraxas"}
LIBRARIES = {
    *("gear", "perl", "php", "gearman-cli", "node-gearman-npm", "node-gearmanode", "node-abraxas"),
    *("node-gearman", "pygearman", "python3-gearman", "aiogear", "gearman-ruby"),
}
GOOD = """\
- id: echo-answered
  text: An ECHO_REQ is answered.
  level: must
  roles: [server]
  group: echo
  source: {section: Client/Worker Requests, line: 129}
"""


def fault_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "clauses.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ClauseError) as caught:
        load_clauses(path)
    return str(caught.value).replace(str(path), "FILE")


def test_the_registry_is_complete():
    assert len(CLAUSES) >= 300


def test_every_message_of_the_table_is_in_the_text_of_a_clause():
    words = {word for clause in CLAUSES for word in re.findall(r"\w+", clause.text)}
    assert [message.name for message in MESSAGES if message.name not in words] == []


def test_every_group_and_level_and_role_is_used():
    assert {clause.group for clause in CLAUSES} == set(GROUPS)
    assert {clause.level for clause in CLAUSES} == set(LEVELS)
    assert {role for clause in CLAUSES for role in clause.roles} == set(ROLES)


def test_the_clauses_of_a_group_stand_together_in_the_order_of_the_groups():
    assert list(dict.fromkeys(clause.group for clause in CLAUSES)) == list(GROUPS)
    order = [GROUPS.index(clause.group) for clause in CLAUSES]
    assert order == sorted(order)


def test_no_two_clauses_have_one_text():
    assert len({clause.text for clause in CLAUSES}) == len(CLAUSES)


def test_a_line_stands_in_its_section():
    assert [
        clause.id for clause in CLAUSES if clause.line and clause.line not in SECTIONS[clause.section]
    ] == []


def test_a_practice_is_seen_in_programs_of_its_roles():
    for clause in CLAUSES:
        roles = set(clause.roles)
        programs = (SERVERS if "server" in roles else set()) | (LIBRARIES if roles - {"server"} else set())
        assert set(clause.practice) <= programs, clause.id
        assert len(set(clause.practice)) == len(clause.practice), clause.id


def test_ids_that_other_files_are_promised_are_there():
    promised = {"option-exceptions", "exception-forwarded", "worker-death-requeues", "client-failover"}
    assert promised <= load_clauses().keys()


@pytest.mark.parametrize(
    ("clause", "editions"),
    [
        ("echo-answered", ["1.1.18", "1.1.20", "2.0.0"]),
        ("can-do-timeout-milliseconds", ["1.1.20", "2.0.0"]),
        ("priority-global", ["2.0.0"]),
        ("epoch-optional", ["1.1.18", "1.1.20"]),
        ("epoch-not-before", ["2.0.0"]),
    ],
)
def test_a_clause_knows_the_editions_that_have_it(clause, editions):
    assert [edition for edition in EDITIONS if load_clauses()[clause].in_edition(edition)] == editions


def test_a_well_formed_clause_is_read_with_its_defaults(tmp_path):
    path = tmp_path / "clauses.yaml"
    path.write_text(GOOD, "utf-8")
    clause = load_clauses(path)["echo-answered"]
    assert (clause.section, clause.line, clause.practice) == ("Client/Worker Requests", 129, ())
    assert (clause.since, clause.until, clause.contradictions, clause.untestable) == (
        "1.1.18",
        "2.0.0",
        "",
        "",
    )


def test_an_empty_file_holds_no_clauses(tmp_path):
    path = tmp_path / "clauses.yaml"
    path.write_text("# nothing yet\n", "utf-8")
    assert load_clauses(path) == {}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("echo-answered", "Echo_Answered", "FILE:1: 'id' must be words in kebab-case"),
        ("answered.", "answered", "FILE:2: 'text' must be one sentence, from a capital to a full stop"),
        (
            "answered.",
            "answered. It is so.",
            "FILE:2: 'text' must be one sentence, from a capital to a full stop",
        ),
        ("level: must", "level: shall", "FILE:3: 'level' must be one of must, should, may, practice"),
        ("[server]", "[server, admin]", "FILE:4: 'roles' must be a list of server, client, worker"),
        ("[server]", "server", "FILE:4: 'roles' must be a list of server, client, worker"),
        ("  roles: [server]\n", "", "FILE:1: the key 'roles' is missing"),
        ("[server]", "[]", "FILE:1: echo-answered: it needs roles, or else a reason in 'untestable'"),
        ("group: echo", "group: echos", f"FILE:5: 'group' must be one of {', '.join(GROUPS)}"),
        ("group: echo", "grupe: echo", "FILE:1: the key 'group' is missing"),
        ("group: echo", "group: echo\n  title: x", "FILE:6: 'title' must be left out: there is no such key"),
        ("{section", "{chapter: x, section", "FILE:6: 'chapter' must be left out: there is no such key"),
        ("129", "twelve", "FILE:6: 'line' must be a number"),
        (", line: 129", "", "FILE:1: echo-answered: a section and a line go together"),
        (
            "section: Client/Worker Requests, line: 129",
            "practice: [geard]",
            "FILE:6: the key 'section' is missing",
        ),
        ("level: must", "level: practice", "FILE:6: the key 'practice' is missing"),
        (
            "section: Client/Worker Requests, line: 129",
            "practice: []",
            "FILE:6: the key 'section' is missing",
        ),
        ("{section: Client/Worker Requests, line: 129}", "somewhere", "FILE:6: 'source' must be a mapping"),
        ("group: echo", "group: echo\n  since: 1.0", f"FILE:6: 'since' must be one of {', '.join(EDITIONS)}"),
        (
            "group: echo",
            "group: echo\n  since: 2.0.0\n  until: 1.1.18",
            "FILE:1: echo-answered: it ends before it begins",
        ),
        ("group: echo", "group: echo\n  group: echo", "FILE:6: the key 'group' stands here twice"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path, old, new, fault):
    assert fault_of(tmp_path, GOOD.replace(old, new)) == fault


def test_an_empty_practice_is_a_fault(tmp_path):
    text = GOOD.replace("must", "practice").replace(
        "section: Client/Worker Requests, line: 129", "practice: []"
    )
    assert fault_of(tmp_path, text) == "FILE:6: 'practice' must be a list of programs"


def test_a_clause_from_nowhere_is_a_fault(tmp_path):
    text = GOOD.replace("must", "may").replace("section: Client/Worker Requests, line: 129", "")
    assert fault_of(tmp_path, text) == (
        "FILE:1: echo-answered: its source needs a section with a line, or a practice"
    )


def test_a_repeated_id_is_a_fault_at_the_second(tmp_path):
    assert fault_of(tmp_path, GOOD + GOOD) == "FILE:7: the id 'echo-answered' stands here twice"


@pytest.mark.parametrize("text", ["echo-answered", "- echo-answered", "clauses: []"])
def test_what_is_no_list_of_mappings_is_a_fault(tmp_path, text):
    assert fault_of(tmp_path, text).endswith("each clause must be a mapping")


def test_the_example_in_the_documentation_is_the_clause_itself(tmp_path):
    page = (Path(__file__).parents[1] / "docs" / "clauses.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    path = tmp_path / "clauses.yaml"
    path.write_text(example[1], "utf-8")
    for name, clause in load_clauses(path).items():
        assert clause == load_clauses()[name]
