"""Connects to a database through SQLAlchemy: what each server needs for one read-only view of its data.

Invariant: the password comes from its file and goes into the connection only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from node.settings import SourceSpec
from node.sources.database.password_file import read_password
from node.sources.database.refusals import Stage
from protocol.errors import KimError, kim_error
from protocol.texts import Text

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_CONNECT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class _Server:
    """What a kind of database needs.

    Attributes:
        driver: the driver that is used unless the address names one.
        extra: what to install for it, or None if nothing is needed.
        connect: arguments of the driver's connect.
        execution: options of SQLAlchemy for one view of the data, read-only.
        first: statements that open the transaction where options do not reach.
    """

    driver: str
    extra: str | None
    connect: Mapping[str, Any]
    execution: Mapping[str, Any]
    first: tuple[str, ...] = ()


_MYSQL: Final = _Server(
    "pymysql",
    "mariadb",
    {"connect_timeout": _CONNECT_SECONDS},
    {"isolation_level": "REPEATABLE READ"},
    ("SET TRANSACTION READ ONLY",),
)
_SERVERS: Final[Mapping[str, _Server]] = {
    "postgresql": _Server(
        "psycopg",
        "postgresql",
        {"connect_timeout": _CONNECT_SECONDS},
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    ),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": _Server("pysqlite", None, {}, {}, ("BEGIN",)),
    "mssql": _Server(
        "pyodbc", "mssql", {"timeout": _CONNECT_SECONDS}, {"isolation_level": "REPEATABLE READ"}
    ),
    "oracle": _Server(
        "oracledb", "oracle", {"tcp_connect_timeout": _CONNECT_SECONDS}, {}, ("SET TRANSACTION READ ONLY",)
    ),
}


@contextmanager
def connection(spec: SourceSpec, stage: Stage, *, batch_rows: int) -> Iterator[Connection]:
    """Connect and begin a read-only transaction with one view of the data.

    Args:
        spec: address and password file.
        stage: tells where something went wrong.
        batch_rows: rows that the driver holds at a time.

    Yields:
        The connection; closed, like all that belongs to it, at the end of the block.

    Raises:
        KimError: ``config_invalid``, ``driver_missing``, ``password_unreadable``.
    """
    engine = _engine(spec, stage, batch_rows)
    try:
        with engine.connect() as connected:
            server = _server(engine.url)
            for statement in server.first:
                connected.exec_driver_sql(statement)
            yield connected
    finally:
        engine.dispose()


def _engine(spec: SourceSpec, stage: Stage, batch_rows: int) -> Engine:
    # Imported here: a node that reads files does not wait for it.
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    try:
        url = _url(spec)
        server = _server(url)
    except (ArgumentError, LookupError, ValueError):
        raise _bad_address(spec) from None
    connect = dict(server.connect)
    if spec.password_file is not None:
        password = read_password(spec.password_file)
        if url.get_driver_name() == "pymysql":  # takes text for Latin-1, which no server stores
            connect["password"] = password.encode()
        else:
            url = url.set(password=password)
    options = dict(server.execution) | {"stream_results": True, "max_row_buffer": batch_rows}
    try:
        return create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=connect,
            execution_options=options,
        )
    except (ImportError, NoSuchModuleError):
        raise stage.driver_missing(server.extra) from None
    except ArgumentError:
        raise _bad_address(spec) from None


def _url(spec: SourceSpec) -> URL:
    from sqlalchemy import make_url  # noqa: PLC0415

    url = make_url(spec.url or "")
    backend = url.get_backend_name()
    server = _SERVERS[backend]
    if backend == "sqlite":
        # SQLite would make a file that is not there.
        return url.set(
            drivername="sqlite",
            database=f"file:{quote(url.database or '')}",
            query={"mode": "ro", "uri": "true"},
        )
    return url if "+" in url.drivername else url.set(drivername=f"{backend}+{server.driver}")


def _server(url: URL) -> _Server:
    return _SERVERS[url.get_backend_name()]


def _bad_address(spec: SourceSpec) -> KimError:
    known = ", ".join(_SERVERS)
    where = f"[sources.{spec.name}] url"
    return kim_error(
        "config_invalid",
        Text(
            f"{where} ist keine Adresse, die gelesen werden kann; möglich sind {known}.",
            f"{where} is no address that can be read; possible are {known}.",
        ),
        pointer=f"/sources/{spec.name}/url",
    )
