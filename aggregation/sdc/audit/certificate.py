"""The proof of a delivery, checked again by hand: whole numbers, no solver, nothing of the audit's own code.

Whoever keeps the witnesses of an examination beside what was delivered can have them checked years later, or
by a program of his own that does what is written here: for every attacker and every sensitive cell there is
another table that fits everything he knows and differs in the cell as much as is demanded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import LinearSystem
from aggregation.sdc.publication import Publication
from aggregation.sdc.views import View

Change = Mapping[int, int]
"""Another table, as what it adds to each cell in which it differs from the true one."""


def unproven(
    publication: Publication, views: Sequence[View], witnesses: Iterable[Change]
) -> set[tuple[int, int]]:
    """Return what is left without a proof: each attacker and each cell; empty if everything is proven.

    Args:
        publication: what is published, and the true values.
        views: the attackers, and what is demanded for each.
        witnesses: the other tables.
    """
    relations, values = _relations(publication.system), publication.values.tolist()
    true = dict(enumerate(values))
    if not all(lower <= _sum(terms, true) <= upper for terms, lower, upper in relations):
        return {(number, cell) for number, view in enumerate(views) for cell in _asked(view.demands)}
    of_cell: dict[int, list[int]] = {}
    for row, (terms, _, _) in enumerate(relations):
        for cell in terms:
            of_cell.setdefault(cell, []).append(row)

    def keeps_relations(change: Change) -> bool:
        rows = {row for cell in change for row in of_cell.get(cell, ())}
        sums = ((_sum(relations[row][0], true) + _sum(relations[row][0], change), row) for row in rows)
        return all(relations[row][1] <= total <= relations[row][2] for total, row in sums)

    tables = [change for change in witnesses if keeps_relations(change)]
    missing: set[tuple[int, int]] = set()
    for number, view in enumerate(views):
        known = view.of(publication)
        withheld, floors = known.withheld.tolist(), known.floors.tolist()
        steps: dict[int, list[int]] = {}
        for change in tables:
            if all(withheld[cell] and values[cell] + step >= floors[cell] for cell, step in change.items()):
                for cell, step in change.items():
                    steps.setdefault(cell, []).append(step)
        asked = _asked(view.demands)
        missing |= {(number, cell) for cell in asked if not _met(view.demands, cell, steps.get(cell, []))}
    return missing


def _relations(system: LinearSystem) -> list[tuple[dict[int, int], int, int]]:
    """Return each relation as the factor of each cell, and its limits."""
    cells, factors, starts = system.columns.tolist(), system.coefficients.tolist(), system.starts.tolist()
    limits = zip(starts[:-1], starts[1:], system.lower.tolist(), system.upper.tolist(), strict=True)
    return [
        (dict(zip(cells[first:end], factors[first:end], strict=True)), lower, upper)
        for first, end, lower, upper in limits
    ]


def _sum(terms: Mapping[int, int], amounts: Mapping[int, int]) -> int:
    return sum(factor * amounts.get(cell, 0) for cell, factor in terms.items())


def _asked(demands: Demands) -> list[int]:
    return [cell for cell, asked in enumerate(demands.cells.tolist()) if asked]


def _met(demands: Demands, cell: int, steps: list[int]) -> bool:
    """Whether tables in which a cell moves by these steps meet what is demanded of it."""
    differs = any(steps) or not demands.differ[cell]
    highest, lowest = max([0, *steps]), min([0, *steps])
    return differs and highest >= int(demands.rise[cell]) and -lowest >= int(demands.fall[cell])
