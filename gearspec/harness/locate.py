"""Where a program under test is on this machine, and which version of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gearspec.errors import UsageError
from gearspec.harness.life import fill
from gearspec.harness.package import PATIENCE, missing, node_module
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from gearspec.harness.program import Program, Version


class Located(NamedTuple):
    """A program as it is installed here.

    Attributes:
        command: how to start it; ``{host}``, ``{port}`` and ``{folder}`` are still to be filled in.
        environment: variables to set for it.
        version: its version; None if only the running program can tell.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    version: str | None


def locate(program: Program) -> Located:
    """Find a program that has a command.

    Without a file, a relative path is relative to the current folder.

    Raises:
        UsageError: it is not installed, is another program, or a variable is not set.
    """
    here = program.path.resolve().parent if program.path else Path.cwd()
    places = {"{here}": str(here), "{python}": sys.executable, "{bin}": str(Path(sys.executable).parent)}
    if program.variable:
        places["{variable}"] = _variable(program)
    if "node-module" in program.packages:
        places["{module}"] = str(node_module(program.packages["node-module"]))
    if program.programs:
        places["{program}"] = _find(program, [fill(candidate, places) for candidate in program.programs])
    first, *arguments = (fill(argument, places) for argument in program.command)
    path = str(here / first) if "/" in first else first  # an absolute path stays what it is
    if program.packages.keys() - {"node-module"} and not program.programs:
        _find(program, [path])
    environment = {name: fill(value, places) for name, value in program.environment.items()}
    return Located((path, *arguments), environment, _version(program, places))


def _variable(program: Program) -> str:
    value = os.environ.get(program.variable)
    if not value:
        raise _absent(program, f"the environment variable {program.variable} that names it is not set")
    return value


def _find(program: Program, candidates: list[str]) -> str:
    """The first of the candidates that is there and has the packages that the program needs."""
    found = [path for path in map(shutil.which, candidates) if path]
    needs = [(kind, name) for kind, name in program.packages.items() if kind != "node-module"]
    lacks = ""
    for path in found:
        lacking = next(filter(None, (missing(path, kind, name) for kind, name in needs)), "")
        if not lacking:
            return path
        lacks = lacks or lacking
    raise _absent(program, f"there is no {lacks or ' or '.join(candidates)}")


def _absent(program: Program, reason: str) -> UsageError:
    advice = f": {program.install}" if program.install else ""
    return UsageError(f"{program.name} is not installed, {reason}{advice}")


def _version(program: Program, places: dict[str, str]) -> str | None:
    version = program.version
    if version is None or version.line is not None:
        return None
    text, source = _told(version, places)
    found = version.find(text)
    if found is None:
        said = printable(text.strip().partition("\n")[0].encode())
        raise UsageError(f"this is not {program.name}: the version in {source} is '{said}'")
    return found


def _told(version: Version, places: dict[str, str]) -> tuple[str, str]:
    """What the source of the version says, and the source in words."""
    if version.file is not None:
        file = fill(version.file, places)
        try:
            return Path(file).read_text("utf-8", "replace"), file
        except OSError as problem:
            raise UsageError(f"cannot read {file} for the version: {problem.strerror}") from None
    command = [fill(argument, places) for argument in version.command]
    try:
        ran = subprocess.run(  # noqa: S603 - what the target file names, and no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise UsageError(f"cannot run {command[0]} for the version: {problem}") from None
    return ran.stdout.decode("utf-8", "replace"), " ".join(command)
