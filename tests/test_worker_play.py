"""Playing a case with a worker under test: W1 to W6 of SCRIPTS, each with a worker that breaks it."""

from __future__ import annotations

import pytest

from gearspec.protocol.packet import Packet
from gearspec.script.verdict import Verdict
from tests.theatre import Puppet, case_of, play

GRABS = {"JOB_ASSIGN": "GRAB_JOB", "JOB_ASSIGN_UNIQ": "GRAB_JOB_UNIQ", "JOB_ASSIGN_ALL": "GRAB_JOB_ALL"}


class Worker(Puppet):
    """A worker that does what it should: it grabs, sleeps when there is nothing, and works by its plan."""

    grab = "GRAB_JOB"
    first = "grab"

    def __init__(self):
        super().__init__()
        self.plans = {}
        self.connections = []

    def asked(self, asked):
        if asked["do"] == "register":
            self.plans[asked["function"]] = [asked.get("timeout"), list(asked["plan"])]
            self.done(asked)
        elif asked["do"] == "work":
            for server in self.servers:
                self.reach(server)
        else:
            super().asked(asked)

    def reach(self, server):
        connection = self.open(server)
        if connection is None:
            return
        self.connections.append(connection)
        for function, (timeout, _) in self.plans.items():
            if timeout is None:
                self.send(connection, "CAN_DO", function=function)
            else:
                keys = {"function": function, "timeout": str(timeout).encode()}
                self.send(connection, "CAN_DO_TIMEOUT", **keys)
        self.send(connection, self.grab if self.first == "grab" else "PRE_SLEEP")

    def came(self, connection, packet):
        if packet.name == "NO_JOB":
            self.send(connection, "PRE_SLEEP")
        elif packet.name == "NOOP":
            self.send(connection, self.grab)
        elif packet.name in GRABS:
            fields = packet.fields
            keys = {key: fields[key] for key in ("handle", "function", "workload")}
            self.tell("job", **keys)
            self.work(connection, fields["handle"], fields["function"])
            self.send(connection, self.grab)

    def work(self, connection, handle, function):
        plans = self.plans[function][1]
        for step in plans.pop(0) if len(plans) > 1 else plans[0]:
            self.send(connection, *self.result(step, handle))

    def result(self, step, handle):
        ((what, value),) = step.items()
        if what == "fail":
            return [Packet(b"\0REQ", 14, handle)]
        if what == "status":
            return [Packet(b"\0REQ", 12, b"%b\0%d\0%d" % (handle, *value))]
        kind = {"complete": 13, "data": 28, "warning": 29, "exception": 25, "raise": 14}[what]
        return [Packet(b"\0REQ", kind, handle if what == "raise" else handle + b"\0" + value)]

    def ended(self, connection):
        self.reach(connection.partition("#")[0])


class Uniq(Worker):
    grab = "GRAB_JOB_UNIQ"


class All(Worker):
    grab = "GRAB_JOB_ALL"


class Sleeper(Worker):
    first = "sleep"


def script_of(more="", *, end="  - worker -> server: GRAB\n"):
    return f"""\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: ASSIGN
    handle: $job
    function: $fn
    workload: w
{more}  - worker -> server: WORK_COMPLETE
    clause: worker-runs-function
    handle: $job
    data: r
{end}"""


def came_of(script, make=Worker, *without, **more):
    return play(case_of(script, "worker", "worker-runs-function"), "worker", make, *without, **more)


def passes(script, make=Worker, *without, **more):
    result = came_of(script, make, *without, **more)
    assert result.verdict is Verdict.PASS, result.message
    return result


def fails(script, make):
    result = came_of(script, make)
    assert result.verdict is Verdict.FAIL, result.verdict
    return result.message


# --- W1, W2: what no line asks for -----------------------------------------------------------------


@pytest.mark.parametrize("make", [Worker, Uniq, All, Sleeper])
def test_any_grab_and_any_order_of_sleep_and_grab_meets_the_script(make):
    passes(script_of(), make)


