"""Intake of typical submissions beside its floor, and where the rest of the time goes.

Floor: what no hub can do without, in one process: check the Ed25519 signature, decode the Arrow stream, one
durable SQLite commit. Ours: the real hub (Flask views, database, blobs, decoding in a forked child), without
the network.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from hub.domain.ids import SubmissionId
from hub.services.intake.verification import verify
from protocol import dsse
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.regions import reporting_areas
from tests.bench.measuring import Ratio, best_seconds
from tests.factories.running_hub import Parcel, RunningHub, Sender, running_hub

Seconds = dict[str, list[float]]

FLOOR = "floor"
PERIODS = Period.span(Period(2024, 4), Period(2026, 3))
AREAS = 6
#: About as many cells as a real area withholds.
WITHHELD = tuple(range(0, 400, 3))


def _parcels(sender: Sender) -> list[Parcel]:
    grid = grid_of(load_catalogue(), "CASES")
    totals = {grid.total_row(i.id) for i in grid.dataset.indicators}
    hidden = tuple(row for row in WITHHELD if row not in totals)
    return [sender.parcel("CASES", period=period, withheld=hidden) for period in PERIODS]


def _floor(parcel: Parcel, key: PrivateKey, database: sqlite3.Connection) -> None:
    dsse.verify(parcel.envelope, key.public)
    with pa.ipc.open_stream(parcel.payload) as reader:
        table = reader.read_all()
    with database:
        database.execute(
            "INSERT INTO submission VALUES (?, ?, ?)", (parcel.id, table.num_rows, parcel.payload)
        )


def _take_in(
    running: RunningHub, sender: Sender, parcel: Parcel, database: sqlite3.Connection, seconds: Seconds
) -> None:
    steps: dict[str, Callable[[], object]] = {
        FLOOR: lambda: _floor(parcel, sender.key, database),
        "announce: checks of the statement": lambda: sender.announce(parcel),
        "receive: one chunk, durable": lambda: sender.put(parcel),
        "complete: digest, evidence": lambda: sender.complete(parcel),
        "verify: sandbox, rules, decision": lambda: verify(running.hub.context, SubmissionId(parcel.id)),
    }
    for step, work in steps.items():
        seconds.setdefault(step, []).append(best_seconds(work, rounds=1))


def run() -> list[str]:
    """Take in 48 submissions of CASES, one after the other."""
    seconds: Seconds = {}
    with tempfile.TemporaryDirectory() as folder, running_hub(Path(folder) / "hub", start=False) as running:
        running.hub.context.sandbox.start()
        with closing(sqlite3.connect(Path(folder) / "floor.db")) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("CREATE TABLE submission (id TEXT PRIMARY KEY, cells INTEGER, payload BLOB)")
            for area in reporting_areas()[:AREAS]:
                sender = running.sender(area.id)
                for parcel in _parcels(sender):
                    _take_in(running, sender, parcel, database, seconds)
                    if running.state(parcel) != "accepted":
                        return [f"a submission of the benchmark was not accepted: {running.state(parcel)}"]
    middle = {step: statistics.median(times) for step, times in seconds.items()}
    floor = middle.pop(FLOOR)
    ratio = Ratio(
        f"Intake of one submission of CASES, median of {AREAS * len(PERIODS)}",
        sum(middle.values()),
        "floor (Ed25519 + decode + one durable commit)",
        floor,
        None,
    )
    return [str(ratio), *(f"  {step}: {value * 1000:.1f} ms" for step, value in middle.items())]
