"""The form of a YAML file: which keys stand where, and what their values may be.

`gearspec.document` reads any YAML strictly; a `Form` holds it against what one
kind of file may contain, and every fault names the file and the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gearspec.document import Mapping, Sequence, Text, load

if TYPE_CHECKING:
    from collections.abc import Collection, Container
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from gearspec.errors import DocumentError


class Form:
    """Checks on one file; the readers of the kinds of files inherit them.

    Args:
        path: the file.
        error: what a fault is raised as.
    """

    def __init__(self, path: Path, error: type[DocumentError]) -> None:
        self.path, self.error = path, error

    def fault(self, message: str, line: int | None) -> DocumentError:
        """A fault at a line; the caller raises it."""
        return self.error(message, self.path, line)

    def load(self) -> Any:  # noqa: ANN401 - YAML
        """What the file holds.

        Raises:
            DocumentError: it cannot be read, or is no strict YAML.
        """
        try:
            text = self.path.read_text("utf-8")
        except UnicodeDecodeError:
            raise self.fault("this is not UTF-8", None) from None
        except OSError as problem:
            raise self.fault(f"cannot be read: {problem.strerror}", None) from None
        return load(text, self.path, self.error)

    def mapping(self, value: object) -> Mapping:
        """The value as a mapping.

        Raises:
            DocumentError: it is none.
        """
        if not isinstance(value, Mapping):
            raise self.fault("a mapping is expected here", getattr(value, "line", None))
        return value

    def keys(self, value: object, allowed: AbstractSet[str], required: tuple[str, ...] = ()) -> Mapping:
        """The value as a mapping with no keys but these.

        Raises:
            DocumentError: it is no mapping, has another key, or lacks a required one.
        """
        mapping = self.mapping(value)
        for key in mapping:
            if key not in allowed:
                raise self.fault(f"'{key}' is no key here; these are: {', '.join(sorted(allowed))}", key.line)
        for name in required:
            if name not in mapping:
                raise self.fault(f"the key '{name}' is missing", mapping.line)
        return mapping

    def sequence(self, mapping: Mapping, key: str) -> Sequence:
        """The list under a key; an empty one where there is none.

        Raises:
            DocumentError: something else stands there.
        """
        value = mapping.get(Text(key), Sequence())
        if not isinstance(value, Sequence):
            raise self.fault(f"'{key}' is a list", mapping.line_of(key))
        return value

    def text(self, mapping: Mapping, key: str) -> str:
        """The text under a key; empty where there is none.

        Raises:
            DocumentError: something else stands there.
        """
        value = mapping.get(Text(key), Text())
        if not isinstance(value, Text):
            raise self.fault(f"'{key}' is text", mapping.line_of(key))
        return str(value)

    def known(self, mapping: Mapping, key: str, words: Collection[str]) -> str:
        """The text under a key, one of some words.

        Raises:
            DocumentError: it is none of them.
        """
        word = self.text(mapping, key)
        if word not in words:
            raise self.fault(f"'{key}' is '{word}', but one of: {', '.join(words)}", mapping.line_of(key))
        return word

    def words(self, mapping: Mapping, key: str, known: Container[str] | None = None) -> tuple[str, ...]:
        """The list of words under a key, each of them known where that is asked.

        Raises:
            DocumentError: an entry is no text, or not known.
        """
        words = self.sequence(mapping, key)
        for word in words:
            if not isinstance(word, Text) or (known is not None and word not in known):
                raise self.fault(
                    f"'{word}' is not known as one of the {key}", getattr(word, "line", words.line)
                )
        return tuple(map(str, words))

    def value(self, value: object, line: int) -> bytes:
        """Bytes written as ASCII text, or as ``{hex: ..}``.

        Raises:
            DocumentError: they are written otherwise.
        """
        if isinstance(value, Mapping):
            return self.hexadecimal(self.keys(value, {"hex"}, ("hex",)), "hex")
        if not isinstance(value, Text) or not value.isascii():
            raise self.fault("a value is ASCII text; other bytes are {hex: ..}", line)
        return value.encode("ascii")

    def hexadecimal(self, mapping: Mapping, key: str) -> bytes:
        """The bytes under a key; spaces and line breaks between them do not matter.

        Raises:
            DocumentError: it is no hexadecimal.
        """
        try:
            return bytes.fromhex(self.text(mapping, key))
        except ValueError:
            raise self.fault(f"'{key}' is pairs of hexadecimal digits", mapping.line_of(key)) from None
