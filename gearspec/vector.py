"""Test vectors: bytes with what they mean, loaded from ``vectors/*.yaml`` and linted on the way.

The bytes were typed by hand or captured from real programs. So nothing here
encodes or decodes with gearspec's own codec: the lint walks the bytes by the
12-byte header alone and compares each piece with what its author wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gearspec.data import data_folder
from gearspec.document import Mapping, Text
from gearspec.errors import VectorError
from gearspec.form import Form
from gearspec.protocol.clause import load_clauses
from gearspec.protocol.message import BY_NAME, BY_TYPE, HEADER_SIZE, REQ, RES
from gearspec.protocol.packet import VIOLATIONS
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from pathlib import Path

    from gearspec.protocol.message import Message

FORMAT: Final = "1"
"""The version of the file format and of the export; ``vectors/schema.json`` describes both."""
RESULTS: Final = ("valid", "invalid", "incomplete", "tolerated")
PROGRAMS: Final = (
    *("gearmand", "perl-gearmand", "geard", "abraxas"),
    *("gearman-cli", "libgearman", "perl", "php", "gear", "node-abraxas"),
)
"""The programs that vectors were captured from: servers, then clients and workers."""
KINDS: Final = ("boundary", "binary", "defect", "practice", "silent", "contradiction")
"""What a flag is about: a legal limit, legal bytes that text handling breaks, a breach of PROTOCOL, a
breach that released programs commit, something PROTOCOL is silent on, or contradicts itself on."""
NOTES: Final = "notes.yaml"
MAGICS: Final = {REQ: "REQ", RES: "RES"}
"""How the export writes the magics."""
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONTENT: Final = frozenset({"fields", "data", "violations"})
_VECTOR: Final = frozenset({"id", "title", "hex", "result", "flags", "clauses", "source"})
_STREAM: Final = frozenset({"packets", "rest", "violations", "answers"})


@dataclass(frozen=True, slots=True)
class Note:
    """What a flag means.

    Attributes:
        kind: one of `KINDS`.
        effect: what a program that handles it badly does.
        clauses: ids of the clauses it belongs to.
    """

    kind: str
    effect: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The program that sent the bytes, when they were captured."""

    program: str
    version: str


@dataclass(frozen=True, slots=True)
class Element:
    """One packet, or one line of text, of a vector.

    Attributes:
        raw: its bytes, header or line ending included.
        fields: a packet's arguments by name, split at their separators whether
            or not they are acceptable; empty for a line and for an unknown type.
        violations: the kinds of defect, as `gearspec.protocol.packet.check` names them.
    """

    raw: bytes
    fields: dict[str, bytes]
    violations: tuple[str, ...]

    @property
    def is_line(self) -> bool:
        """Whether it is text, which the first byte decides."""
        return self.raw[0] != 0

    @property
    def type(self) -> int:
        """The type in a packet's header."""
        return int.from_bytes(self.raw[4:8], "big")

    @property
    def body(self) -> bytes:
        """What follows a packet's header."""
        return self.raw[HEADER_SIZE:]


@dataclass(frozen=True, slots=True)
class Vector:
    """Some bytes and what they mean.

    Attributes:
        id: unique over all files.
        title: what it shows, in a sentence without a full stop.
        data: the bytes.
        result: one of `RESULTS`.
        elements: the packets and lines in it, in order.
        rest: the bytes after them: an item that is not complete, or cannot be decoded.
        violations: the kinds of defect of `rest`.
        flags: keys of ``notes.yaml``.
        clauses: ids of the clauses it belongs to.
        source: the program it was captured from, or None.
        answers: the id of the vector that this one was the reply to, or None.
        path: the file.
        line: where it stands in the file, counted from 1.
    """

    id: str
    title: str
    data: bytes
    result: str
    elements: tuple[Element, ...]
    rest: bytes
    violations: tuple[str, ...]
    flags: tuple[str, ...]
    clauses: tuple[str, ...]
    source: Source | None
    answers: str | None
    path: Path
    line: int


def load_notes(folder: Path | None = None) -> dict[str, Note]:
    """The flags and their explanations.

    Raises:
        VectorError: the file is missing or not as ``vectors/schema.json`` says.
    """
    return _Reader((folder or data_folder("vectors")) / NOTES, VectorError).notes()


