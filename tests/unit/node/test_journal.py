"""The journal keeps a delivery whole or not at all, and never changes what was signed."""

import errno
import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from node import failpoints
from node.durable_files import journal_error
from node.journal import DeliveryState, Journal, LedgerFigures, NewDelivery, schema
from node.journal.ledger_table import Ledger
from node.journal.lock import NodeLock
from protocol.errors import KimError
from tests.fakes.node_clock import SteppedClock

AREA = "NW05382"


def new_delivery(
    *,
    period: str = "2026-Q1",
    dataset: str = "CASES",
    mark: str = "a",
    revision: int = 1,
    values: bytes = b"\x01" * 24,
    area: str = AREA,
) -> NewDelivery:
    payload = f"payload {dataset} {period} {mark}".encode()
    envelope = f"envelope {dataset} {period} {mark} {area}".encode()
    return NewDelivery(
        statement_id=hashlib.sha256(envelope).hexdigest(),
        area=area,
        dataset=dataset,
        period=period,
        revision=revision,
        envelope=envelope,
        payload=payload,
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        audience="kim-nrw/test",
        catalogue_sha256="c" * 64,
        grid_sha256="d" * 64,
        software="1.0",
        min_contributors=5,
        cells=3,
        withheld=1,
        sensitive=1,
        verdict="safe",
        figures=LedgerFigures(
            values=values,
            collected=b"\x01\x01\x01",
            contributors=b"\x02" * 24,
            largest=b"\x03" * 24,
            second=b"\x04" * 24,
            gross=b"\x05" * 24,
        ),
        withheld_mask=b"\x00\x01\x00",
    )


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", clock=clock) as journal:
        yield journal


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def test_what_is_spooled_can_be_read_back(journal: Journal) -> None:
    record = journal.spool(new_delivery())

    assert record.state is DeliveryState.SPOOLED
    assert record.created == "2026-10-09T08:15:00Z"
    assert journal.envelope(record) == b"envelope CASES 2026-Q1 a NW05382"
    assert journal.payload(record) == b"payload CASES 2026-Q1 a"
    assert journal.latest("CASES", "2026-Q1", area=AREA) == record
    assert journal.latest("CASES", "2026-Q2", area=AREA) is None
    assert journal.under_way() == (record,)


def test_it_survives_being_closed(tmp_path: Path, clock: SteppedClock) -> None:
    with Journal(tmp_path / "j", clock=clock) as first:
        record = first.spool(new_delivery())
    with Journal(tmp_path / "j", clock=clock) as second:
        assert second.deliveries() == (record,)


def test_files_are_readable_for_the_user_only(tmp_path: Path, journal: Journal) -> None:
    journal.spool(new_delivery())

    for path in (tmp_path / "journal").rglob("*"):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path.name


def test_commits_survive_a_power_cut(tmp_path: Path, journal: Journal) -> None:
    connection = journal._connection

    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_observations_become_events(journal: Journal, clock: SteppedClock) -> None:
    record = journal.spool(new_delivery())
    clock.wait(5)
    record = journal.observe(record, DeliveryState.RECEIVED)
    clock.wait(5)
    record = journal.observe(record, DeliveryState.RECEIVED)
    record = journal.observe(record, DeliveryState.REJECTED, code="value_rule")

    assert [(event.at[-3:], event.state.value, event.code) for event in journal.events(record)] == [
        ("00Z", "spooled", None),
        ("05Z", "received", None),
        ("10Z", "rejected", "value_rule"),
    ]
    assert record.code == "value_rule"


def test_events_are_history(tmp_path: Path, journal: Journal) -> None:
    journal.spool(new_delivery())

    for statement in ("DELETE FROM delivery_event", "UPDATE delivery_event SET state = 'accepted'"):
        with pytest.raises(sqlite3.IntegrityError):
            journal._connection.execute(statement)


def test_one_delivery_of_a_revision_counts(journal: Journal) -> None:
    journal.spool(new_delivery(mark="a"))

    with pytest.raises(KimError) as caught:
        journal.spool(new_delivery(mark="b"))

    assert caught.value.code == "spool_damaged"
    assert len(journal.deliveries()) == 1


