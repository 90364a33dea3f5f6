"""The encrypted ledger: the true figures behind each delivery, one sealed row each, chained.

Each row is sealed together with its place (which delivery of which area) and with the row before it. So a row
that is altered, exchanged, moved or left out does not open, nor does the one behind it. That the newest rows
are missing, because an old backup was restored, shows beside the key: a mark there says which was the last.
(If all of it is restored together, the hub knows: protocol 2.7.)

It deliberately interprets no figures.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

from node.durable_files import journal_error, replace_private_file
from node.failpoints import passing
from node.journal.ledger_keys import (
    LedgerKeys,
    create_ledger_keys,
    load_ledger_keys,
    replace_ledger_keys,
)
from node.journal.records import LedgerFigures
from protocol.errors import kim_error
from protocol.texts import Text

TABLE: Final = """
CREATE TABLE ledger (
    number  INTEGER PRIMARY KEY REFERENCES delivery (number),
    key     TEXT NOT NULL,
    sealed  BLOB NOT NULL
) STRICT;
"""

_NAMES: Final = tuple(field.name for field in fields(LedgerFigures))
_PLAIN: Final = ("collected", "contributors", "largest", "second", "gross")
"""What was kept in the open beside the values, before figures were sealed."""

_LENGTH: Final = 8
_TAG_BYTES: Final = 16
_SEALED: Final = (
    "SELECT delivery.number, statement_id, dataset, period, area, revision, key, sealed "
    "FROM delivery LEFT JOIN ledger ON ledger.number = delivery.number"
)


_WHOLE: Final = (
    "SELECT delivery.number, statement_id, ledger.number AS sealed "
    "FROM delivery LEFT JOIN ledger ON ledger.number = delivery.number ORDER BY delivery.number"
)


class Ledger:
    """Reads and writes the sealed rows of one journal; the caller holds the transaction."""

    def __init__(self, key_file: Path) -> None:
        """Use the keys in this file; it is read, or made, when it is needed first."""
        self._key_file = key_file
        self._mark_file = key_file.with_suffix(".mark")
        self._keys: LedgerKeys | None = None
        self._whole = False

    def keys(self, *, make: bool) -> LedgerKeys:
        """Return the keys.

        Args:
            make: whether to make a key if there is none: right only as long as nothing is sealed.

        Raises:
            KimError: ``ledger_key_missing``, ``key_unreadable``; ``storage_full``.
        """
        if self._keys is None:
            new = make and not self._key_file.exists()
            self._keys = (create_ledger_keys if new else load_ledger_keys)(self._key_file)
        return self._keys

    def write(
        self, connection: sqlite3.Connection, number: int, figures: LedgerFigures, withheld_mask: bytes
    ) -> None:
        """Seal the figures behind a delivery that is in the journal already, behind all others."""
        if not self._whole:
            self.require_whole(connection, but=number)
        empty = connection.execute("SELECT 1 FROM ledger LIMIT 1").fetchone() is None
        keys = self.keys(make=empty)
        row = connection.execute(f"{_SEALED} WHERE delivery.number = ?", (number,)).fetchone()
        place = _place(row, _tag_before(connection, number))
        sealed = keys.seal(_packed(figures, withheld_mask), place=place)
        connection.execute(
            "INSERT INTO ledger (number, key, sealed) VALUES (?, ?, ?)", (number, keys.current, sealed)
        )

    def read(self, connection: sqlite3.Connection, number: int) -> tuple[LedgerFigures, bytes]:
        """Open the figures behind a delivery.

        Returns:
            The figures, and the mask of withheld cells.

        Raises:
            KimError: ``ledger_damaged``, ``ledger_key_missing``, ``key_unreadable``.
        """
        row = connection.execute(f"{_SEALED} WHERE delivery.number = ?", (number,)).fetchone()
        return _unpacked(self._opened(row, _tag_before(connection, number)))

    def require_whole(self, connection: sqlite3.Connection, *, but: int | None = None) -> None:
        """Make sure that no figures are missing, at the end either; needed before anything new is protected.

        Args:
            connection: the journal.
            but: a delivery whose figures are about to be written.

        Raises:
            KimError: ``ledger_damaged``; ``ledger_outdated`` if the journal is older than the mark beside the
                key.
        """
        rows = connection.execute(_WHOLE).fetchall()
        if any(row["sealed"] is None and row["number"] != but for row in rows):
            raise kim_error("ledger_damaged")
        self._require_newest([row["statement_id"] for row in rows if row["number"] != but])
        self._whole = True

    def _require_newest(self, statements: list[str]) -> None:
        try:
            mark = json.loads(self._mark_file.read_bytes())
            count, last = int(mark["deliveries"]), str(mark["last"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError):
            raise kim_error("ledger_damaged", _bad_mark(self._mark_file)) from None
        if count > len(statements) or (count and statements[count - 1] != last):
            raise kim_error("ledger_outdated")

    def mark(self, connection: sqlite3.Connection) -> None:
        """Write down beside the key which delivery is the last.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        last = connection.execute("SELECT statement_id FROM delivery ORDER BY number DESC LIMIT 1").fetchone()
        (count,) = connection.execute("SELECT count(*) FROM delivery").fetchone()
        if last is None:
            return
        passing("ledger.mark")
        content = json.dumps({"deliveries": count, "last": last["statement_id"]})
        try:
            replace_private_file(self._mark_file, content.encode("ascii"))
        except OSError as error:
            raise journal_error(error) from error

    def fingerprint(self, figures: LedgerFigures) -> str:
        """Return what figures are recognised by, as long as the key stays the same.

        Raises:
            KimError: ``ledger_key_missing``, ``key_unreadable``.
        """
        return self.keys(make=False).fingerprint(_packed(figures, b""))

    def begin_rotation(self) -> None:
        """Make a new key and keep it beside the old ones, before anything is written with it.

        Raises:
            KimError: ``ledger_key_missing``, ``key_unreadable``, ``storage_full``.
        """
        renewed = self.keys(make=False).renewed()
        replace_ledger_keys(self._key_file, renewed)
        self._keys = renewed
        passing("ledger.key.renewed")

    def seal_anew(self, connection: sqlite3.Connection) -> int:
        """Write every row with the current key, in one transaction of the caller; return their number."""
        opened: list[tuple[sqlite3.Row, bytes]] = []
        before = b""
        for row in connection.execute(f"{_SEALED} ORDER BY delivery.number").fetchall():
            opened.append((row, self._opened(row, before)))
            before = row["sealed"][-_TAG_BYTES:]
        self._seal_all(connection, opened)
        return len(opened)

    def end_rotation(self) -> None:
        """Forget the old keys: nothing is sealed with them any more.

        Raises:
            KimError: ``storage_full``.
        """
        passing("ledger.sealed.anew")
        self._keys = self.keys(make=False).only_current()
        replace_ledger_keys(self._key_file, self._keys)

    def seal_plain(self, connection: sqlite3.Connection) -> None:
        """Bring figures that were kept in the open into the sealed table, in the migration's transaction."""
        plain = connection.execute("SELECT * FROM ledger ORDER BY number").fetchall()
        connection.execute("DROP TABLE ledger")
        connection.execute(TABLE)
        rows = {
            row["number"]: row for row in connection.execute(f"{_SEALED} ORDER BY delivery.number").fetchall()
        }
        contents = []
        for old in plain:
            figures = LedgerFigures(values=old["cell_values"], **{name: old[name] for name in _PLAIN})
            contents.append((rows[old["number"]], _packed(figures, old["withheld_mask"])))
        if contents:
            self.keys(make=True)
        self._seal_all(connection, contents)

    def _seal_all(self, connection: sqlite3.Connection, rows: list[tuple[sqlite3.Row, bytes]]) -> None:
        before = b""
        connection.execute("DELETE FROM ledger")
        for row, content in rows:
            sealed = self.keys(make=False).seal(content, place=_place(row, before))
            before = sealed[-_TAG_BYTES:]
            connection.execute(
                "INSERT INTO ledger (number, key, sealed) VALUES (?, ?, ?)",
                (row["number"], self.keys(make=False).current, sealed),
            )

    def _opened(self, row: sqlite3.Row, before: bytes) -> bytes:
        if row["sealed"] is None:
            raise kim_error("ledger_damaged")
        return self.keys(make=False).open(row["sealed"], key=row["key"], place=_place(row, before))


