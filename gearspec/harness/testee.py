"""What is known of a client or worker library under test, and what ``--testee`` means.

docs/adapters.md explains adapters, and the files beside them, to their authors.
"""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.document import Mapping as YamlMapping
from gearspec.document import Text
from gearspec.errors import UsageError
from gearspec.harness.program import START_KEYS, SUFFIX, Program, ProgramForm, file_names, own_file
from gearspec.protocol.clause import EDITIONS
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = "adapters"
_WAYS: Final = ("command", "embedded")
_KEYS: Final = START_KEYS | {"edition", "avoid", *_WAYS}
LIES: Final = {
    "bad-magic": "what begins with NUL and goes on as neither magic",
    "created-again": "another JOB_CREATED than that of the job",
    "foreign-handle": "a result or an update of a job whose handle nobody was told",
    "huge-size": "a header that announces 2 GiB or more",
    "huge-type": "a type of 2147483648 or more",
    "in-pieces": "anything that is cut",
    "long-argument": "an argument before the last one that has 64 bytes or more",
    "lost": "the end of the connection",
    "lost-early": "the end of the connection before JOB_CREATED",
    "malformed": "a packet with an argument too few or too many",
    "request": "a packet with the magic of a request",
    "text": "a line of text, or what else begins with no NUL",
    "unknown-type": "a type that no message has",
    "wrong-size": "a size that is not that of what follows, or a packet that ends too early",
}
"""What ``avoid`` of a testee's file may name beside messages, in words."""


@dataclass(frozen=True, slots=True)
class Testee(Program):
    """A library under test: how to start an adapter of it, and what it is held to.

    Attributes:
        embedded: whether it is the reference client and worker, in this process.
        edition: the edition of PROTOCOL that it is held to.
        avoid: by role, the lies that it does not bear, with the reasons: messages, and names of `LIES`.
    """

    __test__ = False  # to pytest, a class of this name looks like one of tests

    embedded: bool = False
    edition: str = EDITIONS[-1]
    avoid: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        """Where an adapter works: where the user is who gave a command; None for a folder of its own."""
        return None if self.path else Path.cwd()


def resolve_testee(text: str) -> Testee:
    """What a value of ``--testee`` means.

    It is the name of a known testee; else, if it ends in ``.yaml``, a file; else the command that starts
    an adapter, as a shell would take it apart.

    Raises:
        TargetError: the file has a fault.
        UsageError: it is none of the three.
    """
    if text in known_testees():
        return load_testee(own_file(_FOLDER, text))
    if text.endswith(SUFFIX) and " " not in text:
        return load_testee(Path(text))
    try:
        command = tuple(shlex.split(text))
    except ValueError as problem:
        raise UsageError(f"--testee: {_shown(text)} is no command: {problem}") from None
    if command and Path(command[0]).is_file() and not os.access(command[0], os.X_OK):
        raise UsageError(
            f"{_shown(command[0])} is not executable: chmod +x, or name its interpreter before it"
        )
    if not command or shutil.which(command[0]) is None:
        known = ", ".join(known_testees())
        raise UsageError(
            f"{_shown(text)} is no known testee ({known}), no file that ends in .yaml, and no program"
        )
    return Testee(text, command=command)


def known_testees() -> list[str]:
    """The names of the testees that gearspec knows, sorted."""
    return file_names(_FOLDER)


def load_testee(path: Path) -> Testee:
    """Read the file of a testee.

    Raises:
        TargetError: the first fault, with file and line.
    """
    form = ProgramForm(path)
    top = form.keys(form.load(), _KEYS)
    form.way(top, _WAYS)
    avoid = form.keys(top.get(Text("avoid"), YamlMapping()), {"client", "worker"})
    return Testee(
        **form.start(top),
        embedded=form.embedded(top),
        edition=form.edition(top),
        avoid={str(role): form.avoid(avoid, role, LIES) for role in avoid},
    )


def _shown(text: str) -> str:
    return f"'{printable(text.encode('utf-8', 'backslashreplace'))}'"
