"""Compile the statewide table of one dataset and period from all accepted deliveries.

A cube is a pure function of its inputs (:class:`~hub.services.merging.standing.Inputs`) and the catalogue:
the same inputs give the same rows and the same digest, so compiling again finds the cube that is there. It is
built only when every submission that was received before the period closed is decided, bounded and judged
beside the others of its area; otherwise the last of those answers asks again. What the hub's audit holds back
is not in it. The year of flows and stocks is computed area by area from the deliveries of the four quarters
and merged like any other; it is built once the cubes of those quarters are.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.merge import Aggregate, AreaDelivery, merge, one_voice
from aggregation.years import year_of
from hub.domain.cell_columns import Bounds, Cells
from hub.domain.jobs import Job, JobName
from hub.services.context import HubContext
from hub.services.intake.verification import cells_of
from hub.services.merging.bounding import bounds_of
from hub.services.merging.standing import Inputs, Place, standing_of
from hub.store.records import FUNDS, GrantTable, Submission
from hub.store.unit_of_work import UnitOfWork
from protocol.grid import delivery_grid
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.regions import areas_by_id, reporting_areas

_ZERO, _VALUE = STATE_NUMBER[CellState.ZERO], STATE_NUMBER[CellState.VALUE]
_SUPPRESSED = STATE_NUMBER[CellState.SUPPRESSED]
_NOT_DELIVERED = STATE_NUMBER[CellState.NOT_DELIVERED]
_NOT_APPLICABLE = STATE_NUMBER[CellState.NOT_APPLICABLE]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Ingredients:
    """The accepted deliveries behind the inputs of a cube: of its period, and of each quarter of a year.

    And the tables of grants, for areas without a delivery.
    """

    heads: tuple[Submission, ...]
    grants: tuple[GrantTable, ...]
    quarters: tuple[tuple[Submission, ...], ...]

    @property
    def areas(self) -> list[str]:
        """Reporting areas whose delivery is in the cube; of a computed year, all of whose quarters are."""
        delivered = [self.heads] if self.heads or not self.quarters else self.quarters
        there = set.intersection(*({head.area for head in heads} for heads in delivered))
        return sorted(there & areas_by_id().keys())


def compile_cube(context: HubContext, dataset: str, period: str) -> int | None:
    """Build the cube of a dataset and period, or find it.

    Returns:
        Its id, or None if the inputs are not complete yet.
    """
    place = (dataset, period)
    with context.database.read() as unit:
        standing = standing_of(context, unit, dataset=dataset)
        inputs, known = standing.inputs(place), standing.cube(place)
        if inputs is None:
            return None
        ingredients = _Ingredients(
            tuple(unit.submissions.accepted(dataset, period)),
            tuple(
                table for table in unit.grants.all(period) if inputs.deliveries.get(table.area) == table.name
            ),
            tuple(tuple(unit.submissions.accepted(dataset, quarter)) for quarter in inputs.quarters),
        )
    table = None if known else _table(context, dataset, ingredients)
    with context.database.write() as unit:
        # Another process may have been faster.
        stored = unit.cubes.all(catalogue_sha256=context.catalogue.sha256, dataset=dataset)
        known = next((c for c in stored if (c.period, c.inputs_sha256) == (period, inputs.sha256)), None)
        cube = known.id if known else None
        if known is None and table is not None:
            cube = _store(context, unit, place, inputs, areas=ingredients.areas, table=table)
        unit.after_commit(Job(JobName.PUBLISH))
        year = (dataset, str(Period(Period.parse(period).year)))
        if year != place and year in standing.due:
            unit.after_commit(Job(JobName.COMPILE, year))
    return cube


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns of a cube: one array per column, of shape (regions, cells)."""

    regions: tuple[str, ...]
    state: Ints
    lower: Ints
    upper: Ints
    expected: Ints
    delivered: Ints
    withheld: Ints

    def digest(self) -> str:
        """SHA-256 over the columns in the order of region ids; independent of database numbers."""
        order = np.argsort(np.array(self.regions))
        digest = hashlib.sha256("\n".join(sorted(self.regions)).encode())
        for column in (self.state, self.lower, self.upper, self.expected, self.delivered, self.withheld):
            digest.update(np.ascontiguousarray(column[order], dtype="<i8").tobytes())
        return digest.hexdigest()

    def rows(self, numbers: Mapping[str, int]) -> Iterator[tuple[int | None, ...]]:
        """Yield the observations ordered by cell and area number."""
        ix = np.array([numbers[region] for region in self.regions])
        order = np.argsort(ix)
        cells = self.state.shape[1]

        def flat(column: Ints) -> list[int]:
            values: list[int] = column[order].T.ravel().tolist()
            return values

        exact = flat(np.isin(self.state, (_ZERO, _VALUE)).astype(np.int64))
        lower, upper = flat(self.lower), flat(self.upper)
        return zip(
            np.repeat(np.arange(cells), len(ix)).tolist(),
            np.tile(ix[order], cells).tolist(),
            flat(self.state),
            [low if known else None for low, known in zip(lower, exact, strict=True)],
            [None if low == OPEN_BELOW else low for low in lower],
            [None if high == OPEN_ABOVE else high for high in upper],
            flat(self.expected),
            flat(self.delivered),
            flat(self.withheld),
            strict=True,
        )


