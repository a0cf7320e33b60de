"""Playing a case with a client under test: K1 to K4 of SCRIPTS, each with a client that breaks it."""

import pytest

from gearspec.script.testee import scenes
from gearspec.script.verdict import Verdict
from tests.clienting import ALWAYS, OPTION, WHOLE, Always, Lazy, came_of, fails, passes
from tests.puppet import Client
from tests.theatre import case_of, stage

# --- K1, K2: what is asked ------------------------------------------------------------------------


def test_a_submit_is_implied_by_its_line_and_its_result_reported():
    passes(WHOLE)


def test_lines_of_other_parties_fall_away():
    passes("  - worker -> server: CAN_DO\n    function: $other\n" + WHOLE)


def test_a_client_that_submits_something_else_fails_at_that_line():
    class Other(Client):
        def submit(self, task):
            super().submit({**task, "workload": b"x"})

    wanted = "SUBMIT_JOB function='$fn' workload='w'"
    assert fails(WHOLE, Other) == (
        f"submit-fields: server expected {wanted}, came SUBMIT_JOB function='$fn' unique='' workload='x'"
    )


def test_a_client_that_submits_nothing_and_comes_back_fails():
    class Mute(Client):
        def submit(self, task):
            self.over(task["task"])

    assert "nothing came" in fails(WHOLE, Mute)


def test_a_client_that_never_comes_back_hangs():
    class Stuck(Client):
        def submit(self, task):
            pass

        def asked(self, asked):
            if asked["do"] != "quit":
                super().asked(asked)

    result = came_of(WHOLE, Stuck)
    assert result.verdict is Verdict.HANG
    assert result.message.endswith("nothing came, and 'submit' does not come back")


def test_a_priority_and_the_background_are_asked_for_as_the_line_has_them():
    script = """\
  - client -> server: SUBMIT_JOB_LOW_BG
    clause: submit-fields
    function: $fn
    workload: w
  - server -> client: JOB_CREATED
    handle: $job
"""
    made = []

    class Kept(Client):
        def __init__(self):
            super().__init__()
            made.append(self)

    passes(script, Kept)
    (task,) = made[0].asks[2]["tasks"]
    assert (task["priority"], task["background"]) == ("low", True)


BATCH = """\
  - client -> server: SUBMIT_JOB
    clause: submit-fields
    function: $fn
    workload: a
{first}  - client -> server: SUBMIT_JOB
    function: $fn
    workload: b
{second}  - server -> client: JOB_CREATED
    handle: $one
  - server -> client: JOB_CREATED
    handle: $two
  - server -> client: WORK_COMPLETE
    handle: $two
    data: 2
  - server -> client: WORK_COMPLETE
    handle: $one
    data: 1
"""
TASKS = """\
  - client reports: complete
    task: $x
    data: 1
  - client reports: complete
    task: $y
    data: 2
"""
NAMED = BATCH.format(first="    task: $x\n", second="    task: $y\n") + TASKS
UNNAMED = BATCH.format(first="", second="") + "".join(
    f"  - client reports: complete\n    data: {data}\n" for data in (2, 1)
)


class Backwards(Client):
    def asked(self, asked):
        if asked["do"] == "submit":
            asked = {**asked, "tasks": asked["tasks"][::-1]}
        super().asked(asked)


def test_consecutive_submits_are_one_batch():
    class Kept(Client):
        def asked(self, asked):
            if asked["do"] == "submit":
                assert len(asked["tasks"]) == 2
            super().asked(asked)

    passes(UNNAMED, Kept)


def test_a_batch_whose_lines_name_their_tasks_may_come_in_any_order():
    passes(NAMED)
    passes(NAMED, Backwards)


def test_a_batch_whose_lines_do_not_has_to_come_in_order():
    assert "came SUBMIT_JOB function='$fn' unique='' workload='b'" in fails(UNNAMED, Backwards)


def test_a_result_that_is_given_to_the_wrong_task_fails():
    class Swapped(Client):
        def tell(self, event, **fields):
            task = {"t1": "t2", "t2": "t1"}.get(fields.get("task"))
            super().tell(event, **{**fields, "task": task})

    assert "expected the report complete data='1', came the report complete" in fails(NAMED, Swapped)


def test_a_client_that_connects_only_for_a_task_is_given_one_while_its_option_is_awaited():
    passes(OPTION)
    passes(OPTION, Lazy)


def test_a_library_that_always_asks_for_exceptions_is_not_asked_to():
    passes(OPTION, Always, features=ALWAYS)


def test_a_library_that_asks_for_exceptions_per_task_is_told_so_with_the_task():
    class PerTask(Lazy):
        def asked(self, asked):
            assert asked["do"] != "option"
            self.wants = b"exceptions" if asked.get("exceptions") else b""
            super().asked(asked)

    passes(OPTION, PerTask, features={"exceptions", "exceptions-per-task"})


def test_a_written_call_is_not_implied_as_well():
    script = (
        """\
  - client calls: submit
    function: $fn
    workload: w
"""
        + WHOLE
    )
    passes(script)


# --- K3, K4: servers and connections ---------------------------------------------------------------


FAILOVER = """\
  - first: REFUSE
  - client -> second: SUBMIT_JOB
    clause: submit-fields
    function: $fn
    workload: w
  - second -> client: JOB_CREATED
    handle: $job
  - second -> client: WORK_COMPLETE
    handle: $job
    data: r
  - client reports: complete
    data: r
"""


def test_a_case_with_servers_in_order_of_arrival_is_played_in_both_orders():
    case = case_of(FAILOVER, "client", "submit-fields")
    assert len(scenes(case, stage("client"))) == 2
    assert len(scenes(case, stage("client", features={"picks-at-random"}))) == 10


def test_a_client_goes_to_the_next_server():
    passes(FAILOVER)


@pytest.mark.parametrize("place", [0, -1])
def test_a_client_that_knows_one_server_only_fails_in_one_of_the_orders(place):
    class One(Client):
        def reach(self):
            self.connection = self.connection or self.open(self.servers[place])

        def submit(self, task):
            if self.connection:
                super().submit(task)
            else:
                self.over(task["task"])

    assert "second expected SUBMIT_JOB" in fails(FAILOVER, One)


def test_a_line_is_met_on_any_connection_and_answered_where_it_was():
    class Fresh(Client):
        def reach(self):
            self.connection = self.open(self.servers[0])

    script = WHOLE + WHOLE.replace("$job", "$other").replace("    clause: submit-fields\n", "")
    passes(script, Fresh)


def test_an_answer_to_a_client_that_has_closed_is_lost_and_what_it_reports_decides():
    class Hasty(Client):
        def submit(self, task):
            super().submit(task)
            self.close(self.connection)
            self.tell("fail", task=task["task"])
            self.over(task["task"])

    assert "expected the report complete data='r', came the report fail" in fails(WHOLE, Hasty)
