"""Reading and writing compiled cubes, closed periods and releases."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.domain.states import PeriodState
from hub.store import models
from hub.store.records import Release, ReleaseContents, ReleasedTable, StoredCube

_ROWS_PER_STATEMENT = 2_000
_PERIOD_STATE = sa.select(models.period_state.c.state).where(
    models.period_state.c.dataset == sa.bindparam("dataset"),
    models.period_state.c.period == sa.bindparam("period"),
)


class Periods:
    """Which periods are closed, on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def is_closed(self, dataset: str, period: str) -> bool:
        """Whether deliveries are no longer taken."""
        state = self._connection.execute(
            _PERIOD_STATE, {"dataset": dataset, "period": period}
        ).scalar_one_or_none()
        return state == PeriodState.CLOSED

    def closed(self) -> list[tuple[str, str]]:
        """Return all closed (dataset, period), ordered."""
        table = models.period_state
        rows = self._connection.execute(
            sa.select(table.c.dataset, table.c.period)
            .where(table.c.state == PeriodState.CLOSED)
            .order_by(table.c.dataset, table.c.period)
        )
        return [(row.dataset, row.period) for row in rows]

    def close(self, dataset: str, period: str, *, at: dt.datetime) -> None:
        """Close a period; the caller has checked that it is open."""
        self._connection.execute(
            models.period_state.insert().values(
                dataset=dataset, period=period, state=PeriodState.CLOSED, closed_at=at
            )
        )


