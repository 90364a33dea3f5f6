"""A hub database as it looks after eight quarters: 54 areas, withheld cells, a late and a rejected delivery.

The rows go through the real tables and migrations. Figures are drawn with a fixed seed and scaled by
population; margins add up, withheld cells have bounds that contain the drawn value, and `truth` of a built
hub lets a test check that every published interval contains it. Protection here is only realistic in shape
(small counts plus one more cell per line): that it is *safe* is tested where it is computed.
"""

import atexit
import datetime as dt
import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from flask import Flask

from hub.app import Hub, create_app
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.models import (
    area,
    cube,
    node,
    node_area,
    node_key,
    observation,
    published,
    release,
    release_cube,
    submission,
)
from hub.store.schema import upgrade
from protocol.catalogue_file import load_catalogue
from protocol.codelists import TOTAL
from protocol.grid import CellGrid, grid_of
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.regions import Region, region_tree, reporting_area, reporting_areas
from tests.factories.drawn_figures import draw_figures

PERIODS = Period.span(Period.parse("2024-Q4"), Period.parse("2026-Q3"))
LAST = PERIODS[-1]
LATE = "NW05766"  # Kreis Lippe: nothing for the last quarter
REJECTED = "NW05916"  # Herne: its PERSONS of the last quarter were rejected
GAP = ("NW05966", Period.parse("2025-Q2"))  # Kreis Olpe never delivered this quarter
IN_CHECK = "NW05117"  # Mülheim: a correction is being verified, the released figures stand
PUBLISHED_AT = dt.datetime(2026, 10, 6, 7, 30, tzinfo=dt.UTC)

_DATASETS = ("CASES", "PERSONS")


@dataclass(frozen=True)
class BuiltHub:
    """A database file and the drawn values, by (dataset, period): int64[cells, 54]."""

    path: Path
    truth: dict[tuple[str, Period], np.ndarray]

    def engine(self) -> sa.Engine:
        return make_engine(f"sqlite:///{self.path}")


def build_published_hub(folder: Path) -> BuiltHub:
    """Write the database `hub.sqlite3` into `folder`."""
    path = folder / "hub.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    truth: dict[tuple[str, Period], np.ndarray] = {}
    with engine.connect().execution_options(writes=True) as connection:
        numbers = _write_areas(connection)
        _write_nodes(connection)
        _write_submissions(connection)
        cubes = {}
        for dataset in _DATASETS:
            grid = grid_of(load_catalogue(), dataset)
            for number, period in enumerate(PERIODS):
                drawn = draw_figures(grid, number)
                truth[dataset, period] = drawn
                cubes[dataset, period] = _write_cube(connection, grid, period, drawn, numbers)
        _write_releases(connection, cubes)
        connection.commit()
    engine.dispose()
    return BuiltHub(path, truth)


@cache
def shared_hub() -> BuiltHub:
    """Return a hub for tests that only read; built once per process, removed when it ends."""
    folder = tempfile.TemporaryDirectory(prefix="kim-published-")
    atexit.register(folder.cleanup)
    return build_published_hub(Path(folder.name))


def app_of(built: BuiltHub) -> Flask:
    """Return the real application on a built database; nothing is started."""
    return create_app(Hub(HubSettings(home=built.path.parent, date="2026-10-06")).context)


def build_empty_hub(folder: Path) -> BuiltHub:
    """Write a database with the schema and nothing published."""
    path = folder / "hub.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return BuiltHub(path, {})


def delivers(dataset: str, period: Period, area_id: str) -> bool:
    """Whether this delivery is in the release."""
    if (area_id, period) == GAP:
        return False
    if period == LAST and area_id == LATE:
        return False
    return not (period == LAST and dataset == "PERSONS" and area_id == REJECTED)


# ------------------------------------------------------------------------------------------ writing


