"""Cases that are written to a file are the same when it is read again."""

import re
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.data import data_folder
from gearspec.script.case import Branch, Case, Either, Frame, Message, Together
from gearspec.script.load import SUFFIX, load_cases, parse_cases
from gearspec.script.value import AnyOf, Clock, Join, Matches, Repeat, Template, literal, template
from gearspec.script.write import write_cases

FILES = sorted(data_folder("suites").rglob(f"*{SUFFIX}"))
NAMES = ("fn", "job2")

texts = st.lists(
    st.sampled_from(["${fn}", "${job2}", "$$", "", "*", "no", "0", "\0", " a: #b\n"]), max_size=4
)
raws = st.binary(max_size=9).map(literal)
leaves = st.one_of(texts.map("".join).map(template), raws)
joins = st.lists(leaves, max_size=3).map(tuple).map(Join)
sent = st.recursive(
    st.one_of(leaves, st.integers(-9, 9).map(Clock)),
    lambda inner: st.one_of(
        st.builds(Repeat, inner, st.integers(0, 99)),
        st.lists(inner, max_size=3).map(tuple).map(Join),
    ),
    max_leaves=4,
)
patterns = st.sampled_from([rb"[0-9]+", rb".*\n", rb"\$(a|b)'\"", rb""])
expected = st.one_of(
    leaves,
    patterns.map(lambda pattern: Matches(re.compile(pattern, re.DOTALL))),
    st.lists(leaves, max_size=2).map(tuple).map(AnyOf),
)
seconds = st.none() | st.floats(0, 1e6).map(lambda number: round(number, 3))
frames = st.builds(
    Frame,
    st.none() | st.sampled_from(["0", "+1", "-1"]),
    st.none() | st.integers(0, 2**32 - 1),
    st.none() | st.binary(min_size=4, max_size=4),
)
splits = st.none() | st.sets(st.integers(1, 40), max_size=3).map(lambda offsets: tuple(sorted(offsets)))
manner = {"frame": frames, "split": splits, "join": st.booleans(), "times": st.integers(1, 3)}


def line(sender, receiver, what, **more):
    fixed = {"line": 0, "sender": sender, "receiver": receiver, "what": what}
    return st.builds(Message, **{name: st.just(value) for name, value in fixed.items()}, **more)


sendings = st.one_of(
    line("client", "server", "ECHO_REQ", values=st.fixed_dictionaries({}, optional={"data": sent}), **manner),
    line("client", "server", "ECHO_REQ", args=st.lists(sent, max_size=2).map(tuple), **manner),
    line("client", "server", "ECHO_REQ", anywhere=st.booleans()),
    line("client", "server", "RAW", values=st.fixed_dictionaries({"hex": st.one_of(raws, joins)})),
    line("client", "server", "TEXT", values=st.fixed_dictionaries({"line": sent})),
)
expectings = line(
    "server",
    "client",
    "ECHO_RES",
    values=st.fixed_dictionaries({"data": expected}),
    within=seconds,
    not_before=seconds,
    since=st.sampled_from([None, "begun"]),
    clause=st.sampled_from([None, "echo-answered"]),
)
tables = line(
    "server",
    "client",
    "TABLE",
    rows=st.lists(st.lists(st.none() | leaves, max_size=3).map(tuple), max_size=3).map(tuple),
)
togethers = st.lists(expectings, min_size=1, max_size=3).map(lambda steps: Together(0, tuple(steps)))
branches = st.builds(
    lambda flag, steps: Branch(0, "tolerated" if flag else "pass", flag, tuple(steps)),
    st.sampled_from([None, "slow", "on"]),
    st.lists(expectings, min_size=1, max_size=2),
)
forks = st.lists(branches, min_size=2, max_size=3).map(lambda found: Either(0, tuple(found)))
FIRST = Message(0, "client", "server", "ECHO_REQ", {"data": Template(NAMES)}, mark="begun")
LAST = Message(0, "server", "client", "ECHO_RES", {}, clause="echo-answered")
cases = st.builds(
    Case,
    id=st.just("one"),
    title=st.text(min_size=1, max_size=20).filter(str.strip).filter(lambda text: text.isprintable()),
    clauses=st.just(("echo-answered",)),
    under_test=st.just(("server",)),
    needs=st.sampled_from([(), ("echo", "text")]),
    dangerous=st.sampled_from([None, "it kills"]),
    leaves=st.sampled_from([None, "a job"]),
    steps=st.lists(st.one_of(sendings, expectings, tables, togethers, forks), max_size=5).map(
        lambda steps: (FIRST, *steps, LAST)
    ),
    path=st.just(""),
    line=st.just(0),
)


def bare(found):
    """Without what tells where it stands."""
    if isinstance(found, tuple):
        return tuple(map(bare, found))
    if not is_dataclass(found):
        return found
    place = {"line": 0, "path": ""}
    return replace(
        found, **{part.name: place.get(part.name, bare(getattr(found, part.name))) for part in fields(found)}
    )


def again(cases, *remarks):
    return [bare(case) for case in parse_cases(write_cases(cases, remarks), "a.gear.yaml")]


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_each_file_of_the_suites_says_the_same_when_it_is_written_anew(path):
    cases = load_cases(path)
    assert again(cases) == [bare(case) for case in cases]


@given(cases)
def test_each_case_says_the_same_when_it_is_read_again(case):
    assert again([case]) == [bare(case)]


def test_a_file_reads_as_a_person_would_write_it():
    text = (
        "# FAIL: it did not\n\n"
        "- id: one\n"
        "  title: One thing\n"
        "  clauses: [echo-answered]\n"
        "  under-test: [server]\n"
        "  script:\n"
        "  - client -> server: ECHO_REQ\n"
        "    data: {hex: 00 ff}\n"
        "    split: each-byte\n"
        "  - server -> client: ECHO_RES\n"
        "    data: $any\n"
        "    within: '0.5'\n"
        "    clause: echo-answered\n"
    )
    assert write_cases(parse_cases(text, "a.gear.yaml"), ["FAIL: it did not"]) == text


def test_names_among_bytes_that_are_no_text_become_a_join():
    step = replace(FIRST, values={"data": Template((b"\xff", "fn"))}, mark=None)
    case = Case("one", "One", ("echo-answered",), ("server",), (), None, None, (step, LAST), "", 0)
    (found,) = parse_cases(write_cases([case]), "a.gear.yaml")
    assert found.steps[0].values["data"] == Join((literal(b"\xff"), Template(("fn",))))
