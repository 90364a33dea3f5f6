"""The journal: what was signed, where it stands, and the true values behind it.

Invariants: a delivery exists in the journal entirely or not at all (blobs first, then one transaction);
a signed statement is never changed; the true figures of everything in force are kept, because the next
delivery is protected jointly with them.

The true figures are encrypted at rest (:mod:`node.journal.ledger_table`); the key lies beside the node's own.
"""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from node.clock import Clock, timestamp
from node.durable_files import PRIVATE_FOLDER_MODE, journal_error
from node.failpoints import passing
from node.journal.blobs import BlobStore
from node.journal.corrections import CorrectionChoices
from node.journal.ledger_keys import KEY_FILE_NAME
from node.journal.ledger_table import Ledger
from node.journal.lock import NodeLock
from node.journal.records import (
    FAILED,
    FIGURES_KNOWN,
    UNDER_WAY,
    DeliveryEvent,
    DeliveryRecord,
    DeliveryState,
    LedgerEntry,
    LedgerFigures,
    NewDelivery,
)
from node.journal.schema import open_database, transaction
from node.journal.staying import StayingDeliveries
from protocol.errors import kim_error
from protocol.texts import Text

_COLUMNS: Final = tuple(field.name for field in fields(DeliveryRecord))
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM delivery"  # noqa: S608 - names of our own dataclass
_INSERTED: Final = tuple(name for name in _COLUMNS if name != "number")
_INSERT: Final = (
    f"INSERT INTO delivery ({', '.join(_INSERTED)}) "  # noqa: S608 - names of our own dataclass
    f"VALUES ({', '.join(':' + name for name in _INSERTED)})"
)


