"""What the page and the statistics API read: releases, their cubes, observations, states of submissions.

Every query is a plain select on SQLAlchemy Core and follows the clustering of `observation` (cube, cell,
area): a map is one contiguous read, a time series one seek per period. Rows leave as frozen dataclasses.

It deliberately aggregates nothing but the count of withheld cells: every other total was compiled and
checked before the release. It never writes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from hub.domain.states import SubmissionState
from hub.store.models import (
    area,
    cube,
    observation,
    published,
    release,
    release_cube,
    submission,
    submission_finding,
)
from hub.store.records import FUNDS, GRANTS
from protocol.observations import STATE_NUMBER, STATES, CellState

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release: a set of cubes that was switched on at once.

    Attributes:
        id: primary key.
        number: number people cite, from 1.
        created_at: moment of publication, UTC.
        note: remark of those who published it, may be empty.
    """

    id: int
    number: int
    created_at: dt.datetime
    note: str


@dataclass(frozen=True, slots=True)
class CubeRow:
    """The statewide table of one dataflow and period.

    Attributes:
        id: primary key.
        dataset: dataflow id.
        period: wire form of the period.
        sha256: digest of its rows.
        catalogue_sha256: digest of the catalogue whose grid numbers its cells.
        built_at: moment of compilation, UTC.
        areas: reporting areas whose delivery is in it.
    """

    id: int
    dataset: str
    period: str
    sha256: str
    catalogue_sha256: str
    built_at: dt.datetime
    areas: frozenset[str]


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """One cell of one region in one cube.

    Attributes:
        cube_id: the cube.
        cell: row number in the grid of the dataflow.
        area_ix: number of the region (see :meth:`StatisticsStore.area_numbers`).
        state: state of the cell.
        value: scaled integer where exactly known, else None.
        lower: guaranteed lower bound, scaled; None where nothing was delivered.
        upper: guaranteed upper bound, scaled; None where it is open.
        expected: areas that should have delivered (1 for an area).
        delivered: areas that have.
        withheld: delivered areas whose cell is withheld.
    """

    cube_id: int
    cell: int
    area_ix: int
    state: CellState
    value: int | None
    lower: int | None
    upper: int | None
    expected: int
    delivered: int
    withheld: int


@dataclass(frozen=True, eq=False, slots=True)
class CubeColumns:
    """All observations of one cube as arrays of equal length, in the order cell, region number.

    Attributes:
        cell: row number in the grid of the dataflow.
        area_ix: number of the region.
        state: code of the state (:data:`protocol.observations.STATES`).
        value: scaled integer, 0 where there is none ...
        has_value: ... and where there is one.
        lower: guaranteed lower bound, 0 where there is none ...
        has_lower: ... and where there is one.
        upper: guaranteed upper bound, 0 where it is open ...
        has_upper: ... and where it is not.
        expected: areas that should have delivered.
        delivered: areas that have.
        withheld: delivered areas whose cell is withheld.
    """

    cell: Ints
    area_ix: Ints
    state: Ints
    value: Ints
    has_value: Flags
    lower: Ints
    has_lower: Flags
    upper: Ints
    has_upper: Flags
    expected: Ints
    delivered: Ints
    withheld: Ints


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """Where one submission stands.

    Attributes:
        area: reporting area.
        dataset: dataflow id.
        period: wire form of the period.
        revision: its number in the chain, from 1.
        state: state of its life cycle.
        state_since: moment of the last change, UTC.
        problem_code: why it was rejected, or None.
    """

    area: str
    dataset: str
    period: str
    revision: int
    state: str
    state_since: dt.datetime
    problem_code: str | None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A rule that an accepted delivery does not fit, to be confirmed or corrected.

    Attributes:
        id: statement id of the delivery.
        area: its area.
        dataset: dataflow id.
        period: wire form of the period.
        rule: id of an identity or plausibility rule (words: :func:`aggregation.plausibility.rule_text`).
        cells: how many cells do not fit.
        rows: the first of them, as row numbers in the grid of the dataflow.
        confirmed_at: moment of confirmation, UTC; None while it is open.
        reason: why the figures are right all the same; None while it is open.
    """

    id: str
    area: str
    dataset: str
    period: str
    rule: str
    cells: int
    rows: tuple[int, ...]
    confirmed_at: dt.datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Secrecy:
    """How much of one area's delivery is withheld in one cube: cells delivered, and withheld among them."""

    cells: int
    withheld: int


