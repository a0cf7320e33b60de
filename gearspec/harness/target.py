"""What is known of a server under test, and what ``--target`` means.

docs/targets.md explains target files to their authors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.data import data_folder
from gearspec.document import Mapping as YamlMapping
from gearspec.document import Text
from gearspec.errors import TargetError, UsageError
from gearspec.form import Form
from gearspec.harness.version import in_range
from gearspec.model.dialect import Dialect
from gearspec.protocol.clause import EDITIONS
from gearspec.protocol.message import BY_NAME
from gearspec.protocol.transcript import printable
from gearspec.script.trait import CAPABILITIES, Traits
from gearspec.wire.address import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIX: Final = ".yaml"
KNOWN_SUFFIX: Final = ".known.yaml"
"""How the name of a file of expectations ends; it lies beside the target file."""
REFERENCE: Final = "reference"
"""The target that runs in this process."""
INPUT_CLASSES: Final = {
    "bad-magic": "what begins with NUL and goes on as neither magic",
    "create-function-empty": "the admin command create function with an empty name",
    "huge-size": "a header that announces 2 GiB or more",
    "huge-type": "a type of 2147483648 or more",
    "long-argument": "an argument before the last one that has 64 bytes or more",
    "shutdown": "the admin command shutdown",
    "unknown-type": "a type that no message has",
}
"""What ``avoid`` of a target file may name beside messages, in words."""

_FENCES: Final = ("echo", "status")
_CLOSE_FENCES: Final = ("workers", "eof", "none")
_GRABS: Final = ("GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL")
_WAYS: Final = ("command", "address", "embedded")
_TRAITS: Final = frozenset({"edition", "capabilities", "lacks", "fence", "close-fence", "grab", "dialect"})
_START: Final = frozenset({"program", "environment", "node-module", "install"})
_KEYS: Final = frozenset({"title", "version", "versions", "avoid", "notes"}) | set(_WAYS) | _TRAITS | _START
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
class Target:
    """A server under test: how to come by one, how to talk with it, what not to do to it.

    Exactly one of `command`, `address` and `embedded` says how to come by it.

    Attributes:
        name: the name of its file without ``.yaml``, or its address.
        title: what it is, in a few words.
        path: its file; None for a bare address.
        command: how to start it, with placeholders; see docs/targets.md.
        programs: where ``{program}`` may be found: paths, or names on ``PATH``.
        environment: variables to set for it.
        node_module: the npm package that ``{module}`` stands for.
        install: what to do when it is not installed.
        address: where it runs.
        embedded: whether it is the reference server, in this process.
        version: how to find out its version.
        traits: how to talk with it.
        variants: ranges of versions, and how to talk with those; the first that holds counts.
        avoid: what kills it, with the reasons: messages, and names of `INPUT_CLASSES`.
        notes: what a reader of its results should know.
    """

    name: str
    title: str = ""
    path: Path | None = None
    command: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    node_module: str | None = None
    install: str = ""
    address: Address | None = None
    embedded: bool = False
    version: Version | None = None
    traits: Traits = field(default_factory=Traits)
    variants: tuple[tuple[str, Traits], ...] = ()
    avoid: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> Path | None:
        """The file of what is expected of it, whether it exists or not; None for a bare address."""
        return self.path and self.path.with_name(self.name + KNOWN_SUFFIX)

    def at(self, version: str | None) -> Target:
        """What is known of one version of it."""
        fitting = (traits for versions, traits in self.variants if in_range(version, versions))
        return replace(self, traits=next(fitting, self.traits))


def resolve_target(text: str) -> Target:
    """What a value of ``--target`` means.

    It is the name of a known target; else, if it ends in ``.yaml`` or holds a slash, a target
    file; else an address.

    Raises:
        TargetError: the file has a fault.
        UsageError: it is none of the three.
    """
    names = known_names()
    if text in names:
        return load_target(_folder() / (text + SUFFIX))
    if text.endswith(SUFFIX) or "/" in text:
        return load_target(Path(text))
    address = parse_address(text)
    try:
        address.resolve()
    except UsageError:
        shown, known = printable(text.encode("utf-8", "backslashreplace")), ", ".join(names)
        raise UsageError(
            f"'{shown}' is no known target ({known}), no file, and no host to be found"
        ) from None
    return Target(str(address), address=address)


def known_names() -> list[str]:
    """The names of the targets that gearspec knows, sorted."""
    paths = _folder().glob("*" + SUFFIX)
    return sorted(path.name.removesuffix(SUFFIX) for path in paths if not path.name.endswith(KNOWN_SUFFIX))


def known_targets() -> list[Target]:
    """The targets that gearspec knows, by name."""
    return [load_target(_folder() / (name + SUFFIX)) for name in known_names()]


def load_target(path: Path) -> Target:
    """Read a target file.

    Raises:
        TargetError: the first fault, with file and line.
    """
    return _TargetForm(path).target()


def lend(target: Target, address: Address) -> Target:
    """What a target file says, for a server that already runs somewhere."""
    return replace(target, address=address, command=(), embedded=False)


def _folder() -> Path:
    return data_folder("suites") / "targets"


class _TargetForm(Form):
    def __init__(self, path: Path) -> None:
        super().__init__(path, TargetError)

    def target(self) -> Target:
        top = self.keys(self.load(), _KEYS)
        ways = [key for key in _WAYS if key in top]
        if len(ways) != 1:
            raise self.fault(f"exactly one of {', '.join(_WAYS)} says where the server is", top.line)
        return Target(
            name=self.path.name.removesuffix(SUFFIX),
            title=self.text(top, "title"),
            path=self.path,
            command=self.command(top, "command"),
            programs=self.words(top, "program"),
            environment=self.texts(top, "environment"),
            node_module=self.text(top, "node-module") or None,
            install=self.text(top, "install"),
            address=self.address(top),
            embedded="embedded" in top and bool(self.known(top, "embedded", (REFERENCE,))),
            version=self.version(top),
            traits=self.traits(top),
            variants=self.variants(top),
            avoid=self.avoid(top),
            notes=self.words(top, "notes"),
        )

    def command(self, mapping: YamlMapping, key: str) -> tuple[str, ...]:
        words = self.words(mapping, key)
        if key in mapping and not words:
            raise self.fault("a command is a list: the program and its arguments", mapping.line_of(key))
        return words

    def texts(self, top: YamlMapping, key: str) -> dict[str, str]:
        mapping = self.mapping(top.get(Text(key), YamlMapping()))
        return {str(name): self.text(mapping, name) for name in mapping}

    def address(self, top: YamlMapping) -> Address | None:
        if "address" not in top:
            return None
        try:
            return parse_address(self.text(top, "address"))
        except UsageError as problem:
            raise self.fault(str(problem), top.line_of("address")) from None

    def version(self, top: YamlMapping) -> Version | None:
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

    def traits(self, top: YamlMapping) -> Traits:
        usual = Traits()
        close_fence = self.choice(top, "close-fence", _CLOSE_FENCES, usual.close_fence or "none")
        return Traits(
            capabilities=self.capabilities(top),
            edition=self.choice(top, "edition", EDITIONS, usual.edition),
            fence=self.choice(top, "fence", _FENCES, usual.fence),
            close_fence=None if close_fence == "none" else close_fence,
            grab=self.choice(top, "grab", _GRABS, usual.grab),
            dialect=self.dialect(top),
        )

    def variants(self, top: YamlMapping) -> tuple[tuple[str, Traits], ...]:
        found = []
        for entry in self.sequence(top, "versions"):
            change = self.keys(entry, {"range", "edition", "lacks", "dialect"}, ("range",))
            versions = self.text(change, "range")
            try:
                in_range(None, versions)
            except ValueError as problem:
                raise self.fault(str(problem), change.line_of("range")) from None
            self.traits(change)  # so that its faults are told at its own lines
            merged = YamlMapping({**top, **change})
            merged.line = change.line
            if "dialect" in change:
                words = {**self.mapping(top.get(Text("dialect"), YamlMapping())), **change[Text("dialect")]}
                merged[Text("dialect")] = YamlMapping(words)
            found.append((versions, self.traits(merged)))
        return tuple(found)

    def choice(self, top: YamlMapping, key: str, words: tuple[str, ...], otherwise: str) -> str:
        return self.known(top, key, words) if key in top else otherwise

    def capabilities(self, top: YamlMapping) -> frozenset[str]:
        if "capabilities" in top and "lacks" in top:
            raise self.fault("either 'capabilities' or 'lacks', not both", top.line_of("lacks"))
        if "capabilities" in top:
            return frozenset(self.words(top, "capabilities", CAPABILITIES))
        return frozenset(CAPABILITIES) - set(self.words(top, "lacks", CAPABILITIES))

    def dialect(self, top: YamlMapping) -> Dialect:
        words = self.texts(top, "dialect")
        for name, word in words.items():
            try:
                Dialect.parse({name: word})
            except ValueError as problem:
                raise self.fault(str(problem), self.mapping(top[Text("dialect")]).line_of(name)) from None
        return Dialect.parse(words)

    def avoid(self, top: YamlMapping) -> dict[str, str]:
        avoid = self.texts(top, "avoid")
        for name in avoid:
            if name not in INPUT_CLASSES and name not in BY_NAME:
                line = self.mapping(top[Text("avoid")]).line_of(name)
                known = ", ".join(INPUT_CLASSES)
                raise self.fault(f"'{name}' is neither a message nor one of: {known}", line)
        return avoid
