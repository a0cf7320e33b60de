"""Playing a case with a client under test: K1 to K8 of SCRIPTS, each with a client that breaks it."""

from __future__ import annotations

import pytest

from gearspec.protocol.packet import Packet
from gearspec.script.testee import scenes
from gearspec.script.verdict import Verdict
from tests.theatre import Puppet, case_of, play, stage

ENDS = {"WORK_COMPLETE": "complete", "WORK_FAIL": "fail", "WORK_EXCEPTION": "exception"}
KINDS = {None: "SUBMIT_JOB", "high": "SUBMIT_JOB_HIGH", "low": "SUBMIT_JOB_LOW"}


class Client(Puppet):
    """A client that does what it should; it submits a batch in order and blocks until all of it is over."""

    def __init__(self):
        super().__init__()
        self.connection = None
        self.open_submits = {}
        self.waiting = []
        self.jobs = {}

    def asked(self, asked):
        if asked["do"] == "submit":
            self.reach()
            self.open_submits[asked["id"]] = (asked, {task["task"] for task in asked["tasks"]})
            for task in asked["tasks"]:
                self.submit(task)
        elif asked["do"] == "option":
            self.reach()
            self.send(self.connection, "OPTION_REQ", option=asked["option"].encode())
            self.done(asked)
        elif asked["do"] == "status":
            self.send(self.connection, "GET_STATUS", handle=asked["handle"])
            self.done(asked)
        else:
            super().asked(asked)

    def reach(self):
        for server in self.servers:
            self.connection = self.connection or self.open(server)

    def submit(self, task):
        self.waiting.append(task)
        name = KINDS[task.get("priority")] + ("_BG" if task.get("background") else "")
        keys = {"function": task["function"], "unique": task.get("unique", b""), "workload": task["workload"]}
        self.send(self.connection, name, **keys)

    def came(self, connection, packet):
        if packet.name == "JOB_CREATED":
            task = self.waiting.pop(0)
            self.jobs[packet.fields["handle"]] = task["task"]
            if task.get("background"):
                self.over(task["task"])
        elif packet.name in ENDS:
            task = self.jobs[packet.fields["handle"]]
            data = {"data": packet.fields["data"]} if "data" in packet.fields else {}
            self.tell(ENDS[packet.name], task=task, **data)
            self.over(task)

    def over(self, task):
        for asked, left in list(self.open_submits.values()):
            left.discard(task)
            if not left:
                del self.open_submits[asked["id"]]
                self.done(asked)

    def ended(self, connection):
        self.connection = None
        for task in list(self.waiting):
            self.tell("fail", task=task["task"])
            self.over(task["task"])
        self.waiting.clear()


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


def came_of(script, make=Client, *without, clause="submit-fields", **more):
    return play(case_of(script, "client", clause), "client", make, *without, **more)


def passes(script, make=Client, *without, **more):
    result = came_of(script, make, *without, **more)
    assert result.verdict is Verdict.PASS, result.message
    return result


def fails(script, make, *without, **more):
    result = came_of(script, make, *without, **more)
    assert result.verdict is Verdict.FAIL, result.verdict
    return result.message


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


def test_a_client_that_connects_only_for_a_task_is_given_one_while_its_option_is_awaited():
    passes(OPTION)
    passes(OPTION, Lazy)


class Always(Lazy):
    wants = b"exceptions"

    def asked(self, asked):
        assert asked["do"] != "option"
        super().asked(asked)


ALWAYS = {"exceptions", "exceptions-always", "unique"}


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


# --- K5, K6: what no line asks for -----------------------------------------------------------------


def test_an_option_that_no_line_asks_for_is_granted():
    passes(WHOLE, Always, features=ALWAYS)


def test_an_option_that_came_early_meets_the_line_that_asks_for_it_later():
    later = WHOLE + OPTION.replace("$job", "$other").replace("    clause: submit-fields\n", "")

    class Early(Always):
        def submit(self, task):
            super().submit(task)

    result = passes(later, Early, features=ALWAYS)
    answers = [e for e in result.transcript.events if getattr(e.what, "name", "") == "OPTION_RES"]
    assert len(answers) == 1


def test_an_echo_that_no_line_asks_for_is_answered():
    class Careful(Client):
        def reach(self):
            super().reach()
            self.send(self.connection, "ECHO_REQ", data=b"there?")

    passes(WHOLE, Careful)


UNIQUE = WHOLE.replace("    workload: w\n", "    unique: $u\n    workload: w\n", 1)


class Uuid(Client):
    def submit(self, task):
        super().submit({**task, "unique": b"a-uuid"})


def test_a_unique_is_compared_only_where_the_caller_may_choose_it():
    passes(UNIQUE)
    passes(UNIQUE, Uuid, "unique")
    assert "unique='a-uuid'" in fails(UNIQUE, Uuid)


