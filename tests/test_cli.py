import json
import os
import re
import signal
import socket
import subprocess
import sys

import click
import jsonschema
import pytest

from gearspec import __version__, cli
from gearspec.data import data_folder
from gearspec.errors import HarnessError
from gearspec.peers.server import run_in_thread
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.packet import request
from gearspec.script.trait import CAPABILITIES
from gearspec.script.write import write_cases
from gearspec.suite import own_cases
from tests.small_server import running
from tests.staging import CHECKOUT, case

SERVED = next(case for case in own_cases() if case.under_test == ("server",))
ECHO = request("ECHO_REQ", data=b"hi\x1b[2J").encode()


@pytest.fixture
def say(capfd):
    """Carry out a command line; returns its exit code, what it printed, and what it complained of."""

    def say(*arguments):
        code = cli.call(list(arguments))
        return code, *capfd.readouterr()

    return say


@pytest.fixture
def start(tmp_path):
    """Start ``gearspec`` as a program, in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}

    def start(*arguments, **more):
        command = [sys.executable, "-m", "gearspec", *arguments]
        environment.update(more)
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return start


@pytest.fixture(scope="module")
def reference():
    server = run_in_thread()
    yield str(server.address)
    server.stop()


def test_the_version_is_that_of_the_package(say):
    assert say("--version")[:2] == (0, f"gearspec, version {__version__}\n")


def test_every_command_has_a_help_that_begins_with_what_it_does(say):
    for name in cli.cli.commands:
        code, out, _ = say(name, "--help")
        assert code == 0
        assert re.search(r"^  [A-Z].*[.,:]", out, re.MULTILINE), name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["list", "--level=never"], "never"),
        (["list", "vectors", "--dangerous"], "of vectors only --clause is known"),
        (["explain", "no-such-case"], "there is no case 'no-such-case'"),
        (["replay", "no-such-case"], "there is no case 'no-such-case'"),
        (["replay", SERVED.id, "--target=nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["replay", SERVED.id, "--testee=reference"], "what it puts under test is: server"),
        (["replay", f"{SERVED.id}[client]"], "what it puts under test is: server"),
        (["probe", "127.0.0.1:1"], "cannot connect to 127.0.0.1:1"),
        (["decode", "zz"], "'z' is no hexadecimal digit"),
        (["decode", "abc"], "no whole number of bytes"),
        (["serve", "--listen=192.0.2.1", "--port=0"], "cannot be listened on"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_4(say, arguments, words):
    code, out, err = say(*arguments)
    assert (code, out) == (cli.USAGE, "")
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err


def test_an_error_of_ours_is_exit_code_3(say, monkeypatch):
    def broken(*_):
        raise HarnessError("this installation is broken")

    monkeypatch.setattr("gearspec.suite.data_folder", broken)
    assert say("list") == (cli.INTERNAL, "", "gearspec: this installation is broken\n")


def test_a_reader_that_has_had_enough_is_no_error():
    command = f"{sys.executable} -m gearspec list --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{0\n", "")


def test_a_full_disk_under_what_is_printed_is_one_line():
    command = f"{sys.executable} -m gearspec list > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    said = "gearspec: what is printed cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (cli.USAGE, said)


def test_cases_are_listed_a_line_each(say):
    code, out, _ = say("list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [case.id for case in own_cases()]


@pytest.mark.parametrize(
    ("option", "holds"),
    [
        ("--level=should", lambda row: row["level"] == "should"),
        ("--level=may", lambda row: row["level"] == "may"),
        ("--group=echo", lambda row: "echo" in row["groups"]),
        ("--clause=echo-answered", lambda row: "echo-answered" in row["clauses"]),
        ("--role=server", lambda row: "server" in row["under_test"]),
        ("--dangerous", lambda row: row["dangerous"]),
    ],
)
def test_a_filter_keeps_what_it_says_and_nothing_else(say, option, holds):
    every = json.loads(say("list", "--json")[1])["cases"]
    kept = json.loads(say("list", "--json", option)[1])["cases"]
    assert kept == [row for row in every if holds(row)]


def test_clauses_are_listed_with_the_cases_that_cite_them(say):
    rows = json.loads(say("list", "clauses", "--json")[1])["clauses"]
    assert [row["id"] for row in rows] == list(load_clauses())
    for row in rows:
        assert row["cases"] == [case.id for case in own_cases() if row["id"] in case.clauses]
    (one,) = json.loads(say("list", "clauses", "--clause=echo-answered", "--json")[1])["clauses"]
    assert one["text"] == load_clauses()["echo-answered"].text


def test_the_vectors_are_exported_as_their_schema_says(say):
    schema = json.loads((data_folder("vectors") / "schema.json").read_text())
    jsonschema.validate(json.loads(say("list", "vectors", "--json")[1]), schema)


def test_what_a_library_is_played_with_is_listed_and_explained(say):
    adapter = f"{sys.executable} {CHECKOUT / 'tests' / 'small_adapter.py'}"
    rows = json.loads(say("list", f"--testee={adapter}", "--json")[1])["cases"]
    assert rows
    assert not [row for row in rows if "server" in row["under_test"] and len(row["under_test"]) == 1]
    listed = {row["id"] for row in rows}
    needy = next(case for case in own_cases() if case.under_test == ("client",) and case.needs)
    plain = next(case for case in own_cases() if case.under_test == ("client",) and not case.needs)
    assert (needy.id in listed, plain.id in listed) == (False, True)
    lacks = f"client: UNSUPPORTED, it lacks {', '.join(needy.needs)}"
    assert lacks in say("explain", needy.id, f"--testee={adapter}")[1]
    assert "client: it is played" in say("explain", plain.id, f"--testee={adapter}")[1]
    assert "it is not played" in say("explain", SERVED.id, f"--testee={adapter}")[1]


def test_a_case_is_explained_in_words_or_as_a_program(say):
    one = own_cases()[0]
    assert one.title in say("explain", f"{one.id}[server]")[1]
    compile(say("explain", one.id, "--as=python")[1], "reproducer", "exec")


def test_a_program_talks_with_a_server_as_that_one_answers(say):
    with running("echo") as port:
        asked = say("explain", SERVED.id, "--as=python", f"--target=127.0.0.1:{port}")[1]
    assert "\nFENCE, FENCED = 15, 20\n" in asked
    assert "\nFENCE, FENCED = 15, 20\n" in say("explain", SERVED.id, "--as=python", "--target=geard")[1]
    assert "\nFENCE, FENCED = 16, 17\n" in say("explain", SERVED.id, "--as=python")[1]


def test_the_cases_of_a_file_are_explained_one_after_the_other(say, tmp_path):
    path = tmp_path / "some.gear.yaml"
    path.write_text(write_cases(own_cases()[:2]))
    assert all(case.title in say("explain", str(path))[1] for case in own_cases()[:2])
    assert own_cases()[0].title not in say("explain", f"{path}::{own_cases()[1].id}")[1]


def test_bytes_are_decoded_from_an_argument_a_file_or_standard_input(say, tmp_path):
    want = r"     0  REQ ECHO_REQ data='hi\x1b[2J'"
    assert say("decode", ECHO.hex())[1].rstrip() == want
    assert say("decode", *ECHO.hex(" ").split())[1].rstrip() == want
    path = tmp_path / "bytes"
    path.write_bytes(ECHO)
    assert say("decode", str(path))[1].rstrip() == want
    for data in (ECHO, ECHO.hex(":").encode()):
        done = subprocess.run(
            [sys.executable, "-m", "gearspec", "decode"],
            cwd=CHECKOUT,
            input=data,
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode().rstrip() == want


def test_a_capture_is_not_read_from_standard_input():
    done = subprocess.run(
        [sys.executable, "-m", "gearspec", "decode", "-"],
        cwd=CHECKOUT,
        input=b"\xd4\xc3\xb2\xa1",
        capture_output=True,
        check=False,
    )
    assert done.returncode == cli.USAGE
    assert b"name the file" in done.stderr


def test_a_case_is_replayed_with_all_that_was_said(say, reference, tmp_path):
    path = tmp_path / "mine.gear.yaml"
    path.write_text(
        case("one") + case("two", "Another").replace("ECHO_RES\n", "NOOP\n").replace("    data: hi\n", "")
    )
    code, out, _ = say("replay", f"{path}::one", f"--target={reference}")
    assert code == 0
    assert "client -> server: ECHO_REQ data='hi'" in out
    assert "00 52 45 51 00 00 00 10" in out
    assert out.endswith("\nPASS\n")
    assert "00 52 45 51" not in say("replay", f"{path}::one[server]", f"--target={reference}", "--no-hex")[1]
    code, out, _ = say("replay", str(path), f"--target={reference}")
    assert code == 1
    assert "PASS" in out
    assert "came      ECHO_RES" in out
    assert say("replay", f"{path}::three")[0] == cli.USAGE


def test_a_dangerous_case_is_not_replayed_on_a_server_of_others(say, reference, tmp_path):
    path = tmp_path / "mine.gear.yaml"
    path.write_text(case("one", more="dangerous: it kills"))
    code, _, err = say("replay", str(path), f"--target={reference}")
    assert code == cli.USAGE
    assert "--dangerous if it is yours" in err
    assert say("replay", str(path), f"--target={reference}", "--dangerous")[0] == 0
    assert say("replay", str(path))[0] == 0


def test_a_probe_says_what_a_server_is_and_what_it_can_do(say, reference):
    code, out, _ = say("probe", reference)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line.split()[0] in CAPABILITIES] == list(
        CAPABILITIES
    )
    assert re.search(r"^echo +yes +ECHO_REQ$", out, re.MULTILINE)
    found = json.loads(say("probe", reference, "--json")[1])
    assert found["capabilities"]["echo"] == "yes"
    assert found["capabilities"].keys() == CAPABILITIES.keys()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_serves_until_it_is_told_to_stop(number):
    command = [sys.executable, "-m", "gearspec", "serve", "--port=0"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as server:
        host, port = re.fullmatch(r"listening on (.*):(\d+)\n", server.stdout.readline()).groups()
        with socket.create_connection((host, int(port))) as client:
            client.sendall(ECHO)
            assert client.recv(100)[4:8] == b"\0\0\0\x11"
            server.send_signal(number)
            assert server.wait(30) == 0


HOSTILE = "raise SystemExit('a file of the current folder was imported')"


def test_nothing_in_the_current_folder_can_change_a_run(start, tmp_path):
    for name in ("conftest.py", "yaml.py", "pytest.py", "sitecustomize.py", "test_hostile.py"):
        (tmp_path / name).write_text(HOSTILE)
    for name, head in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        (tmp_path / name).write_text(f"[{head}]\naddopts = --no-such-option\n")
    done = start(
        "run",
        "--collect-only",
        "-q",
        PYTHONSAFEPATH="1",
        PYTEST_ADDOPTS="--no-such-option",
        PYTEST_PLUGINS="no",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"::{SERVED.id}[server]" in done.stdout
    assert not (tmp_path / ".pytest_cache").exists()


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_a_run_passes_on_options_paths_and_the_exit_code(start, tmp_path, workers):
    (tmp_path / "mine.gear.yaml").write_text(case("one") + case("two"))
    done = start("run", "mine.gear.yaml", "-k", "one", "-rA", "--gear-report", "out.jsonl", *workers)
    assert "PASSED mine.gear.yaml::one[server]" in done.stdout
    assert done.returncode == 0
    footer = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])
    assert footer == {"kind": "footer", "planned": 2, "run": 1, "complete": False}
    assert (
        start("run", "mine.gear.yaml", "-k", "nothing", *workers).returncode
        == pytest.ExitCode.NO_TESTS_COLLECTED
    )
    assert start("run", "--target=127.0.0.1:1", "mine.gear.yaml", *workers).returncode == cli.USAGE


def test_every_help_of_a_command_begins_with_a_line_that_is_shown_whole(say):
    _, shown, _ = say("--help")
    assert "..." not in shown.partition("Commands:")[2].partition("Examples:")[0]


@pytest.mark.parametrize("command", sorted(cli.cli.commands))
def test_every_help_ends_with_examples_of_its_command(say, command):
    _, shown, _ = say(command, "--help")
    examples = shown.partition("Examples:\n")[2].splitlines()
    assert examples
    assert all(f"gearspec {command}" in line or "#" in line for line in examples)


@pytest.mark.parametrize("command", sorted(cli.cli.commands))
def test_every_option_says_what_it_does(command):
    options = [option for option in cli.cli.commands[command].params if isinstance(option, click.Option)]
    assert all(option.help for option in options)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("gearspec replay exception-reaches-a-client-that", "exception-reaches-a-client-that-asked"),
        ("gearspec replay --target gearm", "gearmand"),
        ("gearspec doctor php", "php"),
        ("gearspec replay ./fi", "file,./fi"),
    ],
)
def test_a_shell_completes_cases_names_and_files(capfd, monkeypatch, typed, completed):
    monkeypatch.setenv("_GEARSPEC_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    with pytest.raises(SystemExit):
        cli.call([])
    assert completed in capfd.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_a_shell_is_given_asks_for_completions(say, shell):
    assert f"_GEARSPEC_COMPLETE={shell}_complete" in say("completion", shell)[1]