def test_what_registers_again_is_taken_silently():
    class Thorough(Worker):
        def reach(self, server):
            super().reach(server)
            self.send(self.connections[-1], "RESET_ABILITIES")
            for function in self.plans:
                self.send(self.connections[-1], "CAN_DO", function=function)
            self.send(self.connections[-1], "SET_CLIENT_ID", id=b"me")

    passes(script_of(), Thorough)


def test_a_function_that_it_was_not_told_to_register_is_not():
    class Greedy(Worker):
        def reach(self, server):
            super().reach(server)
            self.send(self.connections[-1], "CAN_DO", function=b"other")

    assert "came CAN_DO function='other'" in fails(script_of(end=""), Greedy)


SLEEPS = """\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server: GRAB
  - server -> worker: NO_JOB
  - worker -> server: PRE_SLEEP
    clause: worker-runs-function
  - server -> worker: NOOP
  - worker -> server: GRAB
"""


@pytest.mark.parametrize("make", [Worker, Sleeper])
def test_a_worker_is_met_asleep(make):
    passes(SLEEPS, make)


def test_a_worker_that_polls_does_not_sleep():
    class Poller(Worker):
        def came(self, connection, packet):
            if packet.name == "NO_JOB":
                self.send(connection, self.grab)
            else:
                super().came(connection, packet)

    assert fails(SLEEPS, Poller) == (
        "worker-runs-function: the worker grabs more than 5000 times and never sleeps"
    )


def test_a_worker_that_is_deaf_to_noop_fails():
    class Deaf(Worker):
        def came(self, connection, packet):
            if packet.name != "NOOP":
                super().came(connection, packet)

    assert "server expected GRAB, nothing came" in fails(SLEEPS, Deaf)


# --- W3, W4: jobs ----------------------------------------------------------------------------------


def test_a_job_is_worked_on_as_the_script_has_it():
    more = """\
  - worker -> server: WORK_STATUS
    handle: $job
    numerator: 1
    denominator: 2
  - worker -> server: WORK_DATA
    handle: $job
    data: part
  - worker -> server: WORK_WARNING
    handle: $job
    data: hm
"""
    passes(script_of(more))

    class Silent(Worker):
        def result(self, step, handle):
            return super().result({"data": b"x"} if "warning" in step else step, handle)

    assert "expected WORK_WARNING" in fails(script_of(more), Silent)


def test_each_job_has_a_plan_of_its_own():
    second = """\
  - server -> worker: ASSIGN
    handle: $two
    function: $fn
    workload: w
  - worker -> server: WORK_FAIL
    handle: $two
"""
    passes(script_of() + second)


def test_a_written_plan_stands_for_the_implied_one():
    script = "  - worker calls: raise\n    data: kaboom\n" + script_of().replace(
        """WORK_COMPLETE
    clause: worker-runs-function
    handle: $job
    data: r
""",
        """WORK_FAIL
    clause: worker-runs-function
    handle: $job
""",
    )
    passes(script)


def test_what_the_handler_gets_is_reported():
    report = "  - worker reports: job\n    function: $fn\n    workload: w\n    handle: $job\n"
    passes(script_of(report))

    class Mangles(Worker):
        def tell(self, event, **fields):
            super().tell(event, **{**fields, "workload": b"x"})

    assert "the user of the worker expected the report job" in fails(script_of(report), Mangles)


def test_a_result_without_its_nul_fails_and_says_so():
    class Sloppy(Worker):
        def result(self, step, handle):
            return [Packet(b"\0REQ", 13, handle)]

    assert fails(script_of(), Sloppy) == (
        "worker-runs-function: server got a malformed packet: WORK_COMPLETE has no data"
    )


def test_a_timeout_is_registered_with_its_function():
    script = script_of().replace(
        "CAN_DO\n    function: $fn", "CAN_DO_TIMEOUT\n    function: $fn\n    timeout: 5000"
    )
    passes(script)


LIFE = """\
  - worker calls: register
    function: $fn
  - worker calls: work
    jobs: 1
  - worker calls: unregister
    function: $fn
"""


