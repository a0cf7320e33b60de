"""Playing a case with a worker under test: W1 to W4 of SCRIPTS, each with a worker that breaks it."""

import pytest

from gearspec.protocol.packet import Packet
from tests.puppet import GRABS, All, Sleeper, Uniq, Worker
from tests.working import SLEEPS, fails, passes, script_of

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


# --- anything --------------------------------------------------------------------------------------


class Chatty(Worker):
    """Says more than it was asked to."""

    def result(self, step, handle):
        self.send(self.connections[-1], "WORK_WARNING", handle=b"other", data=b"?")
        return super().result(step, handle)


def test_after_anything_what_no_line_asks_for_is_passed_over():
    loose = "  - worker -> server: anything\n"
    assert "came WORK_WARNING" in fails(script_of(), Chatty)
    passes(script_of(loose), Chatty)
    passes(loose + script_of(end=""), Chatty)


def test_after_anything_a_line_still_has_to_be_met():
    loose = "  - worker -> server: anything\n"
    assert "expected WORK_FAIL handle='$job', nothing came" in fails(
        script_of(loose).replace("WORK_COMPLETE", "WORK_FAIL").replace("    data: r\n", "")
        + "  - worker calls: complete\n    data: r\n",
        Chatty,
    )