class StatisticsStore:
    """Read access on one connection; the caller opens and closes it."""

    def __init__(self, connection: sa.Connection) -> None:
        """Read through ``connection``."""
        self._connection = connection

    def published_release(self) -> ReleaseRow | None:
        """Return the release that readers get, or None before the first one."""
        statement = sa.select(release).join(published, published.c.release_id == release.c.id)
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else ReleaseRow(row.id, row.number, row.created_at, row.note)

    def releases(self) -> tuple[ReleaseRow, ...]:
        """Return all releases, newest first."""
        rows = self._connection.execute(sa.select(release).order_by(release.c.number.desc()))
        return tuple(ReleaseRow(row.id, row.number, row.created_at, row.note) for row in rows)

    def release_numbered(self, number: int) -> ReleaseRow | None:
        """Return the release with this number, or None."""
        row = self._connection.execute(sa.select(release).where(release.c.number == number)).one_or_none()
        return None if row is None else ReleaseRow(row.id, row.number, row.created_at, row.note)

    def cubes_of(self, release_id: int) -> tuple[CubeRow, ...]:
        """Return the cubes of a release, by dataflow and period."""
        statement = (
            sa.select(cube)
            .join(release_cube, release_cube.c.cube_id == cube.c.id)
            .where(release_cube.c.release_id == release_id)
            .order_by(cube.c.dataset, cube.c.period)
        )
        return tuple(
            CubeRow(
                id=row.id,
                dataset=row.dataset,
                period=row.period,
                sha256=row.sha256,
                catalogue_sha256=row.catalogue_sha256,
                built_at=row.built_at,
                areas=frozenset(row.areas),
            )
            for row in self._connection.execute(statement)
        )

    def area_numbers(self) -> Mapping[str, int]:
        """Return the small number of every region by its id."""
        return {row.id: row.ix for row in self._connection.execute(sa.select(area.c.id, area.c.ix))}

    def observations(
        self, cubes: Collection[int], cells: Collection[int], *, areas: Collection[int] | None = None
    ) -> tuple[ObservationRow, ...]:
        """Return the given cells of the given cubes, in the order cube, cell, area.

        Args:
            cubes: ids of cubes.
            cells: row numbers in the grid.
            areas: numbers of regions; all of them when None.
        """
        statement = (
            sa.select(observation)
            .where(observation.c.cube_id.in_(cubes), observation.c.cell.in_(cells))
            .order_by(observation.c.cube_id, observation.c.cell, observation.c.area_ix)
        )
        if areas is not None:
            statement = statement.where(observation.c.area_ix.in_(areas))
        return tuple(_observation(row) for row in self._connection.execute(statement))

    def observations_after(
        self,
        cube_id: int,
        cells: Sequence[int],
        *,
        areas: Collection[int],
        after: tuple[int, int] | None,
        limit: int,
    ) -> tuple[ObservationRow, ...]:
        """Return one page of a cube's observations in the order cell, area.

        Args:
            cube_id: the cube.
            cells: row numbers in the grid, ascending.
            areas: numbers of regions.
            after: (cell, area number) of the last row of the page before, or None for the first page.
            limit: most rows to return.
        """
        statement = sa.select(observation).where(
            observation.c.cube_id == cube_id,
            observation.c.area_ix.in_(areas),
        )
        if after is not None:
            cell, number = after
            cells = [c for c in cells if c >= cell]
            statement = statement.where(
                sa.or_(observation.c.cell > cell, observation.c.area_ix > number),
            )
        statement = (
            statement.where(observation.c.cell.in_(cells))
            .order_by(observation.c.cell, observation.c.area_ix)
            .limit(limit)
        )
        return tuple(_observation(row) for row in self._connection.execute(statement))

    def cube_columns(self, cube_id: int) -> CubeColumns:
        """Return all observations of a cube, in the order cell, region number: one contiguous read."""
        c = observation.c
        names = (
            *(c.cell, c.area_ix, c.state, c.value, c.lower, c.upper),
            *(c.expected, c.delivered, c.withheld),
        )
        statement = sa.select(*names).where(c.cube_id == cube_id).order_by(c.cell, c.area_ix)
        rows = self._connection.execute(statement).all()
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        cell, area_ix, state, value, lower, upper, expected, delivered, withheld = columns
        return CubeColumns(
            cell=_whole(cell),
            area_ix=_whole(area_ix),
            state=_whole(state),
            value=_whole(value),
            has_value=_there(value),
            lower=_whole(lower),
            has_lower=_there(lower),
            upper=_whole(upper),
            has_upper=_there(upper),
            expected=_whole(expected),
            delivered=_whole(delivered),
            withheld=_whole(withheld),
        )

    def secrecy(self, cube_id: int) -> Mapping[int, Secrecy]:
        """Count cells and withheld cells of a cube by region number; areas without a delivery count 0."""
        absent = [STATE_NUMBER[CellState.NOT_DELIVERED], STATE_NUMBER[CellState.NOT_APPLICABLE]]
        statement = (
            sa.select(
                observation.c.area_ix,
                sa.func.sum(sa.case((observation.c.state.in_(absent), 0), else_=1)).label("cells"),
                sa.func.sum(
                    sa.case((observation.c.state == STATE_NUMBER[CellState.SUPPRESSED], 1), else_=0)
                ).label("withheld"),
            )
            .where(observation.c.cube_id == cube_id)
            .group_by(observation.c.area_ix)
        )
        return {
            row.area_ix: Secrecy(int(row.cells), int(row.withheld))
            for row in self._connection.execute(statement)
        }

    def series_breaks(self, release_id: int | None = None) -> Mapping[tuple[str, str, str], str]:
        """Return why a series begins anew, by (area, dataflow, period).

        Args:
            release_id: of the deliveries in this release; None: of the deliveries that count now.
        """
        c = submission.c
        statement = sa.select(c.id, c.area, c.dataset, c.period, c.series_break, c.state).where(
            c.series_break.is_not(None)
        )
        said = list(self._connection.execute(statement))
        if release_id is None:
            counting = {row.id for row in said if row.state == SubmissionState.ACCEPTED}
        else:
            counting = self._inputs_of(release_id) if said else set()
        return {(row.area, row.dataset, row.period): row.series_break for row in said if row.id in counting}

    def granted(self, release_id: int) -> frozenset[tuple[str, str, str]]:
        """Return (area, dataflow, period) of what the hub itself protected, from lists of grants."""
        statement = (
            sa.select(cube.c.dataset, cube.c.period, cube.c.inputs)
            .join(release_cube, release_cube.c.cube_id == cube.c.id)
            .where(release_cube.c.release_id == release_id, cube.c.dataset == FUNDS)
        )
        return frozenset(
            (area_id, dataset, period)
            for dataset, period, inputs in self._connection.execute(statement)
            for area_id, given in inputs.items()
            if given.startswith(GRANTS)
        )

    def revisions(self, release_id: int) -> Mapping[tuple[str, str, str], int]:
        """Return the revision, where it is not the first, by (area, dataflow, period) of a release.

        Args:
            release_id: the release.
        """
        c = submission.c
        statement = sa.select(c.id, c.area, c.dataset, c.period, c.revision).where(c.revision > 1)
        said = list(self._connection.execute(statement))
        counting = self._inputs_of(release_id) if said else set()
        return {(row.area, row.dataset, row.period): row.revision for row in said if row.id in counting}

    def _inputs_of(self, release_id: int) -> set[str]:
        statement = (
            sa.select(cube.c.inputs)
            .join(release_cube, release_cube.c.cube_id == cube.c.id)
            .where(release_cube.c.release_id == release_id)
        )
        return {given for (inputs,) in self._connection.execute(statement) for given in inputs.values()}

    def findings(
        self, *, dataset: str | None = None, period: str | None = None, area: str | None = None
    ) -> tuple[FindingRow, ...]:
        """Return what has to be confirmed in the deliveries that count, by area, dataflow, period and rule.

        Args:
            dataset: only this dataflow.
            period: only this period, in wire form.
            area: only this area.
        """
        c, f = submission.c, submission_finding.c
        statement = (
            sa.select(c.id, c.area, c.dataset, c.period, f.rule, f.cells, f.rows, f.confirmed_at, f.reason)
            .join_from(submission_finding, submission)
            .where(c.state == SubmissionState.ACCEPTED)
            .order_by(c.area, c.dataset, c.period, f.rule)
        )
        for column, wanted in ((c.dataset, dataset), (c.period, period), (c.area, area)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        return tuple(
            FindingRow(**{**row._asdict(), "rows": tuple(row.rows)})
            for row in self._connection.execute(statement)
        )

    def submissions(self) -> tuple[SubmissionRow, ...]:
        """Return the state of every submission, in the order area, dataflow, period, revision."""
        c = submission.c
        statement = sa.select(
            c.area, c.dataset, c.period, c.revision, c.state, c.state_since, c.problem_code
        ).order_by(c.area, c.dataset, c.period, c.revision, c.announced_at)
        return tuple(SubmissionRow(*row) for row in self._connection.execute(statement))


def _whole(numbers: Sequence[int | None]) -> Ints:
    return np.array([0 if number is None else number for number in numbers], dtype=np.int64)


def _there(numbers: Sequence[int | None]) -> Flags:
    return np.array([number is not None for number in numbers], dtype=np.bool_)


def _observation(row: sa.Row[tuple[object, ...]]) -> ObservationRow:
    return ObservationRow(
        cube_id=row.cube_id,
        cell=row.cell,
        area_ix=row.area_ix,
        state=STATES[row.state],
        value=row.value,
        lower=row.lower,
        upper=row.upper,
        expected=row.expected,
        delivered=row.delivered,
        withheld=row.withheld,
    )
