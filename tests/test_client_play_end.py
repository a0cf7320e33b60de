"""Playing a case with a client under test: K5 to K8 of SCRIPTS, each with a client that breaks it."""

import pytest

from gearspec.protocol.packet import Packet
from gearspec.script.verdict import Verdict
from tests.clienting import ALWAYS, OPTION, SUBMIT, WHOLE, Always, came_of, fails, passes
from tests.puppet import Client

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
