"""A real Redis, on a port that the system picks."""

import shutil
import socket
import subprocess

TRIES = 5
"""How often, since somebody else may take the port before it does."""


class RedisServer:
    """One that keeps nothing on disk."""

    def __init__(self, folder):
        assert any(self._start(folder) for _ in range(TRIES)), "redis-server does not start"

    def _start(self, folder):
        program = shutil.which("redis-server")
        assert program, "apt-get install redis-server"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}/0"
        options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen(
            [program, *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if any("Ready to accept connections" in line for line in self._process.stdout):
            return True
        self.stop()
        return False

    def stop(self):
        self._process.terminate()
        self._process.stdout.close()
        self._process.wait()
