"""All dataflows and frequencies on the whole way, years from four quarters, a joint authority."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.services.intake.verification import verify
from hub.services.merging.compiling import compile_cube
from hub.services.merging.publishing import close, is_published, publish
from hub.services.operation.sweeping import find_unpublished
from hub.services.review.validation import validate
from hub.store import models
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid, grid_of, published_rows
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from tests.factories.patience import assert_soon
from tests.factories.running_hub import Parcel, RunningHub, Sender, lasting_sandbox, running_hub
from tests.factories.submissions import consistent_values

CATALOGUE = load_catalogue()
YEAR = Period(2025)
QUARTERS = Period.span(Period(2025, 1), Period(2025, 4))
NOT_DELIVERED = STATE_NUMBER[CellState.NOT_DELIVERED]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub whose jobs are done by the test, in the order it chooses."""
    with running_hub(tmp_path, start=False, sandbox=lasting_sandbox()) as running:
        yield running


def _accept(running: RunningHub, sender: Sender, dataset: str, period: Period, **changes: object) -> Parcel:
    parcel = sender.parcel(dataset, period=period, **changes)
    answer = sender.send(parcel)
    assert answer.status_code == 202, answer.text
    verify(running.hub.context, SubmissionId(parcel.id))
    validate(running.hub.context, parcel.statement.area)
    assert running.state(parcel) == "accepted", sender.look(parcel)["problem"]
    return parcel


def _publish(running: RunningHub) -> int:
    """Compile whatever is missing, as the sweeper would, and publish."""
    context = running.hub.context
    for _ in range(3):  # quarters, then years, then nothing more
        for job in find_unpublished(context):
            if job.name == "compile":
                compile_cube(context, *job.args)
    number = publish(context)
    assert number is not None
    return number


def _cells(running: RunningHub, dataset: str, period: Period, region: str) -> dict[int, sa.Row]:
    """The published observations of a region, by cell."""
    o, rc, p, a = models.observation, models.release_cube, models.published, models.area
    query = (
        sa.select(o)
        .join(rc, rc.c.cube_id == o.c.cube_id)
        .join(p, p.c.release_id == rc.c.release_id)
        .join(a, a.c.ix == o.c.area_ix)
        .where(rc.c.dataset == dataset, rc.c.period == str(period), a.c.id == region)
    )
    with running.hub.context.database.read() as unit:
        return {row.cell: row for row in unit.connection.execute(query)}


def _cube(running: RunningHub, dataset: str, period: Period) -> sa.Row:
    with running.hub.context.database.read() as unit:
        c = models.cube.c
        return unit.connection.execute(
            sa.select(models.cube)
            .where(c.dataset == dataset, c.period == str(period))
            .order_by(c.id.desc())
            .limit(1)
        ).one()


@pytest.mark.parametrize(
    ("dataset", "freq"), [(d.id, freq) for d in CATALOGUE.datasets.values() for freq in d.frequencies]
)
def test_every_dataflow_comes_out_as_it_was_delivered(running: RunningHub, dataset: str, freq: str) -> None:
    period = YEAR if freq == "A" else QUARTERS[0]
    _accept(running, running.sender(), dataset, period)
    close(running.hub.context, [period])
    assert _publish(running) == 1
    rows = published_rows(CATALOGUE, dataset, freq)
    cells = _cells(running, dataset, period, "NW05111")
    assert len(cells) == len(grid_of(CATALOGUE, dataset))
    values = consistent_values(delivery_grid(CATALOGUE, dataset, freq)).tolist()
    assert [cells[row].value for row in rows] == values
    others = cells.keys() - set(rows)
    assert all(cells[row].state == NOT_DELIVERED for row in others)


