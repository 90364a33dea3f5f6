"""Merges the protected tables of the areas into regional and statewide cells with coverage and bounds.

A total over cells of which some are withheld is not a number but an interval. Areas share no cell, so the
exact linear bounds of a sum over areas are the sums of each area's exact bounds (the polytope is a product);
the bounds per area come from `aggregation.disclosure.cell_bounds`, which uses the area's margins. A missing
delivery leaves the upper side open. Distinct persons may be counted in two areas: over areas they lie
between the largest area and the sum, even when nothing is withheld. What is not additive is never added.

Only delivered, protected cells go in, so nothing comes out that the deliveries did not already give away
(post-processing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocol.catalogue import Catalogue
from protocol.errors import kim_error
from protocol.grid import CellGrid, grid_of
from protocol.observations import STATE_NUMBER, CellState
from protocol.regions import RegionTree
from protocol.texts import Text

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SUPPRESSED = STATE_NUMBER[CellState.SUPPRESSED]
_PUBLISHED = (STATE_NUMBER[CellState.VALUE], STATE_NUMBER[CellState.ZERO])


@dataclass(frozen=True, eq=False)
class AreaDelivery:
    """One area's protected table, aligned with the cell grid.

    Attributes:
        area: region id of a leaf.
        state: cell states as numbers of :data:`protocol.observations.STATES`, uint8.
        lower: int64; the value where published, else the smallest it can be.
        upper: int64; the value where published, else the largest it can be; -1 where nothing bounds it.
    """

    area: str
    state: npt.NDArray[np.uint8]
    lower: Ints
    upper: Ints


@dataclass(frozen=True, eq=False)
class Aggregate:
    """One region's totals, aligned with the cell grid.

    Attributes:
        region: id of an aggregate region.
        lower: int64, guaranteed lower bound of every cell.
        upper: int64, guaranteed upper bound; meaningless where ``open_above``.
        open_above: no upper bound: a delivery is missing or a cell is not delivered.
        expected: number of areas that belong to the region.
        delivered: areas whose delivery holds the cell (published or withheld), per cell.
        withheld: areas that withhold the cell, per cell.
    """

    region: str
    lower: Ints
    upper: Ints
    open_above: Flags
    expected: int
    delivered: Ints
    withheld: Ints

    @property
    def exact(self) -> Flags:
        """Cells whose interval is a single value."""
        single: Flags = ~self.open_above & (self.lower == self.upper)
        return single


def merge(
    catalogue: Catalogue, dataset_id: str, deliveries: Sequence[AreaDelivery], *, tree: RegionTree
) -> tuple[Aggregate, ...]:
    """Merge the areas' tables of one dataflow and period into all aggregate regions.

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        deliveries: at most one per area, any order; areas without one are missing.
        tree: the hierarchy of regions.

    Returns:
        One :class:`Aggregate` per region of ``tree.aggregates``, in that order.

    Raises:
        KimError: ``value_rule`` if an area comes twice, is unknown, or an array does not fit the grid;
            ``schema_unknown`` for an unknown dataflow.
    """
    grid = grid_of(catalogue, dataset_id)
    by_area = _checked(grid, deliveries, tree)
    max_rows = np.zeros(len(grid), dtype=np.bool_)
    for indicator in grid.dataset.indicators:
        max_rows[grid.rows_of(indicator.id)] = indicator.region_additivity == "max_sum"
    return tuple(_merge_region(region, tree, by_area, max_rows) for region in tree.aggregates)


def _checked(
    grid: CellGrid, deliveries: Sequence[AreaDelivery], tree: RegionTree
) -> Mapping[str, AreaDelivery]:
    by_area = {delivery.area: delivery for delivery in deliveries}
    known = {leaf for leaves in tree.members.values() for leaf in leaves}
    shapes = {
        array.shape for delivery in deliveries for array in (delivery.state, delivery.lower, delivery.upper)
    }
    if len(by_area) != len(deliveries) or not by_area.keys() <= known or not shapes <= {(len(grid),)}:
        raise kim_error(
            "value_rule",
            Text(
                "Die Lieferungen passen nicht zusammen: ein Gebiet fehlt im Verzeichnis, kommt doppelt vor "
                "oder hat eine andere Tabelle.",
                "The deliveries do not fit together: an area is unknown, comes twice or has another table.",
            ),
        )
    return by_area


def _merge_region(
    region: str, tree: RegionTree, by_area: Mapping[str, AreaDelivery], max_rows: Flags
) -> Aggregate:
    leaves = tree.leaves_of(region)
    present = [by_area[leaf] for leaf in leaves if leaf in by_area]
    cells = len(max_rows)
    state = np.array([d.state for d in present], dtype=np.uint8).reshape(len(present), cells)
    held = np.isin(state, _PUBLISHED) | (state == _SUPPRESSED)
    # A cell that is not delivered says nothing: at least 0, no upper bound.
    lower = np.where(held, np.array([d.lower for d in present]).reshape(len(present), cells), 0)
    upper = np.where(held, np.array([d.upper for d in present]).reshape(len(present), cells), -1)
    delivered = held.sum(axis=0, dtype=np.int64)
    open_above = (delivered < len(leaves)) | (upper < 0).any(axis=0)
    largest = lower.max(axis=0, initial=0)
    total_lower = np.where(max_rows, largest, lower.sum(axis=0, dtype=np.int64))
    total_upper = np.where(open_above, -1, upper.sum(axis=0, dtype=np.int64))
    return Aggregate(
        region=region,
        lower=total_lower.astype(np.int64),
        upper=total_upper.astype(np.int64),
        open_above=open_above,
        expected=len(leaves),
        delivered=delivered,
        withheld=(state == _SUPPRESSED).sum(axis=0, dtype=np.int64),
    )
