"""What is known of a server under test, and what ``--target`` means.

docs/targets.md explains target files to their authors.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearspec.document import Mapping as YamlMapping
from gearspec.document import Text
from gearspec.errors import UsageError
from gearspec.harness.program import START_KEYS, SUFFIX, Program, ProgramForm, file_names, own_file
from gearspec.harness.version import in_range
from gearspec.model.dialect import Dialect
from gearspec.protocol.transcript import printable
from gearspec.script.trait import CAPABILITIES, Traits
from gearspec.wire.address import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = "targets"
INPUT_CLASSES: Final = {
    "abandoned-job-joined": "a submit that joins a queued job whose last client has left",
    "bad-magic": "what begins with NUL and goes on as neither magic",
    "can-do-again": "a function that this worker has registered already",
    "cant-do-unregistered": "CANT_DO of a function that this connection has not registered",
    "choice-of-functions": "a grab for which there are jobs of several functions",
    "create-function-empty": "the admin command create function with an empty name",
    "dash-without-workload": "a submit with the unique - and without a workload",
    "exception-unasked": "WORK_EXCEPTION of a job of which a client has not asked for exceptions",
    "foreign-work": "WORK_* about a job that its sender does not have",
    "huge-size": "a header that announces 2 GiB or more",
    "huge-type": "a type of 2147483648 or more",
    "job-cancelled": "the admin command cancel job",
    "idle-function-listed": "the admin command status while a function has neither workers nor jobs any more",
    "jobs-given-up": "a worker that leaves, or withdraws a function, while it has several jobs",
    "long-argument": "an argument of 50 bytes or more, where it is no workload or data",
    "maxqueue-of-three": "the admin command maxqueue with a size for each priority",
    "maxqueue-of-unknown": "the admin command maxqueue for a function without workers and jobs",
    "odd-name": "a submit of a function without a name, or with a line break in its name or unique",
    "shared-background-job-left": "a client that leaves its job, which is in the background as well",
    "sleep-of-a-worker": "PRE_SLEEP where what comes of it matters",
    "sleeper-changes": "a worker that registers or withdraws a function while it sleeps",
    "sleeper-grabs": "a worker that grabs while it sleeps, without having been woken",
    "sleeper-left": "a worker that leaves while it sleeps, or was woken and has not grabbed since",
    "text": "a line of text, or what a wrong size makes one",
    "timeout-zero": "CAN_DO_TIMEOUT with a timeout of 0",
    "unique-given": "a submit with a unique",
    "unknown-type": "a type that no message has",
    "waiting-client-left": "a client that leaves before its job has ended",
    "woken-without-grab": "a worker that was woken and says something else before it grabs",
    "worker-with-job-left": "a worker that leaves while it has a job",
}
"""What ``avoid`` of a target file may name beside messages, in words."""

_FENCES: Final = ("echo", "status")
_CLOSE_FENCES: Final = ("workers", "eof", "none")
_GRABS: Final = ("GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL")
_WAYS: Final = ("command", "address", "embedded")
_TRAITS: Final = frozenset({"edition", "capabilities", "lacks", "fence", "close-fence", "grab", "dialect"})
_KEYS: Final = frozenset({"version", "versions", "avoid"}) | set(_WAYS) | _TRAITS | START_KEYS


@dataclass(frozen=True, slots=True)
class Target(Program):
    """A server under test: how to come by one, how to talk with it, what not to do to it.

    Exactly one of `command`, `address` and `embedded` says how to come by it.

    Attributes:
        address: where it runs.
        embedded: whether it is the reference server, in this process.
        traits: how to talk with it.
        variants: ranges of versions, and how to talk with those; the first that holds counts.
        avoid: what kills it, with the reasons: messages, and names of `INPUT_CLASSES`.
    """

    address: Address | None = None
    embedded: bool = False
    traits: Traits = field(default_factory=Traits)
    variants: tuple[tuple[str, Traits], ...] = ()
    avoid: Mapping[str, str] = field(default_factory=dict)

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
        return load_target(own_file(_FOLDER, text))
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
    return file_names(_FOLDER)


def known_targets() -> list[Target]:
    """The targets that gearspec knows, by name."""
    return [load_target(own_file(_FOLDER, name)) for name in known_names()]


def load_target(path: Path) -> Target:
    """Read a target file.

    Raises:
        TargetError: the first fault, with file and line.
    """
    return _TargetForm(path).target()


def lend(target: Target, address: Address) -> Target:
    """What a target file says, for a server that already runs somewhere."""
    return replace(target, address=address, command=(), embedded=False)


class _TargetForm(ProgramForm):
    def target(self) -> Target:
        top = self.keys(self.load(), _KEYS)
        self.way(top, _WAYS)
        return Target(
            **self.start(top),
            address=self.address(top),
            embedded=self.embedded(top),
            version=self.version(top),
            traits=self.traits(top),
            variants=self.variants(top),
            avoid=self.avoid(top, "avoid", INPUT_CLASSES),
        )

    def address(self, top: YamlMapping) -> Address | None:
        if "address" not in top:
            return None
        try:
            return parse_address(self.text(top, "address"))
        except UsageError as problem:
            raise self.fault(str(problem), top.line_of("address")) from None

    def traits(self, top: YamlMapping) -> Traits:
        usual = Traits()
        close_fence = self.choice(top, "close-fence", _CLOSE_FENCES, usual.close_fence or "none")
        return Traits(
            capabilities=self.capabilities(top),
            edition=self.edition(top),
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