@pytest.mark.parametrize(("failed", "known"), [(DeliveryState.REFUSED, 0), (DeliveryState.REJECTED, 1)])
def test_after_a_failure_the_period_may_be_delivered_again(
    journal: Journal, failed: DeliveryState, known: int
) -> None:
    first = journal.observe(journal.spool(new_delivery(mark="a")), failed, code="value_rule")
    assert journal.latest("CASES", "2026-Q1", area=AREA) == first
    assert len(journal.ledger(AREA)) == known

    second = journal.spool(new_delivery(mark="b", values=b"\x02" * 24))

    assert journal.latest("CASES", "2026-Q1", area=AREA) == second
    assert len(journal.ledger(AREA)) == known + 1


def test_the_same_figures_stand_in_the_ledger_once(journal: Journal) -> None:
    journal.observe(journal.spool(new_delivery(mark="a")), DeliveryState.REJECTED)
    journal.spool(new_delivery(mark="b"))

    assert len(journal.ledger(AREA)) == 1


def test_a_journal_belongs_to_one_node_and_area(journal: Journal) -> None:
    journal.claim(node="node-1", area="NW05111")
    journal.claim(node="node-1", area="NW05111")

    for node, area in (("node-2", "NW05111"), ("node-1", "NW05112")):
        with pytest.raises(KimError) as caught:
            journal.claim(node=node, area=area)
        assert caught.value.code == "config_invalid"


def test_a_late_failure_of_an_older_delivery_does_not_hide_the_newer(journal: Journal) -> None:
    first = journal.observe(journal.spool(new_delivery(mark="a")), DeliveryState.REFUSED)
    second = journal.spool(new_delivery(mark="b"))
    journal.observe(first, DeliveryState.REJECTED)

    assert journal.latest("CASES", "2026-Q1", area=AREA) == second


def test_the_ledger_holds_all_dataflows_of_an_area_in_order_of_time(journal: Journal) -> None:
    for period in ("2026-Q2", "2025-Q4", "2026-Q1"):
        journal.spool(new_delivery(period=period))
    journal.spool(new_delivery(dataset="PERSONS"))
    journal.spool(new_delivery(dataset="PROCESSES", area="NW05334"))

    assert [(entry.dataset, entry.period) for entry in journal.ledger(AREA)] == [
        ("CASES", "2025-Q4"),
        ("CASES", "2026-Q1"),
        ("PERSONS", "2026-Q1"),
        ("CASES", "2026-Q2"),
    ]
    assert journal.ledger(AREA)[0].withheld_mask == b"\x00\x01\x00"
    assert journal.ledger(AREA)[0].figures == new_delivery().figures
    assert [entry.dataset for entry in journal.ledger("NW05334")] == ["PROCESSES"]


def test_each_area_has_its_own_chain_of_revisions(journal: Journal) -> None:
    own = journal.spool(new_delivery(dataset="PROCESSES"))
    joint = journal.spool(new_delivery(dataset="PROCESSES", area="NW05334"))

    assert journal.latest("PROCESSES", "2026-Q1", area=AREA) == own
    assert journal.latest("PROCESSES", "2026-Q1", area="NW05334") == joint


def test_an_accepted_revision_supersedes_the_one_before(journal: Journal) -> None:
    first = journal.observe(journal.spool(new_delivery(mark="a")), DeliveryState.ACCEPTED)
    second = journal.spool(new_delivery(mark="b", revision=2))
    assert journal.delivery(first.statement_id).state is DeliveryState.ACCEPTED
    journal.observe(second, DeliveryState.ACCEPTED)

    assert journal.delivery(first.statement_id).state is DeliveryState.SUPERSEDED
    assert [event.state.value for event in journal.events(first)] == ["spooled", "accepted", "superseded"]


def test_a_revision_that_failed_leaves_the_one_before_in_force(journal: Journal) -> None:
    first = journal.observe(journal.spool(new_delivery(mark="a")), DeliveryState.ACCEPTED)
    assert journal.failed_since(first) is None
    second = journal.observe(
        journal.spool(new_delivery(mark="b", revision=2)), DeliveryState.REJECTED, code="value_rule"
    )

    assert journal.latest("CASES", "2026-Q1", area=AREA) == first
    assert journal.failed_since(first) == second


def test_what_stays_is_remembered_until_nothing_keeps_it(journal: Journal, clock: SteppedClock) -> None:
    def hold(cells: int, code: str = "correction_held") -> None:
        journal.staying.keep_back(
            "CASES", "2026-Q1", area=AREA, decision="held", code=code, changed_cells=cells
        )

    hold(3)
    clock.wait(60)
    hold(4)
    (held,) = journal.staying.all()
    assert (held.dataset, held.period, held.changed_cells) == ("CASES", "2026-Q1", 4)
    assert held.since == "2026-10-09T08:15:00Z"

    hold(4, "disclosure_unsafe")
    assert journal.staying.all()[0].since == "2026-10-09T08:16:00Z"

    journal.staying.let_go("CASES", "2026-Q1", area="NW05334")
    assert len(journal.staying.all()) == 1
    journal.staying.let_go("CASES", "2026-Q1", area=AREA)
    assert journal.staying.all() == ()


