"""The log at a million leaves: what one more leaf costs, what a proof costs, what a signed state costs.

On a real database of the hub (SQLite, durable commits), with the hub's own code. `--leaves N` takes another
size. Times are processor and disk together, as a caller waits for them; memory is this process's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hub.domain.jobs import NoQueue
from hub.services.transparency.signer import LogSigner, recompute
from hub.store import migrations, models
from hub.store.engine import make_engine
from hub.store.files.passphrase import Passphrase
from hub.store.unit_of_work import Database
from protocol.transparency.events import LogEvent
from protocol.transparency.merkle import (
    Node,
    completed_by,
    consistency_proof,
    extend,
    inclusion_proof,
    siblings_of,
)
from protocol.transparency.tiles import Tile
from tests.bench.goals import Goal

LEAVES: Final = 1_000_000
ROUNDS: Final = 400
GOAL_MS: Final = 5.0
#: A process that kept the tree in memory would need 60 MB for it, and 300 MB for the entries.
GOAL_MB: Final = 8.0
_BATCH: Final = 20_000
_START: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def run(arguments: Sequence[str] = ()) -> list[str]:
    """Fill a log, then measure at its end."""
    parser = argparse.ArgumentParser(prog="log")
    parser.add_argument("--leaves", type=int, default=LEAVES)
    leaves = parser.parse_args(list(arguments)).leaves
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/hub.sqlite3")
        migrations.upgrade(engine)
        database = Database(engine, NoQueue())
        small = _milliseconds(database, 0)
        _fill(database, leaves)
        before = _own_megabytes()
        large = _milliseconds(database, leaves)
        signing = _signing(database, Path(folder) / "log")
        grown = _own_megabytes() - before
        engine.dispose()
    goals = [
        Goal(what, f"<= {GOAL_MS:g} ms", f"{took:.2f} ms", took <= GOAL_MS)
        for what, took in large.items()
        if what != _FLOOR
    ]
    goals.append(Goal("memory for all of these", f"<= {GOAL_MB:g} MB", f"{grown:.1f} MB", grown <= GOAL_MB))
    beside = large["append and durable commit"] / large[_FLOOR]
    empty = ", ".join(f"{what} {took:.2f} ms" for what, took in small.items() if what in _AT_ZERO)
    return [
        f"log of {leaves} leaves, median of {ROUNDS}",
        *map(str, goals),
        f"floor: {_FLOOR} {large[_FLOOR]:.2f} ms; append and commit: {beside:.2f} times as much",
        f"at the beginning of the same log: {empty}",
        *signing,
    ]


#: What no append can do without.
_FLOOR: Final = "durable commit of any row"
_AT_ZERO: Final = ("append and durable commit", "append without commit")


def _event(number: int) -> LogEvent:
    name = hashlib.sha256(f"submission {number // 2}".encode()).hexdigest()
    return LogEvent(
        at=_START + dt.timedelta(seconds=number),
        kind=("received", "accepted")[number % 2],
        id=name,
        node="node-0123456789abcdef",
        keyid=hashlib.sha256(b"key").hexdigest(),
        area="NW05111",
        dataset="CASES",
        period="2026-Q1",
        revision=1,
        payload_sha256=name,
    )


def _fill(database: Database, leaves: int) -> None:
    """Write leaves up to `leaves` in big batches, past the hub's own append, which is measured."""
    rows = _rows(database, leaves)
    while batch := [row for _, row in zip(range(_BATCH), rows, strict=False)]:
        with database.write() as unit:
            unit.connection.execute(models.log_leaf.insert(), batch)
            size = batch[-1]["seq"] + 1
            unit.connection.execute(models.log_head.update().values(size=size, newest_at=_event(size - 1).at))


def _rows(database: Database, leaves: int) -> Iterator[dict[str, Any]]:
    with database.read() as unit:
        first = unit.leaves.size()
        peaks = [Node(level, (first >> level) - 1) for level in range(20) if first >> level & 1]
        frontier = dict(unit.leaves.read(peaks))
    for index in range(first, leaves):
        event = _event(index)
        hashes = extend(index, event.leaf_hash, frontier)
        for sibling in siblings_of(index):
            del frontier[sibling]
        frontier[(completed_by(index) or [Node(0, index)])[-1]] = hashes[-1]
        yield {
            "seq": index,
            "subject": event.id,
            "entry": event.to_bytes(),
            "hashes": b"".join(hashes),
        }


def _milliseconds(database: Database, size: int) -> dict[str, float]:
    """Return what one operation takes, by what it is."""
    chance = random.Random(1)
    numbers = iter(range(size, size + 10 * ROUNDS))

    def append() -> None:
        with database.write() as unit:
            unit.log(_event(next(numbers)))

    def commit() -> None:
        with database.write() as unit:
            unit.audit("bench", "log", at=_START)

    found = {_FLOOR: _median(commit), "append and durable commit": _median(append)}
    with database.write() as unit:
        found["append without commit"] = _median(lambda: unit.log(_event(next(numbers))))
    with database.read() as unit:
        end = unit.leaves.size()
        log = unit.leaves
        found["proof of inclusion"] = _median(lambda: inclusion_proof(log, chance.randrange(end), size=end))
        found["proof of consistency"] = _median(
            lambda: consistency_proof(log, chance.randrange(1, end), new=end)
        )
        found["newest leaf of a submission"] = _median(
            lambda: log.newest_of(_event(chance.randrange(end)).id)
        )
        found["tile of 256 hashes"] = _median(
            lambda: log.read(Tile(0, chance.randrange(max(1, end // 256 - 1)), min(256, end)).nodes)
        )
    return found


def _signing(database: Database, folder: Path) -> list[str]:
    signer = LogSigner(
        folder, origin="hub.example/log", passphrase=Passphrase(folder.with_name("passphrase"))
    )
    with database.read() as unit:
        size = unit.leaves.size()
        start = time.perf_counter()
        with signer.alone():
            before = signer.sign(unit.leaves).checkpoint
        whole = time.perf_counter() - start
    with database.write() as unit:
        for number in range(100):
            unit.log(_event(size + number))
    with database.read() as unit, signer.alone():
        start = time.perf_counter()
        signer.sign(unit.leaves)
        usual = time.perf_counter() - start
        start = time.perf_counter()
        recompute(unit.leaves, before, behind=size + 100)
        again = time.perf_counter() - start
    return [
        f"to sign a state 100 leaves later: {usual * 1000:.1f} ms; their hashes {again * 1000:.1f} ms of it",
        f"to compute every hash again: {whole / size * 1e6:.1f} µs for each leaf, {whole:.1f} s",
    ]


def _own_megabytes() -> float:
    """Return the memory that is this process's own: pages of the database file are the system's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000
