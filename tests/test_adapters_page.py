"""docs/adapters.md: its adapter is one, and the page leaves nothing of the contract out."""

import json
import re
from pathlib import Path

import pytest

from gearspec.harness.casting import Casting
from gearspec.harness.contract import _SCHEMA as SCHEMA
from gearspec.harness.doctor import FAILED, examine
from gearspec.harness.program import START_KEYS
from gearspec.harness.testee import LIES, load_testee
from gearspec.script.trait import CLIENT_FEATURES, WORKER_FEATURES
from gearspec.script.verdict import Verdict
from gearspec.suite import find_case
from tests.staging import CHECKOUT

PAGE = (CHECKOUT / "docs" / "adapters.md").read_text("utf-8")
DEFINITIONS = json.loads(SCHEMA.read_text("ascii"))["$defs"]


@pytest.fixture
def testee(tmp_path):
    """The testee of the page."""
    (code,), (file,) = (re.findall(f"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("python", "yaml"))
    tmp_path.joinpath("my-adapter.py").write_text(code)
    tmp_path.joinpath("mylib.py").write_text(Path(__file__).with_name("mylib.py").read_text())
    path = tmp_path / "mylib.yaml"
    # The library lies beside the adapter, and is not installed.
    path.write_text(file.replace("python-module: mylib\n", ""))
    return load_testee(path)


def test_the_doctor_finds_nothing_wrong_with_the_adapter_of_the_page(testee):
    checks = list(examine(testee))
    assert [check for check in checks if check.mark == FAILED] == []
    assert len(checks) > 10


@pytest.mark.parametrize(
    ("item", "verdict"),
    [
        ("client-submits-utf-8[client]", Verdict.PASS),
        ("client-gets-its-echo[client]", Verdict.UNSUPPORTED),
        ("worker-sends-a-failure[worker]", Verdict.PASS),
    ],
)
def test_cases_are_played_with_it(testee, item, verdict):
    casting = Casting(testee)
    try:
        casting.start()
        assert casting.play(find_case(item), item.rpartition("[")[2][:-1]).verdict is verdict
    finally:
        casting.close()


@pytest.mark.parametrize("name", [name for name in DEFINITIONS if name.startswith(("request-", "event-"))])
def test_every_line_of_the_schema_is_on_the_page(name):
    kind, _, word = name.partition("-")
    assert re.search(rf'"{"do" if kind == "request" else kind}": "{word}"|, and `{word}`', PAGE)
    for key in DEFINITIONS[name]["properties"]:
        assert f'"{key}"' in PAGE or f"`{key}`" in PAGE


@pytest.mark.parametrize("features", [CLIENT_FEATURES, WORKER_FEATURES])
def test_the_features_are_listed_as_they_are(features):
    tables = re.findall(r"^\| feature of .*\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    listed = [re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) for table in tables]
    assert [sorted(words) for words in listed] == [sorted(CLIENT_FEATURES), sorted(WORKER_FEATURES)]
    assert sorted(features) in [sorted(words) for words in listed]


def test_every_key_of_the_file_is_on_the_page():
    assert not {key for key in START_KEYS | {"edition", "embedded"} if f"`{key}`" not in PAGE}


def test_the_classes_of_lies_are_listed_as_they_are():
    rows = PAGE.partition("| class | lies |")[2]
    assert dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", rows, re.MULTILINE)) == LIES


def test_the_adapter_of_the_page_is_within_the_width_of_the_page(testee):
    code = testee.path.with_name("my-adapter.py").read_text()
    compile(code, "my-adapter.py", "exec")
    assert max(map(len, code.splitlines())) <= 110
