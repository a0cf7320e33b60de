"""The files of testees, and what --testee means."""

import re

import pytest

from gearspec.errors import TargetError, UsageError
from gearspec.harness.locate import locate
from gearspec.harness.testee import Testee, known_testees, load_testee, resolve_testee
from gearspec.protocol.clause import EDITIONS


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_the_smallest_file_is_a_command(written):
    path = written("command: [php, x.php]\n")
    testee = load_testee(path)
    assert testee == Testee("mine", path=path, command=("php", "x.php"))
    assert (testee.edition, testee.known.name, testee.folder) == (EDITIONS[-1], "mine.known.yaml", None)


def test_everything_that_a_file_says_is_kept(written):
    testee = load_testee(
        written("""
title: mine
program: [a, b]
command: ["{program}", "{here}/x"]
environment: {LANG: C}
node-module: n
python-module: p
perl-module: q
php-extension: r
variable: WHERE
install: make install
edition: 1.1.18
notes: [one, two]
avoid:
  client: {text: it dies, JOB_CREATED: likewise}
""")
    )
    assert testee.packages == {
        "node-module": "n", "python-module": "p", "perl-module": "q", "php-extension": "r",
    }  # fmt: skip
    assert (testee.title, testee.programs, testee.environment) == ("mine", ("a", "b"), {"LANG": "C"})
    assert (testee.variable, testee.install, testee.notes) == ("WHERE", "make install", ("one", "two"))
    assert testee.edition == "1.1.18"
    assert testee.avoid == {"client": {"text": "it dies", "JOB_CREATED": "likewise"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: x", ":1: exactly one of command, embedded says where the program is"),
        ("command: [x]\nembedded: reference", ":1: exactly one of command, embedded"),
        ("embedded: other", ":1: 'embedded' is 'other', but one of: reference"),
        ("command: []", ":1: a command is a list"),
        ("command: [x]\nport: 1", ":2: 'port' is no key here"),
        ("command: [x]\nedition: 3.0", ":2: 'edition' is '3.0'"),
        ("command: [x]\navoid: {server: {}}", ":2: 'server' is no key here"),
        (
            "command: [x]\navoid:\n  worker: {noise: x}",
            ":3: 'noise' is neither a message nor one of: bad-magic",
        ),
    ],
)
def test_a_fault_is_told_with_its_line(written, text, words):
    path = written(text)
    with pytest.raises(TargetError, match=re.escape(f"{path}{words}")):
        load_testee(path)


def test_every_known_testee_has_a_title_and_a_way_to_come_by_it():
    assert "reference" in known_testees()
    for name in known_testees():
        testee = resolve_testee(name)
        assert (testee.name, bool(testee.title)) == (name, True)
        assert testee.embedded or testee.install


def test_a_file_of_ones_own_is_a_testee(written):
    assert resolve_testee(str(written("command: [x]"))).command == ("x",)


def test_a_command_is_taken_apart_as_a_shell_would_and_runs_where_we_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "my-adapter"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    testee = resolve_testee("./my-adapter 'a b' $HOME")
    assert testee.command == ("./my-adapter", "a b", "$HOME")
    assert (testee.folder, testee.known) == (tmp_path, None)
    assert locate(testee).command == (str(program), "a b", "$HOME")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("perll", "'perll' is no known testee (.*reference.*), no file .* and no program"),
        ("./no-such -x", "'./no-such -x' is no known testee"),
        ("", "'' is no known testee"),
        ("\x1b[2J", r"'\\x1b\[2J' is no known"),
        ("python 'x", r'"?--testee: .* is no command: No closing quotation'),
        ("none.yaml", "none.yaml: cannot be read: No such file"),
    ],
)
def test_what_is_none_of_these_is_told_in_one_line(text, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, TargetError), match=words) as caught:
        resolve_testee(text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_executable_is_no_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("plain").touch()
    with pytest.raises(UsageError, match=r"^'./plain' is not executable: chmod"):
        resolve_testee("./plain")
