"""What a file says of a program under test: how to come by it, and which version it is.

Target files and adapter files have this in common; docs/targets.md and docs/adapters.md explain it to their
authors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypedDict

from gearspec.data import data_folder
from gearspec.document import Mapping as YamlMapping
from gearspec.document import Text
from gearspec.errors import TargetError
from gearspec.form import Form
from gearspec.protocol.clause import EDITIONS
from gearspec.protocol.message import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

SUFFIX: Final = ".yaml"
KNOWN_SUFFIX: Final = ".known.yaml"
"""How the name of a file of expectations ends; it lies beside the file of the program."""
REFERENCE: Final = "reference"
"""The program that is a part of gearspec, and runs in this process."""
PACKAGES: Final = ("node-module", "python-module", "perl-module", "php-extension")
"""What a program may need beside itself."""
START_KEYS: Final = frozenset(
    {"title", "command", "program", "environment", "variable", "install", "notes", *PACKAGES}
)
"""The keys of a file that this module reads."""
_SOURCES: Final = ("line", "command", "file")


@dataclass(frozen=True, slots=True)
class Version:
    """How to find out the version.

    Attributes:
        match: its first group is the version; searched for in what the source says.
        line: a line of text to send to the server.
        command: a program to run.
        file: a file to read.
    """

    match: re.Pattern[str]
    line: str | None = None
    command: tuple[str, ...] = ()
    file: str | None = None

    def find(self, text: str) -> str | None:
        """The version in a text, None if it is not there."""
        found = self.match.search(text)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Program:
    """A program under test.

    Attributes:
        name: the name of its file without ``.yaml``, or what the user gave in place of a file.
        title: what it is, in a few words.
        path: its file; None if it has none.
        command: how to start it, with placeholders; see docs/targets.md.
        programs: where ``{program}`` may be found: paths, or names on ``PATH``.
        environment: variables to set for it.
        packages: what it needs beside itself, by the words of `PACKAGES`.
        variable: the name of an environment variable that the user has to set; ``{variable}`` is its value.
        install: what to do when it is not installed.
        version: how to find out its version; None if it tells that itself.
        notes: what a reader of its results should know.
    """

    name: str
    title: str = ""
    path: Path | None = None
    command: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    variable: str = ""
    install: str = ""
    version: Version | None = None
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> Path | None:
        """The file of what is expected of it, whether it exists or not; None without a file of its own."""
        return self.path and self.path.with_name(self.name + KNOWN_SUFFIX)


class Start(TypedDict):
    """What `ProgramForm.start` found; the fields of a `Program`, but for its version."""

    name: str
    title: str
    path: Path
    command: tuple[str, ...]
    programs: tuple[str, ...]
    environment: Mapping[str, str]
    packages: Mapping[str, str]
    variable: str
    install: str
    notes: tuple[str, ...]


class ProgramForm(Form):
    """The form of a file about a program; the readers of the two kinds of them inherit it.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, TargetError)

    def start(self, top: YamlMapping) -> Start:
        """What the keys of `START_KEYS` say."""
        return Start(
            name=self.path.name.removesuffix(SUFFIX),
            title=self.text(top, "title"),
            path=self.path,
            command=self.command(top, "command"),
            programs=self.words(top, "program"),
            environment=self.texts(top, "environment"),
            packages={kind: self.text(top, kind) for kind in PACKAGES if kind in top},
            variable=self.text(top, "variable"),
            install=self.text(top, "install"),
            notes=self.words(top, "notes"),
        )

    def command(self, mapping: YamlMapping, key: str) -> tuple[str, ...]:
        """The command under a key; an empty one where there is none."""
        words = self.words(mapping, key)
        if key in mapping and not words:
            raise self.fault("a command is a list: the program and its arguments", mapping.line_of(key))
        return words

    def texts(self, top: YamlMapping, key: str) -> dict[str, str]:
        """The texts in the mapping under a key."""
        mapping = self.mapping(top.get(Text(key), YamlMapping()))
        return {str(name): self.text(mapping, name) for name in mapping}

    def avoid(self, top: YamlMapping, key: str, classes: Collection[str]) -> dict[str, str]:
        """What fuzzing leaves out, with the reasons: messages, and some classes of inputs."""
        avoid = self.texts(top, key)
        for name in avoid:
            if name not in classes and name not in BY_NAME:
                line = self.mapping(top[Text(key)]).line_of(name)
                raise self.fault(f"'{name}' is neither a message nor one of: {', '.join(classes)}", line)
        return avoid

    def way(self, top: YamlMapping, ways: tuple[str, ...]) -> None:
        """Make sure that there is exactly one of the keys that say how to come by the program."""
        if sum(key in top for key in ways) != 1:
            raise self.fault(f"exactly one of {', '.join(ways)} says where the program is", top.line)

    def embedded(self, top: YamlMapping) -> bool:
        """Whether it is a part of gearspec."""
        return "embedded" in top and bool(self.known(top, "embedded", (REFERENCE,)))

    def choice(self, top: YamlMapping, key: str, words: tuple[str, ...], otherwise: str) -> str:
        """One of some words, or what holds where there is none."""
        return self.known(top, key, words) if key in top else otherwise

    def edition(self, top: YamlMapping) -> str:
        """The edition of PROTOCOL that the program is held to, the newest where none is named."""
        return self.choice(top, "edition", EDITIONS, EDITIONS[-1])

    def version(self, top: YamlMapping) -> Version | None:
        """How to find out the version."""
        if "version" not in top:
            return None
        mapping = self.keys(top[Text("version")], {"match", *_SOURCES}, ("match",))
        if sum(source in mapping for source in _SOURCES) != 1:
            raise self.fault(f"exactly one of {', '.join(_SOURCES)} says where the version is", mapping.line)
        try:
            match = re.compile(self.text(mapping, "match"))
        except re.error as problem:
            raise self.fault(
                f"'match' is no regular expression: {problem}", mapping.line_of("match")
            ) from None
        if match.groups < 1:
            raise self.fault("'match' needs a group that holds the version", mapping.line_of("match"))
        command = self.command(mapping, "command")
        return Version(match, self.text(mapping, "line") or None, command, self.text(mapping, "file") or None)


def file_names(folder: str) -> list[str]:
    """The names of the programs that gearspec has a file of in a folder of the suites, sorted."""
    paths = (data_folder("suites") / folder).glob("*" + SUFFIX)
    return sorted(path.name.removesuffix(SUFFIX) for path in paths if not path.name.endswith(KNOWN_SUFFIX))


def own_file(folder: str, name: str) -> Path:
    """The file of a program that gearspec knows."""
    return data_folder("suites") / folder / (name + SUFFIX)
