"""Playing a case with a worker under test: W5 and W6 of SCRIPTS, and forks, each with one that breaks it."""

from gearspec.script.verdict import Verdict
from tests.puppet import GRABS, Worker
from tests.working import GRABS_FIRST, SLEEPS, came_of, fails, passes, script_of

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


def test_what_was_registered_on_a_connection_that_the_worker_ended_does_not_count_on_the_next():
    class Restless(Worker):
        def work(self, *job):
            super().work(*job)
            self.reach("server")
            self.close(self.connections[-1])

        def ended(self, connection):
            self.plans = {}
            super().ended(connection)

    assert "server expected CAN_DO" in fails(script_of() + AGAIN, Restless)


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


def test_the_end_of_a_connection_may_be_where_a_script_ends():
    class Leaves(Worker):
        def came(self, connection, packet):
            self.close(connection)

    passes(GRABS_FIRST + "  - worker -> server: CLOSE\n    clause: worker-runs-function\n", Leaves)


def test_functions_are_registered_in_any_order():
    class Backwards(Worker):
        def reach(self, server):
            self.plans = dict(reversed(self.plans.items()))
            super().reach(server)

    two = "  - worker -> server: CAN_DO\n    function: $other\n"
    passes(two + script_of(), Backwards)
    assert "expected CAN_DO function='$other', nothing came" in fails(two + script_of(), Forgetful)


class Forgetful(Worker):
    def reach(self, server):
        self.plans = dict([list(self.plans.items())[-1]])
        super().reach(server)


FORK = (
    GRABS_FIRST
    + """\
  - either:
    - as: pass
      script:
      - worker -> server: CLOSE
        clause: worker-runs-function
    - as: recorded
      flag: stays
      script:
      - worker -> server: nothing
        clause: worker-runs-function
"""
)


def test_what_another_branch_asks_for_is_not_taken_for_silence():
    class Leaves(Worker):
        def came(self, connection, packet):
            self.close(connection)

    passes(FORK, Leaves)
    result = came_of(FORK)
    assert (result.verdict, result.flags) == (Verdict.RECORDED, ("stays",))


def test_a_sleeper_is_not_woken_where_a_line_beside_the_grab_wants_it_asleep():
    script = (
        SLEEPS[: SLEEPS.index("  - worker -> server: PRE_SLEEP")]
        + """\
  - either:
    - as: pass
      script:
      - worker -> server: PRE_SLEEP
        clause: worker-runs-function
    - as: recorded
      flag: polls
      script:
      - worker -> server: GRAB
        clause: worker-runs-function
"""
    )
    passes(script)


def test_the_plan_of_a_job_follows_from_arguments_by_position_as_well():
    passes(script_of().replace("    handle: $job\n    data: r\n", "    args: [$job, r]\n"))
