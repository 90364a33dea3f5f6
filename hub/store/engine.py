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
from typing import Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from protocol.errors import KimError, kim_error

BUSY_TIMEOUT_SECONDS = 30
#: A server that does not answer must not hold every thread of the hub for as long as TCP is patient.
_CONNECT_SECONDS: Final = 10
#: Key of the advisory lock that PostgreSQL's writers queue at: "KIM" in ASCII.
_WRITERS = 0x4B494D
#: PostgreSQL's states (Appendix A of its manual): a full disk, and the classes of what passes: a lost
#: connection, a transaction that has to be repeated, too few resources, an operator's intervention.
_DISK_FULL: Final = "53100"
_PASSING_CLASSES: Final = frozenset({"08", "40", "53", "57"})
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
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        # A server that was started anew is noticed before a request meets a dead connection.
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": _CONNECT_SECONDS},
        )
        event.listen(engine, "begin", _begin_postgresql)
    return engine


@contextmanager
def translated_faults() -> Iterator[None]:
    """Raise faults that pass by themselves as `storage_full` or `busy`.

    Nothing of the transaction is kept; only where the connection was lost during the commit itself can nobody
    here know. Every request and every job is repeated in either case, and finds what is there.
    """
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        passing = _passing_fault(error.orig if isinstance(error, OperationalError) else error)
        if passing is None:
            raise
        raise passing from None


def _passing_fault(fault: BaseException | None) -> KimError | None:
    if isinstance(fault, sqlite3.Error):
        result = fault.sqlite_errorcode & 0xFF  # without the extension bits
        if result == sqlite3.SQLITE_FULL:
            return kim_error("storage_full")
        return kim_error("busy") if result in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else None
    # PostgreSQL: no state at all where nobody answered, or nobody any more.
    state = getattr(fault, "sqlstate", None)
    if state == _DISK_FULL:
        return kim_error("storage_full")
    return kim_error("busy") if state is None or state[:2] in _PASSING_CLASSES else None


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
    else:
        # As on SQLite: all that a reader asks is answered by one state of the database.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _begin_sqlite(connection: sa.Connection) -> None:
    # To the driver itself: SQLAlchemy takes longer to pass such a word on than SQLite to do what it says.
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("this engine speaks to SQLite by the driver of the standard library")
    kind = connection.get_execution_options().get("writes")
    if kind:
        # Connections are shared by a pool and keep what was set last.
        level = "NORMAL" if kind is WriteKind.PASSING else "FULL"
        if connection.info.get(_LEVEL, "FULL") != level:
            driver.execute(f"PRAGMA synchronous = {level}")
            connection.info[_LEVEL] = level
    driver.execute(f"BEGIN {'IMMEDIATE' if kind else 'DEFERRED'}")
