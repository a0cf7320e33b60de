"""The lines between gearspec and an adapter."""

import json
from base64 import b64encode

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gearspec.errors import AdapterError
from gearspec.harness.contract import _SCHEMA as PATH
from gearspec.harness.contract import Dialogue, read_hello
from gearspec.script.trait import CLIENT_FEATURES, WORKER_FEATURES

SCHEMA = json.loads(PATH.read_text("ascii"))
TASK = {"task": "t1", "function": b"f", "workload": b"w\0"}
NAMES = sorted({name for form in SCHEMA["$defs"].values() for name in form.get("properties", ())})
WORDS = st.sampled_from(["hello", "complete", "t1", "client", "worker", "exceptions", "MQ==", "!", "\n"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
SAID = st.dictionaries(st.sampled_from(NAMES), VALUES | st.sampled_from([1, 2]), max_size=6)
LINES = st.binary(max_size=40) | SAID.map(json.dumps).map(str.encode)
HELLO = {"id": 1, "done": True, "contract": 1, "name": "lib", "version": "1", "roles": ["client"]}


@pytest.fixture
def dialogue():
    """Hello and a task were asked, and nothing was said yet."""
    dialogue = Dialogue()
    dialogue.ask({"id": 1, "do": "hello"})
    dialogue.ask({"id": 2, "do": "submit", "tasks": [TASK]})
    return dialogue


def line(**said):
    return json.dumps(said).encode()


def refusal(call, *arguments):
    with pytest.raises(AdapterError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("name", "words"), [("client-features", CLIENT_FEATURES), ("worker-features", WORKER_FEATURES)]
)
def test_the_schema_has_the_words_of_needs(name, words):
    assert SCHEMA["$defs"][name]["items"]["enum"] == list(words)


@settings(deadline=None)
@given(st.binary())
def test_bytes_come_through_both_ways(data):
    dialogue = Dialogue()
    asked = json.loads(dialogue.ask({"id": 1, "do": "submit", "tasks": [TASK | {"workload": data}]}))
    jsonschema.validate(asked, SCHEMA)
    heard = line(event="complete", task="t1", data=asked["tasks"][0]["workload"])
    assert dialogue.hear(heard)["data"] == data


@settings(deadline=None)
@given(LINES)
def test_whatever_an_adapter_says_is_understood_or_its_own_fault_on_one_line(said):
    dialogue, words = Dialogue(), ""
    dialogue.ask({"id": 1, "do": "hello"})
    dialogue.ask({"id": 2, "do": "submit", "tasks": [TASK]})
    try:
        heard = dialogue.hear(said)
        if "roles" in heard:
            read_hello(heard)
    except AdapterError as fault:
        words = str(fault)
    assert "\n" not in words


def test_a_request_is_one_line_of_ascii():
    asked = Dialogue().ask({"id": 1, "do": "register", "function": b"\xff\n", "plan": [[{"raise": "é\n"}]]})
    assert asked.isascii()
    assert asked.count(b"\n") == 1


def test_what_is_no_base64_stays_as_it_is(dialogue):
    said = {"event": "status", "task": "t1", "numerator": "MQ==", "denominator": "10"}
    assert dialogue.hear(line(**said)) == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"ready\n", "no JSON (its standard output is for the contract alone): 'ready'"),
        (b"\x1b[2J\n", r"\x1b[2J"),
        (b"[" * 100_000, "no JSON"),
        (b"\xff{}", "not ASCII"),
        (b"[]", "no object"),
        (line(event="weather"), "an event that there is none of"),
        (line(event=["data"]), "an event that there is none of"),
        (line(event="data", task="t1"), "'data' is a required property"),
        (line(event="data", task="t1", data="x"), "data: it has to be bytes, in Base64 with padding"),
        (line(event="fail", task="t2"), "a task that was never submitted ('t2')"),
        (line(event="fail", task=["t1"]), "task: ['t1'] is not of type 'string'"),
        (line(event="fail", task="t1", why="x"), "'why' was unexpected"),
        (line(event="status", task="t1", numerator="1"), "'denominator' is a required property"),
        (line(event="status", numerator="1"), "'known' is a required property"),
        (line(event="error", text="Ä"), "text: it has to be plain ASCII, on one line"),
        (line(id=3, done=True), "an answer to nothing that was asked"),
        (line(id=True, done=True), "an answer to nothing that was asked"),
        (line(done=True), "an answer to nothing that was asked"),
        (line(id=2, done=False), "done: True was expected"),
        (line(id=2), "'done' is a required property"),
        (line(id=2, unsupported=True, done=True), "'done' was unexpected"),
        (line(**HELLO), "'features' is a required property"),
        (line(**HELLO, features={"client": ["magic"]}), "features.client.0: 'magic' is not one of"),
        (line(**HELLO | {"contract": 2}), "written for contract '2' of adapters"),
    ],
)
def test_whatever_breaks_the_contract_is_told_in_one_line(dialogue, said, words):
    assert words in refusal(dialogue.hear, said)


def test_a_second_answer_is_one_to_nothing(dialogue):
    answer = line(id=2, done=True)
    dialogue.hear(answer)
    assert "an answer to nothing" in refusal(dialogue.hear, answer)


def test_hello_tells_who_it_is(dialogue):
    said = dialogue.hear(line(**HELLO, features={"client": ["echo"]}))
    hello = read_hello(said)
    assert (hello.name, hello.version, hello.roles) == ("lib", "1", ("client",))
    assert hello.features == {"client": {"echo"}}


def test_a_role_without_features_has_none():
    assert read_hello(HELLO | {"features": {}}).features == {"client": frozenset()}


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ({"worker": []}, "features of a worker, which is none of its roles"),
        ({"client": ["exceptions"]}, "exactly one of"),
        ({"client": ["exceptions-always"]}, "exactly one of"),
        ({"client": ["exceptions", "exceptions-always", "exceptions-per-task"]}, "exactly one of"),
    ],
)
def test_features_that_contradict_each_other_are_refused(features, words):
    assert words in refusal(read_hello, HELLO | {"features": features})


def test_who_does_not_know_hello_is_told_so():
    assert "every adapter has to know it" in refusal(read_hello, {"id": 1, "unsupported": True})


def test_every_event_of_the_schema_can_be_said(dialogue):
    samples = {
        "task": "t1",
        **dict.fromkeys(("handle", "data", "function", "workload"), b64encode(b"x").decode()),
        **dict.fromkeys(("known", "running"), "1"),
        "option": "exceptions",
    }
    for name, form in SCHEMA["$defs"].items():
        if name.startswith("event-"):
            needed = [*form["required"][1:], *form.get("else", {}).get("required", ())]
            said = {"event": name.removeprefix("event-")} | {key: samples[key] for key in needed}
            assert dialogue.hear(line(**said)).keys() == said.keys()