class Cubes:
    """Compiled cubes and releases, on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def area_numbers(self, leaves: Sequence[str], aggregates: Sequence[str]) -> dict[str, int]:
        """Return region id → small number, giving numbers to regions that have none yet."""
        table = models.area
        known = {row.id: row.ix for row in self._connection.execute(sa.select(table.c.id, table.c.ix))}
        wanted = [(item, "leaf") for item in leaves] + [(item, "aggregate") for item in aggregates]
        missing = [(item, kind) for item, kind in wanted if item not in known]
        first = max(known.values(), default=-1) + 1
        rows = [{"ix": first + n, "id": item, "kind": kind} for n, (item, kind) in enumerate(missing)]
        if rows:
            self._connection.execute(table.insert(), rows)
            known |= {str(row["id"]): int(row["ix"]) for row in rows}
        return known

    def all(self, *, catalogue_sha256: str, dataset: str | None = None) -> list[StoredCube]:
        """Return what was compiled under a catalogue, of one dataset or all."""
        c = models.cube.c
        statement = sa.select(c.id, c.dataset, c.period, c.sha256, c.inputs_sha256).where(
            c.catalogue_sha256 == catalogue_sha256
        )
        if dataset is not None:
            statement = statement.where(c.dataset == dataset)
        return [StoredCube(*row) for row in self._connection.execute(statement)]

    def add(self, values: Mapping[str, Any], rows: Iterable[tuple[int | None, ...]]) -> int:
        """Store a cube with its observations and return its id.

        Args:
            values: the columns of `cube`.
            rows: (cell, area number, state, value, lower, upper, expected, delivered, withheld), in the
                order of the table's key, which makes the insert an append.
        """
        inserted = self._connection.execute(models.cube.insert().values(**values))
        cube_id = _first_key(inserted)
        self._insert_observations(cube_id, rows)
        return cube_id

    def _insert_observations(self, cube_id: int, rows: Iterable[tuple[int | None, ...]]) -> None:
        columns = [column.name for column in models.observation.columns]
        if self._connection.dialect.name == "sqlite":
            # 29 000 rows: the driver's own executemany takes plain tuples, without a dictionary for each.
            marks = ", ".join("?" * len(columns))
            self._connection.exec_driver_sql(
                f"INSERT INTO observation ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 -- our names
                [(cube_id, *row) for row in rows],
            )
            return
        names = columns[1:]
        batch = [{"cube_id": cube_id, **dict(zip(names, row, strict=True))} for row in rows]
        for start in range(0, len(batch), _ROWS_PER_STATEMENT):
            self._connection.execute(models.observation.insert(), batch[start : start + _ROWS_PER_STATEMENT])

    def published(self) -> Release | None:
        """Return the release that readers see."""
        pointer, release = models.published, models.release
        row = self._connection.execute(
            sa.select(release).join(pointer, pointer.c.release_id == release.c.id)
        ).one_or_none()
        if row is None:
            return None
        content = models.release_cube
        cubes = self._connection.execute(sa.select(content).where(content.c.release_id == row.id))
        return Release(
            number=row.number,
            cubes={(item.dataset, item.period): item.cube_id for item in cubes},
        )

    def contents(self, number: int) -> ReleaseContents | None:
        """Return what a release consists of; None if there is no such release, or nothing in it."""
        content, cube, release = models.release_cube.c, models.cube.c, models.release.c
        rows = self._connection.execute(
            sa.select(
                release.created_at,
                cube.catalogue_sha256,
                cube.dataset,
                cube.period,
                cube.sha256,
                cube.inputs,
            )
            .select_from(models.release_cube)
            .join(models.cube, cube.id == content.cube_id)
            .join(models.release, release.id == content.release_id)
            .where(release.number == number)
            .order_by(cube.dataset, cube.period)
        ).all()
        if not rows:
            return None
        tables = tuple(ReleasedTable(row.dataset, row.period, row.sha256, row.inputs) for row in rows)
        return ReleaseContents(rows[0].created_at, rows[0].catalogue_sha256, tables)

    def releases_with(self, submission: SubmissionId, place: tuple[str, str]) -> list[int]:
        """Return the numbers of the releases in which a submission counts, oldest first.

        Args:
            submission: statement id.
            place: its dataset and period.
        """
        content, cube, release = models.release_cube.c, models.cube.c, models.release.c
        rows = self._connection.execute(
            sa.select(release.number, cube.inputs)
            .select_from(models.release_cube)
            .join(models.cube, cube.id == content.cube_id)
            .join(models.release, release.id == content.release_id)
            .where(content.dataset == place[0], content.period == place[1])
            .order_by(release.number)
        )
        return [row.number for row in rows if submission in row.inputs.values()]

    def flag_release(self, number: int, submission: SubmissionId, *, code: str, at: dt.datetime) -> None:
        """Note what was found out about a submission in a release; once."""
        table, release = models.release_flag, models.release
        release_id = self._connection.execute(
            sa.select(release.c.id).where(release.c.number == number)
        ).scalar_one()
        known = sa.select(table.c.release_id).where(
            table.c.release_id == release_id, table.c.submission_id == submission
        )
        if self._connection.execute(known).first() is None:
            self._connection.execute(
                table.insert().values(release_id=release_id, submission_id=submission, code=code, at=at)
            )

    def flagged(self) -> dict[int, int]:
        """Return release number → how many of its submissions turned out not to count."""
        table, release = models.release_flag, models.release
        rows = self._connection.execute(
            sa.select(release.c.number, sa.func.count())
            .join(table, table.c.release_id == release.c.id)
            .group_by(release.c.number)
            .order_by(release.c.number)
        )
        return {row[0]: row[1] for row in rows}

    def publish(self, cubes: Mapping[tuple[str, str], int], *, at: dt.datetime, note: str) -> int:
        """Store a release and switch the pointer to it, in the caller's transaction; return its number."""
        table = models.release
        last = self._connection.execute(sa.select(sa.func.max(table.c.number))).scalar_one()
        number = (last or 0) + 1
        inserted = self._connection.execute(table.insert().values(number=number, created_at=at, note=note))
        release_id = _first_key(inserted)
        self._connection.execute(
            models.release_cube.insert(),
            [
                {"release_id": release_id, "dataset": dataset, "period": period, "cube_id": cube_id}
                for (dataset, period), cube_id in sorted(cubes.items())
            ],
        )
        pointer = models.published
        moved = self._connection.execute(pointer.update().values(release_id=release_id))
        if moved.rowcount == 0:
            self._connection.execute(pointer.insert().values(one=1, release_id=release_id))
        return int(number)


def _first_key(inserted: sa.CursorResult[tuple[object, ...]]) -> int:
    (key,) = inserted.inserted_primary_key or (None,)
    if not isinstance(key, int):
        raise TypeError("an insert of one row has a key")
    return key
