"""Writes scripts: what the parties send is given, and what has to come the model says.

The model answers each line as soon as it is written, and its answers are the lines that are expected next.
So a script tells of every packet when it comes and with which arguments, in the dialect of the server that
it is for; and it is a `Case` like one that somebody typed, which any player plays.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Final

from gearspec.fuzz.peril import perils, perils_of_leaving
from gearspec.model.connection import Connection
from gearspec.model.effect import Send
from gearspec.model.server import Server
from gearspec.protocol.admin import COMMANDS, TABLE, parse_row
from gearspec.protocol.message import BY_NAME, GRABS
from gearspec.protocol.packet import Line, Packet, response
from gearspec.script import case as words
from gearspec.script.case import Case, Message, Together
from gearspec.script.encode import encode
from gearspec.script.project import SERVER
from gearspec.script.rehearse import EPOCH
from gearspec.script.value import AnyOf, Matches, literal, names_in, render, template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gearspec.model.effect import Effect
    from gearspec.protocol.admin import Row
    from gearspec.script.case import Step
    from gearspec.script.trait import Traits
    from gearspec.script.value import Value

    Permits = Callable[[str], bool]

NEEDS: Final = {
    **dict.fromkeys(
        ("SUBMIT_JOB_HIGH", "SUBMIT_JOB_HIGH_BG", "SUBMIT_JOB_LOW", "SUBMIT_JOB_LOW_BG"), "priorities"
    ),
    **dict.fromkeys(("SUBMIT_REDUCE_JOB", "SUBMIT_REDUCE_JOB_BACKGROUND"), "reduce"),
    "SUBMIT_JOB_EPOCH": "epoch",
    "CAN_DO_TIMEOUT": "timeout",
    "GRAB_JOB": "grab-job",
    "GRAB_JOB_UNIQ": "grab-job-uniq",
    "GRAB_JOB_ALL": "grab-job-all",
    "WORK_DATA": "work-data",
    "WORK_WARNING": "work-data",
    "OPTION_REQ": "exceptions",
    "ECHO_REQ": "echo",
    "GET_STATUS_UNIQUE": "status-unique",
    "status": "text",
    "workers": "workers",
    "prioritystatus": "prioritystatus",
    "maxqueue": "maxqueue",
    "cancel job": "cancel-job",
    **dict.fromkeys(("show jobs", "show unique jobs"), "show-jobs"),
}
"""The capability of a server that a message or a command of the text protocol needs, if it needs one."""
_DECIDES: Final = {
    "JOB_CREATED": "submit-job-created",
    "NOOP": "presleep-wakes",
    "NO_JOB": "grab-no-job",
    "JOB_ASSIGN": "grab-job-assign",
    "JOB_ASSIGN_UNIQ": "grab-uniq-assign",
    "JOB_ASSIGN_ALL": "grab-all-assign",
    "WORK_DATA": "work-data-forwarded",
    "WORK_WARNING": "work-warning-forwarded",
    "WORK_STATUS": "work-status-forwarded",
    "WORK_COMPLETE": "work-complete-forwarded",
    "WORK_FAIL": "work-fail-forwarded",
    "WORK_EXCEPTION": "exception-forwarded",
    "STATUS_RES": "status-res-fields",
    "STATUS_RES_UNIQUE": "status-res-unique-fields",
    "OPTION_RES": "option-exceptions",
    "ECHO_RES": "echo-answered",
    "ERROR": "error-sent",
    "status": "admin-status-columns",
    "prioritystatus": "admin-prioritystatus-counts",
    "workers": "admin-workers-functions",
    "maxqueue": "maxqueue-ok",
    "cancel job": "admin-cancel-job",
    "show jobs": "admin-show-jobs",
    "show unique jobs": "admin-show-unique-jobs",
}
"""The clause that is decided where an answer comes, or the answer to a command."""
EMPTY: Final = literal(b"")
NOOP: Final = response("NOOP")
"""Comes when the server likes, before or after what else the same connection is sent."""
NOBODY: Final = Connection(0, b"")
"""Who has not connected yet."""
LATE: Final = 3.0
"""Seconds within which a server must have noticed that a time has come."""


class Author:
    """Writes one script.

    Args:
        traits: of the server that it is for.
        permits: whether something may occur that the server is perhaps known to die of, or to get wrong:
            a message, or a class of `gearspec.harness.target.INPUT_CLASSES`. What may not is not written.

    Attributes:
        server: the model, as it is after the last line.
        jobs: how many there have been; they are called ``$job1`` and so on.
    """

    def __init__(self, traits: Traits, permits: Permits = lambda _: True) -> None:
        self._permits = permits
        self.server = Server(traits.dialect)
        self.jobs = 0
        self._now = EPOCH
        self._steps: list[Step] = []
        self._names: dict[str, bytes] = {}
        self._shown: dict[bytes, Value] = {}
        self._parties: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._woken: set[int] = set()
        self._opened = 0
        self._needs: set[str] = set()
        self._clauses: set[str] = set()
        self.server.tick(self._now)

    # --- what somebody may want to know -----------------------------------------------------

    def peer(self, party: str) -> Connection | None:
        """What the model knows of a party; None while it is not connected."""
        return self.server.exchange.connections.get(self._numbers.get(party, 0))

    def party(self, number: int) -> str:
        """Whose connection has a number."""
        return self._parties[number]

    def value(self, data: bytes) -> Value:
        """How bytes that the model sent, or knows something by, stand in the script."""
        return self._shown.get(data, literal(data))

    def case(self) -> Case:
        """All of it. A script that expects nothing ends with a question, so that it decides something."""
        if not self._clauses:
            self.send("client", "GET_STATUS", template("$none"))
        return Case(
            id="conversation",
            title="A conversation that nobody has typed",
            clauses=tuple(sorted(self._clauses)),
            under_test=(SERVER,),
            needs=tuple(sorted(self._needs)),
            dangerous=None,
            leaves=None,
            steps=tuple(_numbered(self._steps)),
            path="generated",
            line=1,
        )

    # --- lines ------------------------------------------------------------------------------

    def send(self, party: str, what: str, *arguments: Value) -> None:
        """A party sends a message, and connects if it has to.

        Args:
            party: who.
            what: a message of the table.
            arguments: in order; as many as the table has, or more, where a dialect wants more.
        """
        names = BY_NAME[what].arguments
        if len(arguments) > len(names):
            step = Message(0, party, SERVER, what, args=arguments)
        else:
            named = zip(names, arguments, strict=True)
            step = Message(0, party, SERVER, what, {name: value for name, value in named if value != EMPTY})
        self._say(step, what)

    def ask(self, party: str, command: str, *arguments: str) -> None:
        """A party sends a command of the text protocol; its arguments are templates."""
        line = template(" ".join((command, *arguments)))
        self._learn(*map(template, arguments))
        self._say(Message(0, party, SERVER, words.TEXT, {"line": line}), command)

    def leave(self, party: str, how: str) -> None:
        """A party that is connected closes its connection, or resets it."""
        number = self._numbers[party]
        leaver = self.server.exchange.connections[number]
        if not all(map(self._permits, perils_of_leaving(self.server, leaver, woken=number in self._woken))):
            return
        del self._numbers[party], self._parties[number]
        self._steps.append(Message(0, party, SERVER, how))
        self._hear(self.server.closed(number))

    def lapse(self) -> None:
        """Time passes until something is due that the server has to do by itself, if something is.

        Nothing need be seen of it, and then somebody who is awake has to notice that time has passed.
        """
        due = self.server.deadline
        peers = self.server.exchange.connections
        bystander = next((who for number, who in self._parties.items() if not peers[number].asleep), None)
        if due is None or bystander is None:
            return
        within = due - self._now + LATE
        self._now = due
        effects = self.server.tick(due)
        self._hear(effects, within=within)
        if not effects:
            self._steps.append(Message(0, SERVER, bystander, words.NOTHING, within=within))

    # --- how it is done ---------------------------------------------------------------------

    def _say(self, step: Message, asked: str) -> None:
        self._learn(*step.values.values(), *(step.args or ()))
        (item,) = encode(step, self._names, self._now)[1]
        assert isinstance(item, Packet | Line), "nothing else is written"
        sender = self.peer(step.sender) or NOBODY
        woken = sender.number in self._woken
        if not all(map(self._permits, perils(self.server, sender, item, woken=woken))):
            return
        self._woken -= {sender.number} if step.what in GRABS else set()
        self._needs |= {NEEDS[asked]} if asked in NEEDS else set()
        self._steps.append(step)
        self._hear(self.server.received(self._connected(step.sender), item), asked)

    def _connected(self, party: str) -> int:
        if party not in self._numbers:
            self._opened += 1
            self._numbers[party] = self._opened
            self._parties[self._opened] = party
            self.server.connected(self._opened)
        return self._numbers[party]

    def _learn(self, *values: Value) -> None:
        """Bind the names that are new, and remember what was said with a name in it."""
        for value in values:
            for name in names_in(value):
                self._names.setdefault(name, b"$" + name.encode())
            if names_in(value):
                self._shown.setdefault(render(value, self._names, self._now), value)

    def _hear(self, effects: Iterable[Effect], asked: str = "", within: float | None = None) -> None:
        """What the model does is expected; of each party in the order in which it does it.

        In which order several jobs fail, because their worker is gone, no text says.
        """
        heard: defaultdict[str, list[Message]] = defaultdict(list)
        texts: list[Line] = []
        for effect in effects:
            assert isinstance(effect, Send), "nothing is written that ends a connection"
            party = self._parties[effect.connection]
            self._woken |= {effect.connection} if effect.item == NOOP else set()
            if isinstance(effect.item, Packet):
                heard[party].append(self._packet(party, effect.item, within))
            else:
                texts.append(effect.item)
                asker = party
        if texts:
            heard[asker].append(self._text(asker, texts, asked))
        for lines in heard.values():
            names = {line.what for line in lines}
            free = len(lines) > 1 and (NOOP.name in names or names == {"WORK_FAIL"})
            self._steps += [Together(0, tuple(lines))] if free else lines
            self._clauses |= {line.clause for line in lines if line.clause}

    def _packet(self, party: str, packet: Packet, within: float | None) -> Message:
        name = packet.name
        if name == "JOB_CREATED" and packet.body not in self._shown:
            self.jobs += 1
            self._names[f"job{self.jobs}"] = packet.body
            self._learn(template(f"$job{self.jobs}"))
        # What was wrong each server says in words of its own.
        fields = {} if name == "ERROR" else packet.fields
        values: dict[str, Value] = {argument: self.value(data) for argument, data in fields.items()}
        return Message(0, SERVER, party, name, values, within=within, clause=_DECIDES[name])

    def _text(self, party: str, lines: list[Line], asked: str) -> Message:
        """The answer to a command: those rows of a list that hold a name, or the first word of a line."""
        command, clause = COMMANDS[asked.encode()], _DECIDES[asked]
        if command.reply != TABLE:
            said = Matches(re.compile(lines[0].text.split()[0] + rb"\b.*", re.DOTALL))
            return Message(0, SERVER, party, words.TEXT, {"line": said}, clause=clause)
        rows = [parse_row(line, command) for line in lines[:-1]]
        named = [row for row in rows if self._shown.keys() & row]
        cells = {"workers": self._worker, "show jobs": self._job}.get(asked, self._row)
        return Message(0, SERVER, party, words.TABLE, rows=tuple(map(cells, named)), clause=clause)

    def _row(self, row: Row) -> tuple[Value | None, ...]:
        return tuple(map(self.value, row))

    def _job(self, row: Row) -> tuple[Value | None, ...]:
        """A row of ``show jobs``, of which no text says what stands beside the handle."""
        return (self.value(row[0]), *(None for _ in row[1:]))

    def _worker(self, row: Row) -> tuple[Value | None, ...]:
        """A row of ``workers``: who it is, and its functions, in any order."""
        identity = self.value(row[2]) if row[2] in self._shown else None
        functions = tuple(map(self.value, row[3:]))
        return (None, None, identity, literal(b":"), *(AnyOf(functions) for _ in functions))


def _numbered(steps: Iterable[Step]) -> Iterator[Step]:
    """The same, each with a line of its own."""
    lines = count(1)
    for step in steps:
        line = next(lines)
        if isinstance(step, Together):
            inner = tuple(replace(one, line=next(lines)) for one in step.steps)
            yield replace(step, line=line, steps=inner)
        else:
            yield replace(step, line=line)