# --- K7, K8: silence and the end -------------------------------------------------------------------


def test_silence_at_the_end_is_listened_for():
    class Twice(Client):
        def over(self, task):
            super().over(task)
            self.send(self.connection, "ECHO_REQ", data=b"more")
            self.send(self.connection, "GET_STATUS", handle=b"H:1")

    script = WHOLE + "  - client -> server: nothing\n"
    passes(script)
    assert "server expected nothing, came GET_STATUS" in fails(script, Twice)


def test_a_packet_that_no_line_takes_fails_at_the_end():
    class Twice(Client):
        def submit(self, task):
            super().submit(task)
            super().submit(task)

    assert "after the last line server got SUBMIT_JOB" in fails(WHOLE, Twice)


def test_a_task_that_is_reported_twice_fails():
    class Twice(Client):
        def tell(self, event, **fields):
            super().tell(event, **fields)
            super().tell(event, **fields)

    assert "after the last line its user got the report complete" in fails(WHOLE, Twice)


def test_a_report_that_a_task_is_over_is_not_passed_over():
    class Wrong(Client):
        def came(self, connection, packet):
            if packet.name == "WORK_COMPLETE":
                self.tell("fail", task="t1")
                self.over("t1")
            else:
                super().came(connection, packet)

    assert "expected the report complete data='r', came the report fail" in fails(WHOLE, Wrong)


def test_reports_that_do_not_end_a_task_need_no_line():
    class Chatty(Client):
        def came(self, connection, packet):
            if packet.name == "WORK_COMPLETE":
                self.tell("status", task="t1", numerator="1", denominator="2")
                self.tell("error", text="a server is not there")
            super().came(connection, packet)

    passes(WHOLE, Chatty)


def test_a_client_that_does_not_end_hangs():
    class Stays(Client):
        def asked(self, asked):
            if asked["do"] != "quit":
                super().asked(asked)

    result = came_of(WHOLE, Stays)
    assert result.verdict is Verdict.HANG
    assert result.message == "submit-fields: after the last line 'quit' does not come back"


def test_a_client_that_dies_crashes():
    class Frail(Client):
        def came(self, connection, packet):
            self.die("was ended by SIGSEGV")

    result = came_of(WHOLE, Frail)
    assert (result.verdict, result.message) == (
        Verdict.CRASH,
        "submit-fields: the client was ended by SIGSEGV",
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"id": 77, "done": True}, "the adapter answers request 77, which is not open"),
        (
            {"id": 3, "unsupported": True},
            "the adapter refuses 'submit', though its features promise what was asked",
        ),
    ],
)
def test_an_adapter_that_breaks_its_contract_is_an_error(said, message):
    class Odd(Client):
        def submit(self, task):
            self.arrivals.append(type(self.arrivals[0])(self.now, said))

        def reach(self):
            self.tell("error", text="first")

    result = came_of(WHOLE, Odd)
    assert (result.verdict, result.message) == (Verdict.ERROR, message)


def test_an_adapter_that_ends_before_it_connects_is_an_error():
    class Dead(Client):
        def asked(self, asked):
            self.die("exited with status 1")

    result = came_of(WHOLE, Dead)
    assert (result.verdict, result.message) == (
        Verdict.ERROR,
        "the adapter exited with status 1 before it had connected",
    )


def test_a_malformed_packet_fails_even_where_its_values_fit():
    class Sloppy(Client):
        def send(self, connection, message, **arguments):
            if message == "OPTION_REQ":
                super().send(connection, Packet(b"\0REQ", 26, b"exceptions\0"))
            else:
                super().send(connection, message, **arguments)

    assert "malformed" in fails(OPTION, Sloppy)


def test_each_branch_that_a_server_may_take_is_played():
    script = f"""{SUBMIT}\
  - either:
    - as: pass
      script:
      - server -> client: WORK_COMPLETE
        handle: $job
        data: r
      - client reports: complete
    - as: pass
      script:
      - server -> client: WORK_FAIL
        handle: $job
      - client reports: fail
"""

    class Optimist(Client):
        def came(self, connection, packet):
            if packet.name == "WORK_FAIL":
                packet = Packet(b"\0RES", 13, packet.body + b"\0")
            super().came(connection, packet)

    passes(script)
    assert "expected the report fail, came the report complete" in fails(script, Optimist)


def test_a_fork_is_decided_by_what_is_reported():
    script = f"""{SUBMIT}\
  - server -> client: CLOSE
  - either:
    - as: pass
      script:
      - client reports: complete
    - as: recorded
      flag: reported-as-failed
      script:
      - client reports: fail
"""

    class Told(Client):
        def ended(self, connection):
            self.tell("fail", task="t1")
            self.over("t1")

    result = came_of(script, Told)
    assert (result.verdict, result.flags) == (Verdict.RECORDED, ("reported-as-failed",))
