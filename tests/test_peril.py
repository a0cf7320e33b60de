"""What a conversation comes to that some server gets wrong is recognised before it is said."""

import pytest

from gearspec.fuzz.course import Course
from gearspec.harness.target import INPUT_CLASSES
from gearspec.model import Dialect
from gearspec.protocol.message import BY_NAME
from gearspec.script.trait import Traits


def client(course, kind="SUBMIT_JOB", unique="", party="client"):
    course.submit(party, kind, "$fn", unique, b"w")


def job(course, worker="worker"):
    client(course)
    course.can_do(worker, "$fn")
    course.grab(worker, 0)


def abandoned(course):
    client(course, unique="$u")
    course.leave("client", "CLOSE")
    client(course, unique="$u", party="client2")


def shared(course):
    client(course, "SUBMIT_JOB_BG", "$u")
    client(course, unique="$u")
    course.leave("client", "CLOSE")


def woken(course):
    course.can_do("worker", "$fn")
    course.sleep("worker")
    client(course)
    course.echo("worker", b"")


def reduced(course):
    """Of a reduce job's last argument some servers pass over the beginning."""
    course.submit("client", "SUBMIT_JOB", "$fn", "-", b"w")
    course.leave("client", "CLOSE")
    course.submit("client2", "SUBMIT_REDUCE_JOB", "$fn", "-", b"w")


def left(course):
    course.can_do("worker", "$fn")
    course.sleep("worker")
    client(course)
    course.leave("worker", "RESET")


def several(course):
    job(course)
    job(course)
    course.reset_abilities("worker")


def functions(course):
    client(course)
    course.submit("client", "SUBMIT_JOB", "$fn2", "", b"w")
    course.can_do("worker", "$fn")
    course.can_do("worker", "$fn2")
    course.grab("worker", 0)


def idle(course):
    course.can_do("worker", "$fn")
    course.cant_do("worker", "$fn")
    course.look("admin", "status")


def unasked(course):
    job(course)
    course.work(0, "WORK_EXCEPTION", b"")


WAYS = {
    "abandoned-job-joined": abandoned,
    "can-do-again": lambda course: [course.can_do("worker", "$fn") for _ in range(2)],
    "cant-do-unregistered": lambda course: course.cant_do("worker", "$fn"),
    "choice-of-functions": functions,
    "dash-without-workload": lambda course: course.submit("client", "SUBMIT_JOB", "$fn", "-", b""),
    "exception-unasked": unasked,
    "foreign-work": lambda course: (client(course), course.foreign_work("worker", 0, "WORK_COMPLETE")),
    "idle-function-listed": idle,
    "job-cancelled": lambda course: (client(course), course.cancel_job("admin", 0)),
    "jobs-given-up": several,
    "maxqueue-of-three": lambda course: course.maxqueue("admin", "$fn", ("1", "2", "3")),
    "maxqueue-of-unknown": lambda course: course.maxqueue("admin", "$fn", ("1",)),
    "shared-background-job-left": shared,
    "sleep-of-a-worker": lambda course: course.sleep("worker"),
    "sleeper-changes": lambda course: (course.sleep("worker"), course.can_do("worker", "$fn")),
    "sleeper-grabs": lambda course: (course.sleep("worker"), course.grab("worker", 0)),
    "sleeper-left": lambda course: (course.sleep("worker"), course.leave("worker", "RESET")),
    "timeout-zero": lambda course: course.can_do_timeout("worker", "$fn"),
    "waiting-client-left": lambda course: (client(course), course.leave("client", "CLOSE")),
    "unique-given": lambda course: client(course, unique="$u"),
    "woken-without-grab": woken,
    "worker-with-job-left": lambda course: (job(course), course.desert(0, "CLOSE")),
}
"""The shortest way into each class."""
OTHERS = [("abandoned-job-joined", reduced), ("sleeper-left", left)]
"""Ways that are as good, and harder to see."""


def written(way, permits):
    course = Course(Traits(dialect=Dialect(abandoned="skip", reduce_arguments=4)), permits, clocks=False)
    way(course)
    return course.author.case().steps


@pytest.mark.parametrize(("name", "way"), [*WAYS.items(), *OTHERS])
def test_each_class_is_asked_for_where_it_occurs_and_not_written_if_it_may_not(name, way):
    asked = []
    whole = written(way, lambda what: not asked.append(what))
    assert name in asked
    assert written(way, lambda what: what != name) != whole


def test_what_is_usual_falls_in_no_class():
    def usual(course):
        job(course)
        course.work(0, "WORK_COMPLETE", b"")
        course.finish()
        course.leave("client", "CLOSE")

    asked = []
    written(usual, lambda what: not asked.append(what))
    assert set(asked) <= BY_NAME.keys()


def test_each_class_of_conversations_is_one_of_inputs():
    assert WAYS.keys() <= INPUT_CLASSES.keys()
