import ast
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gearspec.peers.server import run_in_thread
from gearspec.reproduce import reproduce
from gearspec.script.load import case_waits, parse_cases
from gearspec.suite import own_cases
from gearspec.wire.address import Address

CASES = [case for case in own_cases() if "server" in case.under_test]
# One in eight is enough to play every construct of a script, and is over in a moment.
QUICK = [case for case in CASES if not case_waits(case) and not case.dangerous][::8]
HEAD = """\
- id: written-here
  title: Written here
  clauses: [echo-answered]
  under-test: [server]
  script:
"""


@pytest.fixture(scope="module")
def address():
    server = run_in_thread()
    yield server.address
    server.stop()


def played(case, address, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(reproduce(case))
    command = [sys.executable, "-I", str(program), address.host, str(address.port)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def written(script):
    (case,) = parse_cases(HEAD + script, "written.gear.yaml")
    return case


def imported(program):
    nodes = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in nodes}


def test_every_case_is_a_program_that_needs_the_standard_library_alone():
    for case in CASES:
        program = reproduce(case)
        compile(program, case.id, "exec")
        assert imported(program) <= sys.stdlib_module_names, case.id


def test_a_program_has_no_function_that_it_does_not_use():
    for case in CASES[::20]:
        tree = ast.parse(reproduce(case))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert defined <= used, case.id


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.id)
def test_what_the_reference_server_passes_its_program_finds_as_expected(case, address, tmp_path):
    done = played(case, address, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("as expected\n")


def test_a_program_waits_for_an_answer_on_a_connection_that_cannot_be_fenced(address, tmp_path):
    (case,) = (case for case in CASES if case.id == "packet-inside-a-line")
    assert played(case, address, tmp_path).returncode == 0


SEND = """\
  - client -> server: ECHO_REQ
    data: hi
"""
GOT = """\
  - server -> client: ECHO_RES
    clause: echo-answered
    data: {data}
"""
TABLE = """\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: CANT_DO
    function: $fn
  - admin -> server: TEXT
    line: status
  - server -> admin: TABLE
    clause: echo-answered
    rows: [[$fn, '*', '0', '0'], [$fn, '9', '9', '9']]
"""


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (SEND + GOT.format(data="ho"), "expected client: ECHO_RES b'ho'; came ECHO_RES b'hi'"),
        (SEND + GOT.format(data="hi") * 2, "expected client: ECHO_RES b'hi'; came nothing"),
        (SEND + SEND + GOT.format(data="hi"), "client: after the last line came ECHO_RES b'hi'"),
        (
            SEND + GOT.format(data="hi").replace("ECHO_RES", "nothing").replace("    data: hi\n", ""),
            "expected nothing",
        ),
        (SEND + GOT.format(data="hi") + "    not-before: 0.5\n", "came before 0.5 s had passed"),
        (TABLE, "a row did not come: $fn b'9' b'9' b'9'"),
    ],
)
def test_a_program_tells_what_is_not_as_expected(script, words, address, tmp_path):
    done = played(written(script), address, tmp_path)
    assert done.returncode == 1
    assert words in done.stdout.splitlines()[-1]
    assert done.stderr == ""


def test_a_program_does_not_mind_what_comes_after_anything(address, tmp_path):
    got = GOT.format(data="ho")
    loose = written(SEND + "  - server -> client: anything\n" + SEND.replace("hi", "ho") + got + SEND)
    assert played(loose, address, tmp_path).stdout.endswith("as expected\n")


def test_a_sent_fork_and_a_cut_anywhere_are_played_in_every_way(address, tmp_path):
    fork = """\
  - either:
    - as: pass
      script:
      - client -> server: ECHO_REQ
        data: one
        split: anywhere
      - server -> client: ECHO_RES
        clause: echo-answered
        data: one
    - as: pass
      script:
      - client -> server: ECHO_REQ
        data: two
      - server -> client: ECHO_RES
        clause: echo-answered
        data: two
"""
    lines = played(written(fork), address, tmp_path).stdout.splitlines()
    assert lines.count("server -> client: ECHO_RES b'one'") == len(b"\0REQ....----one") - 1
    assert "server -> client: ECHO_RES b'two'" in lines


@pytest.mark.parametrize("answer", ["00524551 00000011 00000002 6869", "00524553 0000000d 00000002 6869"])
def test_a_packet_that_is_malformed_is_not_as_expected(answer, tmp_path):
    """The magic of a request, and a WORK_COMPLETE of one argument; the player takes neither for sound."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(bytes.fromhex(answer))
                connection.recv(100)

        served = pool.submit(serve)
        done = played(written(SEND + GOT.format(data="hi")), Address(*listener.getsockname()), tmp_path)
        served.result()
    assert done.returncode == 1
    assert "NOT AS EXPECTED: client: a malformed packet came: " in done.stdout


def test_a_server_that_is_not_there_is_told_on_one_line(tmp_path):
    done = played(QUICK[0], Address("127.0.0.1", 1), tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "NOT AS EXPECTED: 127.0.0.1:1: [Errno 111] Connection refused\n"
