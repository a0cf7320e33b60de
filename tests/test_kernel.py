"""What Linux says of processes, checked on ourselves and on children."""

import os
import socket
import subprocess
import sys

from gearspec.harness.kernel import family, listens, resident, spent

NOBODY = 2**22 + 1  # above the largest process id of Linux


def test_a_process_is_of_its_own_family_and_so_are_its_children():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert {os.getpid(), child.pid} <= set(family(os.getpid()))
        assert family(child.pid) == [child.pid]


def test_memory_counts_what_a_child_holds():
    code = "import sys; b = bytearray(64 << 20); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        assert resident(os.getpid()) - resident(child.pid) > 0
        assert resident(child.pid) > 64 << 20


def test_time_on_a_processor_is_told_of_each_thread_of_a_process_and_its_children():
    code = """if True:
        import sys, threading, time
        def work():
            while time.thread_time() < 0.1:
                pass
        worker = threading.Thread(target=lambda: [work(), print(flush=True), sys.stdin.read()])
        worker.start()
    """
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        alone = spent(child.pid)
        assert len(alone) == 2
        assert sorted(alone.values())[1] > 0.09
        assert alone.keys() < spent(os.getpid()).keys()


def test_a_process_that_is_gone_holds_nothing_and_listens_nowhere():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert resident(NOBODY) == 0
        assert spent(NOBODY) == {}
        assert not listens(NOBODY, server.getsockname()[1])


def test_listening_is_seen_on_either_family_of_addresses():
    for kind, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.create_server((host, 0), family=kind) as server:
            assert listens(os.getpid(), server.getsockname()[1])


def test_a_port_that_is_only_bound_is_not_listened_on():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert not listens(os.getpid(), bound.getsockname()[1])


def test_a_stranger_who_listens_is_not_taken_for_the_process():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child,
    ):
        assert not listens(child.pid, server.getsockname()[1])


def test_a_process_that_goes_while_it_is_looked_at_is_gone(monkeypatch):
    def vanish(*_):
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.glob", vanish)
    assert family(os.getpid()) == [os.getpid()]
    assert spent(os.getpid()) == {}
