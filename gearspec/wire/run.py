"""One play in progress: its generator, its connections, and the time it waits for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from gearspec.errors import HarnessError, TargetGone
from gearspec.script.action import Action, Arrival, Moment, Open, Send, Wait
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.connection import Connection, connect
from gearspec.wire.source import Came, Inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from selectors import BaseSelector

    from gearspec.script.action import Play
    from gearspec.wire.address import Place
    from gearspec.wire.pace import Pace

EXTENSIONS: Final = 3
"""How often one deadline is extended because we were held up ourselves."""
OWED: Final = 0.01
"""What part of the time may be missing after that; while one waits for long, a moment is always lost."""

Did = TypeVar("Did")
"""What a play may yield."""
Heard = TypeVar("Heard")
"""What it is sent."""
Linked = TypeVar("Linked", bound=Connection)
"""What its connections are."""


class Run(ABC, Generic[Did, Heard, Came, Linked]):
    """A play and all that belongs to it.

    Args:
        play: not started yet.
        heard: makes what the play is sent, of the time, of what came, and of whether we lagged.
        pace: the clock, and the time that was lost.
        scale: how many times longer than asked a `Wait` lasts at most.

    Attributes:
        inbox: what came since the play was last told.
        result: what the play came to; None while it runs.
    """

    def __init__(
        self,
        play: Generator[Did, Heard, Result],
        heard: Callable[[float, tuple[Came, ...], bool], Heard],
        pace: Pace,
        scale: float,
    ) -> None:
        self.inbox: Inbox[Came] = Inbox()
        self.result: Result | None = None
        self._play = play
        self._heard = heard
        self._pace = pace
        self._scale = scale
        self._named: dict[str, Linked] = {}
        self._connections: list[Linked] = []
        self._asked = self._until = self._span = self._lost = 0.0
        self._extensions = 0

    @property
    def due(self) -> float:
        """When `resume` has something to do."""
        return 0.0 if self.inbox.arrivals else self._until

    def start(self) -> None:
        """Begin the play."""
        self._drive(lambda: next(self._play))

    def resume(self, now: float) -> None:
        """Hand over what came; if nothing did, say that the time has come, or extend it."""
        lagged = False
        if not self.inbox.arrivals:
            lag = self._pace.lost - self._lost
            if lag and self._extensions < EXTENSIONS:
                self._until += lag
                self._lost += lag
                self._extensions += 1
                return
            lagged = lag > self._span * OWED
        self._tell(now, lagged=lagged)

    def close(self) -> None:
        """End the play wherever it is, and close its sockets."""
        try:
            self._play.close()
        finally:
            for connection in self._connections:
                connection.close()

    @abstractmethod
    def _carry_out(self, action: Did) -> bool:
        """Carry out an action; whether that is over, and the play can go on."""

    def _tell(self, now: float, *, lagged: bool = False) -> None:
        heard = self._heard(now, self.inbox.take(), lagged)
        self._drive(lambda: self._play.send(heard))

    def _drive(self, resume: Callable[[], Did]) -> None:
        """Let the play go on, and carry out its actions until it waits or has ended."""
        try:
            action = resume()
            while self._carry_out(action):
                action = self._play.send(self._heard(self._pace.now(), (), False))  # noqa: FBT003 - lagged
        except StopIteration as end:
            assert isinstance(end.value, Result), "a play comes to a result"  # noqa: PT017 - no test
            self.result = end.value
        except TargetGone as gone:
            self.result = Result(Verdict(gone.outcome), gone.message)
        else:
            return
        self.close()

    def _add(self, connection: Linked) -> None:
        """A connection that the play can name, and that is closed with it."""
        self._named[connection.party] = connection
        self._connections.append(connection)

    def _connection(self, party: str) -> Linked:
        try:
            return self._named[party]
        except KeyError:
            raise HarnessError(f"the play uses the connection of {party} before there is one") from None

    def _wait(self, until: float) -> None:
        """Note a deadline; one that is waited for again keeps the extensions that it has."""
        if until == self._asked:
            return
        self._asked = self._until = until
        self._span = max(0.0, until - self._pace.now())
        self._until += self._span * (self._scale - 1)
        self._lost = self._pace.lost
        self._extensions = 0


class PlayRun(Run[Action, Moment, Arrival, Connection]):
    """A play of parties that call a server.

    Args:
        play: not started yet.
        place: where `Open` connects to.
        selector: watches the connections.
        pace: the clock, and the time that was lost.
        scale: how many times longer than asked a `Wait` lasts at most.

    Attributes:
        hold: until when arrivals are kept back, since they may be the first sign of a death.
    """

    def __init__(self, play: Play, place: Place, selector: BaseSelector, pace: Pace, scale: float) -> None:
        super().__init__(play, Moment, pace, scale)
        self.hold = 0.0
        self._place = place
        self._selector = selector
        self._told = False

    @property
    def due(self) -> float:
        """When `resume` has something to do."""
        return self.hold if self.inbox.arrivals else self._until

    def bereave(self, gone: TargetGone) -> None:
        """Throw the death of the program under test into the play, once."""
        if not self._told:
            self._told = True
            self._drive(lambda: self._play.throw(gone))

    def _carry_out(self, action: Action) -> bool:
        if isinstance(action, Wait):
            self._wait(action.until)
            return False
        if isinstance(action, Send):
            self._connection(action.party).send(action.data)
        elif isinstance(action, Open):
            self._open(action.party)
        else:
            self._connection(action.party).shut(action.how)
        return True

    def _open(self, party: str) -> None:
        if party in self._named and not self._named[party].over:
            raise HarnessError(f"the play opens a second connection of {party} beside the first")
        self._add(connect(self._place, party, self.inbox, self._selector, self._pace.now()))
