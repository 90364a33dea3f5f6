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
from protocol.errors import kim_error

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

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """The dataflow's indicators that have cells here, in catalogue order (a year holds fewer)."""
        return tuple(indicator for indicator in self.dataset.indicators if indicator.id in self._rows)

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
            *[NOT_APPLICABLE if d is None else codes.get(d, TOTAL) for d in indicator.own(self.dims)],
        )

    def total_row(self, indicator_id: str) -> int | None:
        """Row of an indicator's grand total, or None if one of its codelists has no total."""
        indicator = next(i for i in self.dataset.indicators if i.id == indicator_id)
        return self.index.get(self.key(indicator, {}))


def build_grid(dataset: Dataset, freq: str | None = None) -> CellGrid:
    """Build the grid of a dataflow from its catalogue entry.

    Args:
        dataset: dataflow.
        freq: only what is delivered in this frequency; None for all its indicators.
    """
    empty = CellGrid(dataset, dataset.dimensions, ())
    keys = {
        empty.key(indicator, codes)
        for indicator in dataset.indicators
        if freq is None or freq in indicator.frequencies
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
    """Return the grid of a dataflow with all its indicators; the product's own is built once per process.

    Published tables are numbered by it, whatever the frequency; what one delivery holds is
    :func:`delivery_grid`.

    Raises:
        KimError: ``schema_unknown`` if the catalogue has no such dataflow.
    """
    if catalogue.sha256 == load_catalogue().sha256:
        return _own_grid(dataset_id)
    return build_grid(catalogue.dataset(dataset_id))


def delivery_grid(catalogue: Catalogue, dataset_id: str, freq: str) -> CellGrid:
    """Return the cells that one delivery of a dataflow holds in a frequency.

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        freq: SDMX frequency code of the delivery's period.

    Returns:
        The same object as :func:`grid_of` where every indicator is delivered in the frequency.

    Raises:
        KimError: ``schema_unknown`` if there is no such dataflow or it is not delivered in this frequency.
    """
    if freq not in catalogue.dataset(dataset_id).frequencies:
        raise kim_error("schema_unknown")
    if catalogue.sha256 == load_catalogue().sha256:
        return _own_delivery_grid(dataset_id, freq)
    return build_grid(catalogue.dataset(dataset_id), freq)


def published_rows(catalogue: Catalogue, dataset_id: str, freq: str) -> tuple[int, ...]:
    """Return for each cell of a :func:`delivery_grid` its row in :func:`grid_of`.

    Raises:
        KimError: as :func:`delivery_grid`.
    """
    whole = grid_of(catalogue, dataset_id)
    return tuple(whole.index[key] for key in delivery_grid(catalogue, dataset_id, freq).keys)


@cache
def _own_grid(dataset_id: str) -> CellGrid:
    return build_grid(load_catalogue().dataset(dataset_id))


@cache
def _own_delivery_grid(dataset_id: str, freq: str) -> CellGrid:
    dataset = load_catalogue().dataset(dataset_id)
    if all(freq in indicator.frequencies for indicator in dataset.indicators):
        return _own_grid(dataset_id)
    return build_grid(dataset, freq)
