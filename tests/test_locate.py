"""Where programs are, and which version of them."""

import sys
from pathlib import Path

import pytest

from gearspec.errors import UsageError
from gearspec.harness.locate import locate
from gearspec.harness.package import NODE_MODULES
from gearspec.harness.program import Program
from gearspec.harness.target import load_target


@pytest.fixture
def target(tmp_path):
    def write(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return load_target(path)

    return write


@pytest.fixture
def module(tmp_path, monkeypatch):
    """An npm package in a folder of its own."""
    folder = tmp_path / "elsewhere" / "some-module"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "some-module", "version": "3.2.1"}')
    monkeypatch.delenv(NODE_MODULES, raising=False)
    monkeypatch.delenv("NODE_PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_first_program_that_is_there_is_taken(target):
    found = locate(target("program: [/no/such/thing, cat, ls]\ncommand: ['{program}', '{port}']"))
    assert Path(found.command[0]).name == "cat"
    assert found.command[1] == "{port}"


def test_a_program_that_is_not_installed_is_told_with_what_to_do(target):
    mine = target("program: [/no/such, nothing-either]\ncommand: ['{program}']\ninstall: make install")
    with pytest.raises(UsageError) as caught:
        locate(mine)
    assert str(caught.value) == "mine is not installed, there is no /no/such or nothing-either: make install"


def test_a_relative_path_is_relative_to_the_target_file(target, tmp_path):
    assert locate(target("command: [./server, '{here}/conf']")).command == (
        str(tmp_path / "server"),
        f"{tmp_path}/conf",
    )


def test_a_bare_name_is_left_to_the_path(target):
    assert locate(target("command: [server]")).command == ("server",)


def test_our_own_interpreter_and_its_folder_have_names(target):
    command = locate(target("command: ['{python}', '{bin}/x']")).command
    assert command == (sys.executable, f"{Path(sys.executable).parent}/x")


def test_variables_may_name_places(target, tmp_path):
    assert locate(target("command: [x]\nenvironment: {CONF: '{here}/c'}")).environment == {
        "CONF": f"{tmp_path}/c"
    }


def test_a_version_is_taken_from_what_a_command_prints(target):
    text = "command: [x]\nversion: {command: [echo, 'server 1.5, of 1999'], match: 'server ([0-9.]+)'}"
    assert locate(target(text)).version == "1.5"


def test_a_version_that_only_the_running_server_tells_is_left_open(target):
    assert locate(target("command: [x]\nversion: {line: version, match: '(.*)'}")).version is None


def test_a_command_that_prints_something_else_is_another_program(target):
    text = "command: [x]\nversion: {command: [echo, 'other\\e[2J'], match: 'server ([0-9.]+)'}"
    with pytest.raises(UsageError, match=r"this is not mine: the version in echo .* is 'other"):
        locate(target(text))


def test_a_version_command_that_cannot_be_run_is_told(target):
    with pytest.raises(UsageError, match="cannot run /no/such for the version"):
        locate(target("command: [x]\nversion: {command: [/no/such], match: '(x)'}"))


NODE = """
node-module: some-module
command: [node, '{module}']
version: {file: '{module}/package.json', match: '"version": "([^"]+)"'}
"""


@pytest.mark.parametrize("variable", [NODE_MODULES, "NODE_PATH"])
def test_an_npm_package_is_found_through_the_environment(target, module, monkeypatch, variable):
    monkeypatch.setenv(variable, str(module.parent))
    found = locate(target(NODE))
    assert found.command == ("node", str(module))
    assert found.version == "3.2.1"


def test_an_npm_package_is_found_in_the_folder_we_are_in(target, module, tmp_path):
    module.parent.rename(tmp_path / "node_modules")
    assert locate(target(NODE)).command == ("node", str(tmp_path / "node_modules" / "some-module"))


@pytest.mark.usefixtures("module")
def test_an_npm_package_that_is_not_there_is_told_with_what_to_do(target):
    with pytest.raises(
        UsageError, match="some-module is not found: npm install some-module, and set GEARSPEC_NODE"
    ):
        locate(target(NODE))


def test_a_version_file_that_cannot_be_read_is_told(target):
    with pytest.raises(UsageError, match="cannot read /no/such for the version: No such file or directory"):
        locate(target("command: [x]\nversion: {file: /no/such, match: '(x)'}"))


def test_the_first_program_that_has_the_package_is_taken(target, tmp_path):
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    text = f"program: [/no/such, {other}, '{{python}}']\npython-module: json\ncommand: ['{{program}}']"
    assert locate(target(text)).command == (sys.executable,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("python-module: no.such", "Python module no.such in "),
        ("python-module: no-such; import os", "Python module no-such; import os in "),
    ],
)
def test_a_package_that_is_not_there_is_told_with_what_to_do(target, text, words):
    mine = target(f"{text}\ncommand: ['{{python}}']\ninstall: pip install it")
    with pytest.raises(UsageError) as caught:
        locate(mine)
    told = f"mine is not installed, there is no {words}{sys.executable}: pip install it"
    assert str(caught.value) == told


def test_an_interpreter_that_is_not_there_is_told(target):
    with pytest.raises(UsageError, match=r"there is no no-such-php$"):
        locate(target("command: [no-such-php]\nphp-extension: gearman"))


def test_a_place_can_be_named_by_a_variable(target, monkeypatch):
    monkeypatch.setenv("WHERE_IT_IS", "/opt/it")
    mine = target("variable: WHERE_IT_IS\ncommand: ['{variable}/x']")
    assert locate(mine).command == ("/opt/it/x",)
    monkeypatch.setenv("WHERE_IT_IS", "")
    with pytest.raises(UsageError, match=r"the environment variable WHERE_IT_IS that names it is not set$"):
        locate(mine)


def test_without_a_file_a_path_is_relative_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert locate(Program("mine", command=("./x",))).command == (f"{tmp_path}/x",)
