"""Programs under test: started, watched, stopped."""

import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gearspec.errors import UsageError
from gearspec.harness.process import HOST, Process
from gearspec.harness.process import _free_port as free_port

LISTEN = "import socket, sys, os, time, signal; s = socket.create_server(('{host}', int('{port}'))); "
SERVE = LISTEN + "c, _ = s.accept(); "


def program(code, **settings):
    return Process([sys.executable, "-c", code], **settings)


@pytest.fixture
def started():
    running = []

    def start(code, **settings):
        process = program(code, **settings)
        process.start()
        running.append(process)
        return process

    yield start
    for process in running:
        process.stop()


def wait_for_the_end(process):
    while process.ended is None:
        os.waitid(os.P_PIDFD, process.pidfd, os.WEXITED | os.WNOWAIT)
    return process.ended


def poke(process):
    with socket.create_connection((HOST, process.port)) as connection:
        connection.recv(1)
    return wait_for_the_end(process)


def test_a_started_program_listens_on_the_port_it_was_given(started):
    process = started(SERVE + "c.send(b'x'); time.sleep(60)")
    with socket.create_connection((HOST, process.port)) as connection:
        assert connection.recv(1) == b"x"
    assert process.alive
    assert process.ended is None


def test_a_program_leads_a_session_of_its_own(started):
    process = started(LISTEN + "time.sleep(60)")
    assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid


def test_arguments_reach_the_program_unchanged_by_any_shell():
    code = "import sys; print(sys.argv[1:], flush=True); " + LISTEN + "time.sleep(60)"
    process = Process([sys.executable, "-c", code, "$HOME;`id`", "{not: a place}", "{folder}"])
    process.start()
    process.stop()
    assert process.output() == str(["$HOME;`id`", "{not: a place}", str(process.folder)])


def test_a_program_has_our_variables_those_it_was_given_and_a_home_of_its_own(monkeypatch):
    monkeypatch.setenv("OURS", "1")
    names = ["OURS", "THEIRS", "HOME"]
    code = f"import os; print(*map(os.environ.get, {names}), flush=True); " + LISTEN + "time.sleep(60)"
    process = program(code, environment={"THEIRS": "{port}"})
    process.start()
    process.stop()
    assert process.output() == f"1 {process.port} {process.folder}"


def test_a_program_that_exits_is_seen_at_once_with_its_status(started):
    assert poke(started(SERVE + "sys.exit(3)")) == "exited with status 3"


def test_a_program_that_is_killed_is_told_by_the_name_of_the_signal(started):
    assert poke(started(SERVE + "os.kill(os.getpid(), signal.SIGSEGV)")) == "was killed by SIGSEGV"


def test_the_end_stays_known_after_the_program_was_stopped(started):
    process = started(SERVE + "sys.exit(3)")
    poke(process)
    process.stop()
    assert process.ended == "exited with status 3"


def test_a_program_that_was_stopped_says_so_and_leaves_no_folder(started):
    process = started(LISTEN + "time.sleep(60)")
    assert process.folder.is_dir()
    process.stop()
    assert process.ended == "was stopped"
    assert not process.folder.exists()


def test_stopping_twice_is_harmless(started):
    process = started(LISTEN + "time.sleep(60)")
    process.stop()
    process.stop()


def test_a_program_that_ignores_the_polite_signal_is_killed(started):
    process = started(LISTEN + "signal.signal(15, signal.SIG_IGN); s.accept()[0].send(b'x'); time.sleep(60)")
    with socket.create_connection((HOST, process.port)) as connection:
        connection.recv(1)
    process.scale = 0.01
    process.stop()
    assert not Path(f"/proc/{process.pid}").exists()


def test_what_a_program_started_ends_with_it(started):
    child = "import subprocess; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    process = started(LISTEN + child + "print(p.pid, flush=True); s.accept(); sys.exit()")
    with socket.create_connection((HOST, process.port)):
        wait_for_the_end(process)
    pid = int(process.output())
    child = os.pidfd_open(pid)
    process.stop()
    assert ends(child)


