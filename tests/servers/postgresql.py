"""A private PostgreSQL server."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.factories.patience import PATIENCE_SECONDS, assert_soon
from tests.servers import (
    ADMIN_PASSWORD,
    PASSWORD,
    UNPRIVILEGED,
    DatabaseServer,
    free_port,
    give_to_unprivileged,
    program,
)

_PACKAGE = "postgresql"
_LIBRARY = Path("/usr/lib/postgresql")


@contextmanager
def running_postgresql() -> Iterator[DatabaseServer]:
    """Run a server with a database `faelle` and a user `kim` who owns nothing."""
    folders = sorted(_LIBRARY.glob("*/bin"), reverse=True)
    initdb, postgres = (program(name, _PACKAGE, *folders) for name in ("initdb", "postgres"))
    with tempfile.TemporaryDirectory(prefix="kim-pg-", dir="/tmp") as home:
        data, secret = Path(home) / "data", Path(home) / "secret"
        secret.write_text(ADMIN_PASSWORD, encoding="utf-8")
        for path in (Path(home), secret):
            give_to_unprivileged(path)
        _run(
            *(initdb, "-D", data, "--no-sync", "-U", "admin", "-A", "scram-sha-256"),
            *(f"--pwfile={secret}", "-E", "UTF8", "--locale=C"),
        )
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": port,
            "fsync": "off",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = (Path(home) / "log").open("wb")
        server = subprocess.Popen(
            [postgres, "-D", data, *settings], stdout=log, stderr=log, user=UNPRIVILEGED, cwd=home
        )
        try:
            where = f"127.0.0.1:{port}"
            admin = f"postgresql+psycopg://admin:{ADMIN_PASSWORD}@{where}"
            assert_soon(lambda: server.poll() is not None or _answers(port), "PostgreSQL answers")
            assert server.poll() is None, (Path(home) / "log").read_text()
            with psycopg.connect(_conninfo(port), autocommit=True) as connection:
                connection.execute("CREATE DATABASE faelle")
                connection.execute(
                    psycopg.sql.SQL("CREATE USER kim PASSWORD {}").format(psycopg.sql.Literal(PASSWORD))
                )
            yield DatabaseServer(f"postgresql://kim@{where}/faelle", f"{admin}/faelle", "127.0.0.1", port)
        finally:
            server.send_signal(signal.SIGINT)  # "fast": sessions that are open are ended
            server.wait(PATIENCE_SECONDS)
            log.close()


def _conninfo(port: int) -> str:
    return psycopg.conninfo.make_conninfo(
        host="127.0.0.1", port=port, user="admin", dbname="postgres", password=ADMIN_PASSWORD
    )


def _answers(port: int) -> bool:
    try:
        psycopg.connect(_conninfo(port)).close()
    except psycopg.OperationalError:
        return False
    return True


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
