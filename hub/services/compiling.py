"""Compile the statewide table of one dataset and period from all accepted deliveries.

A cube is a pure function of the accepted heads and the catalogue: the same inputs give the same rows and
the same digest, so compiling again finds the cube that is there. It is built only when every submission
that was received before the period closed is decided and bounded; otherwise the last of those decisions
asks again.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.merge import Aggregate, AreaDelivery, merge
from hub.domain.jobs import Job, JobName
from hub.services.bounding import bounds_of
from hub.services.context import HubContext
from hub.services.verification import cells_of
from hub.store.records import Submission
from hub.store.unit_of_work import UnitOfWork
from protocol import strict_json
from protocol.observations import STATE_NUMBER, CellState
from protocol.regions import areas_by_id, reporting_areas

_ZERO, _VALUE = STATE_NUMBER[CellState.ZERO], STATE_NUMBER[CellState.VALUE]
_SUPPRESSED = STATE_NUMBER[CellState.SUPPRESSED]
_NOT_DELIVERED = STATE_NUMBER[CellState.NOT_DELIVERED]
_NOT_APPLICABLE = STATE_NUMBER[CellState.NOT_APPLICABLE]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The accepted deliveries of a dataset and period, one per area."""

    heads: tuple[Submission, ...]

    @property
    def by_area(self) -> dict[str, str]:
        """Area id → statement id."""
        return {head.area: head.id for head in self.heads}

    @property
    def sha256(self) -> str:
        """Digest of what goes in."""
        return hashlib.sha256(strict_json.dumps(self.by_area)).hexdigest()


def ready_inputs(unit: UnitOfWork, dataset: str, period: str) -> Inputs | None:
    """Return the inputs of a cube, or None while a decision or bounds are outstanding."""
    if unit.submissions.undecided(dataset, period):
        return None
    heads = unit.submissions.accepted(dataset, period)
    if any(head.bounds_sha256 is None for head in heads):
        return None
    return Inputs(tuple(heads))


def compile_cube(context: HubContext, dataset: str, period: str) -> int | None:
    """Build the cube of a dataset and period, or find it.

    Returns:
        Its id, or None if the inputs are not complete yet.
    """
    with context.database.read() as unit:
        inputs = ready_inputs(unit, dataset, period)
        known = None if inputs is None else compiled(context, unit, dataset, period, inputs)
    if inputs is None:
        return None
    table = None if known else _table(context, dataset, inputs)
    with context.database.write() as unit:
        known = compiled(context, unit, dataset, period, inputs)
        if known is None and table is not None:
            known = _store(context, unit, dataset, period, inputs, table)
        unit.after_commit(Job(JobName.PUBLISH))
    return known


def compiled(context: HubContext, unit: UnitOfWork, dataset: str, period: str, inputs: Inputs) -> int | None:
    """Return the id of the cube of these inputs under the present catalogue, if there is one."""
    return unit.cubes.find(
        dataset=dataset,
        period=period,
        inputs_sha256=inputs.sha256,
        catalogue_sha256=context.catalogue.sha256,
    )


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


def _table(context: HubContext, dataset: str, inputs: Inputs) -> _Table:
    deliveries = {head.area: _delivery(context, head) for head in inputs.heads}
    leaves = [area.id for area in reporting_areas()]
    totals = merge(context.catalogue, dataset, list(deliveries.values()), tree=context.tree)
    nothing = AreaDelivery.nothing(context.catalogue, dataset, "")
    columns = [_leaf(deliveries.get(leaf, nothing)) for leaf in leaves]
    columns += [_total(total) for total in totals]
    stacked = [np.stack(column) for column in zip(*columns, strict=True)]
    return _Table((*leaves, *(total.region for total in totals)), *stacked)


def _delivery(context: HubContext, head: Submission) -> AreaDelivery:
    cells = cells_of(context, head)
    bounds = bounds_of(context, head, cells)
    return AreaDelivery(area=head.area, state=cells.states, lower=bounds.lower, upper=bounds.upper)


def _leaf(delivery: AreaDelivery) -> Sequence[Ints]:
    """Return state, lower, upper, expected, delivered, withheld of one area."""
    state = delivery.state.astype(np.int64)
    held = delivery.held.astype(np.int64)
    withheld = (state == _SUPPRESSED).astype(np.int64)
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
    context: HubContext, unit: UnitOfWork, dataset: str, period: str, inputs: Inputs, table: _Table
) -> int:
    leaves = [area.id for area in reporting_areas()]
    numbers = unit.cubes.area_numbers(leaves, context.tree.aggregates)
    values = {
        "dataset": dataset,
        "period": period,
        "sha256": table.digest(),
        "inputs": inputs.by_area,
        "areas": [area for area in inputs.by_area if area in areas_by_id()],
        "inputs_sha256": inputs.sha256,
        "catalogue_sha256": context.catalogue.sha256,
        "built_at": context.clock.now(),
    }
    return unit.cubes.add(values, table.rows(numbers))