def load_vectors(folder: Path | None = None) -> list[Vector]:
    """Every vector of a folder, file by file, linted.

    Args:
        folder: ``vectors/`` of this installation unless given.

    Raises:
        VectorError: the first fault found: the form of a file, bytes that are
            not what their fields say, an id that stands twice, a flag that
            nothing explains or nothing uses.
    """
    folder = folder or data_folder("vectors")
    notes = load_notes(folder)
    vectors: list[Vector] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name != NOTES:
            vectors.extend(_Reader(path, VectorError).vectors())
    _lint_references(vectors, notes, folder)
    return vectors


def export(folder: Path | None = None) -> dict[str, Any]:
    """The table and all vectors as JSON can hold it, in hexadecimal; ``vectors/schema.json`` says how.

    Raises:
        VectorError: as `load_vectors`.
    """
    folder = folder or data_folder("vectors")
    return {
        "format": FORMAT,
        "messages": {name: _export_message(message) for name, message in BY_NAME.items()},
        "flags": {
            flag: {"kind": note.kind, "effect": note.effect, "clauses": list(note.clauses)}
            for flag, note in load_notes(folder).items()
        },
        "vectors": [_export_vector(vector) for vector in load_vectors(folder)],
    }


def _export_message(message: Message) -> dict[str, Any]:
    return {
        "type": message.type,
        "senders": sorted(message.senders),
        "receivers": sorted(message.receivers),
        "arguments": list(message.arguments),
        "opaque": message.opaque,
    }


def _export_vector(vector: Vector) -> dict[str, Any]:
    source = vector.source
    return {
        "id": vector.id,
        "file": vector.path.name,
        "title": vector.title,
        "hex": vector.data.hex(),
        "result": vector.result,
        "packets": [_export_element(element) for element in vector.elements],
        "rest": vector.rest.hex(),
        "violations": list(vector.violations),
        "flags": list(vector.flags),
        "clauses": list(vector.clauses),
        "source": {"program": source.program, "version": source.version} if source else None,
        "answers": vector.answers,
    }


def _export_element(element: Element) -> dict[str, Any]:
    if element.is_line:
        return {"line": element.raw.hex()}
    message = BY_TYPE.get(element.type)
    return {
        "magic": MAGICS[element.raw[:4]],
        "type": element.type,
        "message": message.name if message else None,
        "data": element.body.hex(),
        "fields": {name: value.hex() for name, value in element.fields.items()},
        "violations": list(element.violations),
    }


def _lint_references(vectors: list[Vector], notes: dict[str, Note], folder: Path) -> None:
    seen: dict[str, Vector] = {}
    for vector in vectors:
        if first := seen.get(vector.id):
            raise VectorError(
                f"the id '{vector.id}' stands at {first.path.name}:{first.line} already",
                vector.path,
                vector.line,
            )
        seen[vector.id] = vector
    for vector in vectors:
        for flag in vector.flags:
            if flag not in notes:
                raise VectorError(f"the flag '{flag}' is not explained in {NOTES}", vector.path, vector.line)
        if vector.answers and vector.answers not in seen:
            raise VectorError(f"no vector has the id '{vector.answers}'", vector.path, vector.line)
    unused = notes.keys() - {flag for vector in vectors for flag in vector.flags}
    if unused:
        raise VectorError(f"no vector has the flag '{min(unused)}'", folder / NOTES)


