"""The lines between gearspec and an adapter: how requests are written, and what may be said to them.

``adapter.schema.json`` says of each line what it holds, and which of that is Base64; docs/adapters.md
explains it to the authors of adapters. What no schema can say of a line, that it answers a question which
was asked, is kept here as well.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from gearspec import __file__ as package
from gearspec.errors import AdapterError
from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACT: Final = 1
"""The version of the contract; it grows when an adapter for the old one could go wrong."""
SHOWN: Final = 100
"""How many bytes of a line are shown of one that cannot be read."""
_SCHEMA: Final = Path(package).with_name("adapter.schema.json")
_BASE64: Final = {"$ref": "#/$defs/base64"}
_ASKING: Final = frozenset({"exceptions-by-option", "exceptions-per-task", "exceptions-always"})


@dataclass(frozen=True, slots=True)
class Hello:
    """What an adapter says of itself and its library.

    Attributes:
        name: of the library.
        version: of the library.
        roles: what it can be.
        features: by role, what it has; of the words of `gearspec.script.trait.ABILITIES`.
    """

    name: str
    version: str
    roles: tuple[str, ...]
    features: Mapping[str, frozenset[str]]


class Dialogue:
    """What was asked of one adapter and what it said, as lines."""

    def __init__(self) -> None:
        self._asked: dict[int, str] = {}
        self._tasks: set[str] = set()

    def ask(self, request: Mapping[str, Any]) -> bytes:
        """The line of a request, whose bytes are written as Base64."""
        self._asked[request["id"]] = request["do"]
        self._tasks.update(task["task"] for task in request.get("tasks", ()))
        return json.dumps(request, default=_encode).encode("ascii") + b"\n"

    def hear(self, line: bytes) -> dict[str, Any]:
        """An answer or an event, whose Base64 is bytes again.

        Raises:
            AdapterError: no adapter may say this, or not now.
        """
        said = _parse(line)
        if "event" in said:
            self._check_event(said, line)
            return _decoded(said, f"event-{said['event']}")
        self._check_answer(said, line)
        return said

    def _check_event(self, said: dict[str, Any], line: bytes) -> None:
        name = said["event"]
        if not isinstance(name, str) or f"event-{name}" not in _validators():
            raise _fault("an event that there is none of", line)
        _check(said, f"event-{name}", line)
        if said.get("task") not in {None, *self._tasks}:
            raise _fault(f"an event of a task that was never submitted ({_shown(said['task'])})", line)

    def _check_answer(self, said: dict[str, Any], line: bytes) -> None:
        number = said.get("id")
        if isinstance(number, bool) or not isinstance(number, int) or number not in self._asked:
            raise _fault("an answer to nothing that was asked and not answered yet", line)
        asked = self._asked.pop(number)
        if "unsupported" in said:
            _check(said, "answer-unsupported", line)
        elif asked == "hello":
            if said.get("contract", CONTRACT) != CONTRACT:
                raise AdapterError(
                    f"the adapter is written for contract {_shown(said['contract'])} of adapters,"
                    f" and this gearspec has contract {CONTRACT}"
                )
            _check(said, "answer-hello", line)
        else:
            _check(said, "answer-done", line)


def read_hello(said: Mapping[str, Any]) -> Hello:
    """The answer to ``hello``, understood.

    Raises:
        AdapterError: it refuses to say who it is, or what it says contradicts itself.
    """
    if "unsupported" in said:
        raise AdapterError("the adapter answers 'hello' with unsupported, and every adapter has to know it")
    features = {role: frozenset(said["features"].get(role, ())) for role in said["roles"]}
    for role in said["features"]:
        if role not in features:
            raise AdapterError(f"the adapter lists features of a {role}, which is none of its roles")
    asking = features.get("client", frozenset()) & _ASKING
    if len(asking) != ("exceptions" in features.get("client", ())):
        raise AdapterError(
            "the adapter has to list either exceptions and exactly one of exceptions-by-option,"
            " exceptions-per-task and exceptions-always, or none of these four"
        )
    return Hello(said["name"], said["version"], tuple(said["roles"]), features)


def _encode(value: object) -> str:
    assert isinstance(value, bytes), "a request holds bytes, and what JSON has a form for"
    return b64encode(value).decode("ascii")


def _parse(line: bytes) -> dict[str, Any]:
    if not line.isascii():
        raise _fault("a line that is not ASCII", line)
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise _fault("what is no JSON (its standard output is for the contract alone)", line) from None
    if not isinstance(said, dict):
        raise _fault("JSON that is no object", line)
    return said


def _check(said: dict[str, Any], kind: str, line: bytes) -> None:
    problem = best_match(_validators()[kind].iter_errors(said))
    if problem is not None:
        where = ".".join(map(str, problem.absolute_path))
        wanted = problem.schema["description"] if problem.validator == "pattern" else ""
        reason = f"it has to be {wanted}" if wanted else problem.message
        told = f"{where}: {reason}" if where else reason
        raise AdapterError(f"the adapter breaks its contract, {_words(told)}, in {_words(line)}")


def _decoded(said: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: b64decode(value) if name in _binary(kind) else value for name, value in said.items()}


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(_SCHEMA.read_text("ascii"))
    return schema


@cache
def _validators() -> dict[str, Draft202012Validator]:
    """A validator for each kind of line, by its name among the definitions of the schema."""
    definitions = _schema()["$defs"]
    return {
        name: Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{name}"}) for name in definitions
    }


@cache
def _binary(kind: str) -> frozenset[str]:
    """Which properties of a kind of line are Base64."""
    properties = _schema()["$defs"][kind]["properties"]
    return frozenset(name for name, form in properties.items() if form == _BASE64)


def _fault(what: str, line: bytes) -> AdapterError:
    return AdapterError(f"the adapter says {what}: {_shown(line)}")


def _shown(value: object) -> str:
    return f"'{_words(value)}'"


def _words(value: object) -> str:
    data = value if isinstance(value, bytes) else str(value).encode("utf-8", "backslashreplace")
    return printable(data.strip(), SHOWN)
