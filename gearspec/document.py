"""Strict YAML: every scalar is a string, every value knows its line.

``0123``, ``no`` and ``1:30`` must stay what their author wrote, a key that
stands twice is a mistake rather than the last one wins, and an alias makes two
places of a file change together unseen. So all three are settled here, once,
for cases, vectors, clauses and target files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from gearspec.errors import DocumentError

if TYPE_CHECKING:
    from pathlib import Path

# libyaml where PyYAML was built with it: ten times as fast on a file of cases.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 64
"""How many lists and mappings may stand one in another; whoever reads them may call itself for each."""


class Text(str):
    """A scalar with the line it stands on, counted from 1."""

    __slots__ = ("line",)
    line: int

    @classmethod
    def at(cls, value: str, line: int) -> Text:
        """Make one."""
        text = cls(value)
        text.line = line
        return text


class Mapping(dict[Any, Any]):
    """A mapping with the line it begins on; its keys are `Text` and know theirs."""

    line: int

    def line_of(self, key: str) -> int:
        """The line of a key that is there; else that of the mapping."""
        return next((found.line for found in self if found == key), self.line)


class Sequence(list[Any]):
    """A list with the line it begins on."""

    line: int


def load(text: str, path: Path | str, error: type[DocumentError] = DocumentError) -> Any:  # noqa: ANN401 - YAML
    """Read one YAML document into `Mapping`, `Sequence` and `Text`; None if it is empty.

    Raises:
        DocumentError: or the subclass given; the text is not YAML, repeats a
            key, uses an alias or a tag, or has a key that is not a scalar.
    """
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as problem:
        raise error(_words(problem), path, _line(problem, text)) from None
    except RecursionError:
        raise error(_TOO_DEEP, path, 1) from None
    return None if node is None else _Builder(path, error).build(node, 1)


class Inline(dict[str, Any]):
    """A mapping that `dump` writes on one line."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML gives it
        return True

    def text(self, found: str) -> yaml.Node:
        return self.represent_scalar(_TEXT, found, style=None if found.isprintable() else '"')

    def inline_list(self, found: tuple[object, ...]) -> yaml.Node:
        return self.represent_sequence(_LIST, found, flow_style=True)

    def inline_mapping(self, found: Inline) -> yaml.Node:
        return self.represent_mapping(_MAPPING, found, flow_style=True)


_TEXT, _LIST, _MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_representer(Text, _Dumper.text)
_Dumper.add_representer(tuple, _Dumper.inline_list)
_Dumper.add_representer(Inline, _Dumper.inline_mapping)


def dump(found: object) -> str:
    """The YAML that `load` reads as this: mappings, lists and tuples of text.

    A tuple or an `Inline` stands on one line, everything else has a line to each entry.
    """
    return yaml.dump(found, Dumper=_Dumper, sort_keys=False, width=100)


def _words(problem: yaml.YAMLError) -> str:
    words = getattr(problem, "problem", None) or str(problem).partition("\n")[0]
    return f"this is not YAML: {words}"


def _line(problem: yaml.YAMLError, text: str) -> int:
    if isinstance(problem, yaml.MarkedYAMLError) and problem.problem_mark:
        return int(problem.problem_mark.line) + 1
    # Of a character that YAML does not have; one of the loaders counts its position in bytes.
    character = chr(getattr(problem, "character", 0))
    return text.partition(character)[0].count("\n") + 1


_TOO_DEEP: Final = f"lists and mappings are nested more than {_DEEPEST} deep"


class _Builder:
    def __init__(self, path: Path | str, error: type[DocumentError]) -> None:
        self.path, self.error = path, error
        self.seen: set[int] = set()

    def build(self, node: yaml.Node, depth: int) -> Any:  # noqa: ANN401 - YAML
        line = node.start_mark.line + 1
        if depth > _DEEPEST:
            raise self.error(_TOO_DEEP, self.path, line)
        if id(node) in self.seen:
            raise self.error("aliases (*name) are not allowed: write the value out", self.path, line)
        self.seen.add(id(node))
        if not node.tag.startswith("tag:yaml.org,2002:"):
            raise self.error(f"tags ({node.tag}) are not allowed", self.path, line)
        if isinstance(node, yaml.ScalarNode):
            return Text.at(node.value, line)
        if isinstance(node, yaml.SequenceNode):
            sequence = Sequence(self.build(child, depth + 1) for child in node.value)
            sequence.line = line
            return sequence
        return self.mapping(node, line, depth + 1)

    def mapping(self, node: yaml.Node, line: int, depth: int) -> Mapping:
        mapping = Mapping()
        mapping.line = line
        for key_node, value_node in node.value:
            key = self.build(key_node, depth)
            if not isinstance(key, Text):
                raise self.error("a key must be a plain word", self.path, key_node.start_mark.line + 1)
            if key in mapping:
                raise self.error(f"the key '{key}' stands here twice", self.path, key.line)
            mapping[key] = self.build(value_node, depth)
        return mapping
