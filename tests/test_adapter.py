"""Adapters as processes, and the one inside gearspec."""

import json
import os
import select
import sys
from pathlib import Path

import pytest

from gearspec import __version__
from gearspec.errors import UsageError
from gearspec.harness.adapter import AdapterProcess, EmbeddedAdapter
from gearspec.harness.contract import read_hello
from gearspec.harness.life import identities
from gearspec.harness.locate import Located

ECHO = "import sys; [print(line, end='', flush=True) for line in sys.stdin]"


@pytest.fixture
def started():
    running = []

    def start(code, *arguments, folder=None):
        located = Located((sys.executable, "-c", code, *arguments), {"WORD": "{folder}"}, None)
        running.append(AdapterProcess(located, identities()[-1], folder))
        return running[-1]

    yield start
    for adapter in running:
        adapter.stop()


def said(adapter):
    """Everything up to the end."""
    with os.fdopen(os.dup(adapter.reader), "rb") as file:
        return file.read()


def ends(adapter):
    poll = select.poll()
    poll.register(adapter.watch, select.POLLIN)
    return bool(poll.poll(10_000))


def test_what_is_asked_comes_in_and_what_is_said_goes_out(started):
    adapter = started(ECHO)
    line = adapter.ask({"id": 1, "do": "echo", "data": b"x"})
    os.write(adapter.writer, line)
    with os.fdopen(os.dup(adapter.reader), "rb") as file:
        assert file.readline() == line


def test_an_adapter_has_a_folder_a_home_and_variables_of_its_own(started, tmp_path):
    code = "import os; print(os.getcwd(), *map(os.environ.get, ['HOME', 'TMPDIR', 'WORD']))"
    adapter = started(code)
    assert said(adapter).split() == [os.fsencode(adapter.folder)] * 4
    adapter = started(code, folder=tmp_path)
    assert said(adapter).split() == [os.fsencode(tmp_path), *[os.fsencode(adapter.folder)] * 3]


def test_its_standard_error_is_kept_and_is_not_what_it_says(started):
    adapter = started(r"import sys; print('{}'); sys.exit('no\x1b[2J')")
    assert said(adapter) == b"{}\n"
    assert ends(adapter)
    assert adapter.ended == "exited with status 1"
    adapter.stop()
    assert adapter.words() == [r"no\x1b[2J"]


def test_an_adapter_is_killed_with_all_that_it_started(started):
    child = "s.Popen([sys.executable, '-c', 'input()'], stdin=s.PIPE)"
    adapter = started(f"import subprocess as s, sys, time; print({child}.pid, flush=True); time.sleep(60)")
    with os.fdopen(os.dup(adapter.reader), "rb") as file:
        pidfd = os.pidfd_open(int(file.readline()))
    adapter.kill()
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(10_000)
    os.close(pidfd)
    assert ends(adapter)
    adapter.stop()
    assert not Path(adapter.folder).exists()
    adapter.kill()
    adapter.stop()


def test_its_time_on_a_processor_is_that_of_its_family(started):
    code = "import subprocess; child = subprocess.Popen(['cat']); print(child.pid, flush=True); child.wait()"
    adapter = started(code)
    with os.fdopen(os.dup(adapter.reader)) as lines:
        child = int(lines.readline())
    assert adapter.spent().keys() >= {adapter.pid, child}


def test_a_program_that_does_not_exist_is_told():
    with pytest.raises(UsageError, match="there is no program /no/such"):
        AdapterProcess(Located(("/no/such",), {}, None), identities()[-1])


def test_lines_are_held_against_the_contract(started):
    adapter = started(ECHO)
    asked = json.loads(adapter.ask({"id": 1, "do": "hello"}))
    assert adapter.hear(json.dumps({"id": asked["id"], "unsupported": True}).encode()) == {
        "id": 1, "unsupported": True,
    }  # fmt: skip


def test_the_reference_is_an_adapter_as_well():
    adapter = EmbeddedAdapter()
    try:
        os.write(adapter.writer, adapter.ask({"id": 1, "do": "hello"}))
        with os.fdopen(os.dup(adapter.reader), "rb") as file:
            hello = read_hello(adapter.hear(file.readline()))
            assert (hello.roles, hello.version) == (("client", "worker"), __version__)
            assert len(adapter.spent()) == 1
            adapter.stop()
            assert file.read() == b""
    finally:
        adapter.stop()
    assert not adapter.words()