def _withheld(grid: CellGrid, values: np.ndarray) -> np.ndarray:
    """Small counts, and beside each the next larger cell of the same indicator and first dimension."""
    hidden = (values > 0) & (values < 5)
    sensitive = [
        row for row in range(len(grid)) if grid.codes(row).get("RESIDENCE") in ("INSEC", "GEST", "DULD")
    ]
    hidden[sensitive] |= values[sensitive] < 10
    hidden[[row for row, key in enumerate(grid.keys) if key[0] == "CONTACTS_ONEOFF"]] = False
    lines: dict[tuple, list[int]] = {}
    for row, key in enumerate(grid.keys):
        broken = tuple(d for d, c in grid.codes(row).items() if c != TOTAL)
        lines.setdefault((key[0], broken, grid.codes(row).get("SEX")), []).append(row)
    for rows in lines.values():
        for column in range(values.shape[1]):
            if hidden[rows, column].sum() == 1:
                candidates = [r for r in rows if not hidden[r, column] and values[r, column] > 0]
                if candidates:
                    hidden[min(candidates, key=lambda r: values[r, column]), column] = True
    return hidden


def _write_cube(connection, grid: CellGrid, period: Period, drawn: np.ndarray, numbers: dict) -> int:
    dataset = grid.dataset.id
    areas = reporting_areas()
    there = np.array([delivers(dataset, period, a.id) for a in areas])
    hidden = _withheld(grid, drawn) & there
    rng = np.random.default_rng([17, len(grid), PERIODS.index(period)])
    slack = rng.integers(1, 6, size=drawn.shape)
    lower = np.where(hidden, np.maximum(drawn - slack, 1), drawn)
    lower = np.minimum(lower, drawn)
    upper = np.where(hidden, drawn + slack + 1, drawn)
    inputs = {a.id: _digest(dataset, period, a.id) for a, ok in zip(areas, there, strict=True) if ok}
    cube_id = connection.execute(
        sa.insert(cube)
        .values(
            dataset=dataset,
            period=str(period),
            sha256=_digest("cube", dataset, period),
            inputs=inputs,
            inputs_sha256=hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest(),
            catalogue_sha256=load_catalogue().sha256,
            built_at=PUBLISHED_AT,
        )
        .returning(cube.c.id)
    ).scalar_one()
    columns = [c.name for c in observation.columns]
    rows = [
        *_leaf_rows(cube_id, drawn, hidden, there, numbers),
        *_total_rows(cube_id, grid, lower, upper, hidden, there, numbers),
    ]
    connection.exec_driver_sql(
        f"INSERT INTO observation ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows
    )
    return int(cube_id)


def _leaf_rows(cube_id, drawn, hidden, there, numbers) -> list[tuple]:
    rows = []
    for column, region in enumerate(reporting_areas()):
        ix = numbers[region.id]
        for cell in range(drawn.shape[0]):
            value = int(drawn[cell, column])
            if not there[column]:
                state, shown, bounds = CellState.NOT_DELIVERED, None, (None, None)
            elif hidden[cell, column]:
                state, shown, bounds = CellState.SUPPRESSED, None, (1, value + 6)
            else:
                state = CellState.ZERO if value == 0 else CellState.VALUE
                shown, bounds = value, (value, value)
            rows.append(
                (cube_id, cell, ix, STATE_NUMBER[state], shown, *bounds, 1, int(there[column]),
                 int(state is CellState.SUPPRESSED))
            )  # fmt: skip
    return rows


