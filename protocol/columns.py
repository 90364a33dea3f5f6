"""The columns of a submission: one specification drives writing and checking Arrow (SPEC P-25..P-29).

Every dataflow has the same frame: who and when in front, the dataset's dimensions in catalogue order, the
value and its two status codes behind. Text columns are never null (`_T` is the total, `_Z` is not
applicable); the only nullable column is `OBS_VALUE`, and a null stands there exactly where the state of the
cell has no value.

It deliberately does not check values against the catalogue (`submission_rules`) and writes no bytes
(`canonical`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa

from protocol.catalogue import Dataset
from protocol.grid import CellGrid
from protocol.observations import CellState
from protocol.periods import Period

INDICATOR: Final = "INDICATOR"
REF_AREA: Final = "REF_AREA"
FREQ: Final = "FREQ"
TIME_PERIOD: Final = "TIME_PERIOD"
OBS_VALUE: Final = "OBS_VALUE"
OBS_STATUS: Final = "OBS_STATUS"
CONF_STATUS: Final = "CONF_STATUS"

#: Columns behind the key, in wire order.
MEASURES: Final = (OBS_VALUE, OBS_STATUS, CONF_STATUS)

#: Counts up the *form* of the table; independent of the dataflow's own version.
FORM_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Column:
    """One column on the wire.

    Attributes:
        name: upper case, as in SDMX.
        arrow_type: ``utf8`` or ``int64``.
        nullable: only ``OBS_VALUE`` is.
    """

    name: str
    arrow_type: str = "utf8"
    nullable: bool = False


def columns_of(dataset: Dataset) -> tuple[Column, ...]:
    """Return the columns of a dataflow in wire order (SPEC P-25)."""
    return (
        *map(Column, (INDICATOR, REF_AREA, FREQ, TIME_PERIOD, *dataset.dimensions)),
        Column(OBS_VALUE, "int64", nullable=True),
        *map(Column, (OBS_STATUS, CONF_STATUS)),
    )


def schema_id(dataset: Dataset) -> str:
    """Return the name under which a statement cites the form of the table, for example ``CASES/1``."""
    return f"{dataset.id}/{FORM_VERSION}"


def schema_text(dataset: Dataset) -> str:
    """Return the form of the table as text: what ``schema_sha256`` is the digest of (SPEC P-26)."""
    columns = (
        f"{column.name} {column.arrow_type} {'null' if column.nullable else 'not-null'}"
        for column in columns_of(dataset)
    )
    return "\n".join([f"kim-table {schema_id(dataset)} {dataset.urn}", *columns]) + "\n"


def schema_sha256(dataset: Dataset) -> str:
    """Return the hex SHA-256 of :func:`schema_text`."""
    return hashlib.sha256(schema_text(dataset).encode("ascii")).hexdigest()


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """Return the Arrow schema of a dataflow's table: no metadata, exact nullability."""
    types = {"utf8": pa.string(), "int64": pa.int64()}
    return pa.schema(
        [pa.field(c.name, types[c.arrow_type], nullable=c.nullable) for c in columns_of(dataset)]
    )


def submission_table(
    grid: CellGrid,
    *,
    ref_area: str,
    period: Period,
    values: Sequence[int | None] | np.ndarray[Any, np.dtype[np.int64]],
    states: Sequence[CellState],
) -> pa.Table:
    """Build the table of one delivery, in wire order.

    The value of a cell whose state has none is never copied into the table: what is withheld does not
    reach a buffer (SPEC P-30).

    Args:
        grid: the cells; row i of the table is ``grid.keys[i]``.
        ref_area: region id.
        period: reporting period.
        values: one per cell, scaled by the indicator's decimals; ignored where the state has no value.
        states: one per cell.

    Returns:
        A table with :func:`arrow_schema` of the grid's dataset.

    Raises:
        ValueError: if the lengths differ from the grid, or a published cell has no value, or a zero is not
            in state ``ZERO``, or the reverse. The message names the row, never the value.
    """
    if len(values) != len(grid) or len(states) != len(grid):
        raise ValueError("values and states must have one entry per cell of the grid")
    published: list[int | None] = []
    for row, (value, state) in enumerate(zip(values, states, strict=True)):
        if state.has_value and (value is None or (value == 0) != (state is CellState.ZERO)):
            raise ValueError(f"row {row}: value and state contradict each other")
        published.append(int(value) if state.has_value and value is not None else None)
    rows = len(grid)
    indicator, *codes = _key_columns(grid.keys)
    statuses = [state.wire for state in states]
    return pa.Table.from_arrays(
        [
            indicator,
            pa.array([ref_area] * rows, pa.string()),
            pa.array([period.freq] * rows, pa.string()),
            pa.array([str(period)] * rows, pa.string()),
            *codes,
            pa.array(published, pa.int64()),
            pa.array([status for status, _ in statuses], pa.string()),
            pa.array([confidentiality for _, confidentiality in statuses], pa.string()),
        ],
        schema=arrow_schema(grid.dataset),
    )


def key_columns(grid: CellGrid) -> tuple[pa.Array, ...]:
    """Return ``INDICATOR`` and the dimensions of every cell of a grid, in wire order."""
    return _key_columns(grid.keys)


@lru_cache(maxsize=16)
def _key_columns(keys: tuple[tuple[str, ...], ...]) -> tuple[pa.Array, ...]:
    return tuple(pa.array(column, pa.string()) for column in zip(*keys, strict=True))