class Limited(Worker):
    """It works for as many jobs as it is told to, and takes nothing else meanwhile."""

    later = None

    def asked(self, asked):
        if self.later is not None and asked["do"] != "quit":
            self.later.append(asked)
        elif asked["do"] == "work":
            self.later, self.working = [], asked
            super().asked(asked)
        elif asked["do"] == "unregister":
            self.send(self.connections[0], "CANT_DO", function=asked["function"])
            self.done(asked)
        else:
            super().asked(asked)

    def work(self, connection, handle, function):
        super().work(connection, handle, function)
        later, self.later = self.later, None
        self.done(self.working)
        for asked in later:
            self.asked(asked)

    def came(self, connection, packet):
        if packet.name in GRABS:
            self.work(connection, packet.fields["handle"], packet.fields["function"])
        else:
            super().came(connection, packet)


def test_written_calls_of_a_worker_s_life_stand_for_the_implied_ones():
    script = LIFE + script_of(end="  - worker -> server: CANT_DO\n    function: $fn\n")
    passes(script, Limited)


# --- W5, W6: connections and the end ---------------------------------------------------------------

AGAIN = "  - server -> worker: CLOSE\n" + script_of().replace("$job", "$two").replace("CAN_DO", "CAN_DO")


def test_a_worker_comes_back_on_a_new_connection():
    passes(script_of() + AGAIN.replace("    clause: worker-runs-function\n", ""))


def test_a_worker_that_does_not_come_back_fails():
    class Leaves(Worker):
        def ended(self, connection):
            pass

    assert "nothing came" in fails(script_of() + AGAIN, Leaves)


def test_what_was_registered_on_a_lost_connection_does_not_count_on_the_next():
    class Repeats(Worker):
        def reach(self, server):
            super().reach(server)
            if len(self.connections) == 1:
                self.send(self.connections[0], "CAN_DO", function=next(iter(self.plans)))

        def ended(self, connection):
            self.plans = {}
            super().ended(connection)

    assert "server expected CAN_DO" in fails(script_of() + AGAIN, Repeats)


def test_a_worker_has_to_be_back_for_more():
    class Tired(Worker):
        def came(self, connection, packet):
            if packet.name in GRABS:
                self.work(connection, packet.fields["handle"], packet.fields["function"])
            else:
                super().came(connection, packet)

    passes(script_of(end=""))
    assert fails(script_of(end=""), Tired) == (
        "worker-runs-function: after the last line the worker neither grabs nor sleeps"
    )


def test_a_worker_that_sleeps_is_woken_to_see_that_it_lives():
    rubbish = "  - server -> worker: ERROR\n    code: x\n    text: y\n"
    passes(SLEEPS + "  - server -> worker: NO_JOB\n  - worker -> server: PRE_SLEEP\n" + rubbish)

    class Sulks(Worker):
        cross = False

        def came(self, connection, packet):
            self.cross |= packet.name == "ERROR"
            if not self.cross:
                super().came(connection, packet)

    script = SLEEPS + "  - server -> worker: NO_JOB\n  - worker -> server: PRE_SLEEP\n" + rubbish
    assert "neither grabs nor sleeps" in fails(script, Sulks)


def test_two_servers_are_served():
    script = """\
  - worker -> server: CAN_DO
    function: $fn
  - worker -> server2: CAN_DO
    function: $fn
  - worker -> server2: GRAB
  - server2 -> worker: ASSIGN
    handle: $job
    function: $fn
    workload: w
  - worker -> server2: WORK_COMPLETE
    clause: worker-runs-function
    handle: $job
"""
    passes(script)

    class One(Worker):
        def asked(self, asked):
            if asked["do"] == "connect":
                asked = {**asked, "servers": asked["servers"][:1]}
            super().asked(asked)

    assert "server2 expected CAN_DO" in fails(script, One)


def test_a_worker_that_ends_crashes():
    class Frail(Worker):
        def work(self, connection, handle, function):
            self.die("exited with status 255")

    result = came_of(script_of(), Frail)
    assert result.verdict is Verdict.CRASH
    assert result.message == "worker-runs-function: the worker exited with status 255"
