"""The cell grid of a dataflow: every cell a delivery must hold, in wire order.

An indicator is delivered as linked marginal tables that share their totals (SEX x AGE, SEX x CITIZEN,
RESIDENCE ...). The grid is the *union* of their cells: a shared margin appears once, so two tables of one
indicator cannot contradict each other. Node, hub, disclosure control and merging all address a cell by its
row number in the grid; arrays of values are aligned with :attr:`CellGrid.keys`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from protocol.catalogue import Catalogue, Dataset, Indicator
from protocol.catalogue_file import load_catalogue
from protocol.codelists import NOT_APPLICABLE, TOTAL

Key = tuple[str, ...]


@dataclass(frozen=True)
class CellGrid:
    """The cells of one dataflow for one area and one period.

    Attributes:
        dataset: dataflow.
        dims: key dimensions in wire order (without indicator, area and period).
        keys: one tuple per cell: indicator id, then a code per entry of ``dims``; ``_T`` where the
            dimension stands at its total, ``_Z`` where the indicator does not have it. Sorted.
    """

    dataset: Dataset
    dims: tuple[str, ...]
    keys: tuple[Key, ...]

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.keys)

    @cached_property
    def index(self) -> Mapping[Key, int]:
        """Row number of each key."""
        return {key: row for row, key in enumerate(self.keys)}

    @cached_property
    def _rows(self) -> Mapping[str, range]:
        rows: dict[str, range] = {}
        for indicator_id, group in itertools.groupby(enumerate(self.keys), key=lambda item: item[1][0]):
            numbers = [row for row, _ in group]
            rows[indicator_id] = range(numbers[0], numbers[-1] + 1)
        return rows

    def rows_of(self, indicator_id: str) -> range:
        """Rows of one indicator; they stand together because the indicator is the first key part."""
        return self._rows[indicator_id]

    def codes(self, row: int) -> dict[str, str]:
        """Codes of a cell's own dimensions, totals included."""
        key = self.keys[row]
        return {d: c for d, c in zip(self.dims, key[1:], strict=True) if c != NOT_APPLICABLE}

    def key(self, indicator: Indicator, codes: Mapping[str, str]) -> Key:
        """Return the key of the cell with these codes; dimensions not named stand at their total."""
        return (
            indicator.id,
            *(
                NOT_APPLICABLE if indicator.dimension_use(d) is None else codes.get(d, TOTAL)
                for d in self.dims
            ),
        )

    def total_row(self, indicator_id: str) -> int | None:
        """Row of an indicator's grand total, or None if one of its codelists has no total."""
        indicator = next(i for i in self.dataset.indicators if i.id == indicator_id)
        return self.index.get(self.key(indicator, {}))


def build_grid(dataset: Dataset) -> CellGrid:
    """Build the grid of a dataflow from its catalogue entry."""
    empty = CellGrid(dataset, dataset.dimensions, ())
    keys = {
        empty.key(indicator, codes)
        for indicator in dataset.indicators
        for table in indicator.tables
        for codes in table_cells(indicator, table)
    }
    return CellGrid(dataset, dataset.dimensions, tuple(sorted(keys)))


def table_cells(indicator: Indicator, table: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the codes of every cell of one marginal table, margins included.

    Raises:
        KeyError: if the table names a dimension that the indicator does not have.
    """
    lists = []
    for dimension in table:
        use = indicator.dimension_use(dimension)
        if use is None:
            raise KeyError(f"{indicator.id} has no dimension {dimension}")
        lists.append([code.id for code in use.codelist.published])
    for combination in itertools.product(*lists):
        yield dict(zip(table, combination, strict=True))


def grid_of(catalogue: Catalogue, dataset_id: str) -> CellGrid:
    """Return the grid of a dataflow; the product's own catalogue is built once per process.

    Raises:
        KimError: ``schema_unknown`` if the catalogue has no such dataflow.
    """
    if catalogue.sha256 == load_catalogue().sha256:
        return _own_grid(dataset_id)
    return build_grid(catalogue.dataset(dataset_id))


@cache
def _own_grid(dataset_id: str) -> CellGrid:
    return build_grid(load_catalogue().dataset(dataset_id))
