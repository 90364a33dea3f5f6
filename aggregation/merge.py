"""Merges the protected tables of the areas into regional and statewide cells with coverage and bounds.

A total over cells of which some are withheld is not a number but an interval. Areas share no cell, so the
exact linear bounds of a sum over areas are the sums of each area's exact bounds (the polytope is a product);
the bounds per area come from `aggregation.disclosure.cell_bounds`, which uses the area's margins. A missing
delivery leaves the upper side open, and the lower side too where a figure may be negative (repayments).
Distinct persons may be counted in two areas: over areas they lie between the largest area and the sum, even
when nothing is withheld. What is not additive is never added.

Some indicators are reported by an authority that serves several areas (decisions of component 3 in Aachen).
Where its delivery holds such a cell, it stands in place of those areas' in every region that has them all.

Only delivered, protected cells go in, so nothing comes out that the deliveries did not already give away
(post-processing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from aggregation.limits import OPEN_ABOVE, OPEN_BELOW, add_limits
from protocol.catalogue import Catalogue, Indicator
from protocol.errors import kim_error
from protocol.grid import CellGrid, grid_of, published_rows
from protocol.observations import STATE_NUMBER, CellState
from protocol.regions import RegionTree
from protocol.texts import Text

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
States = npt.NDArray[np.uint8]

_SUPPRESSED = STATE_NUMBER[CellState.SUPPRESSED]
_NOT_DELIVERED = STATE_NUMBER[CellState.NOT_DELIVERED]
_HELD = (STATE_NUMBER[CellState.VALUE], STATE_NUMBER[CellState.ZERO], _SUPPRESSED)


@dataclass(frozen=True, eq=False)
class AreaDelivery:
    """One area's protected table, aligned with the cell grid.

    Attributes:
        area: region id of a leaf, or of the areas that one authority serves.
        state: cell states as numbers of :data:`protocol.observations.STATES`, uint8.
        lower: int64; the value where published, else the smallest it can be;
            :data:`~aggregation.limits.OPEN_BELOW` where nothing bounds it.
        upper: int64; the value where published, else the largest it can be;
            :data:`~aggregation.limits.OPEN_ABOVE` where nothing bounds it.
    """

    area: str
    state: States
    lower: Ints
    upper: Ints

    @property
    def held(self) -> Flags:
        """Cells that the delivery holds: published or withheld."""
        held: Flags = np.isin(self.state, _HELD)
        return held

    @classmethod
    def nothing(cls, catalogue: Catalogue, dataset_id: str, area: str) -> Self:
        """Return what is known of an area that has not delivered."""
        grid = grid_of(catalogue, dataset_id)
        return cls(
            area,
            np.full(len(grid), _NOT_DELIVERED, dtype=np.uint8),
            unknown_floors(grid),
            np.full(len(grid), OPEN_ABOVE, dtype=np.int64),
        )

    def in_whole_grid(self, catalogue: Catalogue, dataset_id: str, freq: str) -> Self:
        """Return the same delivery among all cells of its dataflow.

        Args:
            catalogue: the catalogue.
            dataset_id: dataflow.
            freq: frequency of the delivery, whose grid its arrays are aligned with.

        Returns:
            Arrays aligned with ``grid_of``; what is not delivered in the frequency stands as not delivered.
        """
        rows = np.array(published_rows(catalogue, dataset_id, freq), dtype=np.intp)
        whole = type(self).nothing(catalogue, dataset_id, self.area)
        whole.state[rows], whole.lower[rows], whole.upper[rows] = self.state, self.lower, self.upper
        return whole


@dataclass(frozen=True, eq=False)
class Aggregate:
    """One region's totals, aligned with the cell grid.

    Attributes:
        region: id of an aggregate region.
        lower: int64, guaranteed lower bound of every cell; ``OPEN_BELOW`` where there is none.
        upper: int64, guaranteed upper bound; ``OPEN_ABOVE`` where there is none: a delivery is missing or a
            cell is not delivered.
        expected: number of areas that belong to the region.
        delivered: areas whose delivery holds the cell (published or withheld), per cell; the areas of an
            authority count where its delivery does.
        withheld: areas that withhold the cell, per cell; in the same way.
    """

    region: str
    lower: Ints
    upper: Ints
    expected: int
    delivered: Ints
    withheld: Ints

    @property
    def exact(self) -> Flags:
        """Cells whose interval is a single value."""
        single: Flags = self.lower == self.upper
        return single


@dataclass(frozen=True, eq=False, slots=True)
class _Summand:
    """What one delivery adds to a region: its areas, and the cells where it speaks for them."""

    delivery: AreaDelivery
    areas: int
    speaks: Flags


def merge(
    catalogue: Catalogue, dataset_id: str, deliveries: Sequence[AreaDelivery], *, tree: RegionTree
) -> tuple[Aggregate, ...]:
    """Merge the areas' tables of one dataflow and period into all aggregate regions.

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        deliveries: at most one per area, any order; areas without one are missing. A delivery for an
            aggregate region is that of an authority: only its cells of indicators with reporting unit
            ``authority`` count.
        tree: the hierarchy of regions.

    Returns:
        One :class:`Aggregate` per region of ``tree.aggregates``, in that order.

    Raises:
        KimError: ``value_rule`` if an area comes twice, is unknown or served by two authorities, or an
            array does not fit the grid; ``schema_unknown`` for an unknown dataflow.
    """
    grid = grid_of(catalogue, dataset_id)
    by_area = _checked(grid, deliveries, tree)
    floors = unknown_floors(grid)
    max_rows = _rows_where(grid, [i for i in grid.dataset.indicators if i.region_additivity == "max_sum"])
    by_authority = _rows_where(grid, [i for i in grid.dataset.indicators if i.reporting_unit == "authority"])
    return tuple(
        _merge_region(
            region,
            len(tree.leaves_of(region)),
            list(_summands(region, tree, by_area, by_authority=by_authority)),
            floors=floors,
            max_rows=max_rows,
        )
        for region in tree.aggregates
    )


def one_voice(
    catalogue: Catalogue, dataset_id: str, deliveries: Mapping[str, AreaDelivery], *, tree: RegionTree
) -> dict[str, AreaDelivery]:
    """Take back what areas say themselves where their common authority has spoken.

    The authority's table and those of its areas are protected by different nodes, none of which knows the
    others' patterns: shown beside each other, what one withholds could be the others' difference.

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        deliveries: by area (or authority).
        tree: the hierarchy of regions.

    Returns:
        The same, with cells of an area that its authority's delivery holds as not delivered.
    """
    grid = grid_of(catalogue, dataset_id)
    by_authority = _rows_where(grid, [i for i in grid.dataset.indicators if i.reporting_unit == "authority"])
    spoken_for: dict[str, Flags] = {}
    for area, delivery in deliveries.items():
        for leaf in tree.members.get(area, ()):
            spoken_for[leaf] = by_authority & delivery.held
    nothing = AreaDelivery.nothing(catalogue, dataset_id, "")
    return {
        area: AreaDelivery(
            area,
            np.where(taken, nothing.state, own.state).astype(np.uint8),
            np.where(taken, nothing.lower, own.lower),
            np.where(taken, nothing.upper, own.upper),
        )
        if (taken := spoken_for.get(area)) is not None
        else own
        for area, own in deliveries.items()
    }


def unknown_floors(grid: CellGrid) -> Ints:
    """Return the lower limit of cells about which nothing is known: 0, or none where they may be negative."""
    negative = _rows_where(grid, [i for i in grid.dataset.indicators if i.may_be_negative])
    return np.where(negative, OPEN_BELOW, 0).astype(np.int64)


def _rows_where(grid: CellGrid, indicators: Sequence[Indicator]) -> Flags:
    rows = np.zeros(len(grid), dtype=np.bool_)
    for indicator in indicators:
        rows[grid.rows_of(indicator.id)] = True
    return rows


def _checked(
    grid: CellGrid, deliveries: Sequence[AreaDelivery], tree: RegionTree
) -> Mapping[str, AreaDelivery]:
    by_area = {delivery.area: delivery for delivery in deliveries}
    known = {*tree.members, *(leaf for leaves in tree.members.values() for leaf in leaves)}
    served = [leaf for area in by_area for leaf in tree.members.get(area, ())]
    shapes = {
        array.shape for delivery in deliveries for array in (delivery.state, delivery.lower, delivery.upper)
    }
    fits = by_area.keys() <= known and shapes <= {(len(grid),)}
    if not fits or len(by_area) != len(deliveries) or len(set(served)) != len(served):
        raise kim_error(
            "value_rule",
            Text(
                "Die Lieferungen passen nicht zusammen: ein Gebiet fehlt im Verzeichnis, kommt doppelt vor "
                "oder hat eine andere Tabelle.",
                "The deliveries do not fit together: an area is unknown, comes twice or has another table.",
            ),
        )
    return by_area


def _summands(
    region: str, tree: RegionTree, by_area: Mapping[str, AreaDelivery], *, by_authority: Flags
) -> Iterator[_Summand]:
    leaves = tree.leaves_of(region)
    spoken_for = {leaf: np.zeros(len(by_authority), dtype=np.bool_) for leaf in leaves}
    for area, delivery in by_area.items():
        served = tree.members.get(area, ())
        if served and set(served) <= set(leaves):
            speaks = by_authority & delivery.held
            yield _Summand(delivery, len(served), speaks)
            for leaf in served:
                spoken_for[leaf] |= speaks
    for leaf in leaves:
        if leaf in by_area:
            yield _Summand(by_area[leaf], 1, ~spoken_for[leaf])


def _merge_region(
    region: str, expected: int, summands: Sequence[_Summand], *, floors: Ints, max_rows: Flags
) -> Aggregate:
    """Add what is known of the areas of a region."""
    shape = (len(summands), len(floors))
    areas = np.array([summand.areas for summand in summands], dtype=np.int64).reshape(-1, 1)
    speaks = np.array([summand.speaks for summand in summands], dtype=np.bool_).reshape(shape)
    state = np.array([summand.delivery.state for summand in summands], dtype=np.uint8).reshape(shape)
    given = [np.array([s.delivery.lower for s in summands]), np.array([s.delivery.upper for s in summands])]
    held = np.isin(state, _HELD) & speaks
    delivered = (held * areas).sum(axis=0, dtype=np.int64)
    # A cell that an area has not delivered may have a lower limit all the same (quarters of a year).
    floor = np.where(held, OPEN_BELOW, floors)
    lower = np.where(speaks, np.maximum(given[0].reshape(shape), floor), 0)
    upper = np.where(held, given[1].reshape(shape), 0)
    missing = delivered < expected
    total_lower = np.where(missing & (floors <= OPEN_BELOW), OPEN_BELOW, add_limits(lower))
    return Aggregate(
        region=region,
        lower=np.where(max_rows, lower.max(axis=0, initial=0), total_lower).astype(np.int64),
        upper=np.where(missing, OPEN_ABOVE, add_limits(upper)).astype(np.int64),
        expected=expected,
        delivered=delivered,
        withheld=((held & (state == _SUPPRESSED)) * areas).sum(axis=0, dtype=np.int64),
    )