def _tag_before(connection: sqlite3.Connection, number: int) -> bytes:
    """Return the tag of the row before; of the first there is none."""
    row = connection.execute(
        "SELECT sealed FROM ledger WHERE number < ? ORDER BY number DESC LIMIT 1", (number,)
    ).fetchone()
    return b"" if row is None else bytes(row["sealed"][-_TAG_BYTES:])


def _place(row: sqlite3.Row, before: bytes) -> bytes:
    place = [row[name] for name in ("number", "statement_id", "dataset", "period", "area", "revision")]
    return json.dumps(["kim/1 ledger", *place]).encode("ascii") + b"\x00" + before


def _packed(figures: LedgerFigures, withheld_mask: bytes) -> bytes:
    """Write all parts behind each other, each with its length in front."""
    parts = [getattr(figures, name) for name in _NAMES]
    return b"".join(len(part).to_bytes(_LENGTH, "big") + part for part in (*parts, withheld_mask))


def _unpacked(content: bytes) -> tuple[LedgerFigures, bytes]:
    *parts, withheld_mask = _parts(content)
    return LedgerFigures(**dict(zip(_NAMES, parts, strict=True))), withheld_mask


def _parts(content: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(content):
        begin = start + _LENGTH
        start = begin + int.from_bytes(content[start:begin], "big")
        yield content[begin:start]


def _bad_mark(path: Path) -> Text:
    return Text(f"{path.name} ist nicht lesbar.", f"{path.name} cannot be read.")
