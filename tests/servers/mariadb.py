"""A private MariaDB server."""

from __future__ import annotations

import getpass
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql

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

_PACKAGE = "mariadb-server-core"
_FOLDERS = (Path("/usr/sbin"), Path("/usr/bin"))


@contextmanager
def running_mariadb() -> Iterator[DatabaseServer]:
    """Run a server with a database `faelle` and a user `kim` who has no rights yet."""
    install, mariadbd = (program(name, _PACKAGE, *_FOLDERS) for name in ("mariadb-install-db", "mariadbd"))
    with tempfile.TemporaryDirectory(prefix="kim-maria-", dir="/tmp") as home:
        data = Path(home) / "data"
        give_to_unprivileged(Path(home))
        user = UNPRIVILEGED or getpass.getuser()
        _run(
            install,
            *("--no-defaults", f"--datadir={data}", f"--user={user}", "--skip-test-db", "--skip-log-bin"),
            "--auth-root-authentication-method=normal",
        )
        port = free_port()
        log = (Path(home) / "log").open("wb")
        server = start_server(
            [mariadbd, "--no-defaults", f"--datadir={data}", "--bind-address=127.0.0.1", f"--port={port}",
             f"--socket={home}/s", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0",
             "--character-set-server=utf8mb4", "--skip-name-resolve"],
            home=Path(home), log=log,
        )  # fmt: skip
        try:
            assert_soon(lambda: server.poll() is not None or _answers(f"{home}/s"), "MariaDB answers")
            assert server.poll() is None, (Path(home) / "log").read_text()
            with (
                pymysql.connect(unix_socket=f"{home}/s", user="root") as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("CREATE DATABASE faelle")
                cursor.execute("CREATE USER kim@'127.0.0.1' IDENTIFIED BY %s", (PASSWORD,))
                cursor.execute("CREATE USER admin@'127.0.0.1' IDENTIFIED BY %s", (ADMIN_PASSWORD,))
                cursor.execute("GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION")
            where = f"127.0.0.1:{port}/faelle"
            admin = f"mariadb+pymysql://admin:{ADMIN_PASSWORD}@{where}"
            yield DatabaseServer(f"mariadb://kim@{where}", admin, "127.0.0.1", port)
        finally:
            server.terminate()
            server.wait(PATIENCE_SECONDS)
            log.close()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
