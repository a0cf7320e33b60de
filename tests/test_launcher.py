"""Becoming another program, with less than we have."""

import os
import subprocess
import sys

import pytest

from gearspec.harness.launcher import launch

LIMITS = (
    "import os, resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE), os.getuid())"
)


def run(command, uid=None, gid=None, cwd=None):
    uid, gid = os.geteuid() if uid is None else uid, os.getegid() if gid is None else gid
    line = launch(command, files=99, uid=uid, gid=gid)
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=cwd)


def test_the_program_has_the_limits_and_keeps_its_arguments():
    assert run([sys.executable, "-c", LIMITS]).stdout == f"(99, 99) (0, 0) {os.geteuid()}\n"
    assert run(["/bin/echo", "a b", "$HOME"]).stdout == "a b $HOME\n"


def test_a_program_that_cannot_be_run_is_told_in_one_line(tmp_path):
    ran = run([str(tmp_path)])
    assert (ran.returncode, ran.stderr) == (1, "cannot be run: Permission denied\n")


def test_a_module_in_the_folder_is_not_mistaken_for_one_of_the_library(tmp_path):
    (tmp_path / "resource.py").write_text("raise SystemExit('hijacked')")
    assert run(["/bin/echo", "fine"], cwd=tmp_path).stdout == "fine\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_comes_without_the_groups_of_root():
    assert run(["/usr/bin/id", "-u"], 65534, 65534).stdout == "65534\n"
    assert run(["/usr/bin/id", "-G"], 65534, 65534).stdout == "65534\n"
