"""What Linux says of a process: its children, its memory, its time, and whether it listens."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC: Final = Path("/proc")
_TABLES: Final = (_PROC / "net/tcp", _PROC / "net/tcp6")
_LISTEN: Final = "0A"
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> list[int]:
    """A process and all that descend from it; those that are gone by now are left out."""
    found = [pid]
    for parent in found:
        for children in _of_threads(parent, "children"):
            found.extend(int(child) for child in _read(children).split())
    return found


def resident(pid: int) -> int:
    """The memory that a process and its descendants hold, in bytes; 0 if they are gone."""
    fields = (_read(_PROC / str(member) / "statm").split() for member in family(pid))
    return sum(int(numbers[1]) * _PAGE for numbers in fields if numbers)


def spent(pid: int) -> dict[int, float]:
    """The seconds that each thread of a process and of its descendants has been on a processor, by its id."""
    files = (file for member in family(pid) for file in _of_threads(member, "schedstat"))
    told = ((int(file.parent.name), _read(file).split()) for file in files)
    return {thread: int(numbers[0]) / 1e9 for thread, numbers in told if numbers}


def listens(pid: int, port: int) -> bool:
    """Whether a process, or one that descends from it, listens on a TCP port.

    Asking the kernel needs no connection, which the program would notice, and cannot mistake
    a stranger who was given the same port for the program.
    """
    # The table of sockets is looked at last: with thousands of connections that have ended in it, it takes
    # the kernel longer than a program takes to start.
    sockets = {name for member in family(pid) for name in _descriptors(member) if name.startswith("socket:")}
    return bool(sockets) and any(
        f"socket:[{inode}]" in sockets for table in _TABLES for inode in _listeners(table, port)
    )


def _of_threads(pid: int, name: str) -> list[Path]:
    """A file of each thread of a process."""
    try:
        return list((_PROC / str(pid) / "task").glob(f"*/{name}"))
    except OSError:  # the process is gone since its folder was looked for
        return []


def _listeners(table: Path, port: int) -> Iterator[str]:
    """The inodes of the sockets that listen on a port; the kernel lists listening sockets first."""
    try:
        with table.open() as rows:
            next(rows)
            for fields in map(str.split, rows):
                if fields[3] != _LISTEN:
                    return
                if int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
    except OSError:  # this machine has no such family of addresses
        return


def _descriptors(pid: int) -> set[str]:
    found = set()
    try:
        for entry in (_PROC / str(pid) / "fd").iterdir():
            found.add(str(entry.readlink()))
    except OSError:  # it is ending, or closed a file meanwhile: what was seen so far is still true
        pass
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process is gone
        return ""
