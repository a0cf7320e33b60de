"""Whether the libraries of a language that a program needs are installed, and where."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE_MODULES: Final = "GEARSPEC_NODE_MODULES"
"""The environment variable that names a folder of npm packages."""
PATIENCE: Final = 20.0
"""Seconds that a program may take to say what it is or has."""

# Each asks an interpreter for a package and exits with status 0 if it has it.
_QUESTIONS: Final = {
    "python-module": ("-c", "import importlib, sys; importlib.import_module(sys.argv[1])"),
    "perl-module": ("-e", "eval qq{require $ARGV[0]; 1} or die $@"),
    "php-extension": ("-r", "exit(extension_loaded($argv[1]) ? 0 : 1);", "--"),
}
_WORDS: Final = {
    "python-module": "Python module",
    "perl-module": "Perl module",
    "php-extension": "PHP extension",
}


def node_module(name: str) -> Path:
    """The folder of an npm package.

    Raises:
        UsageError: it is in none of the folders that are searched.
    """
    for folder in _node_folders():
        if (folder / name / "package.json").is_file():
            return folder / name
    raise UsageError(
        f"the npm package {name} is not found: npm install {name}, and set {NODE_MODULES} to the folder"
        " node_modules that it is in"
    )


def _node_folders() -> Iterator[Path]:
    named = os.environ.get(NODE_MODULES)
    if named:
        yield Path(named).resolve()
    yield from (Path(word).resolve() for word in os.environ.get("NODE_PATH", "").split(os.pathsep) if word)
    yield Path("node_modules").resolve()


def missing(interpreter: str, kind: str, name: str) -> str:
    """What an interpreter does not have, in words; empty if it has it.

    Args:
        interpreter: the program.
        kind: one of `gearspec.harness.program.PACKAGES`, but for ``node-module``.
        name: of the package.

    Raises:
        UsageError: the interpreter cannot be run.
    """
    try:
        # As in its later life, it must not find what lies in the folder that we are in.
        ran = subprocess.run(  # noqa: S603 - what the user's file names, and no shell
            [interpreter, *_QUESTIONS[kind], name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise UsageError(
            f"cannot run {interpreter} to look for the {_WORDS[kind]} {name}: {problem}"
        ) from None
    return f"{_WORDS[kind]} {name} in {interpreter}" if ran.returncode else ""
