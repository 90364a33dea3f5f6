"""The tables of the journal (SQLite) and how they are opened.

WAL with ``synchronous=FULL``: a commit that returned survives a power cut. The schema's version stands in
``PRAGMA user_version``; a database of another version is refused, never guessed at.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.texts import Text

SCHEMA_VERSION: Final = 1

_DDL: Final = """
-- Whose journal this is; one row.
CREATE TABLE owner (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    node  TEXT NOT NULL,
    area  TEXT NOT NULL
) STRICT;

CREATE TABLE delivery (
    number            INTEGER PRIMARY KEY AUTOINCREMENT,
    statement_id      TEXT NOT NULL UNIQUE,
    dataset           TEXT NOT NULL,
    period            TEXT NOT NULL,
    revision          INTEGER NOT NULL CHECK (revision >= 1),
    envelope_sha256   TEXT NOT NULL,
    payload_sha256    TEXT NOT NULL,
    audience          TEXT NOT NULL,
    catalogue_sha256  TEXT NOT NULL,
    grid_sha256       TEXT NOT NULL,
    software          TEXT NOT NULL,
    min_contributors  INTEGER NOT NULL,
    cells             INTEGER NOT NULL,
    withheld          INTEGER NOT NULL,
    sensitive         INTEGER NOT NULL,
    verdict           TEXT NOT NULL,
    state             TEXT NOT NULL,
    code              TEXT,
    created           TEXT NOT NULL,
    changed           TEXT NOT NULL
) STRICT;

-- One delivery of a revision may be under way or in force; failed ones stay as history.
CREATE UNIQUE INDEX delivery_in_force ON delivery (dataset, period, revision)
    WHERE state NOT IN ('refused', 'rejected');

-- True values. They stay in this file; see node.journal.
CREATE TABLE ledger (
    number         INTEGER PRIMARY KEY REFERENCES delivery (number),
    cell_values    BLOB NOT NULL,
    withheld_mask  BLOB NOT NULL
) STRICT;

CREATE TABLE delivery_event (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    number    INTEGER NOT NULL REFERENCES delivery (number),
    at        TEXT NOT NULL,
    state     TEXT NOT NULL,
    code      TEXT
) STRICT;

CREATE TRIGGER delivery_event_is_history BEFORE UPDATE ON delivery_event
BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER delivery_event_stays BEFORE DELETE ON delivery_event
BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the journal's database, making it if it does not exist.

    Args:
        path: the database file; made readable for this user only.

    Returns:
        A connection in autocommit mode; transactions are explicit.

    Raises:
        KimError: ``spool_damaged`` if the file is damaged or of another version.
    """
    # SQLite gives its -wal and -shm files the mode of the database: the mode is set before it opens.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        _bring_to_version(connection)
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise _damaged()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise database_error(error) from error
    except KimError:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def _bring_to_version(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        # One transaction: a crash leaves either nothing or all of it.
        connection.executescript(f"BEGIN IMMEDIATE; {_DDL} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION:
        raise kim_error(
            "spool_damaged",
            Text(
                "Das Journal stammt von einer anderen Fassung von kim-node.",
                "The journal was written by another version of kim-node.",
            ),
        )


def database_error(error: sqlite3.DatabaseError) -> KimError:
    """Tell a full disk from a damaged database."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return kim_error("storage_full")
    return _damaged()


def _damaged() -> KimError:
    return kim_error(
        "spool_damaged",
        Text("Die Datenbank des Journals ist nicht lesbar.", "The database of the journal cannot be read."),
    )
