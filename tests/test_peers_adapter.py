"""The adapter of the reference client and worker; each line is held to the contract."""

import io
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from gearspec.harness.contract import Dialogue, read_hello
from gearspec.peers.adapter import run
from gearspec.peers.server import run_in_thread
from gearspec.script.trait import CLIENT_FEATURES, WORKER_FEATURES
from tests.acting import acting, vacant
from tests.staging import CHECKOUT


class Talk:
    """One adapter in a thread, and everything that was said to it and by it."""

    def __init__(self, requests, answers):
        self.requests, self.answers = requests, answers
        self.contract = Dialogue()
        self.number = 0

    def ask(self, do, **request):
        self.number += 1
        line = self.contract.ask({"id": self.number, "do": do, **request})
        self.requests.write(line.decode())
        self.requests.flush()
        return self.number

    def hear(self):
        return self.contract.hear(self.answers.readline().encode())

    def until(self, number):
        """Everything that is said before a request is answered, and the answer."""
        said = [self.hear()]
        while said[-1].get("id") != number:
            said.append(self.hear())
        return said

    def done(self, do, **request):
        """The events that a request has led to."""
        *events, answer = self.until(self.ask(do, **request))
        assert "done" in answer
        return events

    def refuses(self, do, **request):
        (answer,) = self.until(self.ask(do, **request))
        return "unsupported" in answer

    def rest(self):
        return [self.contract.hear(line.encode()) for line in self.answers]