class _Reader(Form):
    """Reads one file; every fault names its line."""

    def document(self, *keys: str) -> Mapping:
        document = self.keys(self.load(), {"format", *keys}, ("format", keys[-1]))
        self.known(document, "format", (FORMAT,))
        return document

    def notes(self) -> dict[str, Note]:
        flags = self.document("flags")["flags"]
        return {str(flag): self.note(body) for flag, body in self.mapping(flags).items()}

    def note(self, body: object) -> Note:
        entry = self.keys(body, {"kind", "effect", "clauses"}, ("kind", "effect"))
        clauses = self.words(entry, "clauses", load_clauses())
        return Note(self.known(entry, "kind", KINDS), self.text(entry, "effect"), clauses)

    def vectors(self) -> list[Vector]:
        document = self.document("message", "vectors")
        message = self.known(document, "message", BY_NAME) if "message" in document else ""
        return [self.vector(entry, message) for entry in self.sequence(document, "vectors")]

    def vector(self, entry: object, message: str) -> Vector:
        """One vector; in the file of a message it is one packet of it, else a stream."""
        allowed = _VECTOR | (_CONTENT if message else _STREAM)
        keys = self.keys(entry, allowed, ("id", "title", "hex", "result"))
        if not _ID.fullmatch(self.text(keys, "id")):
            raise self.fault("an id is lower-case words with dashes", keys.line_of("id"))
        data = self.hexadecimal(keys, "hex")
        elements = [self.packet(keys, data, message)] if message else self.elements(keys, data)
        rest = data[sum(len(element.raw) for element in elements) :]
        if rest != self.hexadecimal(keys, "rest"):
            raise self.fault(f"'rest' is not the {len(rest)} bytes after the packets", keys.line_of("rest"))
        vector = Vector(
            id=self.text(keys, "id"),
            title=self.text(keys, "title"),
            data=data,
            result=self.known(keys, "result", RESULTS),
            elements=tuple(elements),
            rest=rest,
            violations=() if message else self.words(keys, "violations", VIOLATIONS),
            flags=self.words(keys, "flags"),
            clauses=self.words(keys, "clauses", load_clauses()),
            source=self.source(keys),
            answers=self.text(keys, "answers") or None,
            path=self.path,
            line=keys.line,
        )
        if not _fits(vector):
            text = f"'{vector.result}' does not fit the violations, the flags and the rest"
            raise self.fault(text, keys.line_of("result"))
        return vector

    def source(self, keys: Mapping) -> Source | None:
        if "source" not in keys:
            return None
        source = self.keys(keys[Text("source")], {"program", "version"}, ("program", "version"))
        return Source(self.known(source, "program", PROGRAMS), self.text(source, "version"))

    def elements(self, keys: Mapping, data: bytes) -> list[Element]:
        found: list[Element] = []
        for entry in self.sequence(keys, "packets"):
            found.append(self.element(entry, data))
            data = data[len(found[-1].raw) :]
        return found

    def element(self, entry: object, data: bytes) -> Element:
        """The packet or line that `data` begins with."""
        keys = self.keys(entry, _CONTENT | {"message", "type", "line"})
        if "line" not in keys:
            return self.packet(keys, data, self.known(keys, "message", BY_NAME) if "message" in keys else "")
        line = self.value(keys[Text("line")], keys.line_of("line"))
        if not line.endswith(b"\n") or not data.startswith(line):
            raise self.fault("the bytes here are not this line", keys.line)
        return Element(line, {}, ())

    def packet(self, keys: Mapping, data: bytes, message: str) -> Element:
        """The packet that `data` begins with, held against what its author wrote about it."""
        size = int.from_bytes(data[8:HEADER_SIZE], "big")
        raw = data[: HEADER_SIZE + size]
        if len(raw) < HEADER_SIZE + size or raw[:4] not in MAGICS:
            raise self.fault("the bytes here are not a whole packet", keys.line_of("hex"))
        element = Element(raw, self.fields(keys, message), self.words(keys, "violations", VIOLATIONS))
        number = BY_NAME[message].type if message else self.number(keys)
        if element.type != number:
            raise self.fault(f"the header says type {element.type}, not {number}", keys.line_of("hex"))
        said = b"\0".join(element.fields.values())
        if "data" in keys and not element.fields:
            said = self.value(keys[Text("data")], keys.line_of("data"))
        if element.body != said:
            text = f"the data is '{printable(element.body)}', and not '{printable(said)}'"
            raise self.fault(text, keys.line_of("fields"))
        return element

    def number(self, keys: Mapping) -> int:
        word = self.text(keys, "type")
        if not word.isdecimal():
            raise self.fault("an element has a 'message', a 'type' or a 'line'", keys.line)
        return int(word)

    def fields(self, keys: Mapping, message: str) -> dict[str, bytes]:
        fields = self.mapping(keys.get(Text("fields"), Mapping()))
        names = BY_NAME[message].arguments if message else ()
        if tuple(fields) != names[: len(fields)]:
            raise self.fault(f"the fields of {message} are {', '.join(names)}", keys.line_of("fields"))
        return {str(name): self.value(value, name.line) for name, value in fields.items()}


def _fits(vector: Vector) -> bool:
    """Whether the result agrees with what else the author wrote."""
    broken = bool(vector.violations or any(element.violations for element in vector.elements))
    return {
        "valid": not broken and not vector.rest,
        "invalid": broken,
        "incomplete": bool(vector.rest) and not broken,
        "tolerated": bool(vector.flags) and not vector.rest,
    }[vector.result]