def ends(pidfd):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(10_000))
    finally:
        os.close(pidfd)


def test_a_program_past_its_bound_of_memory_is_killed_with_the_reason(started):
    process = started(SERVE + "b = bytearray(64 << 20); c.send(b'x'); time.sleep(60)", memory=48 << 20)
    assert poke(process) == "held more than 48 MiB of memory and was killed"


def test_a_program_is_limited_in_files_and_dumps_no_core(started):
    limits = (
        "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE), flush=True); "
    )
    process = started(limits + LISTEN + "time.sleep(60)", files=64)
    assert process.output() == "(64, 64) (0, 0)"


def test_the_output_is_escaped_and_outlives_the_program(started):
    process = started(SERVE + r"print('\x1b[2J\nlast', flush=True); sys.exit()")
    poke(process)
    process.stop()
    assert process.output() == "\\x1b[2J\nlast"


def test_only_lines_that_tell_of_a_fault_are_complaints(started):
    said = [
        "ready",
        "==7==ERROR: AddressSanitizer: heap-use-after-free",
        "x.c:3: runtime error: shift",
        "bye",
    ]
    process = started(SERVE + f"print(*{said!r}, sep=chr(10), flush=True); sys.exit()")
    poke(process)
    assert process.complaints() == said[1:3]


def test_harm_to_memory_is_told_once_and_without_numbers(started):
    process = started(SERVE + "print('x.c:3: runtime error: load of 0x7f1', flush=True)")
    assert process.harm() == ""
    poke(process)
    assert process.harm() == "x.c:N: runtime error: load of N"
    assert process.harm() == ""


def test_a_program_that_does_not_exist_is_a_fault_of_who_named_it():
    with pytest.raises(UsageError, match=r"there is no program \./no-such-program"):
        Process(["./no-such-program"]).start()


def test_a_program_that_ends_before_it_listens_is_told_with_its_last_words():
    with pytest.raises(UsageError, match="exited with status 5, before it listened: no configuration"):
        program("import sys; print('no configuration'); sys.exit(5)").start()


def test_a_program_that_never_listens_is_given_up():
    with pytest.raises(UsageError, match=r"does not listen on the port it was given within 0\.1 s"):
        program("import time; time.sleep(60)", scale=0.01).start()


def test_a_program_that_finds_its_port_taken_is_given_another(started, monkeypatch):
    taken = socket.create_server((HOST, 0))
    ports = [taken.getsockname()[1]]
    monkeypatch.setattr("gearspec.harness.process._free_port", lambda: ports.pop() if ports else free_port())
    process = started(LISTEN + "time.sleep(60)")
    assert process.port != taken.getsockname()[1]
    taken.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_starts_a_program_as_nobody_when_nobody_can_reach_it():
    perl = "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => {port}, Listen => 5); sleep 60"
    process = Process(["/usr/bin/perl", "-e", perl])
    try:
        process.start()
        assert Path(f"/proc/{process.pid}").stat().st_uid != 0
        assert process.notes == ["it runs as nobody"]
    finally:
        process.stop()


def test_a_program_dies_with_us_even_when_we_are_killed():
    code = textwrap.dedent(f"""
        import os, sys
        from gearspec.harness.guardian import GUARDIAN
        from gearspec.harness.process import Process
        process = Process([sys.executable, "-c", {LISTEN + "time.sleep(60)"!r}])
        process.start()
        print(GUARDIAN._process.pid, process.pid, process.folder, flush=True)
        sys.stdin.read()
        os.kill(os.getpid(), 9)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as us:
        guardian, program, folder = us.stdout.readline().split()
        pidfds = [os.pidfd_open(int(guardian)), os.pidfd_open(int(program))]
    assert us.returncode == -signal.SIGKILL
    assert [ends(pidfd) for pidfd in pidfds] == [True, True]
    assert not Path(folder).exists()
