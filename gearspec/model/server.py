"""The job server: what comes in goes to its handler, what goes out is returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec import __version__
from gearspec.errors import PacketTooLarge, WireError
from gearspec.protocol.message import HANDLE_LIMIT, REQ
from gearspec.protocol.packet import Line, Packet, check

from .admin import AdminRequests
from .client import REDUCES, ClientRequests
from .connection import Connection
from .dialect import Dialect
from .exchange import Exchange
from .work import WorkRequests
from .worker import WorkerRequests

if TYPE_CHECKING:
    from .effect import Effect

LONGEST_COUNT: Final = 20
"""Room for the number in a job handle, in digits."""
DEFAULT_DIALECT: Final = Dialect()

_FAULTS: Final = {
    "MISSING_ARGUMENT": "INVALID_ARGUMENTS",
    "TRAILING_NUL": "INVALID_ARGUMENTS",
    "EXTRA_ARGUMENT": "INVALID_ARGUMENTS",
}
"""The violations that a server cannot pass over, each with the code of the ERROR it brings."""


class Server:
    """A job server without sockets, clocks or threads.

    Feed it what happens and do what it returns, in that order. Connections are numbers of
    the caller's choice, unique among those that are open. Time stands still between ticks.

    Args:
        dialect: the choices it follows; by default those of the specification.
        prefix: how every job handle begins.
        version: what the administrator's ``version`` tells.
        pid: what the administrator's ``getpid`` tells.

    Raises:
        ValueError: the prefix leaves no room for a number in a handle of 64 bytes, or has
            a byte that would cut the handle short or break a line of text.
    """

    def __init__(
        self,
        dialect: Dialect = DEFAULT_DIALECT,
        *,
        prefix: bytes = b"H:gearspec",
        version: bytes = b"gearspec-" + __version__.encode(),
        pid: int = 0,
    ) -> None:
        longest = HANDLE_LIMIT - len(b":\0") - LONGEST_COUNT
        if len(prefix) > longest or any(byte <= 0x20 for byte in prefix):
            raise ValueError(
                f"a prefix of handles has at most {longest} bytes, none of them a blank: {prefix!r}"
            )
        self.dialect = dialect
        self.exchange = Exchange(dialect, prefix)
        self.admin = AdminRequests(self.exchange, version, pid)
        self.handlers = {
            "ECHO_REQ": self.echo,
            **ClientRequests(self.exchange).handlers,
            **WorkerRequests(self.exchange).handlers,
            **WorkRequests(self.exchange).handlers,
        }

    @property
    def deadline(self) -> float | None:
        """When `tick` has to be called next, in the time that it is given; None if it need not be."""
        return self.exchange.deadline

    def tick(self, now: float) -> list[Effect]:
        """Say what time it is, in seconds of the epoch. Time that runs backwards is taken to stand still."""
        self.exchange.tick(now)
        return self.exchange.flush()

    def connected(self, connection: int, address: bytes = b"127.0.0.1") -> list[Effect]:
        """A peer has connected from an address."""
        self.exchange.connections[connection] = Connection(connection, address)
        return self.exchange.flush()

    def closed(self, connection: int) -> list[Effect]:
        """A peer has gone, or has said that it will send no more."""
        self.exchange.forget(connection)
        return self.exchange.flush()

    def broken(self, connection: int, error: WireError) -> list[Effect]:
        """A peer's bytes cannot be decoded any more, so nothing it sends can be understood.

        Clauses: bad-magic-harmless, oversize-harmless, truncated-packet-harmless,
        long-text-line-harmless.
        """
        sender = self.exchange.connections.get(connection)
        if sender:
            if isinstance(error, PacketTooLarge):
                self.exchange.error(connection, "ARGUMENT_TOO_LARGE", str(error))
            self.exchange.close(connection)
        return self.exchange.flush()

    def received(self, connection: int, item: Packet | Line) -> list[Effect]:
        """A packet or a line has come. What comes after a `Close` is not looked at.

        Clauses: admin-mixed-with-binary, replies-in-order.
        """
        sender = self.exchange.connections.get(connection)
        if sender is None:
            return []
        if isinstance(item, Line):
            self.admin.line(sender, item)
        else:
            self.packet(sender, item)
        return self.exchange.flush()

    def packet(self, sender: Connection, packet: Packet) -> None:
        """Refuse a packet or hand it to its handler.

        Clauses: response-type-harmless, sched-optional, all-yours-optional, surplus-data-harmless.
        """
        fault = self.fault(packet)
        if packet.message is None:
            self.refuse(
                sender, self.dialect.unknown_type, "INVALID_COMMAND", f"There is no type {packet.type}"
            )
        elif packet.magic != REQ and self.dialect.response_magic != "accept":
            self.refuse(sender, self.dialect.response_magic, "INVALID_MAGIC", "A request begins with \\0REQ")
        elif packet.name in self.dialect.ignored:
            return
        elif packet.name in self.dialect.refused or packet.name not in self.handlers:
            self.exchange.error(sender.number, "INVALID_COMMAND", f"{packet.name} is not served")
        elif fault:
            self.refuse(sender, self.dialect.malformed, *fault)
        else:
            self.handlers[packet.name](sender, packet)

    def fault(self, packet: Packet) -> tuple[str, str] | None:
        """What is wrong with a packet's arguments, as code and text of an ERROR.

        Clauses: long-handle-harmless.
        """
        for violation in check(packet):
            if violation.kind in _FAULTS and not self.tolerates(violation.kind):
                return _FAULTS[violation.kind], violation.message
        if packet.name in REDUCES and packet.body.count(b"\0") < self.dialect.reduce_arguments:
            return "INVALID_ARGUMENTS", f"{packet.name} has too few arguments"
        return None

    def tolerates(self, kind: str) -> bool:
        """Whether a dialect lets a violation through."""
        return kind in {"TRAILING_NUL", "EXTRA_ARGUMENT"} and self.dialect.trailing_nul == "forward"

    def refuse(self, sender: Connection, manner: str, code: str, text: str) -> None:
        """Turn a packet down in the manner of a dialect: with an ERROR, with a close, or silently.

        Clauses: error-keeps-connection, unknown-type-harmless, unused-type-harmless,
        response-magic-not-obeyed, missing-arguments-harmless.
        """
        if manner == "error":
            self.exchange.error(sender.number, code, text)
        elif manner == "close":
            self.exchange.close(sender.number)

    def echo(self, sender: Connection, packet: Packet) -> None:
        """Send the data back, unseen.

        Clauses: echo-answered, echo-returns-data, echo-any-connection, echo-while-working.
        """
        self.exchange.send(sender.number, "ECHO_RES", data=packet.body)