def first_version(folder: Path) -> None:
    """Make a journal as the first version of the program left it, with one delivery."""
    folder.mkdir()
    connection = sqlite3.connect(folder / "journal.sqlite3", isolation_level=None)
    connection.executescript(schema._FIRST)
    connection.execute("INSERT INTO owner (only, node, area) VALUES (1, 'node-1', ?)", (AREA,))
    delivery = new_delivery()
    record = {
        name: getattr(delivery, name)
        for name in delivery.__dataclass_fields__
        if name not in {"area", "envelope", "payload", "figures", "withheld_mask", "sent", "sent_sha256"}
    }
    record |= {"envelope_sha256": "e" * 64, "state": "accepted", "code": None}
    record |= {"created": "2026-04-01T08:00:00Z", "changed": "2026-04-01T08:01:00Z"}
    names = ", ".join(record)
    connection.execute(
        f"INSERT INTO delivery ({names}) VALUES ({', '.join('?' * len(record))})", tuple(record.values())
    )
    connection.execute("INSERT INTO ledger VALUES (1, ?, ?)", (b"\x07" + bytes(23), b"\x00\x01\x00"))
    connection.execute("INSERT INTO delivery_event (number, at, state) VALUES (1, 'now', 'accepted')")
    connection.execute("PRAGMA user_version=1")
    connection.close()


def test_a_journal_of_the_first_version_goes_on(tmp_path: Path, clock: SteppedClock) -> None:
    first_version(tmp_path / "j")

    with Journal(tmp_path / "j", clock=clock) as journal:
        (record,) = journal.deliveries()
        assert (record.area, record.dataset, record.state.value) == (AREA, "CASES", "accepted")
        (entry,) = journal.ledger(AREA)
        counts = b"\x07" + bytes(23)
        assert entry.figures == LedgerFigures(
            values=counts,
            collected=b"\x01\x01\x01",
            contributors=counts,
            largest=bytes(24),
            second=bytes(24),
            gross=counts,
        )
        journal.observe(journal.spool(new_delivery(mark="b", revision=2)), DeliveryState.ACCEPTED)
        assert journal.delivery(record.statement_id).state is DeliveryState.SUPERSEDED
    with Journal(tmp_path / "j", clock=clock) as again:
        assert len(again.deliveries()) == 2


def test_old_and_new_journals_have_the_same_tables(tmp_path: Path, clock: SteppedClock) -> None:
    first_version(tmp_path / "old")
    shapes = []
    for name in ("old", "new"):
        with Journal(tmp_path / name, clock=clock) as journal:
            shapes.append(
                journal._connection.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall()
            )
            assert journal._connection.execute("PRAGMA user_version").fetchone()[0] == schema.SCHEMA_VERSION

    assert [tuple(row) for row in shapes[0]] == [tuple(row) for row in shapes[1]]


def test_a_migration_that_is_interrupted_leaves_the_old_journal(
    tmp_path: Path, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_version(tmp_path / "j")

    def half(connection: sqlite3.Connection, ledger: Ledger) -> None:
        schema._to_second(connection, ledger)
        raise sqlite3.OperationalError("interrupted")

    monkeypatch.setattr(schema, "_STEPS", (schema._to_first, half, schema._to_third))
    with pytest.raises(KimError):
        Journal(tmp_path / "j", clock=clock)
    monkeypatch.undo()

    with Journal(tmp_path / "j", clock=clock) as journal:
        assert len(journal.deliveries()) == 1


def test_a_journal_in_use_is_not_called_damaged(tmp_path: Path, journal: Journal) -> None:
    """Whoever is told to bring it back from a backup gets an old one."""
    record = journal.spool(new_delivery())
    journal._connection.execute("PRAGMA busy_timeout=0")
    with closing(sqlite3.connect(tmp_path / "journal" / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(KimError) as caught:
            journal.observe(record, DeliveryState.RECEIVED)
    assert caught.value.code == "node_locked"
    assert journal.delivery(record.statement_id).state is DeliveryState.SPOOLED
    assert journal.observe(record, DeliveryState.RECEIVED).state is DeliveryState.RECEIVED


def test_a_lock_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.mkdir()
    with pytest.raises(KimError) as caught, NodeLock(path):
        pass
    assert (caught.value.code, str(path) in caught.value.detail.de) == ("cannot_write", True)


def test_a_journal_that_is_not_this_users_is_not_called_damaged(journal: Journal) -> None:
    record = journal.spool(new_delivery())
    journal._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(KimError) as caught:
        journal.observe(record, DeliveryState.RECEIVED)
    assert caught.value.code == "cannot_write"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "cannot_write"),
        (errno.EPERM, "cannot_write"),
        (errno.EROFS, "cannot_write"),
        (errno.ENOSPC, "storage_full"),
        (errno.EDQUOT, "storage_full"),
        (errno.EIO, "spool_damaged"),
    ],
)
def test_what_the_system_says_of_a_file_of_the_journal(number: int, code: str) -> None:
    """As after a command that somebody ran as root."""
    said = journal_error(OSError(number, os.strerror(number), "/srv/kim/journal/journal.sqlite3"))
    assert said.code == code
    assert ("/srv/kim/journal" in said.detail.de) == (code == "cannot_write")


