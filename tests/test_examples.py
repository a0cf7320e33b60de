"""Every example does what it says, on the reference server and on gearmand."""

import os
import subprocess
import sys

import pytest

from tests.live import started
from tests.staging import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
SCRIPTS = {
    "calculus.py 2+3 (1+2)*4 (1+2)*(3-4)/2 1/0 2**3": """\
2+3 = 5
(1+2)*4 = 12
(1+2)*(3-4)/2 = -1.5
1/0 = float division by zero
2**3 = this is no expression: only numbers, + - * / and parentheses are understood
""",
    "background.py": """\
submitted; running: False
running: True at 1/3
over, and forgotten by the server
""",
    "sleep.py --seconds 0.04": "0/4\n1/4\n2/4\n3/4\nslept 0.04 s\n",
    "exception.py": "failed\nexception: the vase is broken\n",
    "failover.py": "with the first: stressed\nwith the second: repaid\n",
    "priority.py": "at once\nin turn\nlater\n",
    "retry.py": """\
warning b'try 1'
retry 1
warning b'try 2'
retry 2
warning b'try 3'
status 1 2
data b'all '
complete b'all is well'
moody: complete after 3 tries
retry 1
fail
hopeless: fail after 2 tries
""",
}
ALONE = "failover.py"
"""The one that needs two servers, and somebody who stops one."""
PARTS = {"setting.py", "calculus_client.py", "calculus_worker.py"}


def run(words, *options, talk=""):
    name, *arguments = words.split()
    command = [sys.executable, str(EXAMPLES / name), *options, *arguments]
    return subprocess.run(
        command, input=talk, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=60
    )


@pytest.fixture(scope="module")
def gearmand():
    with started("gearmand") as instance:
        yield instance.address


def test_every_example_is_tried():
    assert {words.split()[0] for words in SCRIPTS} | PARTS == {path.name for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("words", SCRIPTS)
def test_an_example_brings_its_own_server(words):
    done = run(words)
    assert (done.stdout, done.stderr, done.returncode) == (SCRIPTS[words], "", 0)


@pytest.mark.parametrize("words", [words for words in SCRIPTS if words != ALONE])
def test_an_example_goes_to_a_server_that_runs(words, gearmand):
    done = run(words, "--server", gearmand)
    assert (done.stdout, done.stderr, done.returncode) == (SCRIPTS[words], "", 0)


def test_the_second_server_goes_on_when_the_first_is_stopped():
    with started("gearmand") as first, started("gearmand") as second:
        servers = [word for one in (first, second) for word in ("--server", one.address)]
        command = [sys.executable, "-u", str(EXAMPLES / ALONE), *servers]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, env=ENVIRONMENT, **pipes) as process:
            assert process.stdout.readline() == "with the first: stressed\n"
            first.stop()
            told, _ = process.communicate("\n", timeout=60)
    assert told.endswith("with the second: repaid\n")


def test_the_client_of_the_calculus_asks_for_expressions():
    done = run("calculus.py", talk="2+3\n\n10/4\n")
    assert done.stdout.replace("An expression, such as 2+3: ", "") == "5\n2.5\n"
    assert (done.stderr, done.returncode) == ("", 0)
