"""A private Redis, which keeps nothing: whoever kills it has lost every message."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.servers import free_port, give_to_unprivileged, program, start_server

_PACKAGE = "redis-server"


class Redis:
    """A server on a port of its own."""

    def __init__(self, home: Path) -> None:
        self._program = program(_PACKAGE, _PACKAGE)
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        give_to_unprivileged(home)
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        with (self._home / "log").open("ab") as log:
            command = (self._program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "",
                       "--appendonly", "no", "--dir", str(self._home))  # fmt: skip
            self._process = start_server(command, home=self._home, log=log)
        process = self._process
        assert_soon(lambda: process.poll() is not None or self.ask("PING") == "+PONG", "Redis answers")
        assert process.poll() is None, (self._home / "log").read_text()

    def kill(self) -> None:
        """`kill -9`: all messages are gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)

    def hold(self) -> None:
        """Let it accept connections and answer nobody, until :meth:`kill`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def waiting(self) -> int:
        """How many messages lie in the hub's queue."""
        return int(self.ask("LLEN kim-hub").removeprefix(":"))

    def ask(self, command: str) -> str:
        """Return the first line of the answer to a command, or nothing."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS) as connection:
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(4096).decode().partition("\r\n")[0]
        except OSError:
            return ""

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


@contextmanager
def a_redis() -> Iterator[Redis]:
    """Run a server that the test may kill."""
    with tempfile.TemporaryDirectory(prefix="kim-redis-", dir="/tmp") as home:
        server = Redis(Path(home))
        try:
            yield server
        finally:
            server.stop()