def test_an_altered_blob_is_noticed(tmp_path: Path, journal: Journal) -> None:
    record = journal.spool(new_delivery())
    (tmp_path / "journal" / "blobs" / record.payload_sha256).write_bytes(b"payload CASES 2026-Q1 b")

    with pytest.raises(KimError) as caught:
        journal.payload(record)

    assert caught.value.code == "spool_damaged"


def test_a_missing_blob_is_noticed(tmp_path: Path, journal: Journal) -> None:
    record = journal.spool(new_delivery())
    (tmp_path / "journal" / "blobs" / record.envelope_sha256).unlink()

    with pytest.raises(KimError) as caught:
        journal.envelope(record)

    assert caught.value.code == "spool_damaged"


def test_a_torn_blob_is_written_again(tmp_path: Path, journal: Journal) -> None:
    delivery = new_delivery()
    (tmp_path / "journal" / "blobs" / delivery.payload_sha256).write_bytes(b"pay")

    assert journal.payload(journal.spool(delivery)) == delivery.payload


def test_sweeping_removes_what_nobody_refers_to(tmp_path: Path, journal: Journal) -> None:
    record = journal.spool(new_delivery())
    blobs = tmp_path / "journal" / "blobs"
    (blobs / ("f" * 64)).write_bytes(b"orphan")
    (blobs / "e.tmp").write_bytes(b"torn")

    assert journal.sweep() == 2
    assert {path.name for path in blobs.iterdir()} == {record.envelope_sha256, record.payload_sha256}


@pytest.mark.parametrize("place", ["blob.write", "journal.write"])
def test_a_full_disk_leaves_nothing_half_kept(journal: Journal, place: str) -> None:
    failpoints.arm(f"{place}:enospc")
    with pytest.raises(KimError) as caught:
        journal.spool(new_delivery())
    failpoints.arm(None)

    assert caught.value.code == "storage_full"
    assert journal.deliveries() == ()
    assert journal.spool(new_delivery()).state is DeliveryState.SPOOLED


@pytest.mark.parametrize(
    "content", [b"this is no database, whatever its name says" * 100, b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_damaged_database_is_refused(tmp_path: Path, clock: SteppedClock, content: bytes) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(content)

    with pytest.raises(KimError) as caught:
        Journal(tmp_path, clock=clock)

    assert caught.value.code == "spool_damaged"


def test_a_database_of_another_version_is_refused(tmp_path: Path, clock: SteppedClock) -> None:
    with Journal(tmp_path, clock=clock):
        pass
    with sqlite3.connect(tmp_path / "journal.sqlite3") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()

    with pytest.raises(KimError) as caught:
        Journal(tmp_path, clock=clock)

    assert caught.value.code == "spool_damaged"
    assert "Fassung" in caught.value.detail.de


def test_one_process_delivers_at_a_time(tmp_path: Path, journal: Journal, clock: SteppedClock) -> None:
    with Journal(tmp_path / "journal", clock=clock) as other:
        with journal.exclusive:
            with pytest.raises(KimError) as caught, other.exclusive:
                pass
            assert caught.value.retryable
        with other.exclusive:
            pass


def test_a_failpoint_has_one_form() -> None:
    with pytest.raises(ValueError, match="failpoint"):
        failpoints.arm("blob.write:explode")
