"""What is left of a case: jobs are worked off, functions are dropped, and nobody waits for ever."""

import pytest

from gearspec.model.dialect import Dialect
from gearspec.model.server import Server
from gearspec.protocol.packet import request
from gearspec.script.clean import DRAINER, LIMIT, clean
from gearspec.script.trait import CAPABILITIES
from tests.memory import Driver
from tests.miniature import Wrapped, named

CAN_DO = request("CAN_DO", function=b"f")


def background(function=b"f"):
    return request("SUBMIT_JOB_BG", function=function, unique=b"", workload=b"w")


def cleaned(*sent, server=None, **traits):
    """Send packets, each from a party of its name; tidy up; the driver."""
    driver = Driver(server or Server())
    talk = driver.talk(**traits)

    def play():
        for party, packet in sent:
            yield from talk.send(party, packet.encode(), [packet])
        yield from talk.look()
        yield from clean(talk)

    driver.run(play())
    return driver


def queue(driver):
    return driver.server.exchange.queue


def test_jobs_that_are_left_are_worked_off():
    driver = cleaned(("client", background()), ("client", background()), ("client", background(b"g")))
    assert queue(driver).jobs == {}
    assert driver.log.count(f"send {DRAINER} WORK_COMPLETE") == 3


def test_a_job_that_a_worker_still_holds_is_worked_off_once_it_has_gone():
    driver = cleaned(("client", background()), ("worker", CAN_DO), ("worker", request("GRAB_JOB")))
    assert queue(driver).jobs == {}
    assert "shut worker CLOSE" in driver.log


def test_functions_are_dropped_when_no_job_is_left():
    driver = cleaned(("worker", CAN_DO))
    assert queue(driver).functions == {}
    assert DRAINER not in " ".join(driver.log)


def test_functions_stay_where_the_server_cannot_drop_them():
    driver = cleaned(("worker", CAN_DO), capabilities=frozenset(CAPABILITIES) - {"drop-function"})
    assert list(queue(driver).functions) == [b"f"]
    assert "TEXT" not in " ".join(driver.log)


def test_where_nobody_named_a_function_there_is_nothing_to_do():
    driver = cleaned(("client", request("ECHO_REQ", data=b"x")))
    assert set(driver.log) == {"open client", "send client ECHO_REQ"}


@pytest.mark.parametrize("name", [b"a\nb", b"a\rb", b""])
def test_a_name_that_would_be_another_command_is_never_put_into_a_line(name):
    driver = cleaned(("worker", request("CAN_DO", function=name)))
    assert "TEXT" not in " ".join(driver.log)


def test_a_server_that_does_not_play_along_keeps_its_jobs():
    class Stubborn(Wrapped):
        def twist(self, effect):
            return [] if named(effect, "JOB_ASSIGN") or named(effect, "NO_JOB") else [effect]

    driver = cleaned(("client", background()), server=Stubborn())
    assert driver.passed == pytest.approx(LIMIT)
    assert len(queue(driver).jobs) == 1


def test_a_server_that_answers_something_else_is_left_alone():
    class Refusing(Server):
        def __init__(self):
            super().__init__(Dialect.parse({"refused": "GRAB_JOB"}))

    driver = cleaned(("client", background()), server=Refusing())
    assert driver.passed == 0
    assert len(queue(driver).jobs) == 1


def test_a_server_that_does_not_say_that_it_dropped_a_function_is_not_waited_for_long():
    class Silent(Wrapped):
        def twist(self, effect):
            return [] if getattr(getattr(effect, "item", None), "raw", b"").startswith(b"OK") else [effect]

    assert cleaned(("worker", CAN_DO), server=Silent()).passed == pytest.approx(LIMIT)


def test_jobs_are_worked_off_by_the_grab_that_the_server_knows():
    driver = cleaned(("client", background()), grab="GRAB_JOB_UNIQ")
    assert f"send {DRAINER} GRAB_JOB_UNIQ" in driver.log
    assert queue(driver).jobs == {}
