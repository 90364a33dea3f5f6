"""A private PostgreSQL server, which can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.servers import (
    ADMIN_PASSWORD,
    PASSWORD,
    UNPRIVILEGED,
    DatabaseServer,
    free_port,
    give_to_unprivileged,
    program,
    start_server,
)

_PACKAGE = "postgresql"
_LIBRARY = Path("/usr/lib/postgresql")


class Postgresql:
    """A server in a folder of its own, with a user `kim` who owns nothing yet."""

    def __init__(self, home: Path) -> None:
        folders = sorted(_LIBRARY.glob("*/bin"), reverse=True)
        initdb, self._postgres = (program(name, _PACKAGE, *folders) for name in ("initdb", "postgres"))
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        secret = home / "secret"
        secret.write_text(ADMIN_PASSWORD, encoding="utf-8")
        for path in (home, secret):
            give_to_unprivileged(path)
        _run(
            *(initdb, "-D", home / "data", "--no-sync", "-U", "admin", "-A", "scram-sha-256"),
            *(f"--pwfile={secret}", "-E", "UTF8", "--locale=C"),
        )
        self.start()
        password = sql.Literal(PASSWORD)
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE USER kim PASSWORD {}").format(password))

    def start(self) -> None:
        """Start it, and wait until it answers; what a killed one had committed is there again."""
        options: dict[str, str | int] = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": self.port,
            "fsync": "off",  # what a killed process has written is the operating system's, and is kept
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._home / "log").open("ab") as log:
            command: tuple[str | Path, ...] = (self._postgres, "-D", self._home / "data", *settings)
            self._process = start_server(command, home=self._home, log=log, leads_group=True)
        process = self._process
        assert_soon(lambda: process.poll() is not None or self._answers(), "PostgreSQL answers")
        assert process.poll() is None, (self._home / "log").read_text()

    def kill(self) -> None:
        """`kill -9` for the server and for all that works for its sessions."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """Stop it; sessions that are open are ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE_SECONDS)

    def create(self, database: str, *, owner: str = "admin", like: str = "template1") -> str:
        """Create a database as a copy of another; return its SQLAlchemy URL for `kim`, with the password."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        names = (sql.Identifier(name) for name in (database, owner, like))
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(statement.format(*names))
        return f"postgresql+psycopg://kim:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    @property
    def _conninfo(self) -> str:
        return psycopg.conninfo.make_conninfo(
            host="127.0.0.1", port=self.port, user="admin", dbname="postgres", password=ADMIN_PASSWORD
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._conninfo).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def a_postgresql() -> Iterator[Postgresql]:
    """Run a server that the test may kill."""
    with tempfile.TemporaryDirectory(prefix="kim-pg-", dir="/tmp") as home:
        server = Postgresql(Path(home))
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_postgresql() -> Iterator[DatabaseServer]:
    """Run a server with a database `faelle` and a user `kim` who owns nothing."""
    with a_postgresql() as server:
        server.create("faelle")
        where = f"127.0.0.1:{server.port}/faelle"
        admin = f"postgresql+psycopg://admin:{ADMIN_PASSWORD}@{where}"
        yield DatabaseServer(f"postgresql://kim@{where}", admin, "127.0.0.1", server.port)


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=UNPRIVILEGED,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