def _total_rows(cube_id, grid, lower, upper, hidden, there, numbers) -> list[tuple]:
    tree = region_tree()
    position = {region.id: n for n, region in enumerate(reporting_areas())}
    rows = []
    for name in tree.aggregates:
        columns = [position[leaf] for leaf in tree.leaves_of(name)]
        present = [c for c in columns if there[c]]
        delivered, expected = len(present), len(columns)
        for cell, key in enumerate(grid.keys):
            distinct = key[0] == "PERSONS_SUPPORTED"
            lows = lower[cell, present]
            low = int(lows.max(initial=0)) if distinct else int(lows.sum())
            up = int(upper[cell, present].sum()) if delivered == expected else None
            exact = up is not None and up == low
            state = CellState.SUPPRESSED
            if delivered == 0:
                state = CellState.NOT_DELIVERED
            elif exact:
                state = CellState.ZERO if low == 0 else CellState.VALUE
            rows.append(
                (cube_id, cell, numbers[name], STATE_NUMBER[state], low if exact else None, low, up,
                 expected, delivered, int(hidden[cell, present].sum()))
            )  # fmt: skip
    return rows


def _write_areas(connection) -> dict[str, int]:
    ids = [a.id for a in reporting_areas()] + list(region_tree().aggregates)
    rows = [{"ix": n, "id": name, "kind": "leaf" if n < 54 else "aggregate"} for n, name in enumerate(ids)]
    connection.execute(sa.insert(area), rows)
    return {row["id"]: row["ix"] for row in rows}


def _write_nodes(connection) -> None:
    for region in reporting_areas():
        connection.execute(
            sa.insert(node).values(
                id=_node(region),
                name=region.name,
                area=region.id,
                status="active",
                registered_at=PUBLISHED_AT,
            )
        )
        connection.execute(sa.insert(node_area).values(area=region.id, node_id=_node(region)))
        connection.execute(
            sa.insert(node_key).values(
                keyid=_digest("keyid", region.id),
                node_id=_node(region),
                public_key=_digest("key", region.id),
                status="active",
                added_at=PUBLISHED_AT,
            )
        )


def _write_submissions(connection) -> None:
    rows = []
    for region in reporting_areas():
        for period in PERIODS:
            for dataset in _DATASETS:
                if delivers(dataset, period, region.id):
                    rows.append(_submission(region, dataset, period, 1, "accepted"))
                elif region.id == REJECTED:
                    rows.append(_submission(region, dataset, period, 1, "rejected", "value_rule"))
    rows.append(_submission(reporting_area(IN_CHECK), "CASES", LAST, 2, "verifying"))
    connection.execute(sa.insert(submission), rows)


def _submission(region: Region, dataset, period, revision, state, problem_code=None) -> dict:
    moment = PUBLISHED_AT - dt.timedelta(hours=20)
    return {
        "id": _digest(dataset, period, region.id) if revision == 1 else _digest("r2", dataset, region.id),
        "node_id": _node(region),
        "keyid": _digest("keyid", region.id),
        "area": region.id,
        "dataset": dataset,
        "period": str(period),
        "revision": revision,
        "supersedes": None,
        "state": state,
        "envelope_sha256": _digest("envelope", dataset, period, region.id, revision),
        "payload_sha256": _digest("payload", dataset, period, region.id, revision),
        "payload_size": 65536,
        "payload_rows": 446,
        "chunk_bytes": 1048576,
        "min_contributors": 5,
        "announced_at": moment,
        "state_since": moment,
        "received_at": moment,
        "problem_code": problem_code,
    }


def _write_releases(connection, cubes: dict[tuple[str, Period], int]) -> None:
    for number, created in ((1, PUBLISHED_AT - dt.timedelta(days=91)), (2, PUBLISHED_AT)):
        release_id = connection.execute(
            sa.insert(release).values(number=number, created_at=created, note="").returning(release.c.id)
        ).scalar_one()
        held = [item for item in cubes.items() if number == 2 or item[0][1] != LAST]
        if held:
            connection.execute(
                sa.insert(release_cube),
                [
                    {"release_id": release_id, "dataset": d, "period": str(p), "cube_id": c}
                    for (d, p), c in held
                ],
            )
    connection.execute(sa.insert(published).values(one=1, release_id=release_id))


def _node(region: Region) -> str:
    return f"node-{_digest('node', region.id)[:16]}"


def _digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
