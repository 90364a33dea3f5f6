"""What the catalogue says about a dataflow's cells: how they relate within one delivery, and by which rules.

A :class:`Structure` is the part that no delivery changes; it is built once per dataflow and frequency. With
`links` (what reaches from one delivery into others), `hidden_flows` and `cell_rules` it is all of disclosure
control that reads the catalogue's tables, codelists and identities. `history` puts an area's deliveries side
by side.

Invariants: every parent in every line of every table has its row, whatever the depth of the hierarchy;
a relation that connects deliveries is used exactly where the true values keep it (an attacker who assumes it
elsewhere is wrong and learns nothing).

It deliberately decides nothing: which cells are sensitive is `primary`, what is withheld is `secondary`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from aggregation.disclosure.cell_rules import CellRules, cell_rules
from aggregation.disclosure.hidden_flows import FlowLink, hidden_flow_links
from aggregation.sdc.linear_system import (
    NO_LIMIT,
    BoolArray,
    IntArray,
    LinearSystem,
    Relation,
    RelationKind,
)
from protocol.catalogue import (
    Catalogue,
    Identity,
    IdentityKind,
    Indicator,
)
from protocol.codelists import TOTAL
from protocol.grid import CellGrid, delivery_grid, grid_of, table_cells


@dataclass(frozen=True, eq=False)
class Structure:
    """Everything about the disclosure of a dataflow's deliveries in one frequency that no value changes.

    Attributes:
        catalogue: where it comes from.
        grid: the cells.
        system: relations within one delivery.
        rules: rule of each cell.
        flows: identities that reach into earlier deliveries.
        hidden_flows: what they say about breakdowns of a flow that are not delivered.
        hinges: cells that other tables or deliveries see: margins that two tables of an indicator share,
            cells of ``flows``, and figures that equal one of another dataflow.
        weights: how many elementary cells each cell sums up: what its loss costs the readers.
        groups: the cells of each code of a dimension that is crossed with another one, by dimension and code:
            what is withheld as a whole where nothing less protects (ADR 0027).
    """

    catalogue: Catalogue
    grid: CellGrid
    system: LinearSystem
    rules: CellRules
    flows: tuple[FlowLink, ...]
    hidden_flows: tuple[FlowLink, ...]
    hinges: BoolArray
    weights: IntArray
    groups: Mapping[tuple[str, str], IntArray]

    @cached_property
    def reach(self) -> int:
        """How many periods back the furthest identity reaches."""
        return max((lag for flow in (*self.flows, *self.hidden_flows) for lag in flow.lags), default=0)


_STRUCTURES: dict[tuple[str, str, int], Structure] = {}


def structure_of(catalogue: Catalogue, dataset_id: str, freq: str | None = None) -> Structure:
    """Return the structure of a dataflow's deliveries; built once per process and catalogue.

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        freq: SDMX frequency code of a delivery; None for all indicators of the dataflow.

    Raises:
        KimError: as :func:`structure_for`; ``schema_unknown`` for an unknown dataflow or a frequency in which
            it is not delivered.
    """
    if freq is None:
        return structure_for(catalogue, grid_of(catalogue, dataset_id))
    return structure_for(catalogue, delivery_grid(catalogue, dataset_id, freq))


def structure_for(catalogue: Catalogue, grid: CellGrid) -> Structure:
    """Return the structure of a grid of the catalogue, whole or as delivered in one frequency.

    Raises:
        KimError: ``disclosure_unknown`` if the catalogue demands a kind of rule that is not implemented (it
            must never pass as "no rule").
    """
    # Grids of one dataflow differ by the indicators that they hold, so their sizes differ.
    key = (catalogue.sha256, grid.dataset.id, len(grid))
    if key not in _STRUCTURES:
        relations = tuple(_relations(catalogue, grid))
        flows = tuple(_flow_links(catalogue, grid))
        _STRUCTURES[key] = Structure(
            catalogue=catalogue,
            grid=grid,
            system=LinearSystem.of(len(grid), relations),
            rules=cell_rules(catalogue, grid),
            flows=flows,
            hidden_flows=tuple(hidden_flow_links(catalogue, grid)),
            hinges=_hinges(catalogue, grid, flows),
            weights=_weights(len(grid), relations),
            groups=MappingProxyType(_groups_of_codes(grid)),
        )
    return _STRUCTURES[key]


# ------------------------------------------------------------------------------- relations of one delivery


def _relations(catalogue: Catalogue, grid: CellGrid) -> Iterator[Relation]:
    seen: set[tuple[int, tuple[int, ...]]] = set()
    for indicator in grid.indicators:
        for table in indicator.tables:
            for dimension in table:
                for parent, children, exclusive in _lines(grid, indicator, table, dimension):
                    if (parent, children) in seen:  # a margin that two linked tables share
                        continue
                    seen.add((parent, children))
                    use = indicator.dimension_use(dimension)
                    if use is None or use.additive:
                        yield Relation(RelationKind.SUM, (parent, *children), (-1, *(1 for _ in children)))
                    else:
                        yield from _responses(parent, children, exclusive)
    for identity in catalogue.identities:
        yield from _identity(grid, identity)


def _lines(
    grid: CellGrid, indicator: Indicator, table: tuple[str, ...], dimension: str
) -> Iterator[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """Yield (parent, children, exclusive ones of them) for every parent code in every line of a table."""
    use = indicator.dimension_use(dimension)
    if use is None:
        raise KeyError(f"{indicator.id} has no dimension {dimension}")
    others = [d for d in table if d != dimension]
    parents = [code.id for code in use.codelist.published if use.codelist.children(code.id)]
    for codes in itertools.product(*(_codes(indicator, d) for d in others)):
        line = dict(zip(others, codes, strict=True))
        for parent in parents:
            yield (
                _row(grid, indicator, {**line, dimension: parent}),
                tuple(
                    _row(grid, indicator, {**line, dimension: child})
                    for child in use.codelist.children(parent)
                ),
                tuple(
                    _row(grid, indicator, {**line, dimension: child})
                    for child in use.codelist.exclusive_children(parent)
                ),
            )


def _row_if_there(grid: CellGrid, indicator: Indicator, codes: Mapping[str, str]) -> int | None:
    return grid.index.get(grid.key(indicator, codes))


def _row(grid: CellGrid, indicator: Indicator, codes: Mapping[str, str]) -> int:
    return grid.index[grid.key(indicator, codes)]


def _codes(indicator: Indicator, dimension: str) -> list[str]:
    use = indicator.dimension_use(dimension)
    return [] if use is None else [code.id for code in use.codelist.published]


def _responses(parent: int, children: tuple[int, ...], exclusive: tuple[int, ...]) -> Iterator[Relation]:
    """Yield what holds between a multi-response total and its parts.

    Together the parts reach at least the total. Each part is at most what the exclusive answers ("unknown")
    leave of the total: whoever gave one of those gave no other.
    """
    yield Relation(RelationKind.COVER, (parent, *children), (-1, *(1 for _ in children)), 0, NO_LIMIT)
    alone = tuple(-1 for _ in exclusive)
    if exclusive:
        yield Relation(RelationKind.PART, (parent, *exclusive), (1, *alone), 0, NO_LIMIT)
    for child in children:
        if child not in exclusive:
            yield Relation(RelationKind.PART, (parent, child, *exclusive), (1, -1, *alone), 0, NO_LIMIT)


def _identity(grid: CellGrid, identity: Identity) -> Iterator[Relation]:
    """Yield the rows of an identity that stays within one delivery."""
    if identity.kind not in {IdentityKind.SUBSET, IdentityKind.EQUAL}:
        return
    subset = identity.kind is IdentityKind.SUBSET
    if subset and not identity.certain:  # used where it is true, which depends on the delivery: see `links`
        return
    kind, lower = (RelationKind.SUBSET, -NO_LIMIT) if subset else (RelationKind.EQUAL, 0)
    for signs, rows, lags in shared_cells([grid], identity):
        if not any(lags):
            yield Relation(kind, rows, signs, lower, 0, identity.certain)


def _flow_links(catalogue: Catalogue, grid: CellGrid) -> Iterator[FlowLink]:
    for identity in catalogue.identities:
        if identity.kind is IdentityKind.FLOW:
            for signs, rows, lags in shared_cells([grid], identity):
                yield FlowLink(signs, rows, lags)


def _hinges(catalogue: Catalogue, grid: CellGrid, flows: Sequence[FlowLink]) -> BoolArray:
    tables = np.zeros(len(grid), dtype=np.int64)
    for indicator in grid.indicators:
        for table in indicator.tables:
            rows = {grid.index[grid.key(indicator, codes)] for codes in table_cells(indicator, table)}
            tables[sorted(rows)] += 1
    hinges: BoolArray = tables > 1
    hinges[[row for flow in flows for row in flow.rows]] = True
    hinges[list(_equal_elsewhere(catalogue, grid))] = True
    return hinges


def _groups_of_codes(grid: CellGrid) -> dict[tuple[str, str], IntArray]:
    """Return the rows of every code that a row combines with a code of another dimension."""
    rows: dict[tuple[str, str], list[int]] = {}
    crossed: set[tuple[str, str]] = set()
    for row in range(len(grid)):
        codes = grid.codes(row)
        told = [(d, code) for d, code in codes.items() if code != TOTAL]
        for place in told:
            rows.setdefault(place, []).append(row)
        if len(told) > 1:
            crossed.update(told)
    return {place: np.array(rows[place], dtype=np.int64) for place in sorted(crossed)}


def _equal_elsewhere(catalogue: Catalogue, grid: CellGrid) -> Iterator[int]:
    """Yield the rows that the catalogue calls equal to a figure of another dataflow."""
    own = grid.dataset.id
    for identity in catalogue.identities:
        datasets = {catalogue.indicators[term.indicator].dataset for term in identity.terms}
        if identity.kind is not IdentityKind.EQUAL or own not in datasets or len(datasets) == 1:
            continue
        grids = [grid, *(grid_of(catalogue, other) for other in sorted(datasets - {own}))]
        for _, rows, _ in shared_cells(grids, identity):
            yield from (
                row
                for row, term in zip(rows, identity.terms, strict=True)
                if catalogue.indicators[term.indicator].dataset == own
            )


def shared_cells(
    grids: Sequence[CellGrid], identity: Identity
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Yield (signs, grid rows, lags) for every shared cell of an identity.

    Args:
        grids: of different dataflows; a row counts in the grid that has the term's indicator.
        identity: nothing comes of one with an indicator that none of the grids has.
    """
    grid_with = {indicator.id: grid for grid in grids for indicator in grid.indicators}
    if any(term.indicator not in grid_with for term in identity.terms):
        return
    indicators = {indicator.id: indicator for grid in grids for indicator in grid.indicators}
    first = indicators[identity.terms[0].indicator]
    for codes in itertools.product(*(_codes(first, d) for d in identity.dimensions)):
        cell = dict(zip(identity.dimensions, codes, strict=True))
        rows: list[int | None] = [
            _row_if_there(grid_with[term.indicator], indicators[term.indicator], {**cell, **dict(term.codes)})
            for term in identity.terms
        ]
        present = tuple(row for row in rows if row is not None)
        if len(present) == len(rows):  # a combination that one of the indicators does not deliver has no row
            yield (
                tuple(term.sign for term in identity.terms),
                present,
                tuple(term.lag for term in identity.terms),
            )


# -------------------------------------------------------------------------------------------------- costs


def _weights(cells: int, relations: Sequence[Relation]) -> IntArray:
    """Count the elementary cells below each cell, along its longest breakdown."""
    parts: dict[int, list[tuple[int, ...]]] = {}
    for relation in relations:
        if relation.kind in {RelationKind.SUM, RelationKind.COVER}:
            parts.setdefault(relation.cells[0], []).append(relation.cells[1:])
    known: dict[int, int] = {}

    def below(cell: int) -> int:
        if cell not in known:
            known[cell] = max((sum(map(below, line)) for line in parts.get(cell, ())), default=1)
        return known[cell]

    return np.array([below(cell) for cell in range(cells)], dtype=np.int64)
