"""Becoming the program under test: limits, user, then exec.

Code of ours between fork and exec is unsafe in a program with threads, and limits cannot be set
from outside on another user's process without a privilege that a container may lack. So a program
is started by way of a fresh interpreter that limits itself, gives up its rights and becomes it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# RLIMIT_AS is left alone: sanitizers map terabytes of address space. Once the user has changed, our own
# interpreter may be out of reach, so nothing may be imported any more: no execvp.
_CODE: Final = """
import os, resource, sys
files, uid, gid = map(int, sys.argv[1:4])
resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.execv(sys.argv[4], sys.argv[4:])
except OSError as error:
    sys.exit(f"cannot be run: {error.strerror}")
"""


def launch(command: Sequence[str], *, files: int, uid: int, gid: int) -> list[str]:
    """The command that becomes another one.

    Args:
        command: the program, as a path, and its arguments.
        files: how many files it may have open.
        uid: the user it runs as.
        gid: the group it runs as, if the user is not ours.
    """
    # Isolated and without site-packages: it starts fast, and the folder it is in cannot change what it does.
    return [sys.executable, "-I", "-S", "-c", _CODE, str(files), str(uid), str(gid), *command]
