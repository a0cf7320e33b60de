"""Runs of pytest with a session that has no target: what a case comes to is what its title says."""

import textwrap
from pathlib import Path

from gearspec import conduct

CHECKOUT = Path(conduct.__file__).parent.parent
CASE = """\
- id: {id}
  title: {title}
  clauses: [{clauses}]
  under-test: [{roles}]
{more}  script:
  - client -> server: ECHO_REQ
    data: hi
  - server -> client: ECHO_RES
    clause: {clause}
    data: hi
"""

LIBRARY_CASE = """\
- id: {id}
  title: {title}
  clauses: [frame-request-magic]
  under-test: [{roles}]
  script:
{lines}"""
LIBRARY_LINES = {
    "client": "  - client -> server: ECHO_REQ\n    clause: frame-request-magic\n    data: hi\n",
    "worker": "  - worker -> server: CAN_DO\n    clause: frame-request-magic\n    function: $fn\n",
}

# A session without a target: what a case comes to is what its title says.
SESSION = """
from pathlib import Path

from gearspec import conduct
from gearspec.errors import UsageError
from gearspec.harness.target import Target
from gearspec.protocol.packet import request
from gearspec.protocol.transcript import Transcript
from gearspec.script.trait import Traits
from gearspec.script.verdict import Result, Verdict
from gearspec.wire.address import Address


class Session:
    def __init__(self, options, kind):
        self.options, self.gone, self.prepared = options, None, []
        self.name = getattr(options, kind)
        path = Path(self.name) if self.name.endswith(".yaml") else None
        address = Address("127.0.0.1", 1) if ":" in self.name else None
        self.subject = Target(self.name.removesuffix(".yaml"), path=path, address=address)
        self.owned, self.edition = address is None, "2.0.0"
        self.roles = {"server"} if kind == "target" else {"client", "worker"}
        self.kind = kind
        self.complaints = ["Sanitizer: \\x1b[0m"]

    def start(self):
        if self.name == "a-client":
            self.roles = {"client"}
        if self.name == "closed:1":
            raise UsageError("closed:1 cannot be reached: connection refused")
        self.version = "1.2.3"
        self.header = [f"{self.kind}: {self.subject.name} 1.2.3"]

    def prepare(self, cases, role):
        self.prepared += [case.id for case in cases]

    def play(self, case, role):
        if case.title == "raises":
            raise RuntimeError("a bug of ours")
        transcript = Transcript()
        transcript.add(0.001, "client", "server", request("ECHO_REQ", data=b"\\x1b[31m\\0\\xff"))
        words = case.title.split(" ", 2)
        verdict = Verdict(words[0])
        result = Result(verdict, transcript=transcript, clause=case.clauses[0], line=case.line)
        if verdict in {"TOLERATED", "RECORDED"}:
            result.flags = tuple(words[1:])
        elif verdict != "PASS":
            result.message = case.title.partition(" ")[2] or "no message"
            result.expected, result.came = "ECHO_RES", "nothing \\x1b[2J"
        if result.message == "lost":
            self.gone = "the server at host:1 is gone"
        result.message += " ".join(self.prepared) if result.message == "prepared" else ""
        return result

    def close(self):
        print("closed")


def pytest_configure(config):
    config.stash[conduct.SESSION_FACTORY] = Session
"""


def case(name, verdict="PASS", clauses="echo-answered", roles="server", more=""):
    more = textwrap.indent(more, "  ") + ("\n" if more else "")
    clause = clauses.split(",", maxsplit=1)[0]
    return CASE.format(id=name, title=verdict, clauses=clauses, roles=roles, more=more, clause=clause)


def library_case(name, roles, verdict="PASS"):
    played = "".join(LIBRARY_LINES[role] for role in roles.split(", "))
    return LIBRARY_CASE.format(id=name, title=verdict, roles=roles, lines=played)


def lines(result):
    return result.stdout.str()