class Journal:
    """The spool and ledger of one node: a SQLite database and a folder of blobs.

    Attributes:
        staying: what was not delivered, and why.
        choices: what somebody decided about corrections.
    """

    staying: StayingDeliveries
    choices: CorrectionChoices

    def __init__(self, folder: Path, *, clock: Clock, ledger_key: Path | None = None) -> None:
        """Open the journal in ``folder``, making it if it does not exist.

        Args:
            folder: readable for this user only.
            clock: for the times of events.
            ledger_key: file of the key that the true figures are encrypted with; beside the folder if
                omitted. It is made with the first delivery.

        Raises:
            KimError: ``spool_damaged`` or ``storage_full``; while figures of an older version are encrypted,
                ``key_unreadable``.
        """
        self._clock = clock
        self._ledger = Ledger(ledger_key or folder.with_name(KEY_FILE_NAME))
        self._unmarked = False
        try:
            folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
            self._blobs = BlobStore(folder / "blobs")
            self._connection = open_database(folder / "journal.sqlite3", self._ledger)
        except OSError as error:
            raise journal_error(error) from error
        self.staying = StayingDeliveries(self._connection, clock=clock)
        self.choices = CorrectionChoices(self._connection)
        self._lock = NodeLock(folder / "lock")

    def __enter__(self) -> Self:
        """Use as a context manager: closed at the end."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the database.

        Raises:
            KimError: ``storage_full`` or ``spool_damaged`` if it cannot be written down what the last
                delivery is, unless something else is being raised.
        """
        try:
            if self._unmarked and exc is None:
                self._ledger.mark(self._connection)
        finally:
            self._connection.close()

    def claim(self, *, node: str, area: str) -> None:
        """Tie the journal to its node and area on first use, and hold every later use to them.

        Raises:
            KimError: ``config_invalid`` if the journal belongs to another node or area.
        """
        owner = self.owner
        if owner is None:
            with transaction(self._connection) as connection:
                connection.execute("INSERT INTO owner (only, node, area) VALUES (1, ?, ?)", (node, area))
        elif owner != (node, area):
            raise kim_error(
                "config_invalid",
                Text(
                    f"Das Journal in [node] home gehört zum Knoten {owner[0]} ({owner[1]}), eingestellt ist "
                    f"{node} ({area}).",
                    f"The journal in [node] home belongs to the node {owner[0]} ({owner[1]}); configured is "
                    f"{node} ({area}).",
                ),
                pointer="/node/home",
                remedy=Text(
                    "In der Konfigurationsdatei [node] id und area des Journals eintragen, oder unter "
                    "[node] home einen eigenen Ordner für diesen Knoten.",
                    "Set [node] id and area of the journal in the configuration file, or a folder of its own "
                    "for this node under [node] home.",
                ),
            )

    @property
    def owner(self) -> tuple[str, str] | None:
        """Node and reporting area that the journal is tied to; None before its first use."""
        row = self._connection.execute("SELECT node, area FROM owner").fetchone()
        return (row["node"], row["area"]) if row is not None else None

    @property
    def exclusive(self) -> NodeLock:
        """Lock to hold while delivering."""
        return self._lock

    def spool(self, delivery: NewDelivery) -> DeliveryRecord:
        """Keep a signed delivery durably, with its true figures.

        Args:
            delivery: what was signed.

        Returns:
            Its record, state ``spooled``.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        self._blobs.put(delivery.payload)
        if delivery.sent is not None:
            self._blobs.put(delivery.sent)
        envelope_sha256 = self._blobs.put(delivery.envelope)
        passing("spool.blobs")
        now = timestamp(self._clock.now())
        row = {
            **{name: getattr(delivery, name) for name in _INSERTED if hasattr(delivery, name)},
            "envelope_sha256": envelope_sha256,
            "state": DeliveryState.SPOOLED.value,
            "code": None,
            "created": now,
            "changed": now,
        }
        with transaction(self._connection) as connection:
            number = connection.execute(_INSERT, row).lastrowid or 0
            self._ledger.write(connection, number, delivery.figures, delivery.withheld_mask)
            self._add_event(connection, number=number, at=now, state=DeliveryState.SPOOLED, code=None)
        self._unmarked = True
        passing("spool.committed")
        return self.delivery(delivery.statement_id)

    def observe(
        self, record: DeliveryRecord, state: DeliveryState, *, code: str | None = None
    ) -> DeliveryRecord:
        """Write down what was learned about a delivery.

        Args:
            record: the delivery.
            state: where it stands now; the same state again changes nothing.
            code: problem code that belongs to it.

        Returns:
            The record as it is now.

        Raises:
            KimError: ``storage_full``, ``spool_damaged``.
        """
        current = self.delivery(record.statement_id)
        if (current.state, current.code) == (state, code):
            return current
        now = timestamp(self._clock.now())
        with transaction(self._connection) as connection:
            connection.execute(
                "UPDATE delivery SET state = ?, code = ?, changed = ? WHERE number = ?",
                (state.value, code, now, record.number),
            )
            self._add_event(connection, number=record.number, at=now, state=state, code=code)
            if state is DeliveryState.ACCEPTED:
                self._supersede(connection, record, at=now)
        return self.delivery(record.statement_id)

    def delivery(self, statement_id: str) -> DeliveryRecord:
        """Return the delivery with this statement id.

        Raises:
            KeyError: if there is none.
        """
        row = self._connection.execute(f"{_SELECT} WHERE statement_id = ?", (statement_id,)).fetchone()
        if row is None:
            raise KeyError(statement_id)
        return _record(row)

    def deliveries(self) -> tuple[DeliveryRecord, ...]:
        """Return every delivery, by period, dataset, area and age."""
        rows = self._connection.execute(f"{_SELECT} ORDER BY period, dataset, area, number").fetchall()
        return tuple(_record(row) for row in rows)

    def latest(self, dataset: str, period: str, *, area: str) -> DeliveryRecord | None:
        """Return the delivery that counts for a period.

        That is the newest one in force or under way; if there is none, the newest that failed.
        """
        records = self._chain(dataset, period, area)
        standing = [record for record in records if record.state not in FAILED]
        return next(iter(standing or records), None)

    def failed_since(self, record: DeliveryRecord) -> DeliveryRecord | None:
        """Return the newest failed attempt to supersede a delivery, if there is one."""
        later = self._chain(record.dataset, record.period, record.area)
        return next((r for r in later if r.number > record.number and r.state in FAILED), None)

    def _chain(self, dataset: str, period: str, area: str) -> list[DeliveryRecord]:
        """Return all deliveries of a period, newest first."""
        rows = self._connection.execute(
            f"{_SELECT} WHERE area = ? AND dataset = ? AND period = ? ORDER BY number DESC",
            (area, dataset, period),
        ).fetchall()
        return [_record(row) for row in rows]

    def under_way(self) -> tuple[DeliveryRecord, ...]:
        """Return the deliveries that nobody has decided yet, by period and dataset."""
        return tuple(record for record in self.deliveries() if record.state in UNDER_WAY)

    def ledger(self, area: str) -> tuple[LedgerEntry, ...]:
        """Return the true figures of everything of an area that may be known outside.

        By period and dataset, older vintages first; a vintage that equals an earlier one is left out. What
        was refused is left out too: its figures never left.

        Raises:
            KimError: ``ledger_damaged`` if anything is missing or altered, ``ledger_outdated`` if the journal
                is an old one; ``ledger_key_missing``, ``key_unreadable``.
        """
        self._ledger.require_whole(self._connection)
        entries = [
            self.true_figures(record)
            for record in self.deliveries()
            if record.area == area and record.state in FIGURES_KNOWN
        ]
        return tuple(dict.fromkeys(entries))

    def true_figures(self, record: DeliveryRecord) -> LedgerEntry:
        """Return the true figures behind one delivery.

        Raises:
            KimError: ``ledger_damaged``, ``ledger_key_missing``, ``key_unreadable``.
        """
        figures, withheld_mask = self._ledger.read(self._connection, record.number)
        return LedgerEntry(record.dataset, record.period, figures, withheld_mask, record.grid_sha256)

    def renew_ledger_key(self) -> int:
        """Encrypt all true figures with a new key; hold :attr:`exclusive` while doing so.

        A crash at any place leaves figures that can be read: the old key is forgotten last.

        Returns:
            How many deliveries there are.

        Raises:
            KimError: ``ledger_damaged``, ``ledger_key_missing``, ``key_unreadable``, ``storage_full``.
        """
        self._ledger.require_whole(self._connection)
        self._ledger.begin_rotation()
        with transaction(self._connection) as connection:
            count = self._ledger.seal_anew(connection)
        self._ledger.end_rotation()
        return count

    def fingerprint(self, figures: LedgerFigures) -> str:
        """Return what true figures are recognised by; it says nothing about them.

        Raises:
            KimError: ``ledger_key_missing``, ``key_unreadable``.
        """
        return self._ledger.fingerprint(figures)

    def envelope(self, record: DeliveryRecord) -> bytes:
        """Return the signed statement, byte for byte.

        Raises:
            KimError: ``spool_damaged``.
        """
        return self._blobs.get(record.envelope_sha256)

    def payload(self, record: DeliveryRecord) -> bytes:
        """Return the protected table, byte for byte.

        Raises:
            KimError: ``spool_damaged``.
        """
        return self._blobs.get(record.payload_sha256)

    def parcel(self, record: DeliveryRecord) -> bytes:
        """Return what is sent for a delivery: the protected table, or what it is sealed in.

        Raises:
            KimError: ``spool_damaged``.
        """
        return self._blobs.get(record.sent_sha256 or record.payload_sha256)

    def events(self, record: DeliveryRecord) -> tuple[DeliveryEvent, ...]:
        """Return the life of a delivery so far, oldest first."""
        rows = self._connection.execute(
            "SELECT at, state, code FROM delivery_event WHERE number = ? ORDER BY sequence", (record.number,)
        ).fetchall()
        return tuple(DeliveryEvent(row["at"], DeliveryState(row["state"]), row["code"]) for row in rows)

    def sweep(self) -> int:
        """Delete blobs that an interrupted run left behind; hold :attr:`exclusive` while doing so."""
        records = self.deliveries()
        keep = {
            digest
            for record in records
            for digest in (record.envelope_sha256, record.payload_sha256, record.sent_sha256)
            if digest is not None
        }
        return self._blobs.sweep(keep=keep)

    def _supersede(self, connection: sqlite3.Connection, record: DeliveryRecord, *, at: str) -> None:
        """Write down what the hub does with the revisions before an accepted one."""
        for earlier in self._chain(record.dataset, record.period, record.area):
            if earlier.revision < record.revision and earlier.state is DeliveryState.ACCEPTED:
                superseded = DeliveryState.SUPERSEDED
                connection.execute(
                    "UPDATE delivery SET state = ?, changed = ? WHERE number = ?",
                    (superseded.value, at, earlier.number),
                )
                self._add_event(connection, number=earlier.number, at=at, state=superseded, code=None)

    @staticmethod
    def _add_event(
        connection: sqlite3.Connection, *, number: int | None, at: str, state: DeliveryState, code: str | None
    ) -> None:
        connection.execute(
            "INSERT INTO delivery_event (number, at, state, code) VALUES (?, ?, ?, ?)",
            (number, at, state.value, code),
        )


def _record(row: sqlite3.Row) -> DeliveryRecord:
    columns = {name: row[name] for name in _COLUMNS}
    return DeliveryRecord(**{**columns, "state": DeliveryState(columns["state"])})
