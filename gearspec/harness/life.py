"""One life of one program under test: started without a shell, watched, and ended with all it started.

It is the leader of a session of its own, has a folder of its own, and does not outlive us. When we are root
it runs as ``nobody`` if it can.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.errors import UsageError
from gearspec.harness.guardian import GUARDIAN
from gearspec.harness.kernel import resident
from gearspec.harness.launcher import launch
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILES: Final = 1024
"""How many files a program may have open."""
MEMORY: Final = 1 << 30
"""How many bytes a program may hold in memory before it is killed."""
_OUTPUT: Final = 4 << 20
_KEPT: Final = 64 << 10
DOWN: Final = 2.0
"""Seconds that a program is given to end."""
_LOOK: Final = 0.2
_USER: Final = "nobody"

# What sanitizers and the C library print when memory was harmed, ...
_HARM: Final = re.compile(
    rb"Sanitizer|runtime error:|stack smashing|double free|malloc\(\)|free\(\): |corrupted|"
    rb"Segmentation fault|SIG(SEGV|ABRT|BUS)"
)
# ... and the runtimes of languages when something broke, which the program may have caught.
_COMPLAINT: Final = re.compile(
    _HARM.pattern + rb"|Traceback \(most recent call last\)|[Aa]ssert(ion)?\b.*failed|"
    rb"panicked at|^panic: |^fatal error: |\bUncaught\b|^[A-Za-z]*(Error|Exception): "
)
_NUMBER: Final = re.compile(rb"0x[0-9a-f]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a program runs.

    Attributes:
        uid: the user.
        gid: the group.
        note: what a reader of the results should know of that; may be empty.
    """

    uid: int
    gid: int
    note: str = ""


