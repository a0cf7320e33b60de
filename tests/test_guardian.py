"""The process that ends programs when we cannot."""

import subprocess

import pytest

from gearspec.harness.guardian import Guardian


@pytest.fixture
def program():
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def test_what_is_still_watched_when_we_end_is_killed_and_its_folder_removed(program, tmp_path):
    folder = tmp_path / "with a space"
    folder.mkdir()
    guardian = Guardian()
    guardian.watch(program.pid, folder)
    guardian.close()
    assert program.wait(10) == -9
    assert not folder.exists()


def test_what_was_forgotten_is_left_alone(program, tmp_path):
    guardian = Guardian()
    guardian.watch(program.pid, tmp_path)
    guardian.forget(program.pid)
    guardian.close()
    assert program.poll() is None
    assert tmp_path.exists()


def test_a_program_that_is_gone_does_not_keep_the_others_from_their_end(program, tmp_path):
    gone = subprocess.Popen(["true"], start_new_session=True)
    gone.wait()
    guardian = Guardian()
    guardian.watch(gone.pid, tmp_path / "one")
    guardian.watch(program.pid, tmp_path / "two")
    guardian.close()
    assert program.wait(10) == -9


def test_a_guardian_that_somebody_killed_does_not_disturb_us(program, tmp_path):
    guardian = Guardian()
    guardian.watch(program.pid, tmp_path)
    guardian._process.kill()
    guardian._process.wait()
    guardian.forget(program.pid)
    guardian.close()
