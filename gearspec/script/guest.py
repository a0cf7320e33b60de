"""Plays a case with a client or worker under test: what both have in common.

Our servers send what the script says they send, and expect the lines of the
testee (K1 of SCRIPTS). A line takes its packet from any connection to its
server; `first` and `second` are the servers in the order in which the testee
comes to them (K3, K4).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gearspec.errors import AdapterError
from gearspec.protocol.message import GRABS, RES
from gearspec.protocol.packet import STRUCTURAL, Packet, check, response
from gearspec.protocol.transcript import Speech
from gearspec.script import case as words
from gearspec.script.action import How, Sign
from gearspec.script.case import Call, Listen, Message, Report
from gearspec.script.check import DEFAULT_WITHIN
from gearspec.script.encode import cuts, encode
from gearspec.script.errand import written
from gearspec.script.fit import fits, fits_report, same_message
from gearspec.script.host import Catch, Host
from gearspec.script.load import servers, walk
from gearspec.script.phrase import came
from gearspec.script.player import Expected, Player
from gearspec.script.project import expects, is_silence
from gearspec.script.rest import CLAUSE, check_rest
from gearspec.script.scene import Cue, News
from gearspec.script.verdict import Result, Stopped, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearspec.script.case import Case, Step
    from gearspec.script.encode import Variant
    from gearspec.script.fit import Arrived
    from gearspec.script.host import Hosting, Visit
    from gearspec.script.scene import Scene

SILENCE: Final = 0.2
"""Seconds in which nothing more may come where a script ends in silence (K7)."""
START: Final = 20.0
"""Seconds in which an adapter is up."""
TERMINAL: Final = frozenset({"complete", "fail", "exception", "error"})
"""Reports that a task is over."""
UNBOUND: Final = frozenset({"first", "second"})
"""Servers that are known by the order in which the testee comes to them."""
_ENDS: Final = {words.CLOSE: How.CLOSE, words.RESET: How.RESET, words.HALF_CLOSE: How.HALF_CLOSE}
_ANSWERS: Final = {"ECHO_REQ": ("ECHO_RES", "data"), "OPTION_REQ": ("OPTION_RES", "option")}


@dataclass(frozen=True, slots=True)
class TesteeStage:
    """What a play with a testee needs of the world, apart from its driver.

    Attributes:
        role: what is under test, ``client`` or ``worker``.
        features: what its adapter says that it has.
        edition: the edition of PROTOCOL that it answers to.
        token: makes a fresh word of so many characters, of letters and digits.
        wall: unix time, in seconds.
    """

    role: str
    features: frozenset[str]
    edition: str
    token: Callable[[int], str]
    wall: Callable[[], float]


class Guest(Player[Cue, News, Catch]):
    """One play of one case with a testee."""

    def __init__(self, case: Case, stage: TesteeStage, variant: Variant) -> None:
        super().__init__(case, stage.role, variant, edition=stage.edition, token=stage.token, grab=None)
        self.stage = stage
        self.host = Host(stage.role)
        named = servers(self.script)
        self.slots = [f"server{number + 1 if number else ''}" for number in range(max(1, len(named)))]
        self.bound = {name: name for name in named if name not in UNBOUND}
        self.current: dict[str, Visit] = {}
        self.record: list[Catch] = []
        self.answered: tuple[Visit, bytes] | None = None
        self.tasks: dict[str, str] = {}
        self.written = written(self.script, stage.role)
        self.begun = self.over = False

    # --- the whole --------------------------------------------------------------------------

    def play(self) -> Scene:
        """Play the case to its end and say what it came to."""
        try:
            yield from self._wake_up()
            for slot in self.slots:
                yield from self.host.listen(slot)
            result = yield from self.course(self.end())
        except AdapterError as fault:
            result = Result(Verdict.ERROR, str(fault))
        result.transcript = self.host.told()
        result.names, result.case = self.shown, self.case
        return result

    def _wake_up(self) -> Hosting[None]:
        """Wait for the adapter to be up, so that no deadline counts the start of a program."""
        yield from self.host.ask(do="hello")
        until = self.host.now + START
        while self.host.pending:
            if (yield from self.host.pause(until)):
                raise AdapterError(f"the adapter does not answer 'hello' within {START:g} s")

    @abstractmethod
    def end(self) -> Hosting[None]:
        """What must hold when the last line is over."""

    def rest(self) -> Hosting[None]:
        """Who has nothing to do must not spin, if that is what the case is about."""
        if CLAUSE in self.case.clauses:
            self.expected, self.found = "rest", "none"
            yield from check_rest(self.host)

    def leftovers(self) -> Hosting[None]:
        """No packet may be left that no line has taken."""
        yield from self.pump([])
        for visit in self.host.visits:
            if visit.queue:
                self.expected, self.found = "nothing more", came(visit.queue[0].what, self.names)
                where = self.host.called(visit.server)
                raise Stopped(Verdict.FAIL, f"after the last line {where} got {self.found}")

    @property
    def acted_at(self) -> float:
        """When we last sent or asked something that a line says."""
        return self.host.acted_at

    # --- servers ----------------------------------------------------------------------------

    def slots_of(self, name: str) -> list[str]:
        """Where a server of the script may be: at its place, or at any that no other has taken."""
        if name in self.bound:
            return [self.bound[name]]
        return [slot for slot in self.slots if slot not in self.bound.values()]

    def settle_on(self, name: str, slot: str) -> None:
        """From now on a server of the script is that one."""
        self.bound.setdefault(name, slot)
        self.host.alias[slot] = name

    def begin(self) -> Hosting[None]:
        """Give the testee its servers, before anything is asked of it."""
        if self.begun:
            return
        self.begun = True
        if "connect" not in self.written:
            listed = self.slots[::-1] if self.variant.reverse else self.slots
            yield from self.host.ask(do="connect", role=self.role, servers=listed)

    # --- ours -------------------------------------------------------------------------------

    def act(self, step: Message | Listen | Call, rest: tuple[Step, ...]) -> Hosting[None]:
        """Play a line of a server, or a call."""
        if isinstance(step, Listen):
            yield from self._turn(step)
            return
        yield from self.begin()
        if isinstance(step, Call):
            yield from self.call(step, rest)
        else:
            yield from self.send(step)

    @abstractmethod
    def call(self, step: Call, rest: tuple[Step, ...]) -> Hosting[None]:
        """Ask the testee for what the script says."""

    def connect(self, step: Call) -> Hosting[None]:
        """Ask the testee to connect to the servers that a written call lists, or to all."""
        names = step.settings.get("servers", "").split()
        listed = [self.slots_of(name)[0] for name in names] or self.slots
        if self.variant.reverse:
            listed = listed[::-1]
        yield from self.host.ask(do="connect", role=self.role, servers=listed)

    def _turn(self, step: Listen) -> Hosting[None]:
        slot = self.slots_of(step.server)[0]
        self.settle_on(step.server, slot)
        if step.what == "ACCEPT":
            yield from self.host.listen(slot)
            return
        yield from self.host.deafen(slot)
        if step.what == "DIE":
            for visit in self.host.open_visits([slot]):
                yield from self._shut(visit, How.CLOSE)

    def send(self, step: Message) -> Hosting[None]:
        """Play a line that one of our servers sends."""
        visit = yield from self.visit(step)
        if step.what in _ENDS:
            yield from self._shut(visit, _ENDS[step.what])
            self.mark(step, self.acted_at)
            return
        self.bind(step)
        if step.what == words.ASSIGN:
            step = replace(step, what=GRABS[visit.grab])
        data, what = encode(step, self.names, self.stage.wall(), RES)
        if self.answered == (visit, data):
            self.answered = None  # it got this answer when it was not its turn yet (K5)
        elif step.join:
            self.host.hold(visit, data, what, cuts(step, self.variant, len(data)))
        else:
            yield from self.host.send(visit, data, what, cuts(step, self.variant, len(data)))
        visit.asleep &= step.what != "NOOP"
        self.mark(step, self.acted_at)

    def _shut(self, visit: Visit, how: How) -> Hosting[None]:
        self.record = [catch for catch in self.record if catch.visit is not visit]
        yield from self.host.shut(visit, how)

    def visit(self, step: Message) -> Hosting[Visit]:
        """The connection on which a server's line is sent: where it was spoken to last (K3).

        If the testee has closed it, and opens no other, what is sent there is lost: as a server often
        cannot know that yet, the next line that expects something decides.
        """
        slots = self.slots_of(step.sender)
        until = self.host.now + DEFAULT_WITHIN
        while True:
            yield from self.pump([])
            current = [self.current[slot] for slot in slots if slot in self.current]
            found = [visit for visit in current if visit.open] or self.host.open_visits(slots)[::-1]
            if found:
                self.settle_on(step.sender, found[0].server)
                return found[0]
            if (yield from self.host.pause(until)):
                if current:
                    return current[-1]
                raise Stopped(Verdict.FAIL, f"the {self.role} has no connection to {step.sender}")

    # --- expecting --------------------------------------------------------------------------

    def prompt(self, steps: list[Expected], rest: tuple[Step, ...]) -> Hosting[None]:  # noqa: ARG002
        """Ask the testee for what these lines follow from."""
        yield from self.begin()

    def head(self, step: Expected) -> Catch | None:
        """What a line would take now."""
        if isinstance(step, Report):
            return self._report(step)
        slots = self.slots_of(step.receiver)
        for catch in self.record:
            visit = catch.visit
            if visit and visit.open and visit.server in slots and self.fits(step, catch.what) is not None:
                return catch
        heads = [visit.queue[0] for visit in self.host.visits if visit.queue and visit.server in slots]
        full = (head for head in heads if self.fits(step, head.what) is not None)
        same = (head for head in heads if self.same(step, head.what))
        return next(full, None) or next(same, None) or next(iter(heads), None)

    def _report(self, step: Report) -> Catch | None:
        """The next report of that name, or one that the task is over before it."""
        task = self.tasks.get(step.task) if step.task else None
        for catch in self.host.reports:
            assert isinstance(catch.what, Speech)
            if step.task and (catch.task is None or catch.task != (task or catch.task)):
                continue
            if catch.what.name == step.event or is_over(catch):
                return catch
        return None

    def take(self, step: Expected, head: Catch) -> None:
        """Take what came."""
        if isinstance(step, Report):
            self.host.reports.remove(head)
            if step.task and head.task:
                self.tasks.setdefault(step.task, head.task)
            return
        assert head.visit is not None
        if head in self.record:
            self.record.remove(head)
            answer = _answer(head)
            self.answered = answer and (head.visit, answer.encode())
        else:
            head.visit.queue.popleft()
        self.settle_on(step.receiver, head.visit.server)
        self.current[head.visit.server] = head.visit

    def fits(self, step: Expected, what: Arrived) -> dict[str, bytes] | None:
        """The names that a line binds to what came."""
        if isinstance(step, Message):
            return fits(step, what, self.kind, self.names)
        return fits_report(step, what, self.names)

    def same(self, step: Expected, what: Arrived) -> bool:
        """Whether it is the message or the event of the line."""
        if isinstance(step, Report):
            return isinstance(what, Speech) and what.name == step.event
        return same_message(step, what, self.kind)

    def malformed(self, what: Arrived) -> str | None:
        """The first fault in the structure of a packet."""
        wrong = check(what, self.role) if isinstance(what, Packet) else []
        return next((fault.message for fault in wrong if fault.kind in STRUCTURAL), None)

    def expect_nothing(self, step: Message, rest: tuple[Step, ...]) -> Hosting[None]:
        """K7: silence that another line of the testee follows is shown by that line."""
        if step.within is None and any(_speaks(later, self.role) for later in walk(rest)):
            return
        yield from self.begin()
        yield from super().expect_nothing(step, rest)

    def hush(self, step: Message, loud: list[Expected]) -> Hosting[None]:
        """Listen for as long as a line says, or a moment; what other branches ask for is left to them."""
        within = SILENCE if step.within is None else step.within
        until = (self.host.now if step.within is None else self.base(step)) + within
        while True:
            yield from self.pump([step, *loud])
            if (yield from self.host.pause(until)):
                return

    def await_any(self, ready: Callable[[], bool], steps: list[Expected]) -> Hosting[None]:
        """Wait until `ready`, or until the last of the lines should have come."""
        timed = [step for step in steps if self.timed(step)]
        until = self.deadline(timed) if timed else 0.0
        if len(timed) < len(steps):
            until = max(until, self.host.now + DEFAULT_WITHIN)
        while True:
            yield from self.pump(steps)
            if ready():
                return
            if (yield from self.host.pause(until)):
                break
        if self.host.lagged:
            raise Stopped(Verdict.INCONCLUSIVE, "the harness itself was held up too long to tell")

    # --- what no line asks for --------------------------------------------------------------

    def pump(self, steps: list[Expected]) -> Hosting[None]:
        """Take in what is no line of any script, and answer it as a server would (K5, W1, W2)."""
        for visit in self.host.visits:
            while visit.queue:
                if not (yield from self.absorb(visit, visit.queue[0], steps)):
                    if not self._overlooks(visit, steps):
                        break
                    visit.queue.popleft()

    def _overlooks(self, visit: Visit, steps: list[Expected]) -> bool:
        """Whether anything may come on a connection, and what is first there is for no current line."""
        if self.host.called(visit.server) not in self.loose or not (steps or self.over):
            return False
        return all(self.fits(step, visit.queue[0].what) is None for step in steps)

    def absorb(self, visit: Visit, catch: Catch, steps: list[Expected]) -> Hosting[bool]:
        """Take the first in the queue of a connection, if none of the current lines asks for it."""
        if self.asked(visit, catch.what, steps):
            return False
        if isinstance(catch.what, Sign) and catch.what is not Sign.RUBBISH:
            visit.queue.popleft()
            return True
        if not isinstance(catch.what, Packet) or self.malformed(catch.what):
            return False
        if answer := _answer(catch):
            visit.queue.popleft()
            self.record.append(catch)
            yield from self.host.reply(visit, answer)
            return True
        if catch.what.name == "SET_CLIENT_ID":
            visit.queue.popleft()
            return True
        return False

    def asked(self, visit: Visit, what: Arrived, steps: list[Expected]) -> bool:
        """Whether one of the current lines wants it."""
        return any(
            isinstance(step, Message)
            and visit.server in self.slots_of(step.receiver)
            and self.same(step, what)
            for step in steps
        )


def _answer(catch: Catch) -> Packet | None:
    """What a server answers of itself; None if it answers nothing."""
    assert isinstance(catch.what, Packet)
    if catch.what.name not in _ANSWERS:
        return None
    name, key = _ANSWERS[catch.what.name]
    return response(name, **{key: catch.what.fields[key]})


def is_over(catch: Catch) -> bool:
    """Whether a report says that a task is over; an error that names no task says nothing of any."""
    assert isinstance(catch.what, Speech)
    return catch.what.name in TERMINAL and catch.task is not None


def _speaks(step: Step, role: str) -> bool:
    """Whether a line is something that the testee does."""
    return isinstance(step, Message | Report) and expects(step, role) and not is_silence(step)