def test_a_year_is_computed_once_its_quarters_are_closed(running: RunningHub) -> None:
    context, sender = running.hub.context, running.sender()
    grid = grid_of(CATALOGUE, "CASES")
    drawn = {period: consistent_values(grid, seed=period.quarter or 0) for period in QUARTERS}
    for period in QUARTERS:
        _accept(running, sender, "CASES", period, values=drawn[period].tolist())
    close(context, QUARTERS[:3])
    _publish(running)
    assert _cells(running, "CASES", YEAR, "NW05111") == {}
    close(context, QUARTERS[3:])
    assert _publish(running) == 2
    cells = _cells(running, "CASES", YEAR, "NW05111")
    sums = sum(drawn.values())
    for row, key in enumerate(grid.keys):
        expected = (
            sums[row] if CATALOGUE.indicator(key[0]).time_additivity == "sum" else drawn[QUARTERS[3]][row]
        )
        assert cells[row].value == expected, key
    cube = _cube(running, "CASES", YEAR)
    assert cube.inputs == {str(q): _cube(running, "CASES", q).sha256 for q in QUARTERS}
    assert cube.areas == ["NW05111"]
    # asked again, nothing is built again
    assert {job.name for job in find_unpublished(context)} <= {"extract"}
    assert _publish(running) == 2


def test_the_year_of_persons_holds_what_was_delivered_and_what_adds_up(running: RunningHub) -> None:
    context, sender = running.hub.context, running.sender()
    whole, yearly = grid_of(CATALOGUE, "PERSONS"), delivery_grid(CATALOGUE, "PERSONS", "A")
    for period in QUARTERS:
        _accept(running, sender, "PERSONS", period)
    _accept(running, sender, "PERSONS", YEAR, values=(3 * consistent_values(yearly)).tolist())
    close(context, [YEAR])
    _publish(running)
    new = list(whole.rows_of("PERSONS_NEW"))
    before = _cells(running, "PERSONS", YEAR, "NW05111")
    assert {before[row].state for row in new} == {NOT_DELIVERED}  # the quarters are still open
    close(context, QUARTERS)
    assert _publish(running) == 2
    after = _cells(running, "PERSONS", YEAR, "NW05111")
    quarter = consistent_values(whole)
    assert [after[row].value for row in new] == (4 * quarter[new]).tolist()
    supported = [whole.index[key] for key in yearly.keys]
    assert [after[row].value for row in supported] == (3 * consistent_values(yearly)).tolist()


def test_a_withheld_or_missing_quarter_shows_in_the_year(running: RunningHub) -> None:
    context = running.hub.context
    hiding, missing = running.sender("NW05111"), running.sender("NW05112")
    grid = grid_of(CATALOGUE, "CASES")
    hidden = [3, 4]
    for period in QUARTERS:
        _accept(running, hiding, "CASES", period, withheld=hidden if period.quarter == 2 else ())
        if period.quarter != 1:
            _accept(running, missing, "CASES", period)
    close(context, QUARTERS)
    _publish(running)
    values = consistent_values(grid)
    cells = _cells(running, "CASES", YEAR, "NW05111")
    for row in hidden:
        assert cells[row].value is None
        assert cells[row].withheld == 1
        assert cells[row].lower <= 4 * values[row]
        assert cells[row].upper is None or cells[row].upper >= 4 * values[row]
    late = _cells(running, "CASES", YEAR, "NW05112")
    for row, key in enumerate(grid.keys):
        if CATALOGUE.indicator(key[0]).time_additivity == "last":
            assert late[row].value == values[row]
        else:
            assert (late[row].state, late[row].lower, late[row].upper) == (
                NOT_DELIVERED,
                3 * values[row],
                None,
            )
    assert _cube(running, "CASES", YEAR).areas == ["NW05111"]


def test_what_may_be_negative_has_no_lower_bound_where_it_is_withheld(running: RunningHub) -> None:
    grid = grid_of(CATALOGUE, "FUNDS")
    rows = list(grid.rows_of("FUNDS_SPENT"))
    values = consistent_values(grid)
    values[rows] = -values[rows]  # more paid back than spent
    hidden = [row for row in rows if grid.codes(row)["CARRIER"] in ("MUNI", "NGO")]
    _accept(running, running.sender(), "FUNDS", YEAR, values=values.tolist(), withheld=hidden)
    close(running.hub.context, [YEAR])
    _publish(running)
    cells, land = (_cells(running, "FUNDS", YEAR, region) for region in ("NW05111", "NW05"))
    for row in rows:
        if row in hidden:
            assert (cells[row].value, cells[row].lower, cells[row].upper) == (None, None, None)
        else:
            assert cells[row].value == cells[row].lower == cells[row].upper == values[row]
        # 53 areas have not delivered and may have repayments
        assert (land[row].lower, land[row].upper) == (None, None)


