"""A disk that is really full, wherever hub and node write: refused, nothing half there, finished later."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.domain.ids import SubmissionId
from hub.services.intake.verification import verify
from hub.services.transparency.rounds import check_whole, is_due, run_round
from hub.store.records import Submission
from node.clock import SystemClock
from node.journal import DeliveryState, Journal
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.periods import Period
from tests.factories.log_checks import assert_log_whole, assert_receipt
from tests.factories.patience import assert_soon
from tests.factories.running_hub import Author, Parcel, RunningHub, Sender, lasting_sandbox, running_hub
from tests.factories.spooled import spooled
from tests.fakes.small_disk import SmallDisk, a_small_disk

KIB = 1_024
#: From nothing to enough for a whole delivery: each lets it come one write further or so.
LEFT_BYTES = tuple(size * KIB for size in (0, 16, 48, 96, 160, 240, 270, 300, 330, 360, 400))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with a_small_disk(tmp_path / "small", megabytes=16) as disk:
        yield disk


def _quarters() -> Iterator[Period]:
    return (Period(year, quarter) for year in range(2020, 2026) for quarter in (1, 2, 3, 4))


def _stored(running: RunningHub, parcel: Parcel) -> Submission | None:
    with running.hub.context.database.read() as unit:
        return unit.submissions.get(SubmissionId(parcel.id))


def _deliver(running: RunningHub, sender: Sender, parcel: Parcel) -> str | None:
    """Deliver as far as there is room; return how it was refused, None once it is decided and signed."""
    answer = sender.send(parcel)
    if answer.status_code >= 400:
        assert answer.status_code == 507, answer.text
        assert answer.headers["Retry-After"]
        return str(answer.get_json()["code"])
    try:
        verify(running.hub.context, SubmissionId(parcel.id))
        run_round(running.hub.context)
    except KimError as error:
        return error.code
    except OSError as error:
        return "storage_full" if error.errno == errno.ENOSPC else "another fault"
    return None


@pytest.mark.parametrize("full", ["all of the hub", "the database", "the log's own files"])
def test_a_hub_whose_disk_is_full_takes_nothing_by_half(disk: SmallDisk, tmp_path: Path, full: str) -> None:
    home = disk.folder / "hub" if full == "all of the hub" else tmp_path / "hub"
    settings = {
        "the database": {"database_url": f"sqlite:///{disk.folder}/hub.sqlite3"},
        "the log's own files": {"log_home": str(disk.folder / "log")},
    }.get(full, {})
    reached = set()
    with running_hub(home, start=False, sandbox=lasting_sandbox(), **settings) as running:
        sender = running.sender()
        run_round(running.hub.context)
        parcels = []
        # A line that is signed takes one page of the disk, or none.
        sizes = LEFT_BYTES[:2] if full == "the log's own files" else LEFT_BYTES
        for period, left in zip(_quarters(), sizes, strict=False):
            parcel = sender.parcel(period=period, chunk=20_000)
            parcels.append(parcel)
            disk.fill(leave_bytes=left)
            refusal = _deliver(running, sender, parcel)
            assert refusal in (None, "storage_full"), left
            if refusal is not None:
                reached.add(running.state(parcel))
            # Figures can be read all the same, and what is there is whole.
            assert running.client.get("/").status_code == 200
            row = _stored(running, parcel)
            assert row is None or refusal is not None or row.state == "accepted"
            disk.make_room()
            assert _deliver(running, sender, parcel) is None, left
        for parcel in parcels:
            assert running.state(parcel) == "accepted"
            assert_receipt(running.hub.context, parcel.id, sender.node)
        with running.hub.context.database.read() as unit:
            entries = assert_log_whole(unit)
        # Counted once: of each one leaf that it came, and one that it was accepted.
        assert [sum(parcel.id.encode() in entry for entry in entries) for parcel in parcels] == [2] * len(
            parcels
        )
        check_whole(running.hub.context)
        assert not list((home / "blobs" / "tmp").iterdir())
        assert not list((home / "incoming").rglob("tmp*"))
    # It was full at different steps: before anything was announced, and behind that, or when all was decided.
    assert reached >= ({"accepted"} if full == "the log's own files" else {None, "announced", "uploading"})


def test_a_hub_whose_log_has_a_full_disk_of_its_own_takes_deliveries_and_signs_later(
    disk: SmallDisk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Entries stand in the database, with what they are about; on the other disk lies the last signature."""
    settings = {"log_home": str(disk.folder / "log"), "checkpoint_seconds": 0.05}
    with running_hub(tmp_path / "hub", sandbox=lasting_sandbox(), **settings) as running:
        context, sender = running.hub.context, running.sender()
        assert_soon(lambda: not is_due(context), "signed")
        checkpoint = disk.folder / "log" / "checkpoint"
        before = checkpoint.read_bytes()
        disk.fill()
        parcel = sender.parcel()
        assert sender.deliver(parcel)["state"] == "accepted"
        # No receipt yet, which the node asks for again; one that the signer has not kept is given to nobody.
        receipt = f"/v1/submissions/{parcel.id}/receipt"
        assert_soon(lambda: "the log is not signed: OSError" in caplog.text, "the hub says so")
        answer = sender.client.get(receipt)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "log_unavailable")
        assert checkpoint.read_bytes() == before
        assert running.client.get("/readyz").get_json()["failing"] == []
        running.clock.advance(minutes=11)
        ready = running.client.get("/readyz")
        assert (ready.status_code, ready.get_json()["failing"]) == (503, ["signer"])
        assert sender.deliver(sender.parcel(period=Period(2025, 4)))["state"] == "accepted"
        disk.make_room()
        assert_soon(lambda: not is_due(context), "signed again")
        assert running.client.get("/readyz").get_json()["failing"] == []
        assert_receipt(context, parcel.id, sender.node)
        check_whole(context)
        with context.database.read() as unit:
            assert_log_whole(unit)


def test_a_node_whose_disk_is_full_signs_nothing_by_half(disk: SmallDisk) -> None:
    sender = Author("node-nw05111", "NW05111", PrivateKey.generate())
    refused = 0
    with Journal(disk.folder / "journal", clock=SystemClock()) as journal:
        for period, left in zip(_quarters(), LEFT_BYTES, strict=False):
            delivery = spooled(sender.parcel(period=period))
            before = journal.deliveries()
            disk.fill(leave_bytes=left)
            refusal = _refusal_of(lambda delivery=delivery: journal.spool(delivery))
            assert refusal in (None, "storage_full"), left
            disk.make_room()
            if refusal is not None:
                refused += 1
                assert journal.deliveries() == before
                journal.spool(delivery)
            record = journal.delivery(delivery.statement_id)
            assert (journal.envelope(record), journal.parcel(record)) == (delivery.envelope, delivery.payload)
        # What the hub says is written down, or is asked again.
        record, *_ = journal.deliveries()
        disk.fill()
        refusal = _refusal_of(lambda: journal.observe(record, DeliveryState.RECEIVED))
        assert refusal in (None, "storage_full")
        disk.make_room()
        assert journal.observe(record, DeliveryState.RECEIVED).state is DeliveryState.RECEIVED
    with Journal(disk.folder / "journal", clock=SystemClock()) as journal:
        assert len(journal.deliveries()) == len(LEFT_BYTES)
    assert refused >= 3


def _refusal_of(act: Callable[[], object]) -> str | None:
    try:
        act()
    except KimError as error:
        return error.code
    return None
