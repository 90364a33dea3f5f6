"""Fifty-four nodes and three years in minutes, while the hub is killed again and again.

Real nodes of the product take too long for this; what stands here for a node keeps to its part of the
protocol: it repeats the bytes it has signed until the hub has decided about them. Every batch of work runs in
a process of its own that dies at a drawn place after a drawn number of passings. At the end everything was
decided once, the log holds every decision, and all of it is in the release.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import psutil

from hub import failpoints
from hub.domain.ids import SubmissionId
from hub.services.compiling import compile_cube
from hub.services.publishing import close, progress, publish
from hub.services.registration import Registration, register
from hub.services.transparency.rounds import check_whole, run_round
from hub.services.validation import validate
from hub.services.verification import verify
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.regions import region_tree
from tests.factories.dying import ended
from tests.factories.log_checks import assert_log_whole, assert_receipt
from tests.factories.running_hub import Parcel, Sender, lasting_sandbox, running_hub

PERIODS = [Period(year, quarter) for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)]
BATCH = 6


def run(seconds: float, seed: int) -> dict[str, Any]:
    """Deliver as much of the three years as the time allows; every area of a quarter that is begun."""
    random = Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="kim-chaos-"))
    lasting_sandbox()
    until = time.monotonic() + seconds
    memory: list[int] = []
    kills = deliveries = 0
    done: list[Period] = []
    try:
        home = folder / "hub"
        keys = _prepare(home)
        for period in PERIODS:
            if time.monotonic() > until:
                break
            parcels = _signed(home, keys, period, random)
            for start in range(0, len(parcels), BATCH):
                batch = parcels[start : start + BATCH]
                place = random.choice(failpoints.PLACES)
                action = random.choice(("kill", "kill", "kill", "eio", "enospc"))
                doom = f"{place}:{action}:{random.randint(1, 6)}"
                kills += ended(lambda batch=batch: _deliver(home, keys, batch, strict=False), doom) < 0
                ended(lambda batch=batch: _deliver(home, keys, batch, strict=True), None)
                memory.append(psutil.Process().memory_info().rss)
            deliveries += len(parcels)
            _check(home, keys, parcels, period)
            done.append(period)
    finally:
        shutil.rmtree(folder)
    return {
        "ok": bool(done),
        "nodes": len(keys),
        "quarters": len(done),
        "deliveries": deliveries,
        "kills": kills,
        "memory_growth_mib": round((memory[-1] - memory[0]) / 2**20) if memory else None,
        "cores": os.cpu_count(),
    }


def _prepare(home: Path) -> dict[str, PrivateKey]:
    keys = {area: PrivateKey.generate() for area in region_tree().leaves_of("NW05")}
    with running_hub(home, start=False, sandbox=lasting_sandbox()) as running:
        register(
            running.hub.context,
            [Registration(_node(area), (area,), key.public.hex, area) for area, key in keys.items()],
        )
        run_round(running.hub.context)
    return keys


def _node(area: str) -> str:
    return f"node-{area.lower()}"


def _sender(running: Any, area: str, keys: dict[str, PrivateKey]) -> Sender:
    return Sender(_node(area), area, keys[area], running.client)


def _signed(home: Path, keys: dict[str, PrivateKey], period: Period, random: Random) -> list[Parcel]:
    """What every area delivers for a quarter; some send a correction behind it."""
    parcels = []
    with running_hub(home, start=False, sandbox=lasting_sandbox()) as running:
        for area in keys:
            sender = _sender(running, area, keys)
            sender._nonces = iter(range(random.randrange(10**9), 10**10))
            first = sender.parcel(period=period, withheld=[3, 4], chunk=20_000)
            parcels.append(first)
            if random.random() < 0.2:
                parcels.append(
                    sender.parcel(
                        period=period,
                        withheld=[3, 4],
                        chunk=20_000,
                        revision=2,
                        supersedes=first.id,
                        reason="Nachmeldungen",
                    )
                )
    return parcels


def _deliver(home: Path, keys: dict[str, PrivateKey], parcels: Sequence[Parcel], *, strict: bool) -> None:
    with running_hub(home, start=False, sandbox=lasting_sandbox()) as running:
        for parcel in parcels:
            answer = _sender(running, parcel.statement.area, keys).send(parcel)
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


def _check(home: Path, keys: dict[str, PrivateKey], parcels: Sequence[Parcel], period: Period) -> None:
    replaced = {parcel.statement.supersedes for parcel in parcels}
    with running_hub(home, start=False, sandbox=lasting_sandbox()) as running:
        context = running.hub.context
        for parcel in parcels:
            assert running.state(parcel) == ("superseded" if parcel.id in replaced else "accepted")
        run_round(context)
        for parcel in parcels[::9]:
            assert_receipt(context, parcel.id, parcel.statement.node)
        close(context, [period], datasets=["CASES"])
        for area in keys:
            validate(context, area)
        assert publish(context) is not None or _compiled(context)
        with context.database.read() as unit:
            assert_log_whole(unit)
        check_whole(context)


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
