"""Programs that we started die with us, however we die.

``PR_SET_PDEATHSIG`` would need code between fork and exec, which is unsafe in a program with
threads; it follows the thread and not the process, it is forgotten when the user changes, and it
spares grandchildren. So a small process of its own waits for the end of a pipe that only we hold,
and then kills every process group that it was told of and removes the folder that went with it.
"""

from __future__ import annotations

import atexit
import contextlib
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

# It runs isolated and without site-packages, so that it starts fast and imports nothing of a stranger.
_CODE: Final = """
import contextlib, os, shutil, signal, sys
folders = {}
for line in sys.stdin:
    group, _, folder = line.rstrip("\\n").partition(" ")
    if folder:
        folders[int(group)] = folder
    else:
        folders.pop(int(group), None)
for group, folder in folders.items():
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
"""


class Guardian:
    """The process that outlives us by a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def watch(self, group: int, folder: Path) -> None:
        """Kill this process group and remove this folder when we are gone."""
        self._tell(f"{group} {folder}\n")

    def forget(self, group: int) -> None:
        """The process group is gone: its number may become someone else's."""
        self._tell(f"{group}\n")

    def close(self) -> None:
        """Let it do its work and wait for it; the next `watch` starts another."""
        with self._lock:
            if self._process:
                self._process.communicate()
                self._process = None

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process is None:
                self._process = _start()
            assert self._process.stdin is not None
            # If somebody killed it, programs are still stopped in the ordinary way.
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()


def _start() -> subprocess.Popen[str]:
    # A session of its own: an interrupt from the keyboard is for us, not for it.
    return subprocess.Popen(  # noqa: S603 - our own interpreter with a text of ours
        [sys.executable, "-I", "-S", "-c", _CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )


GUARDIAN: Final = Guardian()
"""The one of this process."""
atexit.register(GUARDIAN.close)
