"""A hub database after eight quarters and a year: all dataflows of 54 areas, as a release holds them.

With withheld cells, a late and a rejected delivery, a joint authority, a register that is not kept, a break
of a series and figures to confirm.

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
from typing import Any

import numpy as np
import sqlalchemy as sa
from flask import Flask

from hub.app import create_app
from hub.settings import HubSettings
from hub.store.engine import make_engine
from hub.store.migrations import upgrade
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
    submission_finding,
)
from hub.wiring import Hub
from protocol.catalogue import RuleKind
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

YEAR = Period(2025)
AUTHORITY = "NW05334"  # decides for its two leaves and delivers that itself
NOT_COLLECTED = ("NW05158", "STRUCT_ISSUES")  # Kreis Mettmann keeps no register of structural issues
BREAK = ("NW05170", Period.parse("2025-Q3"), "Umstellung der Fachsoftware")  # Kreis Wesel

_DATASETS = tuple(load_catalogue().datasets)
_COLUMN = {region.id: n for n, region in enumerate(reporting_areas())}


def periods_of(dataset: str) -> tuple[Period, ...]:
    """Periods that the release holds of a dataflow."""
    return (YEAR,) if dataset == "FUNDS" else (*PERIODS, YEAR)


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
    tables = {
        (dataset, period): _drawn(grid_of(load_catalogue(), dataset), period)
        for dataset in _DATASETS
        for period in periods_of(dataset)
        if period.quarter or dataset == "FUNDS"
    }
    for dataset in _DATASETS:
        if dataset != "FUNDS":
            tables[dataset, YEAR] = _year(grid_of(load_catalogue(), dataset), tables)
    with engine.connect().execution_options(writes=True) as connection:
        numbers = _write_areas(connection)
        _write_nodes(connection)
        _write_submissions(connection, tables)
        cubes = {
            place: _write_cube(connection, place[1], table, numbers)
            for place, table in sorted(tables.items())
        }
        _write_releases(connection, cubes)
        connection.commit()
    engine.dispose()
    return BuiltHub(path, {place: table.values for place, table in tables.items()})


@cache
def whole_hub() -> BuiltHub:
    """Return a hub with all dataflows and a year, for tests that only read; one per process."""
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


def holds(indicator: str, period: Period, region: str) -> list[str]:
    """Return the leaves of a region that are in its figure."""
    found = load_catalogue().indicator(indicator)
    leaves = region_tree().leaves_of(region)
    served = set(region_tree().leaves_of(AUTHORITY)) if found.reporting_unit == "authority" else set()
    if period == YEAR and found.time_additivity == "last":
        period = Period(YEAR.year, 4)
    there = [leaf for leaf in leaves if delivers(found.dataset, period, leaf)]
    if not served <= set(leaves):
        there = [leaf for leaf in there if leaf not in served]
    return [leaf for leaf in there if (leaf, indicator) != NOT_COLLECTED]


def delivers(dataset: str, period: Period, area_id: str) -> bool:
    """Whether this delivery is in the release."""
    if period.quarter is None and "A" not in load_catalogue().dataset(dataset).frequencies:
        return all(delivers(dataset, Period(period.year, number), area_id) for number in (1, 2, 3, 4))
    if (area_id, period) == GAP:
        return False
    if period == LAST and area_id == LATE:
        return False
    return not (period == LAST and dataset == "PERSONS" and area_id == REJECTED)


# ------------------------------------------------------------------------------------------ writing


def _withheld(grid: CellGrid, values: np.ndarray) -> np.ndarray:
    """Small counts, and beside each the next larger cell of the same indicator and first dimension."""
    catalogue = load_catalogue()
    hidden = np.zeros(values.shape, dtype=np.bool_)
    few_carriers = np.random.default_rng([19, len(grid)]).random(values.shape) < 0.1
    for row in range(len(grid)):
        codes = grid.codes(row)
        rule = catalogue.rule_for(catalogue.indicator(grid.keys[row][0]), codes)
        if rule.kind in (RuleKind.FREQUENCY, RuleKind.DISTRIBUTION):
            hidden[row] = (values[row] > 0) & (values[row] < rule.min_contributors)
        elif rule.kind is not RuleKind.NONE:
            hidden[row] = (values[row] > 0) & few_carriers[row]
    lines: dict[tuple[str, tuple[str, ...], str | None], list[int]] = {}
    for row, key in enumerate(grid.keys):
        broken = tuple(d for d, c in grid.codes(row).items() if c != TOTAL)
        lines.setdefault((key[0], broken, grid.codes(row).get(broken[0]) if broken[1:] else None), []).append(
            row
        )
    for rows in lines.values():
        for column in range(values.shape[1]):
            if hidden[rows, column].sum() == 1:
                candidates = [r for r in rows if not hidden[r, column] and values[r, column] > 0]
                if candidates:
                    hidden[min(candidates, key=lambda r: values[r, column]), column] = True
    return hidden


@dataclass(frozen=True)
class _Table:
    """One dataflow and period of the 54 leaves; every array is [cells, 54]."""

    grid: CellGrid
    values: np.ndarray
    there: np.ndarray
    hidden: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def _drawn(grid: CellGrid, period: Period) -> _Table:
    """Draw what the leaves deliver, and bounds of what they withhold."""
    step = PERIODS.index(period) if period.quarter else len(PERIODS)
    values = draw_figures(grid, step)
    there = np.tile([delivers(grid.dataset.id, period, a.id) for a in reporting_areas()], (len(grid), 1))
    for indicator in grid.dataset.indicators:
        rows = list(grid.rows_of(indicator.id))
        if indicator.reporting_unit == "authority":
            there[np.ix_(rows, [_COLUMN[leaf] for leaf in region_tree().leaves_of(AUTHORITY)])] = False
        if indicator.id == NOT_COLLECTED[1]:
            there[rows, _COLUMN[NOT_COLLECTED[0]]] = False
    hidden = _withheld(grid, values) & there
    rng = np.random.default_rng([17, len(grid), step])
    slack = rng.integers(1, 6, size=values.shape) + values // 10
    lower = np.where(hidden, np.minimum(np.maximum(values - slack, 1), values), values)
    upper = np.where(hidden, values + slack + 1, values)
    return _Table(grid, values, there, hidden, lower, upper)


def _year(grid: CellGrid, tables: dict[tuple[str, Period], _Table]) -> _Table:
    """Add the quarters up, or take the last; nobody comes twice, so persons add up too."""
    parts = [tables[grid.dataset.id, Period(YEAR.year, quarter)] for quarter in (1, 2, 3, 4)]
    last = np.zeros((len(grid), 1), dtype=np.bool_)
    for indicator in grid.dataset.indicators:
        last[list(grid.rows_of(indicator.id))] = indicator.time_additivity == "last"

    def over(name: str) -> np.ndarray:
        columns = [getattr(part, name) for part in parts]
        added: np.ndarray = np.where(last, columns[-1], np.sum(columns, axis=0))
        return added

    there = np.where(last, parts[-1].there, np.all([part.there for part in parts], axis=0))
    hidden = np.where(last, parts[-1].hidden, np.any([part.hidden for part in parts], axis=0)) & there
    return _Table(grid, over("values"), there, hidden, over("lower"), over("upper"))


def _write_cube(connection: sa.Connection, period: Period, table: _Table, numbers: dict[str, int]) -> int:
    dataset = table.grid.dataset.id
    areas = [a.id for a in reporting_areas() if delivers(dataset, period, a.id)]
    inputs = {area_id: _digest(dataset, period, area_id) for area_id in areas}
    cube_id = connection.execute(
        sa.insert(cube)
        .values(
            dataset=dataset,
            period=str(period),
            sha256=_digest("cube", dataset, period),
            inputs=inputs,
            areas=areas,
            inputs_sha256=hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest(),
            catalogue_sha256=load_catalogue().sha256,
            built_at=PUBLISHED_AT,
        )
        .returning(cube.c.id)
    ).scalar_one()
    columns = [c.name for c in observation.columns]
    statement = f"INSERT INTO observation ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    cells = range(len(table.grid))
    for region in (*(a.id for a in reporting_areas()), *region_tree().aggregates):
        found = _region(table, region)
        connection.exec_driver_sql(
            statement,
            list(zip([cube_id] * len(cells), cells, [numbers[region]] * len(cells), *found, strict=True)),
        )
    return int(cube_id)


def _region(table: _Table, region: str) -> list[list[int | None]]:
    """Return state, value, lower, upper, expected, delivered, withheld of every cell of one region."""
    leaves = [_COLUMN[leaf] for leaf in region_tree().leaves_of(region)]
    there, hidden = table.there[:, leaves], table.hidden[:, leaves]
    lower = np.where(there, table.lower[:, leaves], 0)
    upper = np.where(there, table.upper[:, leaves], 0)
    low, up = lower.sum(axis=1), upper.sum(axis=1)
    for indicator in table.grid.dataset.indicators:
        if indicator.region_additivity == "max_sum":
            rows = list(table.grid.rows_of(indicator.id))
            low[rows] = lower[rows].max(axis=1)
    delivered, withheld = there.sum(axis=1), hidden.sum(axis=1)
    is_open, no_floor = delivered < len(leaves), np.zeros(len(low), dtype=np.bool_)
    for indicator in table.grid.dataset.indicators:
        rows = list(table.grid.rows_of(indicator.id))
        if indicator.may_be_negative:
            # What is withheld or missing may be a repayment: nothing bounds it.
            no_floor[rows] = is_open[rows] | (withheld[rows] > 0)
        served = [_COLUMN[leaf] for leaf in region_tree().leaves_of(AUTHORITY)]
        if indicator.reporting_unit == "authority" and {*served} <= {*leaves}:
            # The authority's own delivery stands in place of its leaves', and withholds nothing here.
            own = table.values[np.ix_(rows, served)].sum(axis=1)
            low[rows], up[rows] = low[rows] + own, up[rows] + own
            delivered[rows] += len(served)
            is_open[rows] = delivered[rows] < len(leaves)
    is_open = is_open | no_floor
    exact = ~is_open & (low == up)
    state = np.select(
        [exact & (low == 0), exact, withheld > 0, delivered == 0],
        [
            STATE_NUMBER[s]
            for s in (CellState.ZERO, CellState.VALUE, CellState.SUPPRESSED, CellState.NOT_DELIVERED)
        ],
        default=STATE_NUMBER[CellState.NOT_DELIVERED if len(leaves) == 1 else CellState.SUPPRESSED],
    )
    return [
        state.tolist(),
        _where(exact, low),
        _where(~no_floor & (delivered > 0), low),
        _where(~is_open, up),
        [len(leaves)] * len(low),
        delivered.tolist(),
        withheld.tolist(),
    ]


def _where(known: np.ndarray, numbers: np.ndarray) -> list[int | None]:
    return [n if k else None for k, n in zip(known.tolist(), numbers.tolist(), strict=True)]


def _write_areas(connection: sa.Connection) -> dict[str, int]:
    ids = [a.id for a in reporting_areas()] + list(region_tree().aggregates)
    numbers = {name: n for n, name in enumerate(ids)}
    rows = [{"ix": n, "id": name, "kind": "leaf" if n < 54 else "aggregate"} for name, n in numbers.items()]
    connection.execute(sa.insert(area), rows)
    return numbers


def _write_nodes(connection: sa.Connection) -> None:
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
        if region.id == region_tree().leaves_of(AUTHORITY)[0]:
            connection.execute(sa.insert(node_area).values(area=AUTHORITY, node_id=_node(region)))
        connection.execute(
            sa.insert(node_key).values(
                keyid=_digest("keyid", region.id),
                node_id=_node(region),
                public_key=_digest("key", region.id),
                status="active",
                added_at=PUBLISHED_AT,
            )
        )


def _write_submissions(connection: sa.Connection, tables: dict[tuple[str, Period], _Table]) -> None:
    rows = []
    for region in reporting_areas():
        for dataset, period in tables:
            if period.freq not in load_catalogue().dataset(dataset).frequencies:
                continue
            if delivers(dataset, period, region.id):
                rows.append(_submission(region, dataset, period, 1, "accepted"))
            elif region.id == REJECTED:
                rows.append(_submission(region, dataset, period, 1, "rejected", "value_rule"))
    rows.append(_submission(reporting_area(IN_CHECK), "CASES", LAST, 2, "verifying"))
    for row in rows:
        if (row["area"], row["period"]) == (BREAK[0], str(BREAK[1])):
            row["series_break"] = BREAK[2]
    aachen = reporting_area(region_tree().leaves_of(AUTHORITY)[0])
    for period in PERIODS:
        own = _submission(aachen, "PROCESSES", period, 1, "accepted")
        rows.append({**own, "id": _digest("PROCESSES", period, AUTHORITY), "area": AUTHORITY})
    connection.execute(sa.insert(submission), rows)
    cases = grid_of(load_catalogue(), "CASES")
    total = cases.total_row("CASES_OPEN")
    for area_id, confirmed in (("NW05112", None), ("NW05113", PUBLISHED_AT)):
        connection.execute(
            sa.insert(submission_finding).values(
                submission_id=_digest("CASES", LAST, area_id),
                rule="V_FLOW",
                cells=1,
                rows=[total],
                confirmed_at=confirmed,
                reason=confirmed and "Nachmeldungen eines Trägers",
            )
        )


def _submission(
    region: Region, dataset: str, period: Period, revision: int, state: str, problem_code: str | None = None
) -> dict[str, Any]:
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
        "series_break": None,
        "audit": "safe" if state == "accepted" else None,
    }


def _write_releases(connection: sa.Connection, cubes: dict[tuple[str, Period], int]) -> None:
    newest = 0
    for number, created in ((1, PUBLISHED_AT - dt.timedelta(days=91)), (2, PUBLISHED_AT)):
        newest = connection.execute(
            sa.insert(release).values(number=number, created_at=created, note="").returning(release.c.id)
        ).scalar_one()
        held = [item for item in cubes.items() if number == 2 or item[0][1] != LAST]
        if held:
            connection.execute(
                sa.insert(release_cube),
                [{"release_id": newest, "dataset": d, "period": str(p), "cube_id": c} for (d, p), c in held],
            )
    connection.execute(sa.insert(published).values(one=1, release_id=newest))


def _node(region: Region) -> str:
    return f"node-{_digest('node', region.id)[:16]}"


def _digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
