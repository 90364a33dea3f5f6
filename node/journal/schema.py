"""The tables of the journal (SQLite) and how they are opened.

WAL with ``synchronous=FULL``: a commit that returned survives a power cut. The schema's version stands in
``PRAGMA user_version``; a database of an older version is brought up step by step, a new one goes through the
same steps, and one of a later version is refused, never guessed at.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from node.durable_files import journal_error
from node.failpoints import passing
from node.journal.ledger_table import Ledger
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_FIRST: Final = """
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


_SECOND: Final = """
-- Whose figures they are: the node's own area, or that of a joint authority it delivers for.
ALTER TABLE delivery ADD COLUMN area TEXT NOT NULL DEFAULT '';
UPDATE delivery SET area = (SELECT area FROM owner);

DROP INDEX delivery_in_force;
CREATE UNIQUE INDEX delivery_in_force ON delivery (area, dataset, period, revision)
    WHERE state NOT IN ('refused', 'rejected');

-- What disclosure control has to know beside the values; int64 little-endian, `collected` one byte per cell.
ALTER TABLE ledger ADD COLUMN collected BLOB NOT NULL DEFAULT x'';
ALTER TABLE ledger ADD COLUMN contributors BLOB NOT NULL DEFAULT x'';
ALTER TABLE ledger ADD COLUMN largest BLOB NOT NULL DEFAULT x'';
ALTER TABLE ledger ADD COLUMN second BLOB NOT NULL DEFAULT x'';
ALTER TABLE ledger ADD COLUMN gross BLOB NOT NULL DEFAULT x'';

-- What the last run could not deliver and why; replaced by every run that looks at the same figures.
CREATE TABLE staying (
    area           TEXT NOT NULL,
    dataset        TEXT NOT NULL,
    period         TEXT NOT NULL,
    decision       TEXT NOT NULL,
    code           TEXT,
    changed_cells  INTEGER NOT NULL,
    since          TEXT NOT NULL,
    PRIMARY KEY (area, dataset, period)
) STRICT;
"""


_FOURTH: Final = """
-- What somebody decided about a correction, and at which cost. `figures` is a keyed fingerprint, no digest.
CREATE TABLE correction_choice (
    sequence       INTEGER PRIMARY KEY AUTOINCREMENT,
    area           TEXT NOT NULL,
    dataset        TEXT NOT NULL,
    period         TEXT NOT NULL,
    option         TEXT NOT NULL,
    until          TEXT,
    figures        TEXT,
    further_cells  INTEGER NOT NULL,
    decided_by     TEXT NOT NULL,
    at             TEXT NOT NULL
) STRICT;

CREATE TRIGGER correction_choice_is_history BEFORE UPDATE ON correction_choice
BEGIN SELECT RAISE(ABORT, 'choices are only added'); END;
CREATE TRIGGER correction_choice_stays BEFORE DELETE ON correction_choice
BEGIN SELECT RAISE(ABORT, 'choices are only added'); END;
"""


def _to_first(connection: sqlite3.Connection, ledger: Ledger) -> None:  # noqa: ARG001 - as all steps
    _run(connection, _FIRST)


def _to_second(connection: sqlite3.Connection, ledger: Ledger) -> None:  # noqa: ARG001 - as all steps
    _run(connection, _SECOND)
    # Until now everything delivered was a plain count that the municipality collects.
    for number, values in connection.execute("SELECT number, cell_values FROM ledger").fetchall():
        connection.execute(
            "UPDATE ledger SET collected = ?, contributors = ?, largest = ?, second = ?, gross = ? "
            "WHERE number = ?",
            (bytes([1]) * (len(values) // 8), values, bytes(len(values)), bytes(len(values)), values, number),
        )


def _to_third(connection: sqlite3.Connection, ledger: Ledger) -> None:
    """Encrypt what was kept in the open."""
    connection.row_factory = sqlite3.Row
    ledger.seal_plain(connection)
    connection.row_factory = None


def _to_fourth(connection: sqlite3.Connection, ledger: Ledger) -> None:  # noqa: ARG001 - as all steps
    _run(connection, _FOURTH)


def _to_fifth(connection: sqlite3.Connection, ledger: Ledger) -> None:  # noqa: ARG001 - as all steps
    # What is sent where the table is sealed; else it is the table itself.
    connection.execute("ALTER TABLE delivery ADD COLUMN sent_sha256 TEXT")


_STEPS: Final[tuple[Callable[[sqlite3.Connection, Ledger], None], ...]] = (
    _to_first,
    _to_second,
    _to_third,
    _to_fourth,
    _to_fifth,
)
SCHEMA_VERSION: Final = len(_STEPS)


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run statements one by one: ``executescript`` would commit the transaction around them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def open_database(path: Path, ledger: Ledger) -> sqlite3.Connection:
    """Open the journal's database, making it if it does not exist.

    Args:
        path: the database file; made readable for this user only.
        ledger: seals what an older version kept in the open.

    Returns:
        A connection in autocommit mode; transactions are explicit.

    Raises:
        KimError: ``spool_damaged`` if the file is damaged or of another version; as :func:`transaction`.
    """
    # SQLite gives its -wal and -shm files the mode of the database: the mode is set before it opens.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        # What is deleted is overwritten: no figure that was once kept in the open stays in an unused page ...
        connection.execute("PRAGMA secure_delete=ON")
        if _bring_to_version(connection, ledger):
            # ... nor in the log of pages before.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
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


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write all of it or nothing.

    Raises:
        KimError: ``storage_full``, ``spool_damaged``; ``node_locked`` if another command is writing for long;
            ``cannot_write`` if this user may not.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            passing("journal.write")
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except OSError as error:
        raise journal_error(error) from error
    except sqlite3.DatabaseError as error:
        raise database_error(error) from error


def _bring_to_version(connection: sqlite3.Connection, ledger: Ledger) -> bool:
    """Take the steps that are missing; return whether there were any."""
    if _version(connection) > SCHEMA_VERSION:
        raise kim_error(
            "spool_damaged",
            Text(
                "Das Journal stammt von einer neueren Fassung von kim-node.",
                "The journal was written by a later version of kim-node.",
            ),
        )
    if _version(connection) == SCHEMA_VERSION:
        return False
    # One transaction: a crash leaves either nothing or all of it.
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again: another process may have been faster.
        for step in _STEPS[_version(connection) :]:
            step(connection, ledger)
        passing("journal.migrated")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return True


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def database_error(error: sqlite3.DatabaseError) -> KimError:
    """Tell a full disk, a database in use and one that is not this user's from a damaged one."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extension bits
    if code == sqlite3.SQLITE_FULL:
        return kim_error("storage_full")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return kim_error("node_locked")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return kim_error(
            "cannot_write",
            Text(
                "In die Datenbank des Journals darf dieser Benutzer nicht schreiben.",
                "This user may not write to the database of the journal.",
            ),
        )
    return _damaged()


def _damaged() -> KimError:
    return kim_error(
        "spool_damaged",
        Text("Die Datenbank des Journals ist nicht lesbar.", "The database of the journal cannot be read."),
    )
