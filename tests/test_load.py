"""Files of cases: what is refused, and where the finger points."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.data import data_folder
from gearspec.errors import ScriptError
from gearspec.script.case import Either, Message
from gearspec.script.load import SUFFIX, case_closes, case_waits, load_cases, parse_cases
from gearspec.script.rehearse import rehearse

HEAD = """\
- id: one
  title: One thing
  clauses: [echo-answered]
  under-test: [server]
  script:
"""
ECHO = """\
  - client -> server: ECHO_REQ
    data: x
  - server -> client: ECHO_RES
    clause: echo-answered
"""


FILES = sorted(data_folder("suites").rglob(f"*{SUFFIX}"))
TEXTS = [text for path in FILES for text in re.split(r"(?m)^(?=- id:)", path.read_text("utf-8"))[1:]]
WORD = re.compile(r"[^\s:,\[\]{}]+")
ODD = (
    *(
        "",
        "''",
        "[]",
        "{}",
        "~",
        "-1",
        "2.5",
        "nan",
        "9" * 30,
        "$",
        "$x",
        "\x00",
        "é",
        '"\\e[31m\\n"',
        "*a",
        "!x y",
    ),
    *(
        "{hex: zz}",
        "{repeat: a, times: 99999999999}",
        "{matches: '('}",
        "{clock: +5}",
        "{any-of: []}",
        "[" * 999,
    ),
)


@st.composite
def damaged(draw):
    """A real case with a few words or lines that have another place, or none, or are others."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        lines = text.splitlines(keepends=True)
        at = draw(st.integers(0, len(lines)))
        found = draw(st.sampled_from(list(WORD.finditer(text))))
        word = draw(
            st.one_of(st.sampled_from(ODD), st.sampled_from(WORD.findall(draw(st.sampled_from(TEXTS)))))
        )
        another = draw(st.sampled_from(draw(st.sampled_from(TEXTS)).splitlines(keepends=True)))
        text = draw(
            st.sampled_from(
                [
                    text[: found.start()] + word + text[found.end() :],
                    "".join(lines[:at] + lines[at + 1 :]),
                    "".join([*lines[:at], another, *lines[at:]]),
                ]
            )
        )
    return text


def case_of(lines, head=HEAD):
    return parse_cases(head + lines, "a.gear.yaml")[0]


def refused(text):
    with pytest.raises(ScriptError) as caught:
        parse_cases(text, "a.gear.yaml")
    return str(caught.value)


def test_a_case_is_what_its_file_says():
    case = case_of(ECHO)
    assert (case.id, case.title, case.clauses, case.under_test) == (
        "one",
        "One thing",
        ("echo-answered",),
        ("server",),
    )
    assert [step.what for step in case.steps if isinstance(step, Message)] == ["ECHO_REQ", "ECHO_RES"]
    assert [step.line for step in case.steps] == [6, 8]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "a.gear.yaml:1: a file of cases is a list of cases"),
        ("", "a.gear.yaml:1: a file of cases is a list of cases"),
        ("- just text", "a.gear.yaml:1: a case is a mapping"),
        ("- id: [", "this is not YAML"),
        (HEAD.replace("  title: One thing\n", "") + ECHO, "a.gear.yaml:1: this case has no 'title'"),
        (HEAD.replace("title: One thing", "title: ''") + ECHO, "a.gear.yaml:2: 'title' is a text"),
        (HEAD.replace("id: one", "id: One_Thing") + ECHO, "a.gear.yaml:1: 'One_Thing' is not an id"),
        (
            HEAD.replace("[server]", "[proxy]") + ECHO,
            "a.gear.yaml:4: 'under-test' knows server, client, worker",
        ),
        (HEAD.replace("[server]", "server") + ECHO, "a.gear.yaml:4: 'under-test' is a list of words"),
        (
            HEAD.replace("[server]", "[server, server]") + ECHO,
            "a.gear.yaml:4: 'under-test' names something twice",
        ),
        (HEAD.replace("  script", "  needs: [luck]\n  script") + ECHO, "a.gear.yaml:5: 'needs' knows"),
        (
            HEAD.replace("  script", "  author: me\n  script") + ECHO,
            "a.gear.yaml:5: a case has no key 'author'",
        ),
        (HEAD.replace("title: One thing", "id: two") + ECHO, "a.gear.yaml:2: the key 'id' stands here twice"),
        (HEAD + ECHO + HEAD + ECHO, "a.gear.yaml:10: the id 'one' stands here twice"),
    ],
)
def test_a_broken_file_is_refused_with_file_and_line(text, message):
    assert message in refused(text)


@settings(deadline=None)
@given(damaged())
def test_a_damaged_case_is_refused_with_its_line_or_can_be_played(text):
    cases, told = [], ""
    try:
        cases = parse_cases(text, "a.gear.yaml")
    except ScriptError as fault:
        told = str(fault)
    assert cases or re.fullmatch(r"a\.gear\.yaml:\d+: [^\x00-\x1f]+", told)
    for case in cases:
        if "server" in case.under_test:
            rehearse(case)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_refused_with_its_line(text):
    assert re.match(r"a\.gear\.yaml:\d+: ", refused(text))


def test_a_file_that_is_not_there_is_the_authors_mistake(tmp_path):
    with pytest.raises(ScriptError, match="cannot be read"):
        load_cases(tmp_path / "none.gear.yaml")


def test_a_file_that_is_no_text_is_the_authors_mistake(tmp_path):
    path = tmp_path / "binary.gear.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScriptError, match="cannot be read"):
        load_cases(path)


def test_a_case_with_a_clock_waits():
    assert not case_waits(case_of(ECHO))
    assert case_waits(case_of(ECHO + "    within: 3\n"))
    assert case_waits(case_of(ECHO + "    not-before: 1\n"))
    assert not case_waits(case_of(ECHO + "    within: 1\n"))


def test_a_clock_inside_a_branch_counts():
    lines = """\
  - client -> server: ECHO_REQ
  - either:
    - as: pass
      script:
      - server -> client: ECHO_RES
        clause: echo-answered
        within: 5
    - as: recorded
      flag: other
      script:
      - server -> client: CLOSE
"""
    case = case_of(lines)
    assert case_waits(case)
    assert isinstance(case.steps[1], Either)


def test_a_case_in_which_a_party_leaves_closes():
    assert not case_closes(case_of(ECHO))
    assert case_closes(case_of(ECHO + "  - client -> server: RESET\n"))
