"""What the page and the statistics API read: releases, their cubes, observations, states of submissions.

Every query is a plain select on SQLAlchemy Core and follows the clustering of `observation` (cube, cell,
area): a map is one contiguous read, a time series one seek per period. Rows leave as frozen dataclasses.

It deliberately aggregates nothing but the count of withheld cells: every other total was compiled and
checked before the release. It never writes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import sqlalchemy as sa

from hub.domain.states import SubmissionState
from hub.store.models import (
    area,
    cube,
    observation,
    published,
    release,
    release_cube,
    release_flag,
    submission,
    submission_finding,
)
from hub.store.records import FUNDS, GRANTS
from hub.store.tables.statistics_rows import (
    CubeColumns,
    CubeRow,
    FindingRow,
    Flags,
    Ints,
    ObservationRow,
    ReleaseRow,
    Secrecy,
    SubmissionRow,
)
from protocol.observations import STATE_NUMBER, STATES, CellState


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
        flags = (
            sa.select(sa.func.count())
            .where(release_flag.c.release_id == release.c.id)
            .scalar_subquery()
            .label("flags")
        )
        rows = self._connection.execute(sa.select(release, flags).order_by(release.c.number.desc()))
        return tuple(ReleaseRow(row.id, row.number, row.created_at, row.note, row.flags) for row in rows)

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

    def counting(self, release_id: int) -> frozenset[tuple[str, str, str]]:
        """Return (area, dataflow, period) of the deliveries in a release that none has replaced since."""
        c = submission.c
        statement = sa.select(c.id, c.area, c.dataset, c.period).where(c.state == SubmissionState.ACCEPTED)
        inputs = self._inputs_of(release_id)
        return frozenset(
            (area_id, dataset, period)
            for statement_id, area_id, dataset, period in self._connection.execute(statement)
            if statement_id in inputs
        )

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
            c.area, c.dataset, c.period, c.revision, c.state, c.state_since, c.problem_code, c.audit
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
