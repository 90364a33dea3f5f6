"""From counts over leaf codes to the published cells of a marginal table.

A case carries leaf codes; a delivery shows every published code. The step between is one 0/1 matrix per
codelist: row = published code, column = leaf, 1 where the leaf counts under the code (itself, the sibling it
is merged into, every ancestor). Margins of a table are that matrix applied along each dimension, so they
add up by construction. Multi-response totals are not sums and are set by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import numpy.typing as npt

from protocol.catalogue import Indicator
from protocol.codelists import TOTAL, Codelist
from protocol.grid import CellGrid

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Margins:
    """How the leaves of one codelist count under its published codes.

    Attributes:
        leaves: leaf codes, the columns of ``matrix``.
        published: published codes, the rows of ``matrix``.
        matrix: 0/1, shape ``(len(published), len(leaves))``.
    """

    leaves: tuple[str, ...]
    published: tuple[str, ...]
    matrix: Counts


@lru_cache(maxsize=64)
def _margins(
    leaves: tuple[str, ...], reached: tuple[tuple[str, ...], ...], published: tuple[str, ...]
) -> Margins:
    row = {code: number for number, code in enumerate(published)}
    matrix = np.zeros((len(published), len(leaves)), dtype=np.int64)
    for column, codes in enumerate(reached):
        matrix[[row[code] for code in codes], column] = 1
    return Margins(leaves, published, matrix)


def margins_of(codelist: Codelist) -> Margins:
    """Return the margins matrix of a codelist."""
    reached = tuple(
        (codelist.recode(leaf), *codelist.ancestors(codelist.recode(leaf))) for leaf in codelist.leaves
    )
    return _margins(codelist.leaves, reached, tuple(code.id for code in codelist.published))


def table_margins(indicator: Indicator, table: tuple[str, ...], leaf_counts: Counts) -> Counts:
    """Apply margins along every dimension of a table.

    Args:
        indicator: the table's indicator.
        table: its dimensions; axis ``i + 1`` of ``leaf_counts`` is dimension ``i``.
        leaf_counts: shape ``(periods, leaves of dimension 1, ...)``.

    Returns:
        Counts over published codes, shape ``(periods, published codes of dimension 1, ...)``.
    """
    counts = leaf_counts
    for axis, dimension in enumerate(table, start=1):
        matrix = margins_of(_codelist(indicator, dimension)).matrix
        counts = np.moveaxis(np.tensordot(counts, matrix, axes=(axis, 1)), -1, axis)
    return counts


def cells_above(
    indicator: Indicator, table: tuple[str, ...], leaves: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return every cell of a table in which each of some rows counts.

    Args:
        indicator: the table's indicator.
        table: its dimensions.
        leaves: for each row the position of its combination of leaves, last dimension fastest.

    Returns:
        Positions of rows, and beside each the position of a cell, in the order of :func:`table_rows`
        flattened.
    """
    matrix = reduce(np.kron, [margins_of(_codelist(indicator, dimension)).matrix for dimension in table])
    leaf, cell = np.nonzero(matrix.T)
    per_leaf = np.bincount(leaf, minlength=matrix.shape[1])
    first = np.cumsum(per_leaf) - per_leaf
    counts = per_leaf[leaves]
    rows = np.repeat(np.arange(len(leaves)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, cell[first[leaves][rows] + within]


def table_rows(grid: CellGrid, indicator: Indicator, table: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """Return the grid rows of a table's cells.

    Returns:
        Shape ``(published codes of dimension 1, ...)``, aligned with :func:`table_margins` without periods.
    """
    lists = [margins_of(_codelist(indicator, dimension)).published for dimension in table]
    rows = np.empty(tuple(len(codes) for codes in lists), dtype=np.intp)
    for position in np.ndindex(rows.shape):
        codes = {d: lists[axis][position[axis]] for axis, d in enumerate(table)}
        rows[position] = grid.index[grid.key(indicator, codes)]
    return rows


def total_position(codelist: Codelist) -> int:
    """Position of the total among the published codes.

    Raises:
        ValueError: if the codelist has no total.
    """
    return margins_of(codelist).published.index(TOTAL)


def _codelist(indicator: Indicator, dimension: str) -> Codelist:
    use = indicator.dimension_use(dimension)
    if use is None:
        raise KeyError(f"{indicator.id} has no dimension {dimension}")
    return use.codelist
