"""Disclosure control: which cells a delivery withholds, and the proof that nobody can compute them.

Two doors for the node, one for both sides: :func:`protect_delivery` finds a pattern that is safe against an
attacker who knows all published cells, all zeros, the rules and every linked delivery (level S1);
:func:`audit_delivery` proves it again, independently, on what will be sent; :func:`cell_bounds` gives
guaranteed limits for withheld cells from one delivery. Thresholds are the catalogue's, a node can only make
them stricter; there is no switch to turn protection off.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aggregation.disclosure.arrivals import Arrival, limits_of
from aggregation.disclosure.history import Delivered
from aggregation.disclosure.inspection import AuditReport, Finding, inspect
from aggregation.disclosure.primary import Reason
from aggregation.disclosure.protection import Protection, protect
from aggregation.disclosure.relations import structure_for, structure_of
from aggregation.sdc.audit.attack import Verdict
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue
from protocol.grid import CellGrid
from protocol.periods import Period

__all__ = [
    "AuditReport",
    "Delivered",
    "Finding",
    "Protection",
    "Reason",
    "Verdict",
    "audit_delivery",
    "cell_bounds",
    "protect_delivery",
]


def protect_delivery(
    catalogue: Catalogue,
    dataset_id: str,
    period: Period,
    table: Tabulation,
    *,
    linked: Sequence[Delivered] = (),
    min_contributors: int | None = None,
) -> Protection:
    """Find a safe pattern for one delivery; see :func:`aggregation.disclosure.protection.protect`.

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        period: reporting period.
        table: true figures aligned with ``delivery_grid(catalogue, dataset_id, period.freq).keys``.
        linked: other deliveries of the same area, of any dataflow and period, from the node's ledger; several
            vintages of one in the order in which they were delivered.
        min_contributors: the node's own minimum of counts; it can only raise the catalogue's.

    Returns:
        The pattern and its reasons.

    Raises:
        KimError: ``disclosure_unsafe``, ``disclosure_unknown``, ``schema_unknown``.
    """
    structure = structure_of(catalogue, dataset_id, period.freq)
    return protect(structure, period, table, linked=linked, min_contributors=min_contributors)


def audit_delivery(
    catalogue: Catalogue,
    dataset_id: str,
    period: Period,
    published: Sequence[int | None],
    *,
    table: Tabulation,
    linked: Sequence[Delivered] = (),
    min_contributors: int | None = None,
) -> AuditReport:
    """Audit what will be sent; see :func:`aggregation.disclosure.inspection.inspect`.

    Args:
        catalogue: the catalogue.
        dataset_id: dataflow.
        period: reporting period.
        published: delivered values in grid order as decoded from the bytes, None where withheld.
        table: true figures in the same order.
        linked: as for :func:`protect_delivery`.
        min_contributors: the node's own minimum of counts.

    Returns:
        The report; only the verdict ``safe`` may leave the house.

    Raises:
        KimError: ``schema_unknown``, ``disclosure_unknown`` (a rule kind that is not implemented).
    """
    return inspect(
        structure_of(catalogue, dataset_id, period.freq),
        period,
        published,
        table=table,
        linked=linked,
        min_contributors=min_contributors,
    )


def cell_bounds(
    grid: CellGrid,
    values: NDArray[np.int64],
    withheld: NDArray[np.bool_],
    catalogue: Catalogue,
    *,
    missing: NDArray[np.bool_] | None = None,
    min_contributors: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return guaranteed limits of every cell of one delivery; see :mod:`aggregation.sdc.bounds`.

    Args:
        grid: the cells, from ``grid_of`` or ``delivery_grid``.
        values: published values in grid order; what stands at the other cells is not looked at.
        withheld: cells withheld for disclosure control.
        catalogue: the catalogue.
        missing: cells that are neither published nor withheld (not delivered): nothing is known about them
            but the relations; None if there are none.
        min_contributors: the node's own minimum of counts, as its statement says.

    Returns:
        Smallest and largest value per cell, int64, equal where published; ``OPEN_BELOW`` and
        ``OPEN_ABOVE`` of :mod:`aggregation.limits` where nothing bounds the cell.

    Raises:
        KimError: ``disclosure_unknown`` (a rule kind that is not implemented).
    """
    structure = structure_for(catalogue, grid)
    absent = np.zeros_like(withheld) if missing is None else missing
    arrival = Arrival(
        values=np.asarray(values, dtype=np.int64),
        published=~withheld & ~absent,
        withheld=withheld,
        min_contributors=min_contributors,
    )
    return limits_of(structure, arrival)
