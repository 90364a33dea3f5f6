"""Reads a table or view of a database through SQLAlchemy: PostgreSQL, MariaDB, SQLite, SQL Server, Oracle.

Invariants:

- One read-only transaction with one view of the data, rows streamed in batches by a cursor of the server.
  Whatever ends it midway (the server, a view that fails on its tenth row) ends the reading; nothing is kept.
- Rows come in the order of the identifying columns, then of all others, so that the same data give the same
  table whatever order the server likes; `lines` are record numbers in that order.
- The password comes from its file and goes nowhere else. Messages of drivers are never repeated, because they
  quote addresses and values; errors are told apart by their codes.

It deliberately writes nothing and knows no SQL of its own: what is read is decided by the table or view.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from node.settings import SourceSpec
from node.sources.database.connecting import connection
from node.sources.database.refusals import Stage
from node.sources.table.cell_texts import NoTextError, text_of, texts_of
from node.sources.table.columns import ColumnBuilder, Record
from node.sources.table.limits import SourceLimits, empty_source, too_large, wrong_type
from node.sources.table.profile import Layout, ProfileNames
from node.sources.table.raw_table import RawTable
from protocol.errors import kim_error
from protocol.texts import Text

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, Connection, CursorResult, Select, TableClause

_BATCH_ROWS: Final = 5000


def read_database(spec: SourceSpec, names: ProfileNames, limits: SourceLimits) -> RawTable:
    """Read a table or view.

    Args:
        spec: address, password file and table.
        names: names of the profile's columns.
        limits: how many rows and columns it may have.

    Returns:
        All rows as text.

    Raises:
        KimError: ``driver_missing``, ``password_unreadable``, ``source_unreachable``, ``source_denied``,
            ``source_missing``, ``source_interrupted``, ``wrong_type``, ``source_too_large``,
            ``empty_source``, ``missing_column``, ``config_invalid``.
    """
    stage = Stage(spec.name)
    with stage.told(), connection(spec, stage, batch_rows=_BATCH_ROWS) as connected:
        stage.now = "table"
        table = _table(connected, spec)
        layout = _layout(connected, table, names, limits)
        stage.now = "rows"
        return _read(connected, table, layout, limits)


def _table(connection: Connection, spec: SourceSpec) -> TableClause:
    from sqlalchemy import inspect, table  # noqa: PLC0415

    schema, _, name = (spec.table or "").rpartition(".")
    if not inspect(connection).has_table(name, schema=schema or None):
        raise kim_error(
            "source_missing",
            Text(
                f"[sources.{spec.name}]: In der Datenbank gibt es {spec.table} nicht, oder dieser Benutzer "
                "sieht "
                "es nicht.",
                f"[sources.{spec.name}]: the database has no {spec.table}, or this user cannot see it.",
            ),
            remedy=Text(
                "Name der Tabelle oder Sicht (mit Schema) und Rechte des Datenbankbenutzers prüfen.",
                "Check the name of the table or view (with its schema) and the rights of the database user.",
            ),
        )
    return table(name, schema=schema or None)


def _layout(connection: Connection, table: TableClause, names: ProfileNames, limits: SourceLimits) -> Layout:
    from sqlalchemy import false, select, text  # noqa: PLC0415

    with closing(connection.execute(select(text("*")).select_from(table).where(false()))) as nothing:
        header = tuple(nothing.keys())
    if len(header) > limits.max_columns:
        raise too_large()
    layout = names.layout_of(header)
    names.require_columns(layout)
    return layout


def _read(connection: Connection, table: TableClause, layout: Layout, limits: SourceLimits) -> RawTable:
    from sqlalchemy import column, select  # noqa: PLC0415

    wanted: list[ColumnClause[Any]] = [column(name) for name in layout.header]
    order = [wanted[place] for place in _order(layout)]
    statement = select(*wanted).select_from(table).order_by(*order)
    columns = ColumnBuilder(layout)
    several = frozenset(
        layout.places[c.name] for c in layout.profile.columns if c.several and c.name in layout.places
    )
    with _streamed(connection, statement) as rows:
        for batch in rows.partitions(_BATCH_ROWS):
            if columns.rows + len(batch) > limits.max_rows:
                raise too_large()
            columns.add(list(_records(batch, layout, several, first=columns.rows + 1)))
    if columns.rows == 0:
        raise empty_source()
    return columns.table(numbering="record")


@contextmanager
def _streamed(connection: Connection, statement: Select[Any]) -> Iterator[CursorResult[Any]]:
    """Execute a statement, and leave its rows well even if nobody reads them to their end."""
    rows = connection.execute(statement)
    pending: Any = getattr(rows.cursor, "_result", None)
    try:
        yield rows
    except BaseException:
        # When it tidies up, PyMySQL would wait for all rows, or trip over a connection that broke: it is told
        # that there are none, and the connection is not used again.
        if hasattr(pending, "unbuffered_active"):
            pending.unbuffered_active = False
            connection.invalidate()
        raise
    finally:
        rows.close()


def _order(layout: Layout) -> list[int]:
    """Return the columns by which rows are ordered: identifying ones first, free text not at all."""
    known = [c for c in layout.profile.columns if c.name in layout.places and not c.free_text]
    return [layout.places[c.name] for c in sorted(known, key=lambda c: not c.identifying)]


def _records(
    batch: Sequence[Sequence[object]], layout: Layout, several: frozenset[int], *, first: int
) -> Iterator[Record]:
    for number, row in zip(itertools.count(first), batch, strict=False):
        cells: list[str] = []
        for place, value in enumerate(row):
            try:
                cells.append(texts_of(value) if place in several else text_of(value))
            except NoTextError as error:
                raise wrong_type(layout.header[place], error.type_name) from None
        yield Record(number, cells, mended=False)