@contextmanager
def adapter(role=None, servers=()):
    (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
    with open(our_out, "w") as requests, open(our_in) as answers:  # noqa: PTH123 - descriptors, not paths
        thread = threading.Thread(target=serve, args=(their_in, their_out))
        thread.start()
        talk = Talk(requests, answers)
        try:
            if role:
                assert talk.done("connect", role=role, servers=list(servers)) == []
            yield talk
        finally:
            requests.close()
            thread.join()


def serve(requests, answers):
    with open(requests) as theirs, open(answers, "w") as ours:  # noqa: PTH123 - likewise
        run(theirs, ours)


@pytest.fixture(scope="module")
def server():
    embedded = run_in_thread()
    yield [str(embedded.address)]
    embedded.stop()


def task(name, workload=b"w", function=b"f", **options):
    return {"task": name, "function": function, "workload": workload, **options}


def event(name, **fields):
    return {"event": name, **fields}


def test_it_says_who_it_is_and_has_every_feature_that_does_not_exclude_another():
    with adapter() as talk:
        hello = read_hello(talk.until(talk.ask("hello"))[-1])
    assert set(hello.roles) == {"client", "worker"}
    others = {"picks-at-random", "exceptions-per-task", "exceptions-always"}
    assert hello.features["client"] == set(CLIENT_FEATURES) - others
    assert hello.features["worker"] == set(WORKER_FEATURES)


def test_a_worker_follows_its_plans_and_a_client_tells_of_its_tasks(server):
    function = b"adapter-plans"
    plan = [
        [{"data": b"d"}, {"warning": b"w"}, {"status": [1, 2]}, {"complete": b"c\0c"}],
        [{"fail": True}],
        [{"exception": b"e"}],
        [{"raise": b"r\xff"}],
    ]
    with adapter("worker", server) as worker, adapter("client", server) as client:
        assert worker.done("register", function=function, plan=plan, timeout=5000) == []
        work = worker.ask("work", jobs=5, ms=30_000)
        assert client.done("option", option="exceptions") == []
        tasks = [task(name, name.encode(), function, unique=name.encode()) for name in "abcde"]
        events = client.done("submit", tasks=tasks, wait=30)
        jobs = worker.until(work)[:-1]
    assert event("option", option="exceptions") in events
    handles = {said["task"]: said["handle"] for said in events if said["event"] == "created"}
    assert [said for said in events if said["event"] not in {"created", "option"}] == [
        event("data", task="a", data=b"d"),
        event("warning", task="a", data=b"w"),
        event("status", task="a", numerator="1", denominator="2"),
        event("complete", task="a", data=b"c\0c"),
        event("fail", task="b"),
        event("exception", task="c", data=b"e"),
        event("exception", task="d", data=b"r\xff"),
        event("exception", task="e", data=b"r\xff"),
    ]
    assert jobs == [
        event("job", handle=handles[name], function=function, workload=name.encode(), unique=name.encode())
        for name in "abcde"
    ]


def test_requests_are_taken_while_tasks_are_under_way():
    def play(stage):
        peer = stage.accept()
        peer.created()
        peer.send("ECHO_RES", data=peer.take("ECHO_REQ")["data"])
        peer.take("GET_STATUS_UNIQUE", unique=b"u")
        numbers = {"numerator": b"\n", "denominator": b"2", "waiting": b"3"}
        peer.send("STATUS_RES_UNIQUE", handle=b"u", known=b"1", running=b"0", **numbers)
        peer.complete(b"at last")

    with acting(play) as servers, adapter("client", servers) as talk:
        submit = talk.ask("submit", tasks=[task("t")])
        assert talk.done("echo", data=b"\0") == [
            event("created", task="t", handle=b"H:1"),
            event("echo", data=b"\0"),
        ]
        told = {"known": "1", "running": "0", "numerator": "\\n", "denominator": "2", "waiting": "3"}
        assert talk.done("status_unique", unique=b"u") == [event("status", **told)]
        assert talk.until(submit)[:-1] == [event("complete", task="t", data=b"at last")]


def test_each_kind_of_task_can_be_submitted(server):
    kinds = {
        "SUBMIT_JOB_LOW_BG": {"background": True, "priority": "low"},
        "SUBMIT_JOB_EPOCH": {"epoch": 4_000_000_000},
        "SUBMIT_REDUCE_JOB_BACKGROUND": {"background": True, "reducer": b"r"},
    }
    with adapter("client", server) as talk:
        tasks = [task(name, function=b"adapter-kinds", **options) for name, options in kinds.items()]
        events = talk.done("submit", tasks=tasks)
        assert [said["task"] for said in events] == list(kinds)
        (told,) = talk.done("status", handle=events[0]["handle"])
        assert told.items() >= {"known": "1", "running": "0", "handle": events[0]["handle"]}.items()


def test_retries_are_told_before_the_end():
    def play(stage):
        peer = stage.accept()
        for handle in (b"H:1", b"H:2"):
            peer.created(handle)
            peer.send("WORK_FAIL", handle=handle)

    with acting(play) as servers, adapter("client", servers) as talk:
        events = talk.done("submit", tasks=[task("t", retries=1)])
    assert [said for said in events if said["event"] != "created"] == [
        event("retry", task="t", tries="1"),
        event("fail", task="t"),
    ]


def test_errors_of_the_library_are_told_and_the_request_is_done():
    def play(stage):
        peer = stage.accept()
        peer.take("ECHO_REQ")
        peer.send("ERROR", code=b"NO\x01", text=b"not \xff here")
        peer.take("SUBMIT_JOB")
        peer.send("JOB_CREATED", handle=b"H:1")
        peer.ended()

    with acting(play) as servers, adapter("client", servers) as talk:
        assert talk.done("echo", data=b"") == [
            event("error", code="NO\\x01", text="ERROR NO\\x01: not \\xff here")
        ]
        events = talk.done("submit", tasks=[task("t"), task("bad", function=b"\0")], wait=1.0)
    assert [said["event"] for said in events] == ["error", "created", "error"]
    assert [said.get("code") for said in events] == ["ValueError", None, "timeout"]
    assert [said["task"] for said in events] == ["bad", "t", "t"]


def test_servers_that_cannot_be_reached_or_are_none_are_told():
    with adapter("client", [vacant()]) as talk:
        assert talk.done("submit", tasks=[task("t")]) == [event("fail", task="t")]
        (told,) = talk.done("status", handle=b"H:1")
        assert (told["event"], told["code"]) == ("error", "ServerLost")
    with adapter() as talk:
        (told,) = talk.done("connect", role="worker", servers=["there:or:there"])
        assert told["code"] == "UsageError"


def test_what_connects_again_takes_the_place_of_what_there_was(server):
    with adapter("client", [vacant()]) as talk:
        assert talk.done("submit", tasks=[task("t")]) == [event("fail", task="t")]
        assert talk.done("connect", role="worker", servers=server) == []
        assert talk.done("unregister", function=b"f") == []
        assert talk.refuses("submit", tasks=[task("u")])


def test_what_it_cannot_do_is_refused_and_nothing_of_it_is_done(server):
    with adapter() as talk:
        assert talk.refuses("make-coffee")
        assert talk.refuses("submit", tasks=[task("t")])
    with adapter("client", server) as talk:
        assert talk.refuses("make-coffee")
        assert talk.refuses("register", function=b"f", plan=[[{"fail": True}]])
        assert talk.refuses("submit", tasks=[task("t")], exceptions=True)
        assert talk.refuses("submit", tasks=[task("t"), task("u", priority="high", epoch=1)])
        assert talk.refuses("submit", tasks=[task("t", colour="red")])
        assert talk.refuses("echo", data=b"", twice=True)
    with adapter("worker", server) as talk:
        assert talk.refuses("submit", tasks=[task("t")])
        assert talk.refuses("register", function=b"f", plan=[[{"explode": True}]])
        assert talk.done("unregister", function=b"f") == []


def test_a_function_that_was_taken_back_gets_no_jobs(server):
    function = b"adapter-taken-back"
    with adapter("worker", server) as worker, adapter("client", server) as client:
        worker.done("register", function=function, plan=[[{"complete": b""}]])
        work = worker.ask("work", jobs=1, ms=30_000)
        assert client.done("submit", tasks=[task("a", function=function)])[-1] == event(
            "complete", task="a", data=b""
        )
        assert [said["event"] for said in worker.until(work)[:-1]] == ["job"]
        worker.done("unregister", function=function)
        client.done("submit", tasks=[task("b", function=function, background=True)])
        assert worker.done("work", jobs=0, ms=0) == []


@pytest.mark.parametrize("role", ["client", "worker"])
def test_quit_ends_whatever_goes_on(server, role):
    with adapter(role, server) as talk:
        if role == "client":
            begun = talk.ask("submit", tasks=[task("t", function=b"adapter-nobody")])
            talk.hear()
        else:
            talk.done("register", function=b"adapter-nobody-calls", plan=[[{"fail": True}]])
            begun = talk.ask("work", jobs=0, ms=3_600_000)
        last = talk.ask("quit")
        assert [said for said in talk.rest() if "id" in said] == [
            {"id": begun, "done": True},
            {"id": last, "done": True},
        ]


@pytest.mark.parametrize("role", ["client", "worker"])
def test_the_end_of_the_requests_ends_whatever_goes_on(server, role):
    with adapter(role, server) as talk:
        if role == "client":
            talk.ask("submit", tasks=[task("t", function=b"adapter-nobody")])
        else:
            talk.ask("work", jobs=0, ms=3_600_000)
        talk.requests.close()
        talk.rest()


@pytest.mark.parametrize("line", ["no JSON\n", "{}\n", '{"id": 1}\n', "[]\n"])
def test_a_request_that_is_none_ends_it_with_an_error(line):
    with pytest.raises((ValueError, KeyError, TypeError)):
        run(io.StringIO(line), io.StringIO())


def test_it_is_a_program_and_writes_one_ascii_line_for_each_answer():
    requests = "".join(json.dumps({"id": n, "do": do}) + "\n" for n, do in enumerate(["hello", "x", "quit"]))
    command = [sys.executable, "-m", "gearspec.peers.adapter"]
    done = subprocess.run(command, input=requests.encode(), capture_output=True, check=True, cwd=CHECKOUT)
    hello, unsupported, over = done.stdout.decode("ascii").splitlines()
    assert json.loads(hello)["contract"] == 1
    assert json.loads(unsupported) == {"id": 1, "unsupported": True}
    assert json.loads(over) == {"id": 2, "done": True}
    assert done.stderr == b""