class Life:
    """One life of one program; for another life, make another `Life`.

    Args:
        command: the program and its arguments, with ``{folder}`` and other placeholders in place.
        environment: variables to set beside those that we have ourselves, with the same placeholders.
        files: how many files it may have open.
        memory: how many bytes it and its children may hold before they are killed.
        scale: what deadlines are multiplied by.

    Attributes:
        pid: its process id, which is that of its process group and session as well.
        pidfd: a descriptor that becomes readable when it ends.
        folder: its ``HOME`` and its ``TMPDIR``; removed by `stop`.
        notes: what a reader of the results should know of how it runs.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        files: int = FILES,
        memory: int = MEMORY,
        scale: float = 1.0,
    ) -> None:
        self.command, self.environment = tuple(command), dict(environment or {})
        self.files, self.memory, self.scale = files, memory, scale
        self.notes: list[str] = []
        self._reason = ""
        self._tail: bytes | None = None
        self._seen = 0

    def spawn(
        self,
        identity: Identity,
        places: Mapping[str, str],
        *,
        talks: bool = False,
        folder: Path | None = None,
    ) -> None:
        """Start it.

        Args:
            identity: as whom.
            places: what the placeholders stand for, beside ``{folder}``.
            talks: whether its standard input and output are pipes to us; else it has no input, and what it
                writes to either of its outputs is kept.
            folder: its working folder, in place of the one that is its own.

        Raises:
            UsageError: there is no such program, or this machine cannot watch one.
        """
        if not hasattr(os, "pidfd_open"):
            raise UsageError("starting a program needs Linux, with pidfd_open")
        program = shutil.which(self.command[0])
        if program is None:
            raise UsageError(f"there is no program {self.command[0]}")
        self.folder = Path(tempfile.mkdtemp(prefix="gearspec-"))
        os.chown(self.folder, identity.uid, identity.gid)
        places = {"{folder}": str(self.folder), **places}
        ours = {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        theirs = {name: fill(value, places) for name, value in self.environment.items()}
        command = [program, *(fill(argument, places) for argument in self.command[1:])]
        with (self.folder / "output").open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - what the user named, and no shell
                launch(command, files=self.files, uid=identity.uid, gid=identity.gid),
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else output,
                stderr=output,
                bufsize=0,
                cwd=folder or self.folder,
                env={**os.environ, **ours, **theirs},
                start_new_session=True,
            )
        self._supervise()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return not self._ends_within(0)

    @property
    def ended(self) -> str | None:
        """How it ended, as the rest of a sentence; None while it runs."""
        if self._tail is None and self.alive:
            return None
        return self._reason or self._status()

    def output(self, limit: int = 2000) -> str:
        """The end of what it wrote to its standard output and error, escaped, in lines."""
        return "\n".join(printable(line, limit) for line in self._written()[-limit:].splitlines())

    def complaints(self) -> list[str]:
        """Lines of its output that a sanitizer, a C library or an interpreter writes when something broke."""
        lines = self._written().splitlines()
        return [printable(line, 200) for line in lines if _COMPLAINT.search(line)]

    def harm(self) -> str:
        """The first line since it was last asked that tells of harm to its memory; empty if there is none.

        Numbers in it are another in the next run, and stand as N.
        """
        if self._tail is not None:
            return ""
        size = (self.folder / "output").stat().st_size
        fresh = self._written()[-(size - self._seen) :] if size > self._seen else b""
        self._seen = size
        harmed = (line for line in fresh.splitlines() if _HARM.search(line))
        return printable(_NUMBER.sub(b"N", next(harmed, b"")), 200)

    def kill(self, reason: str) -> None:
        """Kill it and all it started; `ended` then gives the reason."""
        self._reason = self._reason or reason
        self._signal(signal.SIGKILL)
        self._ends_within(DOWN)

    def stop(self) -> None:
        """End it and all it started, and remove its folder; a second call is harmless."""
        if self._tail is not None:
            return
        if self.alive:
            self._reason = self._reason or "was stopped"
            self._ask_to_end()
        # The leader is not reaped yet, so its number still names this group and no other.
        self._signal(signal.SIGKILL)
        self._ends_within(None)
        self._watcher.join()
        self._reason = self._reason or self._status()
        self._tail = self._written()
        self._popen.wait()
        for pipe in filter(None, (self._popen.stdin, self._popen.stdout)):
            pipe.close()
        GUARDIAN.forget(self.pid)
        os.close(self.pidfd)
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def _ask_to_end(self) -> None:
        """Tell it politely, and give it the time; a program that need not be asked does nothing here."""

    def _supervise(self) -> None:
        self._reason, self._tail = "", None
        self.pid = self._popen.pid
        self.pidfd = os.pidfd_open(self.pid)
        GUARDIAN.watch(self.pid, self.folder)
        atexit.register(self.stop)
        self._watcher = threading.Thread(target=self._watch, name=f"watch {self.pid}", daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        """Runs in a thread until the program ends: bounds its memory, and the file of its output."""
        output = self.folder / "output"
        while not self._ends_within(_LOOK):
            if resident(self.pid) > self.memory:
                self.kill(f"held more than {self.memory >> 20} MiB of memory and was killed")
            if output.stat().st_size > _OUTPUT:
                os.truncate(output, 0)  # it appends, so what it writes next is the new beginning

    def _ends_within(self, seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def _status(self) -> str:
        ended = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        if ended.si_code == os.CLD_EXITED:
            return f"exited with status {ended.si_status}"
        return f"was killed by {signal.Signals(ended.si_status).name}"

    def _written(self) -> bytes:
        if self._tail is not None:
            return self._tail
        with (self.folder / "output").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _KEPT))
            return file.read()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def fill(argument: str, places: Mapping[str, str]) -> str:
    """An argument with placeholders such as ``{port}`` replaced; other braces stay what they are."""
    for name, value in places.items():
        argument = argument.replace(name, value)
    return argument


def identities() -> list[Identity]:
    """As whom to run a program; the first with whom it comes up is right."""
    if os.geteuid():
        return [Identity(os.geteuid(), os.getegid())]
    ourselves = Identity(0, 0, f"it runs as root: as {_USER} it does not start")
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(_USER)
        return [Identity(entry.pw_uid, entry.pw_gid, f"it runs as {_USER}"), ourselves]
    return [ourselves]
