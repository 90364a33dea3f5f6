"""Fifty-four nodes and three years in minutes, while the hub is killed again and again.

The hub is governed: deliveries are sealed, every year some keys change and old ones are revoked by what two
officers have signed, and once a year somebody puts an old backup of the database back, which the log has to
notice. Real nodes of the product take too long for this; what stands here for a node keeps to its part of the
protocol: it repeats the bytes it has signed until the hub has decided about them. Every batch of work runs in
a process of its own that dies at a drawn place after a drawn number of passings. At the end everything was
decided once, the log holds every decision, and all of it is in the release.

Each quarter has its share of the time. Areas that are not through by then have not delivered in it, as
happens; their next quarter is complete all the same.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from hub import failpoints
from hub.domain.ids import SubmissionId
from hub.services.intake.verification import verify
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import close, progress, publish
from hub.services.registry.registration import Registration, register
from hub.services.review.validation import validate
from hub.services.transparency.rounds import check_whole, run_round
from protocol.errors import KimError
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.regions import region_tree
from tests.factories.dying import ended
from tests.factories.governed_hub import GovernedHub, People, govern
from tests.factories.log_checks import assert_log_whole, assert_receipt
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub

PERIODS = [Period(year, quarter) for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)]
BATCH = 6
_DATABASE = "hub.sqlite3"
#: Nodes whose keys change in a year.
CHANGES = 3


@dataclass
class World:
    """The hub's folder, its officers, the nodes' keys, and the time that it is in each of its processes."""

    home: Path
    people: People = field(default_factory=dict)
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    moment: dt.datetime = dt.datetime(2026, 10, 5, 10, 0, tzinfo=dt.UTC)

    @contextmanager
    def hub(self) -> Iterator[RunningHub]:
        with running_hub(self.home, start=False, sandbox=lasting_sandbox()) as running:
            running.clock.moment = self.moment
            yield running

    def sender(self, running: RunningHub, area: str) -> Sender:
        return Sender(_node(area), area, self.keys[area], running.client)


def run(seconds: float, seed: int) -> dict[str, Any]:
    """Deliver the three years, of each quarter as many areas as its share of the time allows."""
    random = Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="kim-chaos-"))
    lasting_sandbox()
    began = time.monotonic()
    memory: list[int] = []
    kills = deliveries = rotations = restored = 0
    done: list[Period] = []
    try:
        world = _prepare(folder / "hub")
        for number, period in enumerate(PERIODS, start=1):
            until = began + seconds * number / len(PERIODS)
            areas = random.sample(sorted(world.keys), len(world.keys))
            parcels: list[Parcel] = []
            while areas and (not parcels or time.monotonic() < until):
                batch = _signed(world, areas[:BATCH], period, random)
                del areas[:BATCH]
                place = random.choice(failpoints.PLACES)
                action = random.choice(("kill", "kill", "kill", "eio", "enospc"))
                doom = f"{place}:{action}:{random.randint(1, 6)}"
                kills += ended(partial(_deliver, world, batch, strict=False), doom) < 0
                ended(partial(_deliver, world, batch, strict=True), None)
                parcels += batch
                memory.append(psutil.Process().memory_info().rss)
            deliveries += len(parcels)
            _check(world, parcels, period)
            done.append(period)
            world.moment += dt.timedelta(days=1)
            if period.quarter == 2:
                rotations += _change_keys(world, random.sample(sorted(world.keys), CHANGES))
            if period.quarter == 3:
                restored += _restore_an_old_backup(world, folder / "old.sqlite3", folder / "right.sqlite3")
            if period.quarter in (1, 3):
                _copy(world.home / _DATABASE, folder / "old.sqlite3")
    finally:
        shutil.rmtree(folder)
    return {
        "ok": len(done) == len(PERIODS),
        "nodes": len(world.keys),
        "quarters": len(done),
        "deliveries": deliveries,
        "kills": kills,
        "keys_changed_and_revoked": rotations,
        "old_backups_noticed": restored,
        "memory_growth_mib": round((memory[-1] - memory[0]) / 2**20) if memory else None,
        "cores": os.cpu_count(),
    }


def _prepare(home: Path) -> World:
    keys = {area: PrivateKey.generate() for area in region_tree().leaves_of("NW05")}
    world = World(home, keys=keys)
    with world.hub() as running:
        register(
            running.hub.context,
            [Registration(_node(area), (area,), key.public.hex, area) for area, key in keys.items()],
        )
        world.people = govern(running)
        run_round(running.hub.context)
    return world


def _node(area: str) -> str:
    return f"node-{area.lower()}"


def _signed(world: World, areas: Sequence[str], period: Period, random: Random) -> list[Parcel]:
    """What some areas deliver for a quarter; some send a correction behind it."""
    parcels = []
    with world.hub() as running:
        hub = GovernedHub(running, world.people)
        for area in areas:
            sender = world.sender(running, area)
            sender._nonces = iter(range(random.randrange(10**9), 10**10))
            first = hub.sealed(sender, sender.parcel(period=period, withheld=[3, 4], chunk=20_000))
            parcels.append(first)
            if random.random() < 0.2:
                correction = sender.parcel(
                    period=period,
                    withheld=[3, 4],
                    chunk=20_000,
                    revision=2,
                    supersedes=first.id,
                    reason="Nachmeldungen",
                )
                parcels.append(hub.sealed(sender, correction))
    return parcels


def _deliver(world: World, parcels: Sequence[Parcel], *, strict: bool) -> None:
    with world.hub() as running:
        for parcel in parcels:
            answer = world.sender(running, parcel.statement.area).send(parcel)
            if answer.status_code >= 400:
                if strict:
                    raise AssertionError(answer.text)
                continue
            try:
                verify(running.hub.context, SubmissionId(parcel.id))
                run_round(running.hub.context)
            except OSError:
                if strict:
                    raise


def _check(world: World, parcels: Sequence[Parcel], period: Period) -> None:
    replaced = {parcel.statement.supersedes for parcel in parcels}
    with world.hub() as running:
        context = running.hub.context
        for parcel in parcels:
            assert running.state(parcel) == ("superseded" if parcel.id in replaced else "accepted")
        run_round(context)
        for parcel in parcels[::9]:
            assert_receipt(context, parcel.id, parcel.statement.node)
        close(context, [period], datasets=["CASES"])
        for area in {parcel.statement.area for parcel in parcels}:
            validate(context, area)
        assert publish(context) is not None or _compiled(context)
        with context.database.read() as unit:
            assert_log_whole(unit)
        check_whole(context)


def _change_keys(world: World, areas: Sequence[str]) -> int:
    """Nodes get new keys, and their old ones are revoked: with those nothing is taken any more."""
    for number, area in enumerate(areas):
        with world.hub() as running:
            hub = GovernedHub(running, world.people)
            old = world.keys[area]
            world.keys[area] = hub.rotate(
                _node(area), old, number=10 * number + int(world.moment.timestamp())
            ).sign
            hub.decide_revocation(old.public.keyid, compromised_since=None)
            hub.publish()
            late = Sender(_node(area), area, old, running.client)
            assert late.announce(late.parcel(period=PERIODS[-1])).status_code in (401, 403)
            run_round(running.hub.context)
    return len(areas)


def _restore_an_old_backup(world: World, old: Path, right: Path) -> int:
    """Somebody puts an old database back: nothing is signed or taken until the right one is there again."""
    database = world.home / _DATABASE
    _copy(database, right)
    _put_back(database, old)
    with world.hub() as running:
        for _ in range(2):
            with pytest.raises(KimError, match="log_inconsistent"):
                run_round(running.hub.context)
        sender = world.sender(running, min(world.keys))
        refused = sender.send(
            GovernedHub(running, world.people).sealed(sender, sender.parcel(period=PERIODS[-1]))
        )
        assert refused.status_code >= 400, refused.text
    _put_back(database, right)
    with world.hub() as running:
        run_round(running.hub.context)
        check_whole(running.hub.context)
    return 1


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _put_back(database: Path, copy: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        database.with_name(f"{database.name}{suffix}").unlink(missing_ok=True)
    shutil.copy(copy, database)


def _compiled(context: Any) -> bool:
    """Compile what waits, then publish."""
    with context.database.read() as unit:
        waiting = progress(context, unit).uncompiled
    for dataset, period in waiting:
        compile_cube(context, dataset, period)
    run_round(context)
    with context.database.read() as unit:
        again = progress(context, unit).uncompiled
    for dataset, period in again:  # the year that follows from its quarters
        compile_cube(context, dataset, period)
    return publish(context) is not None
