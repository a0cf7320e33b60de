"""The text protocol: request lines in, reply lines out, and both ways round.

A reply has one of two shapes: one line, or a table whose end is a line that
holds only ``.``. Which of them a command gets is a column of `COMMANDS`, and
so is the number of arguments it takes (PROTOCOL, "Administrative Protocol";
the commands that PROTOCOL does not name are those of gearmand).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from gearspec.protocol.packet import Line

LINE: Final = "line"
TABLE: Final = "table"
END: Final = b"."
"""The line that ends a table."""

Row = tuple[bytes, ...]


class Command(NamedTuple):
    """One row of the table of commands.

    Attributes:
        words: how it begins on the wire, in lower case; servers ignore the case.
        arities: how many arguments may follow.
        reply: the shape of a successful reply, `LINE` or `TABLE`.
        mark: what every row of its table holds, which tells a row from an error.
    """

    words: tuple[bytes, ...]
    arities: frozenset[int] = frozenset({0})
    reply: str = LINE
    mark: bytes = b"\t"

    @property
    def name(self) -> bytes:
        """Its words with a space between them."""
        return b" ".join(self.words)


_ONE: Final = frozenset({1})
COMMANDS: Final = {
    command.name: command
    for command in (
        Command((b"workers",), reply=TABLE, mark=b" :"),
        Command((b"status",), reply=TABLE),
        Command((b"prioritystatus",), reply=TABLE),
        Command((b"maxqueue",), frozenset({1, 2, 4})),
        Command((b"version",)),
        Command((b"getpid",)),
        Command((b"verbose",)),
        Command((b"cancel", b"job"), _ONE),
        Command((b"show", b"jobs"), reply=TABLE),
        Command((b"show", b"unique", b"jobs"), reply=TABLE),
        Command((b"create", b"function"), _ONE),
        Command((b"drop", b"function"), _ONE),
    )
}
"""Every command by its name; the last seven are gearmand's."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command with its arguments."""

    command: Command
    arguments: tuple[bytes, ...] = ()

    @property
    def line(self) -> Line:
        """The line on the wire."""
        return Line(b" ".join((*self.command.words, *self.arguments)) + b"\n")


@dataclass(frozen=True, slots=True)
class Table:
    """The reply that lists something: rows of cells, without the line that ends it."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Success:
    """``OK``, or ``OK value`` when there is something to tell."""

    value: bytes = b""


@dataclass(frozen=True, slots=True)
class Failure:
    """``ERR CODE text``; on the wire a ``+`` stands for each space of the text."""

    code: bytes
    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Bare:
    """Any other single line, such as a version without ``OK`` before it."""

    text: bytes


Reply = Table | Success | Failure | Bare


def parse_request(line: Line) -> Request | Failure:
    """Read a request line, or say how a job server refuses it."""
    words = line.text.split()
    for command in COMMANDS.values():
        count = len(command.words)
        if tuple(word.lower() for word in words[:count]) == command.words:
            arguments = tuple(words[count:])
            if len(arguments) in command.arities:
                return Request(command, arguments)
            return Failure(b"INVALID_ARGUMENTS", b"Wrong number of arguments for " + command.name)
    return Failure(b"UNKNOWN_COMMAND", b"Unknown server command")


def render_request(name: bytes, *arguments: bytes) -> Line:
    """The request line of a command of `COMMANDS`."""
    return Request(COMMANDS[name], arguments).line


def render_reply(reply: Reply, command: Command | None = None, ending: bytes = b"\n") -> list[Line]:
    """A reply as lines.

    Args:
        reply: what to say.
        command: what it answers; only a `Table` depends on it.
        ending: ``\\n`` or ``\\r\\n``.
    """
    if isinstance(reply, Table):
        texts = [*(_row(row, command) for row in reply.rows), END]
    elif isinstance(reply, Success):
        texts = [b"OK " + reply.value if reply.value else b"OK"]
    elif isinstance(reply, Failure):
        words = (b"ERR", reply.code, reply.text.replace(b" ", b"+"))
        texts = [b" ".join(word for word in words if word)]
    else:
        texts = [reply.text]
    return [Line(text + ending) for text in texts]


_WORKERS: Final = COMMANDS[b"workers"]
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_CONTROL_OR_SPACE: Final = re.compile(rb"[\x00-\x20\x7f]")


def _row(row: Row, command: Command | None) -> bytes:
    """One line of a table, in which no cell can pose as another cell, another line, or the end.

    Identities and names of functions are whatever a peer sent, so what would
    separate cells or lines is escaped, and so is a cell that would end the table.
    """
    if command is _WORKERS:
        cells = [_CONTROL_OR_SPACE.sub(_escape, cell) for cell in row]
        return b" ".join([*cells[:3], b":", *cells[3:]])
    text = b"\t".join(_CONTROL.sub(_escape, cell) for cell in row)
    return b"\\x2e" if text == END else text


def _escape(match: re.Match[bytes]) -> bytes:
    return b"\\x%02x" % match[0][0]


def parse_row(line: Line, command: Command) -> Row:
    """The cells of one line of a table.

    A row of ``workers`` is a file descriptor, an address, an identity (which may
    hold spaces, since no server forbids them), and then one cell a function.
    """
    if command is not _WORKERS:
        return tuple(line.text.split(b"\t"))
    *head, rest = line.text.split(b" ", 2)
    identity, _, functions = rest.partition(b" :")
    return (*head, identity, *functions.split())


def parse_line(line: Line) -> Success | Failure | Bare:
    """The reply that a single line is; what begins with neither ``OK`` nor ``ERR`` is `Bare`."""
    first, _, rest = line.text.partition(b" ")
    if first == b"OK":
        return Success(rest)
    if first == b"ERR":
        code, _, text = rest.partition(b" ")
        return Failure(code, text.replace(b"+", b" "))
    return Bare(line.text)


class ReplyReader:
    """Collects the lines of one reply; says when it is complete.

    Args:
        command: what was asked. None stands for anything that is no command:
            the reply is then one line.
    """

    def __init__(self, command: Command | None) -> None:
        self._command = command
        self._rows: list[Row] = []

    def feed(self, line: Line) -> Reply | None:
        """Take the next line; returns the reply when this line ends it.

        A first line that begins with ``ERR`` and is no row ends a table as well: a server
        that does not know a command says so in one line.
        """
        if self._command is None or self._command.reply == LINE:
            return parse_line(line)
        if line.text == END:
            return Table(tuple(self._rows))
        if not self._rows and line.text.startswith(b"ERR ") and self._command.mark not in line.text:
            return parse_line(line)
        self._rows.append(parse_row(line, self._command))
        return None
