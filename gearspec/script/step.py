"""One line of a script, from YAML to a `Step`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gearspec.document import Mapping, Sequence, Text
from gearspec.errors import ScriptError
from gearspec.protocol.message import BY_NAME
from gearspec.script import case as words
from gearspec.script.case import Branch, Call, Either, Frame, Listen, Message, Report, Step, Together
from gearspec.script.value import AnyOf, Clock, Join, Matches, Repeat, Value, literal, template

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

PARTY: Final = re.compile(r"(client|worker|admin)\d*")
SERVER: Final = re.compile(r"server\d*|first|second")
_MOST: Final = 10**18
_ARROW: Final = re.compile(r"(\w+) -> (\w+)")
_WORDS: Final = frozenset(
    {words.GRAB, words.ASSIGN, words.TEXT, words.TABLE, words.RAW}
    | {words.CLOSE, words.RESET, words.HALF_CLOSE, words.NOTHING, words.ANYTHING}
)
_SENT_KEYS: Final = frozenset({"frame", "split", "join", "times"})
_EXPECTED_KEYS: Final = frozenset({"within", "not-before", "times"})
_KEYS: Final = _SENT_KEYS | _EXPECTED_KEYS | {"args", "rows", "since", "mark", "clause", "task"}
_CALLS: Final = {
    "client": {
        "submit": ("function", "unique", "workload", "reducer", "epoch"),
        "option": ("option",),
        "echo": ("data",),
        "status": ("handle",),
        "status_unique": ("unique",),
    },
    "worker": {
        "register": ("function", "timeout"),
        "unregister": ("function",),
        "complete": ("data",),
        "fail": (),
        "exception": ("data",),
        "raise": ("data",),
        "data": ("data",),
        "warning": ("data",),
        "status": ("numerator", "denominator"),
        "work": (),
    },
}
_SETTINGS: Final = {
    "submit": {
        "priority": (r"high|low", "high or low"),
        "background": (r"true", "true"),
        "retries": (r"\d{1,9}", "a number"),
        "wait": (r"\d{1,9}(\.\d+)?", "seconds"),
    },
    "work": {"jobs": (r"\d{1,9}", "a number"), "ms": (r"\d{1,9}", "milliseconds")},
    "connect": {"servers": (r"[a-z0-9 ]+", "a list of servers")},
}
"""What goes with a call and is no value of the protocol: by operation, its form, and that in words."""
_EVENTS: Final = {
    "created": ("handle",),
    "data": ("data",),
    "warning": ("data",),
    "status": ("handle", "known", "running", "numerator", "denominator", "waiting"),
    "complete": ("data",),
    "fail": (),
    "exception": ("data",),
    "retry": ("tries",),
    "error": ("code", "text"),
    "job": ("handle", "function", "unique", "workload"),
    "option": ("option",),
    "echo": ("data",),
}


class StepParser:
    """Turns the lines of one file's scripts into steps.

    Args:
        path: the file, for errors.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path

    def error(self, message: str, line: int) -> ScriptError:
        """What blames the author; to be raised."""
        return ScriptError(message, self.path, line)

    def steps(self, found: Any, line: int) -> tuple[Step, ...]:  # noqa: ANN401 - YAML
        """Parse a list of lines."""
        if not isinstance(found, Sequence) or not found:
            raise self.error("a script is a list of lines and has at least one", line)
        return tuple(self.step(entry, found.line) for entry in found)

    def step(self, entry: Any, line: int) -> Step:  # noqa: ANN401 - YAML
        """Parse one line."""
        if not isinstance(entry, Mapping) or not entry:
            raise self.error("a line of a script is a mapping such as 'client -> server: ECHO_REQ'", line)
        head, value = next(iter(entry.items()))
        if head == "together":
            return self.together(entry, value)
        if head == "either":
            return self.either(entry, value)
        if not isinstance(value, Text):
            raise self.error(f"'{head}' takes one word", head.line)
        if arrow := _ARROW.fullmatch(head):
            return self.message(entry, arrow[1], arrow[2], value)
        if SERVER.fullmatch(head):
            return self.listen(entry, head, value)
        party, _, verb = head.partition(" ")
        if PARTY.fullmatch(party) and verb == "calls":
            return self.call(entry, party, value)
        if PARTY.fullmatch(party) and verb == "reports":
            return self.report(entry, party, value)
        raise self.error(
            f"'{head}' begins no line; lines are 'P -> S: MSG', 'P calls: OP', 'S: REFUSE' ...", head.line
        )

    def message(self, entry: Mapping, sender: str, receiver: str, what: Text) -> Message:
        """Parse ``P -> S: MSG`` or ``S -> P: MSG``."""
        if not (
            (PARTY.fullmatch(sender) and SERVER.fullmatch(receiver)) or self.from_server(sender, receiver)
        ):
            raise self.error(f"'{sender} -> {receiver}' does not join a party and a server", entry.line)
        if what not in _WORDS and what not in BY_NAME:
            raise self.error(f"there is no message '{what}'", what.line)
        rest = dict(list(entry.items())[1:])
        keys = {key: rest.pop(key) for key in list(rest) if key in _KEYS}
        allowed = self.arguments(what)
        for key in rest:
            if key not in allowed:
                wanted = ", ".join(allowed) or "none"
                raise self.error(
                    f"{what} has no argument '{key}' (it has: {wanted}), and no line has that key", key.line
                )
        if "args" in keys and rest:
            raise self.error("a line has either args or named arguments", entry.line)
        return Message(
            line=entry.line,
            sender=sender,
            receiver=receiver,
            what=str(what),
            values={str(key): self.argument(what, key, value) for key, value in rest.items()},
            args=self.list_of(keys["args"], entry.line) if "args" in keys else None,
            rows=self.rows(keys["rows"], entry.line) if "rows" in keys else (),
            frame=self.frame(keys.get("frame"), entry.line),
            split=self.split(keys.get("split"), entry.line),
            anywhere=keys.get("split") == "anywhere",
            join=self.word(keys, "join", ("next",)) is not None,
            times=self.number(keys.get("times", "1"), entry.line, least=1),
            within=self.seconds(keys, "within"),
            not_before=self.seconds(keys, "not-before"),
            since=self.text(keys, "since"),
            mark=self.text(keys, "mark"),
            clause=self.text(keys, "clause"),
            task=self.text(keys, "task"),
        )

    def argument(self, what: str, key: Text, found: Any) -> Value:  # noqa: ANN401 - YAML
        """Parse the value of a named argument; that of RAW is hexadecimal."""
        if what == words.RAW and isinstance(found, Text):
            return literal(self.hexadecimal(found))
        return self.value(found, key.line)

    @staticmethod
    def from_server(sender: str, receiver: str) -> bool:
        """Whether a server speaks here."""
        return bool(SERVER.fullmatch(sender) and PARTY.fullmatch(receiver))

    @staticmethod
    def arguments(what: str) -> tuple[str, ...]:
        """The argument names that a line with this word takes."""
        if what in BY_NAME:
            return BY_NAME[what].arguments
        return {
            words.ASSIGN: ("handle", "function", "workload"),
            words.TEXT: ("line",),
            words.RAW: ("hex",),
        }.get(what, ())

    def listen(self, entry: Mapping, server: str, what: Text) -> Listen:
        """Parse ``S: REFUSE``."""
        if what not in {"REFUSE", "ACCEPT", "DIE"} or len(entry) > 1:
            raise self.error("a server does REFUSE, ACCEPT or DIE, and the line has no other key", entry.line)
        return Listen(entry.line, server, str(what))

    def call(self, entry: Mapping, party: str, operation: Text) -> Call:
        """Parse ``P calls: OP``."""
        known = _CALLS.get(party, {}) | {"connect": (), "quit": ()}
        if operation not in known:
            raise self.error(
                f"{party} has no operation '{operation}' (it has: {', '.join(known)})", operation.line
            )
        call = Call(entry.line, party, str(operation), {}, {}, self.text(entry, "task"))
        for key, value in list(entry.items())[1:]:
            if key in known[operation]:
                call.values[str(key)] = self.value(value, key.line)
            elif key in _SETTINGS.get(operation, {}):
                call.settings[str(key)] = self.setting(operation, key, value)
            elif key != "task":
                raise self.error(f"'{operation}' takes no '{key}'", key.line)
        return call

    def setting(self, operation: str, key: Text, found: Any) -> str:  # noqa: ANN401 - YAML
        """Parse what goes with a call and is no value of the protocol."""
        text = " ".join(found) if isinstance(found, Sequence) else str(found)
        form, meaning = _SETTINGS[operation][key]
        if not re.fullmatch(form, text):
            raise self.error(f"'{key}' of {operation} is {meaning}, not '{text}'", key.line)
        return text

    def report(self, entry: Mapping, party: str, event: Text) -> Report:
        """Parse ``P reports: EVENT``."""
        if event not in _EVENTS:
            raise self.error(f"there is no event '{event}' (there are: {', '.join(_EVENTS)})", event.line)
        values = {}
        for key, value in list(entry.items())[1:]:
            if key in _EVENTS[event]:
                values[str(key)] = self.value(value, key.line)
            elif key not in {"within", "clause", "task"}:
                raise self.error(f"'{event}' holds no '{key}'", key.line)
        return Report(
            line=entry.line,
            party=party,
            event=str(event),
            values=values,
            within=self.seconds(entry, "within"),
            clause=self.text(entry, "clause"),
            task=self.text(entry, "task"),
        )

    def together(self, entry: Mapping, value: Any) -> Together:  # noqa: ANN401 - YAML
        """Parse ``together: [lines]``."""
        if len(entry) > 1:
            raise self.error("'together' has no other key", entry.line)
        steps = []
        for step in self.steps(value, entry.line):
            if not isinstance(step, Message | Report) or (
                isinstance(step, Message)
                and not SERVER.fullmatch(step.sender)
                and not PARTY.fullmatch(step.sender)
            ):
                raise self.error("'together' holds only expected lines", step.line)
            steps.append(step)
        return Together(entry.line, tuple(steps))

    def either(self, entry: Mapping, value: Any) -> Either:  # noqa: ANN401 - YAML
        """Parse ``either: [branches]``."""
        if len(entry) > 1 or not isinstance(value, Sequence) or len(value) < 2:
            raise self.error("'either' has two branches or more, and no other key", entry.line)
        return Either(entry.line, tuple(self.branch(found, entry.line) for found in value))

    def branch(self, found: Any, line: int) -> Branch:  # noqa: ANN401 - YAML
        """Parse one branch of an either."""
        if not isinstance(found, Mapping):
            raise self.error("a branch is a mapping with as, script, and a flag unless it is a pass", line)
        for key in found:
            if key not in {"as", "flag", "script"}:
                raise self.error(f"a branch has no key '{key}'", key.line)
        grade = self.word(found, "as", ("pass", "tolerated", "recorded"))
        flag = self.text(found, "flag")
        if grade is None or (grade == "pass") is not (flag is None):
            raise self.error(
                "a branch is 'as: pass' without a flag, or tolerated or recorded with one", found.line
            )
        return Branch(found.line, grade, flag, self.steps(found.get("script"), found.line))

    def value(self, found: Any, line: int) -> Value:  # noqa: ANN401 - YAML
        """Parse one value."""
        if isinstance(found, Text):
            try:
                return template(found)
            except ValueError as problem:
                raise self.error(str(problem), found.line) from None
        if not isinstance(found, Mapping):
            raise self.error("a value is text or a form such as {hex: ..}", line)
        if set(found) == {"repeat", "times"}:
            return Repeat(self.value(found["repeat"], line), self.number(found["times"], found.line, least=0))
        if len(found) == 1:
            ((form, inner),) = found.items()
            if made := self.form(form, inner):
                return made
        raise self.error(
            "a value is text, {hex}, {repeat, times}, {join}, {clock}, {any-of} or {matches}", found.line
        )

    def form(self, form: Text, inner: Any) -> Value | None:  # noqa: ANN401 - YAML
        """Parse a form with one key; None if there is no such form."""
        line = form.line
        if form == "join":
            return Join(self.list_of(inner, line))
        if form == "any-of":
            return AnyOf(self.list_of(inner, line))
        if not isinstance(inner, Text):
            return None
        if form == "hex":
            return literal(self.hexadecimal(inner))
        if form == "clock":
            return Clock(self.number(inner, line))
        if form == "matches":
            try:
                return Matches(re.compile(inner.encode("ascii"), re.DOTALL))
            except (re.error, UnicodeEncodeError, OverflowError, RecursionError) as problem:
                raise self.error(f"this is not a regular expression in ASCII: {problem}", line) from None
        return None

    def list_of(self, found: Any, line: int) -> tuple[Value, ...]:  # noqa: ANN401 - YAML
        """Parse a list of values."""
        if not isinstance(found, Sequence):
            raise self.error("this takes a list of values", line)
        return tuple(self.value(inner, found.line) for inner in found)

    def rows(self, found: Any, line: int) -> tuple[tuple[Value | None, ...], ...]:  # noqa: ANN401 - YAML
        """Parse the rows of a TABLE."""
        if not isinstance(found, Sequence) or not all(isinstance(row, Sequence) for row in found):
            raise self.error("rows is a list of rows, each a list of cells", line)
        return tuple(
            tuple(None if cell == "*" else self.value(cell, row.line) for cell in row) for row in found
        )

    def frame(self, found: Any, line: int) -> Frame:  # noqa: ANN401 - YAML
        """Parse what a header lies about."""
        if found is None:
            return Frame()
        if not isinstance(found, Mapping) or not found or set(found) - {"size", "type", "magic"}:
            raise self.error("frame takes size, type and magic", line)
        size = self.text(found, "size")
        if size is not None and not re.fullmatch(r"[+-]?[0-9]{1,10}", size):
            raise self.error(f"size is a number, +N or -N, not '{size}'", found.line)
        magic = self.text(found, "magic")
        raw = None if magic is None else self.hexadecimal(found["magic"])
        if raw is not None and len(raw) != 4:
            raise self.error("magic is four bytes in hex", found.line)
        type_ = self.number(found["type"], found.line, least=0, most=2**32 - 1) if "type" in found else None
        return Frame(size, type_, raw)

    def hexadecimal(self, found: Text) -> bytes:
        """Parse hex digits, with or without blanks."""
        try:
            return bytes.fromhex(found)
        except ValueError:
            raise self.error(f"'{found[:40]}' is not hexadecimal", found.line) from None

    def split(self, found: Any, line: int) -> tuple[int, ...] | None:  # noqa: ANN401 - YAML
        """Parse where a packet is cut."""
        if found is None or found == "anywhere":
            return None
        if found == "each-byte":
            return ()
        if not isinstance(found, Sequence):
            raise self.error("split is a list of offsets, each-byte or anywhere", line)
        offsets = tuple(self.number(offset, found.line, least=1) for offset in found)
        if not offsets or sorted(set(offsets)) != list(offsets):
            raise self.error("split takes offsets that rise", found.line)
        return offsets

    def number(self, found: Any, line: int, least: int = -_MOST, most: int = _MOST) -> int:  # noqa: ANN401 - YAML
        """Parse a whole number."""
        if not isinstance(found, str) or not re.fullmatch(r"[+-]?[0-9]+", found):
            raise self.error(f"'{found}' is not a whole number", line)
        number = int(found[:20])  # which is more than any that is accepted
        if not least <= number <= most:
            raise self.error(f"{number} is less than {least} or more than {most}", line)
        return number

    def seconds(self, keys: dict[Any, Any], key: str) -> float | None:
        """Parse a number of seconds."""
        found = self.text(keys, key)
        if found is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", found):
            raise self.error(f"{key} takes seconds, such as 2 or 0.5, not '{found}'", keys[key].line)
        return float(found)

    def text(self, keys: dict[Any, Any], key: str) -> str | None:
        """Take a scalar that may be missing."""
        found = keys.get(key)
        if found is None:
            return None
        if not isinstance(found, Text):
            raise self.error(f"'{key}' takes one word", next(k.line for k in keys if k == key))
        return str(found)

    def word(self, keys: dict[Any, Any], key: str, choices: tuple[str, ...]) -> str | None:
        """Take one of some words; None if the key is missing."""
        found = self.text(keys, key)
        if found is not None and found not in choices:
            raise self.error(f"'{key}' is one of {', '.join(choices)}, not '{found}'", keys[key].line)
        return found
