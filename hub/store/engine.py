"""The engine: SQLite as a durable, concurrent store, or PostgreSQL, with the same statements.

SQLite runs in WAL mode with `synchronous=FULL` (a commit that was answered survives a power cut), foreign
keys on and a busy timeout. Writers take the write lock when they begin (`BEGIN IMMEDIATE`): a transaction
that starts as a reader and wants to write later could not wait for another writer, it would fail at once
with "database is locked".
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from protocol.errors import kim_error

BUSY_TIMEOUT_SECONDS = 30
#: Key of the advisory lock that PostgreSQL's writers queue at: "KIM" in ASCII.
_WRITERS = 0x4B494D
#: Where a connection remembers how durable its commits are now.
_LEVEL = "kim.synchronous"


class WriteKind(StrEnum):
    """What a commit promises.

    `durable`: it survives a power cut, and what was read in it stays true until then. `passing`: the last
    ones may be forgotten in a power cut, and only the database's own constraints hold between writers: for
    what matters for minutes.
    """

    DURABLE = "durable"
    PASSING = "passing"


def make_engine(url: str) -> sa.Engine:
    """Return an engine for `url`; on SQLite with the durability settings above.

    Args:
        url: SQLAlchemy URL, e.g. `sqlite:////var/lib/kim/hub.sqlite` or `postgresql+psycopg://…`.
    """
    engine = sa.create_engine(url, hide_parameters=True, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin_postgresql)
    return engine


@contextmanager
def translated_faults() -> Iterator[None]:
    """Raise faults that pass by themselves as `storage_full` or `busy`; nothing of the transaction is kept.

    SQLite tells them by result code; other databases' faults stay what they are.
    """
    try:
        yield
    except OperationalError as error:
        result = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # without the extension bits
        if result == sqlite3.SQLITE_FULL:
            raise kim_error("storage_full") from None
        if result in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise kim_error("busy") from None
        raise


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Python's driver would begin transactions on its own, and deferred; the "begin" event does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -32768",
        "mmap_size = 1073741824",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_postgresql(connection: sa.Connection) -> None:
    # One writer at a time, as on SQLite: what a use case has read stays true until it commits. The writes of
    # this hub are few and short; what is long (decoding, merging) happens outside of them.
    kind = connection.get_execution_options().get("writes")
    if kind is WriteKind.PASSING:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    elif kind:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _begin_sqlite(connection: sa.Connection) -> None:
    kind = connection.get_execution_options().get("writes")
    if kind:
        # Connections are shared by a pool and keep what was set last.
        level = "NORMAL" if kind is WriteKind.PASSING else "FULL"
        if connection.info.get(_LEVEL, "FULL") != level:
            connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
            connection.info[_LEVEL] = level
    connection.exec_driver_sql(f"BEGIN {'IMMEDIATE' if kind else 'DEFERRED'}")
