"""Protect a statistician's tables: find what is sensitive, withhold what is needed beside it, and prove it.

The pattern comes from `aggregation.sdc.suppression`; what an attacker can do against it is then examined by
the audit, which shares no idea with it. Deterministic: same figures, same rules, same rounds, same pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregation.protect.attackers import attainable, views_of
from aggregation.protect.model import Counts, Figures, Reason, Rules
from aggregation.protect.primary import floors_of, primary_reasons
from aggregation.sdc.levels import Level
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.suppression import CONSTRUCT, Effort, Pattern, Task, suppress
from aggregation.sdc.tables import LinkedTables
from aggregation.sdc.views import View


class CannotProtectError(ValueError):
    """Some sensitive cell cannot be protected as long as certain cells are kept.

    Attributes:
        cells: numbers of the sensitive cells.
        must_go: kept cells that would have to be withheld too; empty if even that would not help, or if a
            kept cell is sensitive itself.
    """

    def __init__(self, cells: IntArray, must_go: IntArray) -> None:
        """Keep the numbers for whoever can name the cells."""
        self.cells, self.must_go = cells, must_go
        super().__init__(f"{len(cells)} cells cannot be protected, {len(must_go)} kept ones would have to go")


class UndecidedError(RuntimeError):
    """The solver gave no answer for some sensitive cell: neither safe nor impossible."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """A pattern for some tables.

    Attributes:
        reasons: why each cell is withheld, one of :class:`Reason`, empty where it is published.
        pattern: the pattern and its proof.
        out_of_reach: sensitive cells for which the tables do not allow the whole level, whatever is withheld.
    """

    reasons: NDArray[np.str_]
    pattern: Pattern
    out_of_reach: BoolArray

    @property
    def withheld(self) -> BoolArray:
        """Which cells are withheld."""
        return self.pattern.withheld

    @property
    def sensitive(self) -> BoolArray:
        """Which cells are sensitive by themselves."""
        sensitive: BoolArray = self.withheld & (self.reasons != Reason.SECONDARY)
        return sensitive


def protect_tables(
    tables: LinkedTables,
    figures: Figures,
    *,
    rules: Rules,
    costs: FloatArray,
    level: Level = Level.S1,
    kept: BoolArray | None = None,
    effort: Effort = CONSTRUCT,
) -> Outcome:
    """Find out which cells to withhold.

    Args:
        tables: the tables.
        figures: true figures of all cells, margins included.
        rules: what makes a cell sensitive.
        costs: what withholding each cell costs, shape ``(cells,)``; less than 1 counts as 1.
        level: how much must stay uncertain about counts; magnitudes have their own intervals.
        kept: cells that must stay published; none if omitted.
        effort: how much work a cheaper pattern is worth.

    Raises:
        CannotProtectError: if sensitive cells are kept, or cannot be protected because others are.
        UndecidedError: if the solver gave no answer.
    """
    reasons = primary_reasons(tables, figures, rules)
    sensitive: BoolArray = reasons != Reason.NONE
    kept = np.zeros(len(tables), dtype=np.bool_) if kept is None else kept
    if np.any(kept & sensitive):
        raise CannotProtectError(np.flatnonzero(kept & sensitive), np.zeros(0, dtype=np.int64))
    views = views_of(tables, figures, rules, level=level, sensitive=sensitive)
    views, out_of_reach = attainable(tables, figures, rules, level=level, views=views)
    costs = np.maximum(costs, 1.0)
    task = Task(
        # The attacker is granted all that he could learn from the rules if nothing else were withheld.
        publication=Publication(
            tables.system, figures.values, sensitive, floors_of(tables, figures, rules, published=~sensitive)
        ),
        views=views,
        optional=may_be_withheld(figures, rules) & ~sensitive & ~kept,
        costs=costs,
        tables=tables,
    )
    pattern = suppress(task, effort=effort)
    if pattern.undecided and pattern.unmet:
        raise UndecidedError
    if pattern.unmet:
        raise CannotProtectError(
            np.array(pattern.unprotected, dtype=np.int64), _must_go(task, views, kept=kept)
        )
    reasons[pattern.withheld & ~sensitive] = Reason.SECONDARY
    return Outcome(reasons, pattern, out_of_reach)


def may_be_withheld(figures: Figures, rules: Rules) -> BoolArray:
    """Return which cells may be withheld at all: not the zeros that everybody may know."""
    if isinstance(figures, Counts):
        return (figures.values > 0) | (not rules.zero_publishable)
    may: BoolArray = figures.behind.contributors > 0
    return may


def _must_go(task: Task, views: tuple[View, ...], *, kept: BoolArray) -> IntArray:
    """Return the fewest kept cells that would have to be withheld too, as far as the search finds them."""
    dear = float(task.costs[task.optional].sum()) + 1.0
    without_keeping = Task(
        publication=task.publication,
        views=views,
        optional=task.optional | kept,
        costs=np.where(kept, dear, task.costs),
        tables=task.tables,
    )
    pattern = suppress(without_keeping)
    return np.zeros(0, dtype=np.int64) if pattern.unmet else np.flatnonzero(pattern.withheld & kept)
