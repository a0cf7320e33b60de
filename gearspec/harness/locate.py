"""Where the program of a target is on this machine, and which version of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.errors import UsageError
from gearspec.harness.process import fill
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearspec.harness.target import Target, Version

NODE_MODULES: Final = "GEARSPEC_NODE_MODULES"
"""The environment variable that names a folder of npm packages."""
_PATIENCE: Final = 20.0


class Located(NamedTuple):
    """A target as it is installed here.

    Attributes:
        command: how to start it; ``{host}``, ``{port}`` and ``{folder}`` are still to be filled in.
        environment: variables to set for it.
        version: its version; None if only the running program can tell.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    version: str | None


def locate(target: Target) -> Located:
    """Find the program of a target that has a command.

    Raises:
        UsageError: it is not installed, or is another program.
    """
    assert target.path is not None, "a command stands in a file"
    here = target.path.resolve().parent
    places = {"{here}": str(here), "{python}": sys.executable, "{bin}": str(Path(sys.executable).parent)}
    if target.programs:
        places["{program}"] = _program(target, [fill(program, places) for program in target.programs])
    if target.node_module:
        places["{module}"] = str(_module(target.node_module))
    first, *arguments = (fill(argument, places) for argument in target.command)
    program = str(here / first) if "/" in first else first  # an absolute path stays what it is
    environment = {name: fill(value, places) for name, value in target.environment.items()}
    return Located((program, *arguments), environment, _version(target, places))


def _program(target: Target, candidates: list[str]) -> str:
    for candidate in candidates:
        found = shutil.which(candidate)
        if found:
            return found
    advice = f": {target.install}" if target.install else ""
    raise UsageError(f"{target.name} is not installed, there is no {' or '.join(candidates)}{advice}")


def _module(name: str) -> Path:
    for folder in _module_folders():
        if (folder / name / "package.json").is_file():
            return folder / name
    raise UsageError(
        f"the npm package {name} is not found: npm install {name}, and set {NODE_MODULES} to the folder"
        " node_modules that it is in"
    )


def _module_folders() -> Iterator[Path]:
    named = os.environ.get(NODE_MODULES)
    if named:
        yield Path(named).resolve()
    yield from (Path(word).resolve() for word in os.environ.get("NODE_PATH", "").split(os.pathsep) if word)
    yield Path("node_modules").resolve()


def _version(target: Target, places: dict[str, str]) -> str | None:
    version = target.version
    if version is None or version.line is not None:
        return None
    text, source = _told(version, places)
    found = version.find(text)
    if found is None:
        said = printable(text.strip().partition("\n")[0].encode())
        raise UsageError(f"this is not {target.name}: the version in {source} is '{said}'")
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
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise UsageError(f"cannot run {command[0]} for the version: {problem}") from None
    return ran.stdout.decode("utf-8", "replace"), " ".join(command)
