"""Plays a case with a worker under test (W1 to W6 of SCRIPTS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gearspec.protocol.message import BY_NAME, GRABS, REQ
from gearspec.protocol.packet import Packet, response
from gearspec.script import case as words
from gearspec.script.action import Sign
from gearspec.script.case import Call, Listen, Message
from gearspec.script.check import DEFAULT_WITHIN
from gearspec.script.errand import LIFE, PLAN, plans, registered, results, values_of
from gearspec.script.guest import Guest
from gearspec.script.host import Catch
from gearspec.script.value import names_in, render
from gearspec.script.verdict import Stopped, Verdict

if TYPE_CHECKING:
    from gearspec.script.case import Case, Step
    from gearspec.script.encode import Variant
    from gearspec.script.guest import TesteeStage
    from gearspec.script.host import Hosting, Visit
    from gearspec.script.player import Expected
    from gearspec.script.value import Value

WORK: Final = 60_000
"""Milliseconds that a worker is asked to work for; the play ends it before."""
SPIN: Final = 5_000
"""How often a worker may be told that there is no job before it is clear that it never sleeps."""
_CUTS: Final = frozenset({words.CLOSE, words.RESET, words.HALF_CLOSE})
_SLEEP: Final = Packet(REQ, BY_NAME["PRE_SLEEP"].type, b"")


class WorkerPlayer(Guest):
    """One play of one case with a worker."""

    def __init__(self, case: Case, stage: TesteeStage, variant: Variant) -> None:
        super().__init__(case, stage, variant)
        self.functions: set[bytes] = set()
        self.back = False  # it has grabbed or gone to sleep since something happened
        self.cut = False  # the last that happened is that a connection was ended
        self.limited = False
        self.refused = 0
        self.nudged: set[tuple[int, str]] = set()

    # --- asking -----------------------------------------------------------------------------

    def begin(self) -> Hosting[None]:
        """W3: the worker is given its servers and its functions, and goes to work."""
        if self.begun:
            return
        yield from super().begin()
        for line in results(self.script):
            for name in (n for key, v in values_of(line).items() if key != "handle" for n in names_in(v)):
                self.names.setdefault(name, self._fresh(""))
        if not self.written & LIFE:
            for function, timeout in registered(self.script):
                yield from self._register(function, timeout)
            yield from self.host.ask(do="work", jobs=0, ms=WORK)

    def call(self, step: Call, rest: tuple[Step, ...]) -> Hosting[None]:  # noqa: ARG002 - for clients
        """Ask for what a written call says; steps of a plan have their place in the plans."""
        if step.operation in PLAN:
            return
        if step.operation == "connect":
            yield from self.connect(step)
        elif step.operation == "register":
            yield from self._register(step.values["function"], step.values.get("timeout"))
        elif step.operation == "work":
            jobs, spell = (int(step.settings.get(key, usual)) for key, usual in (("jobs", 0), ("ms", WORK)))
            self.limited |= bool(step.settings)
            yield from self.host.ask(do="work", jobs=jobs, ms=spell)
        else:
            self.bind(step)
            values = {key: render(value, self.names, 0) for key, value in step.values.items()}
            yield from self.host.ask(do=step.operation, **values)

    def _register(self, function: Value, timeout: Value | None) -> Hosting[None]:
        for name in names_in(function):
            self.names.setdefault(name, self._fresh(""))
        made = render(function, self.names, 0)
        self.functions.add(made)
        request: dict[str, Any] = {"function": made, "plan": plans(self.script, function, self.names)}
        if timeout is not None:
            request["timeout"] = int(render(timeout, self.names, 0))
        yield from self.host.ask(do="register", **request)

    # --- lines ------------------------------------------------------------------------------

    def send(self, step: Message) -> Hosting[None]:
        """Play a line that one of our servers sends."""
        yield from super().send(step)
        self.back, self.cut = False, step.what in _CUTS

    def act(self, step: Message | Listen | Call, rest: tuple[Step, ...]) -> Hosting[None]:
        """Play a line of a server, or a call."""
        yield from super().act(step, rest)
        if isinstance(step, Listen):
            self.cut = step.what == "DIE"

    def head(self, step: Expected) -> Catch | None:
        """What a line would take now; PRE_SLEEP is a state, and a worker may be in it already (W2)."""
        if isinstance(step, Message) and step.what == "PRE_SLEEP":
            slots = self.slots_of(step.receiver)
            for visit in self.host.open_visits(slots):
                if visit.asleep:
                    return Catch(self.host.now, _SLEEP, visit)
        return super().head(step)

    def take(self, step: Expected, head: Catch) -> None:
        """Take what came, and know what the worker is at."""
        if head.what is _SLEEP:
            assert head.visit is not None
            assert isinstance(step, Message)
            self.settle_on(step.receiver, head.visit.server)
            self.current[head.visit.server] = head.visit
        else:
            super().take(step, head)
        if isinstance(step, Message):
            self.back = head.what is _SLEEP or (isinstance(head.what, Packet) and head.what.name in GRABS)
            self.cut = isinstance(head.what, Sign)
            if head.visit and isinstance(head.what, Packet) and head.what.name in GRABS:
                head.visit.grab = head.what.name

    def pump(self, steps: list[Expected]) -> Hosting[None]:
        """Answer what no line asks for, and wake a sleeper where a line wants it to grab."""
        yield from super().pump(steps)
        lines = [step for step in steps if isinstance(step, Message)]
        for step in lines:
            sleeps = any(line.what == "PRE_SLEEP" and line.receiver == step.receiver for line in lines)
            if step.what in {words.GRAB, *GRABS} and not sleeps:
                yield from self._nudge(step)

    def _nudge(self, step: Message) -> Hosting[None]:
        """W2: a worker that sleeps before it grabs is woken, once on each connection."""
        for visit in self.host.open_visits(self.slots_of(step.receiver)):
            if visit.asleep and not visit.queue and (id(step), visit.name) not in self.nudged:
                self.nudged.add((id(step), visit.name))
                yield from self._wake(visit)

    def _wake(self, visit: Visit) -> Hosting[None]:
        visit.asleep = False
        yield from self.host.reply(visit, response("NOOP"))

    def absorb(self, visit: Visit, catch: Catch, steps: list[Expected]) -> Hosting[bool]:
        """W1 and W2: sleep, grabs, and what registers a function again."""
        what = catch.what
        if isinstance(what, Packet) and not self.malformed(what):
            if what.name == "PRE_SLEEP":
                visit.queue.popleft()
                visit.asleep = self.back = True
                return True
            if what.name in GRABS and not self.asked(visit, what, steps):
                yield from self._refuse(visit, what)
                return True
            # Functions are registered in any order, so another one than the line wants is kept for its line.
            wanted = any(isinstance(s, Message) and self.fits(s, what) is not None for s in steps)
            if self._repeats(what) and not wanted:
                visit.queue.popleft()
                self.record.append(catch)
                return True
        return (yield from super().absorb(visit, catch, steps))

    def _refuse(self, visit: Visit, grab: Packet) -> Hosting[None]:
        visit.queue.popleft()
        visit.grab, self.back = grab.name, True
        self.refused += 1
        if self.refused > SPIN:
            raise Stopped(Verdict.FAIL, f"the worker grabs more than {SPIN} times and never sleeps")
        yield from self.host.reply(visit, response("NO_JOB"))

    def _repeats(self, what: Packet) -> bool:
        """Whether it registers what it was told to, or forgets all, as a worker may do at any time."""
        if what.name in {"CAN_DO", "CAN_DO_TIMEOUT"}:
            return what.fields.get("function") in self.functions
        return what.name == "RESET_ABILITIES"

    # --- the end ----------------------------------------------------------------------------

    def end(self) -> Hosting[None]:
        """W6: the worker is back for more."""
        yield from self.begin()
        self.over = True
        yield from self.pump([])
        self.host.check_alive()
        if not self.cut:
            yield from self._await_back()
            yield from self.rest()
        yield from self.leftovers()

    def _free(self) -> bool:
        """Whether it is back for more, or has done all the work that it was asked for."""
        return self.back or (self.limited and "work" not in self.host.pending.values())

    def _await_back(self) -> Hosting[None]:
        if self._free():
            return
        until = self.host.now + DEFAULT_WITHIN
        for visit in self.host.open_visits(self.slots):
            if visit.asleep:
                yield from self._wake(visit)
        while True:
            yield from self.pump([])
            if self._free():
                return
            if (yield from self.host.pause(until)):
                self.expected, self.found = "the worker back for more", "nothing"
                raise Stopped(Verdict.FAIL, "after the last line the worker neither grabs nor sleeps")
