"""Values of a script: what is sent, and what may come.

A value is a template of ASCII text in which ``$name`` stands for something
bound elsewhere, or a small tree of the forms that SCRIPTS lists. `render` makes
bytes of it, `match` holds bytes against it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gearspec.protocol.transcript import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"\$(?:\$|([A-Za-z][A-Za-z0-9_]*)|\{([A-Za-z][A-Za-z0-9_]*)\})")


@dataclass(frozen=True, slots=True)
class Template:
    """Text with names in it.

    Attributes:
        parts: literal bytes and names (str), in order.
    """

    parts: tuple[bytes | str, ...]

    @property
    def name(self) -> str | None:
        """The name, if the whole value is one."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A value many times over."""

    value: Value
    times: int


@dataclass(frozen=True, slots=True)
class Join:
    """Values one after the other."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """Unix time when it is sent, and so many seconds more, in decimal."""

    offset: int


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any of several values may come."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """What comes matches a regular expression from its first byte to its last."""

    pattern: re.Pattern[bytes]


Value = Template | Repeat | Join | Clock | AnyOf | Matches


def literal(data: bytes) -> Template:
    """Bytes without a name in them."""
    return Template((data,) if data else ())


def template(text: str) -> Template:
    """Parse a scalar.

    Raises:
        ValueError: it is not ASCII, or has a dollar that begins neither a name nor ``$$``.
    """
    raw = _ascii(text)
    if "$" in _NAME.sub("", text):
        raise ValueError(f"a dollar in '{text}' begins no name; write $$ for a dollar")
    parts: list[bytes | str] = []
    end = 0
    for found in _NAME.finditer(text):
        parts.append(raw[end : found.start()])
        parts.append(found[1] or found[2] or b"$")
        end = found.end()
    parts.append(raw[end:])
    return Template(_merged(parts))


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise ValueError(f"'{text}' is not ASCII; write other bytes as {{hex: ..}}") from None


def _merged(parts: list[bytes | str]) -> tuple[bytes | str, ...]:
    merged: list[bytes | str] = []
    for part in parts:
        if isinstance(part, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += part
        elif part:
            merged.append(part)
    return tuple(merged)


def names_in(value: Value) -> tuple[str, ...]:
    """The names that a value holds, in order."""
    if isinstance(value, Template):
        return tuple(part for part in value.parts if isinstance(part, str))
    if isinstance(value, Repeat):
        return names_in(value.value)
    if isinstance(value, Join | AnyOf):
        return tuple(name for inner in value.values for name in names_in(inner))
    return ()


def longest(value: Value) -> int:
    """How many bytes a value has at most, as far as its author says them: of a name nobody knows."""
    if isinstance(value, Template):
        return sum(len(part) for part in value.parts if isinstance(part, bytes))
    if isinstance(value, Repeat):
        return longest(value.value) * value.times
    return sum(map(longest, value.values)) if isinstance(value, Join | AnyOf) else 0


def render(value: Value, names: Mapping[str, bytes], wall: float) -> bytes:
    """The bytes of a value that is sent.

    Args:
        value: one that may be sent: not `AnyOf`, not `Matches`.
        names: every name in it must be bound here.
        wall: unix time, in seconds.
    """
    if isinstance(value, Template):
        return b"".join(names[part] if isinstance(part, str) else part for part in value.parts)
    if isinstance(value, Repeat):
        return render(value.value, names, wall) * value.times
    if isinstance(value, Join):
        return b"".join(render(inner, names, wall) for inner in value.values)
    if isinstance(value, Clock):
        return b"%d" % (int(wall) + value.offset)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def match(value: Value, data: bytes, names: Mapping[str, bytes]) -> dict[str, bytes] | None:
    """Hold what came against a value.

    Returns:
        the names that it binds (none but when the whole value is an unbound name), or None if it does
        not match.
    """
    if isinstance(value, AnyOf):
        return next(
            (found for inner in value.values if (found := match(inner, data, names)) is not None), None
        )
    if isinstance(value, Matches):
        return {} if value.pattern.fullmatch(data) else None
    if isinstance(value, Template) and value.name and value.name not in names:
        return {value.name: data}
    return {} if render(value, names, 0) == data else None


def show(value: Value) -> str:
    """A value as its author would write it, for messages: names stay names."""
    if isinstance(value, Template):
        return "".join(f"${part}" if isinstance(part, str) else printable(part) for part in value.parts)
    if isinstance(value, Repeat):
        return f"{show(value.value)} x {value.times}"
    if isinstance(value, Join):
        return " + ".join(show(inner) for inner in value.values)
    if isinstance(value, Clock):
        return f"now{value.offset:+d} s"
    if isinstance(value, AnyOf):
        return " or ".join(show(inner) for inner in value.values)
    return f"/{value.pattern.pattern.decode('ascii', 'backslashreplace')}/"