def _table(context: HubContext, dataset: str, ingredients: _Ingredients) -> _Table:
    nothing = AreaDelivery.nothing(context.catalogue, dataset, "")
    given = _deliveries(context, dataset, ingredients)
    deliveries = one_voice(context.catalogue, dataset, given, tree=context.tree)
    leaves = [area.id for area in reporting_areas()]
    totals = merge(context.catalogue, dataset, list(deliveries.values()), tree=context.tree)
    columns = [_leaf(deliveries.get(leaf, nothing)) for leaf in leaves]
    columns += [_total(total) for total in totals]
    stacked = [np.stack(column) for column in zip(*columns, strict=True)]
    return _Table((*leaves, *(total.region for total in totals)), *stacked)


def _deliveries(context: HubContext, dataset: str, ingredients: _Ingredients) -> dict[str, AreaDelivery]:
    """Return what counts for each area (or authority), computed from quarters where it is."""
    own = {head.area: _delivery(context, head) for head in ingredients.heads}
    own |= {table.area: _granted(context, table) for table in ingredients.grants}
    if not ingredients.quarters:
        return own
    quarters = [{head.area: _delivery(context, head) for head in heads} for heads in ingredients.quarters]
    return {
        area: year_of(
            context.catalogue,
            dataset,
            area,
            [quarter.get(area) for quarter in quarters],
            yearly=own.get(area),
        )
        for area in sorted(own.keys() | set().union(*quarters))
    }


def _delivery(context: HubContext, head: Submission) -> AreaDelivery:
    cells = cells_of(context, head)
    bounds = bounds_of(context, head, cells)
    delivery = AreaDelivery(area=head.area, state=cells.states, lower=bounds.lower, upper=bounds.upper)
    return delivery.in_whole_grid(context.catalogue, head.dataset, Period.parse(head.period).freq)


def _granted(context: HubContext, table: GrantTable) -> AreaDelivery:
    freq = Period.parse(table.period).freq
    rows = len(delivery_grid(context.catalogue, FUNDS, freq))
    cells = Cells.from_bytes(context.blobs.get(table.cells_sha256), rows=rows)
    bounds = Bounds.from_bytes(context.blobs.get(table.bounds_sha256), rows=rows)
    delivery = AreaDelivery(table.area, cells.states, bounds.lower, bounds.upper)
    return delivery.in_whole_grid(context.catalogue, FUNDS, freq)


def _leaf(delivery: AreaDelivery) -> Sequence[Ints]:
    """Return state, lower, upper, expected, delivered, withheld of one area."""
    state = delivery.state.astype(np.int64)
    withheld = (state == _SUPPRESSED).astype(np.int64)
    held = delivery.held.astype(np.int64)
    return state, delivery.lower, delivery.upper, np.ones_like(state), held, withheld


def _total(total: Aggregate) -> Sequence[Ints]:
    """Return the same columns of one aggregate.

    The state says why there is no single figure: withheld cells before missing deliveries; `not applicable`
    where only the kind of the figure forbids one (distinct persons over areas).
    """
    expected = np.full_like(total.lower, total.expected)
    state = np.select(
        [
            total.exact & (total.lower == 0),
            total.exact,
            total.withheld > 0,
            total.delivered < expected,
        ],
        [_ZERO, _VALUE, _SUPPRESSED, _NOT_DELIVERED],
        default=_NOT_APPLICABLE,
    ).astype(np.int64)
    return state, total.lower, total.upper, expected, total.delivered, total.withheld


def _store(
    context: HubContext,
    unit: UnitOfWork,
    place: Place,
    inputs: Inputs,
    *,
    areas: Sequence[str],
    table: _Table,
) -> int:
    leaves = [area.id for area in reporting_areas()]
    numbers = unit.cubes.area_numbers(leaves, context.tree.aggregates)
    values = {
        "dataset": place[0],
        "period": place[1],
        "sha256": table.digest(),
        "inputs": inputs.named,
        "areas": list(areas),
        "inputs_sha256": inputs.sha256,
        "catalogue_sha256": context.catalogue.sha256,
        "built_at": context.clock.now(),
    }
    return unit.cubes.add(values, table.rows(numbers))
