"""The journal keeps a delivery whole or not at all, and never changes what was signed."""

import hashlib
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import failpoints
from node.journal import DeliveryState, Journal, NewDelivery
from protocol.errors import KimError
from tests.fakes.node_clock import SteppedClock


def new_delivery(
    *,
    period: str = "2026-Q1",
    dataset: str = "CASES",
    mark: str = "a",
    revision: int = 1,
    values: bytes = b"\x01" * 24,
) -> NewDelivery:
    payload = f"payload {dataset} {period} {mark}".encode()
    envelope = f"envelope {dataset} {period} {mark}".encode()
    return NewDelivery(
        statement_id=hashlib.sha256(envelope).hexdigest(),
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
        values=values,
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
    assert journal.envelope(record) == b"envelope CASES 2026-Q1 a"
    assert journal.payload(record) == b"payload CASES 2026-Q1 a"
    assert journal.latest("CASES", "2026-Q1") == record
    assert journal.latest("CASES", "2026-Q2") is None
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
    assert journal.latest("CASES", "2026-Q1") == first
    assert len(journal.ledger("CASES")) == known

    second = journal.spool(new_delivery(mark="b", values=b"\x02" * 24))

    assert journal.latest("CASES", "2026-Q1") == second
    assert len(journal.ledger("CASES")) == known + 1


def test_the_same_figures_stand_in_the_ledger_once(journal: Journal) -> None:
    journal.observe(journal.spool(new_delivery(mark="a")), DeliveryState.REJECTED)
    journal.spool(new_delivery(mark="b"))

    assert len(journal.ledger("CASES")) == 1


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

    assert journal.latest("CASES", "2026-Q1") == second


def test_the_ledger_is_in_order_of_time_and_by_dataset(journal: Journal) -> None:
    for period in ("2026-Q2", "2025-Q4", "2026-Q1"):
        journal.spool(new_delivery(period=period))
    journal.spool(new_delivery(dataset="PERSONS"))

    assert [entry.period for entry in journal.ledger("CASES")] == ["2025-Q4", "2026-Q1", "2026-Q2"]
    assert journal.ledger("CASES")[0].withheld_mask == b"\x00\x01\x00"
    assert len(journal.ledger("PERSONS")) == 1


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