def test_the_joint_authority_stands_for_its_areas(running: RunningHub) -> None:
    context = running.hub.context
    city, rest = running.sender("NW05334002"), running.sender("NW05334X002", "NW05334")
    grid = grid_of(CATALOGUE, "PROCESSES")
    others = [i.id for i in grid.dataset.indicators if i.reporting_unit != "authority"]
    for period in QUARTERS:
        for sender in (city, rest):
            _accept(running, sender, "PROCESSES", period, collected=others)
        _accept(running, rest, "PROCESSES", period, area="NW05334", collected=["B3_DECISIONS"])
    close(context, QUARTERS)
    _publish(running)
    values, decisions = consistent_values(grid), grid.rows_of("B3_DECISIONS")
    for period, times in ((QUARTERS[0], 1), (YEAR, 4)):
        aachen, leaf = (_cells(running, "PROCESSES", period, region) for region in ("NW05334", "NW05334002"))
        for row in range(len(grid)):
            if row in decisions:
                assert leaf[row].state == NOT_DELIVERED
                assert (aachen[row].value, aachen[row].delivered) == (times * values[row], 2)
            elif CATALOGUE.indicator(grid.keys[row][0]).time_additivity == "sum":
                assert aachen[row].value == times * 2 * values[row]
        assert _cube(running, "PROCESSES", period).areas == ["NW05334002", "NW05334X002"]


@pytest.mark.parametrize(
    ("dataset", "changes", "code"),
    [
        ("CASES", {"area": "NW05334"}, "area_not_registered"),
        ("STAFFING", {"min_contributors": 2}, "k_anonymity"),
        ("FUNDS", {"period": QUARTERS[0]}, "schema_unknown"),
        ("STAFFING", {"period": YEAR}, "schema_unknown"),
        ("FUNDS", {"period": Period(2026)}, "period_not_open"),
        ("FUNDS", {"period": Period(2019)}, "period_not_open"),
    ],
)
def test_what_no_node_delivers(
    running: RunningHub, dataset: str, changes: dict[str, object], code: str
) -> None:
    sender = running.sender("NW05334X002", "NW05334")
    answer = sender.announce(sender.parcel(dataset, **{"period": QUARTERS[0], **changes}))
    assert answer.get_json()["code"] == code


def test_an_authority_delivers_nothing_but_its_own(running: RunningHub) -> None:
    sender = running.sender("NW05334X002", "NW05334")
    parcel = sender.parcel("PROCESSES", area="NW05334", collected=["B3_DECISIONS", "REFERRALS"])
    assert sender.send(parcel).status_code == 202
    verify(running.hub.context, SubmissionId(parcel.id))
    assert running.state(parcel) == "rejected"


def test_the_whole_way_by_worker_and_sweeper(tmp_path: Path) -> None:
    with running_hub(tmp_path, sandbox=lasting_sandbox()) as running:
        sender = running.sender()
        for period in QUARTERS:
            assert sender.deliver(sender.parcel("STAFFING", period=period))["state"] == "accepted"
        assert sender.deliver(sender.parcel("FUNDS", period=YEAR))["state"] == "accepted"
        assert close(running.hub.context, [*QUARTERS, YEAR]) == [
            *(("STAFFING", str(period)) for period in QUARTERS),
            ("FUNDS", "2025"),
        ]
        assert_soon(lambda: is_published(running.hub.context), "a release")
        with running.hub.context.database.read() as unit:
            release = unit.cubes.published()
        assert release is not None
        assert {place for place in release.cubes if place[1] == "2025"} == {
            ("FUNDS", "2025"),
            ("STAFFING", "2025"),
        }


def test_publishing_two_years_is_quick(running: RunningHub) -> None:
    """Six areas; what an area more costs is reading two small files a cube."""
    senders = [running.sender(area) for area in ("NW05111", "NW05112", "NW05113")]
    periods = Period.span(Period(2025, 1), Period(2025, 4))
    for sender in senders:
        for dataset in CATALOGUE.datasets.values():
            for period in periods if "Q" in dataset.frequencies else ():
                _accept(running, sender, dataset.id, period)
    close(running.hub.context, periods)
    started = time.process_time()
    _publish(running)
    spent = time.process_time() - started
    print(f"{spent:.1f} s for {np.sum([len(grid_of(CATALOGUE, d)) for d in CATALOGUE.datasets])} cells")
    assert spent < 15
