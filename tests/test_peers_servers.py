"""The reference client and worker with real job servers between them."""

import threading

import pytest

from gearspec.peers.client import Client
from gearspec.peers.error import TaskException, TaskFailed
from gearspec.peers.task import Task
from gearspec.peers.worker import Worker
from gearspec.protocol.admin import Table
from tests.acting import submitted
from tests.live import started

SERVERS = ("reference", "gearmand", "perl-gearmand", "geard")
PERL = "perl-gearmand"
"""It wants a WORK_FAIL after a WORK_EXCEPTION, and sends an ERROR for GRAB_JOB_UNIQ."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with started(request.param) as instance:
        yield request.param, instance.address


@pytest.fixture
def worker(server):
    """A worker that works while the test runs."""
    name, address = server
    with Worker([address], fail_after_exception=name == PERL) as worker:
        thread = threading.Thread(target=worker.work)
        worker.register("reverse", lambda job: job.workload[::-1])
        worker.register("divide", lambda job: 1 // int(job.workload))
        worker.register("fail", lambda job: job.fail())
        thread.start()
        yield worker
        worker.stop()
        thread.join()


@pytest.fixture
def client(server):
    with Client([server[1]]) as client:
        yield client


@pytest.mark.usefixtures("worker")
def test_results_come_back_for_many_tasks_at_once(client):
    payloads = [b"", b"\0RES\0", bytes(range(256)), b"x" * 300_000, *(b"%d" % number for number in range(40))]
    tasks = [Task("reverse", payload) for payload in payloads]
    assert submitted(client, *tasks).wait(60)
    assert [task.result for task in tasks] == [payload[::-1] for payload in payloads]


@pytest.mark.usefixtures("worker")
def test_failures_are_told_and_the_worker_goes_on(client):
    for _ in range(2):
        with pytest.raises(TaskFailed, match="the worker failed"):
            client.do("fail", retry_count=1, timeout=30)
        assert client.do("divide", "1", timeout=30) == b"1"


@pytest.mark.usefixtures("worker")
def test_exceptions_are_told_to_who_asked(server, client):
    if server[0] != "geard":  # it never answers, and sends exceptions unasked
        assert client.option_request("exceptions")
    for _ in range(2):
        with pytest.raises(TaskException) as caught:
            client.do("divide", "0", timeout=30)
        assert caught.value.data.endswith(b"by zero")  # as each Python has it


def test_the_option_is_not_known_to_be_had_by_who_did_not_ask(server, client):
    if server[0] == "geard":
        pytest.skip("it sends exceptions to everybody")
    with Worker([server[1]], fail_after_exception=True) as worker:
        worker.register("raise", lambda job: 1 // len(job.workload))
        working = threading.Thread(target=worker.work, args=(2,))
        working.start()
        with pytest.raises(TaskFailed, match="the worker failed"):
            client.do("raise", timeout=30)
        assert client.do("raise", "x", timeout=30) == b"1"
        working.join()


def test_a_background_task_waits_for_a_worker(server, client):
    handle = client.submit(Task("later", "w", background=True))
    assert client.status(handle)[:3] == (handle, True, False)
    assert isinstance(client.admin("status"), Table)
    with Worker([server[1]]) as worker:
        worker.register("later", lambda job: job.status(1, 2))
        assert worker.work(jobs=1, seconds=30) == 1
    while client.status(handle).known:  # the server hears of the end on another connection
        pass


def test_a_client_whose_time_is_over_goes_on_with_the_next_task(server, client):
    with pytest.raises(TimeoutError):
        client.do("nobody", "w", timeout=0.05)
    with Worker([server[1]]) as worker:
        worker.register("somebody", lambda _: "done")
        working = threading.Thread(target=worker.work, args=(1,))
        working.start()
        assert client.do("somebody", timeout=30) == b"done"
        working.join()


@pytest.mark.parametrize("name", SERVERS)
def test_client_and_worker_go_on_with_another_server(name):
    with started(name) as first, started("reference") as second:
        servers = [first.address, second.address]
        with Worker(servers) as worker, Client(servers) as client:
            worker.register("reverse", lambda job: job.workload[::-1])
            working = threading.Thread(target=worker.work)
            working.start()
            assert client.do("reverse", "ab", timeout=30) == b"ba"
            first.stop()
            assert client.do("reverse", "cd", timeout=30) == b"dc"
            worker.stop()
            working.join()
