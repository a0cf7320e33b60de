"""What tests of playing a client have in common: scripts, and what a client makes of them."""

from gearspec.script.verdict import Verdict
from tests.puppet import Client
from tests.theatre import case_of, play

SUBMIT = """\
  - client -> server: SUBMIT_JOB
    clause: submit-fields
    function: $fn
    workload: w
  - server -> client: JOB_CREATED
    handle: $job
"""
WHOLE = f"""{SUBMIT}\
  - server -> client: WORK_COMPLETE
    handle: $job
    data: r
  - client reports: complete
    data: r
"""

OPTION = (
    """\
  - client -> server: OPTION_REQ
    option: exceptions
  - server -> client: OPTION_RES
    option: exceptions
"""
    + WHOLE
)


class Lazy(Client):
    """A client that connects, and asks for its option, only when it has a task."""

    def asked(self, asked):
        if asked["do"] == "option":
            self.wants = asked["option"].encode()
            self.done(asked)
        else:
            super().asked(asked)

    wants = b""

    def reach(self):
        fresh = self.connection is None
        super().reach()
        if fresh and self.wants:
            self.send(self.connection, "OPTION_REQ", option=self.wants)


class Always(Lazy):
    wants = b"exceptions"

    def asked(self, asked):
        assert asked["do"] != "option"
        super().asked(asked)


ALWAYS = {"exceptions", "exceptions-always", "unique"}


def came_of(script, make=Client, *without, **more):
    return play(case_of(script, "client", "submit-fields"), "client", make, *without, **more)


def passes(script, make=Client, *without, **more):
    result = came_of(script, make, *without, **more)
    assert result.verdict is Verdict.PASS, result.message
    return result


def fails(script, make, *without, **more):
    result = came_of(script, make, *without, **more)
    assert result.verdict is Verdict.FAIL, result.verdict
    return result.message
