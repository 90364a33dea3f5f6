"""Verification of a submission without decoding it, beside its floor: what no hub can do without.

Floor: check the Ed25519 signature, compute the SHA-256 of the bytes, and the one durable commit of what a
hub has to write down: state, event, leaf of the log. Ours: the hub's services on another submission of the
same kind, whose bytes lie on the disk: strict reading of envelope and statement, key, signature, node,
area, digest of the stored bytes, key, node and period once more, and that commit. They take turns, also in
going first, and the times are medians, because a commit waits for the disk. Telling a worker to decode is
behind the commit and no part of either: it is measured beside them, as is what a signed request costs
before a view runs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import statistics
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.domain.ids import SubmissionId
from hub.domain.jobs import Job, JobName
from hub.domain.states import SubmissionState
from hub.services.context import HubContext
from hub.services.intake.announcing import announce
from hub.services.intake.calling import identify
from hub.services.intake.uploading import complete
from hub.store.records import Submission
from hub.store.unit_of_work import Database
from protocol.dsse import pae
from protocol.periods import Period
from protocol.regions import reporting_areas
from protocol.request_signatures import Request
from tests.bench.measuring import Ratio
from tests.factories.running_hub import Collecting, Parcel, RunningHub, Sender, running_hub
from tests.factories.signing import signed_headers

GOAL = 1.5
PERIODS = Period.span(Period(2024, 4), Period(2026, 3))
AREAS = 12
#: Submissions of CASES have some 50 KB; the largest that are allowed have 64 MiB.
SIZES = (0, 8 * 1024 * 1024)


def _floor(running: RunningHub, submission: Submission, parcel: Parcel, sender: Sender) -> None:
    envelope, context = parcel.envelope, running.hub.context
    key = Ed25519PublicKey.from_public_bytes(sender.key.public.raw)
    key.verify(envelope.signature, pae(envelope.payload_type, envelope.payload))
    hashlib.sha256(parcel.payload).hexdigest()
    now = context.clock.now()
    with context.database.write() as unit:
        unit.submissions.move(submission, SubmissionState.RECEIVED, at=now, facts={"received_at": now})


def _ours(context: HubContext, parcel: Parcel, envelope: bytes, sender: Sender) -> None:
    announce(context, envelope, sender=None)
    complete(context, SubmissionId(parcel.id), node_id=sender.node)


def _parcels(sender: Sender, size: int) -> list[Parcel]:
    """Real tables, or bytes of this size, which nobody decodes here."""
    return [
        sender.parcel(period=period, payload=_filled(size, number) if size else None)
        for number, period in enumerate(PERIODS if not size else PERIODS[:2])
    ]


def _filled(size: int, number: int) -> bytes:
    return number.to_bytes(8, "big") * (size // 8)


def _measured(running: RunningHub, *, size: int) -> tuple[float, float, int]:
    ours: list[float] = []
    floor: list[float] = []
    length = 0
    database = Database(running.hub.context.database.engine, Collecting())
    context = replace(running.hub.context, database=database)
    for area in reporting_areas()[:AREAS]:
        sender = running.sender(area.id)
        parcels = _parcels(sender, size)
        for bare, full in zip(parcels[::2], parcels[1::2], strict=True):
            length = len(full.payload)
            for parcel in (bare, full):
                _upload(running, sender, parcel)
            with running.hub.context.database.read() as unit:
                known = unit.submissions.get(SubmissionId(bare.id))
            if known is None:
                raise RuntimeError("a submission of the benchmark was not announced")
            received = full.envelope.to_bytes()
            turns = [
                (floor, partial(_floor, running, known, bare, sender)),
                (ours, partial(_ours, context, full, received, sender)),
            ]
            # Every other leaf of the log asks for hashes in front of it: neither side always has that one.
            for taken, work in turns if len(ours) % 2 else turns[::-1]:
                started = time.perf_counter()
                work()
                taken.append(time.perf_counter() - started)
            if running.state(full) != "received":
                raise RuntimeError("a submission of the benchmark was not received")
    return statistics.median(ours), statistics.median(floor), length


def _upload(running: RunningHub, sender: Sender, parcel: Parcel) -> None:
    """Bring a submission to the point at which only its verification is left."""
    sender.announce(parcel)
    for n in range(len(parcel.chunks)):
        sender.put(parcel, n)
    # What completing would write; it computes the digest of what is there.
    running.hub.context.blobs.put(parcel.payload)


def _request_seconds(running: RunningHub, sender: Sender) -> float:
    path = f"/v1/nodes/{sender.node}/heads"
    taken = []
    for _ in range(200):
        headers = signed_headers(sender.key, "GET", path, at=dt.datetime.now(dt.UTC))
        request = Request("GET", path, "", {name.lower(): value for name, value in headers.items()})
        started = time.process_time()
        identify(running.hub.context, request)
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def _queue_seconds(running: RunningHub) -> float:
    taken = []
    for number in range(200):
        started = time.process_time()
        running.hub.queue.send(Job(JobName.VERIFY, (f"{number:064x}",)))
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def run() -> list[str]:
    """Verify submissions of an ordinary and of a large size, one after the other."""
    lines = []
    for size in SIZES:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_hub(Path(folder) / "hub", start=False) as running,
        ):
            ours, floor, length = _measured(running, size=size)
            name = f"Verification without decode, {length / 1024:,.0f} KiB"
            lines.append(
                str(Ratio(name, ours, "floor (Ed25519 + SHA-256 + one durable commit)", floor, GOAL))
            )
            if not size:
                seconds = _request_seconds(running, running.sender(reporting_areas()[-1].id))
                lines.append(
                    f"  who is calling (signature, nonce): {seconds * 1000:.2f} ms of processor time"
                )
                seconds = _queue_seconds(running)
                lines.append(f"  telling a worker to decode: {seconds * 1000:.2f} ms of processor time")
    return lines
