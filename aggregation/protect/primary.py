"""Which cells of a statistician's tables are sensitive, and how wide they must stay.

All rules that are set are evaluated and the strictest counts; the reason that is kept is the first that
applies, and is for the house only.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from aggregation.protect.model import Counts, Dominance, Figures, Magnitudes, Reason, Rules
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem
from aggregation.sdc.sensitivity import (
    below_minimum,
    inhabited,
    lacks_until_hidden,
    lacks_until_undominated,
    parts_and_totals,
    share_up,
    short_of_their_total,
    too_few,
)
from aggregation.sdc.tables import LinkedTables

_WIDTH = max(len(reason) for reason in Reason)


def primary_reasons(tables: LinkedTables, figures: Figures, rules: Rules) -> NDArray[np.str_]:
    """Return why each cell is sensitive by itself.

    Args:
        tables: the tables.
        figures: true figures.
        rules: what makes a cell sensitive.

    Returns:
        One of :class:`Reason` per cell, empty where it is not sensitive.
    """
    reasons = np.full(len(tables), Reason.NONE.value, dtype=f"<U{_WIDTH}")
    if isinstance(figures, Counts):
        _reasons_of_counts(reasons, tables.system, figures.values, rules)
        return reasons
    behind = figures.behind
    reasons[_lacks_p_percent(figures, rules) > 0] = Reason.P_PERCENT
    reasons[_lacks_dominance(figures, rules.dominance) > 0] = Reason.DOMINANCE
    reasons[too_few(behind.contributors, rules.min_contributors)] = Reason.CONTRIBUTORS
    return reasons


def _reasons_of_counts(
    reasons: NDArray[np.str_], system: LinearSystem, values: IntArray, rules: Rules
) -> None:
    minimum = rules.min_contributors
    if not rules.zero_publishable:
        part, total = parts_and_totals(system)
        short = short_of_their_total(values, part, total, minimum=minimum)
        reasons[part[short]] = Reason.COMPLEMENT
        full = short & (values[part] == values[total])
        reasons[part[full]] = Reason.FULL_CELL
        reasons[(values == 0) & inhabited(system, values)] = Reason.ZERO
    reasons[below_minimum(values, minimum)] = Reason.FREQUENCY


def levels_of(figures: Magnitudes, rules: Rules, sensitive: BoolArray) -> IntArray:
    """Return by how much each sensitive amount must be able to be larger or smaller.

    The largest that applies of: the protection range of an amount that rests on too few; what is missing
    until the largest no longer dominate; what is missing until all others hide the largest contribution from
    the second largest to within p %. At least 1, the smallest unit.

    Args:
        figures: the amounts.
        rules: the rules.
        sensitive: which amounts are sensitive.

    Returns:
        One entry per cell, 0 where it is not sensitive.
    """
    behind = figures.behind
    percent = max(rules.protection_range_percent, rules.min_protection_percent or Fraction(0))
    few = too_few(behind.contributors, rules.min_contributors)
    level = np.where(few, share_up(np.maximum(np.abs(behind.values), behind.largest[0]), **_of(percent)), 1)
    level = np.maximum.reduce([level, _lacks_dominance(figures, rules.dominance)])
    level = np.maximum(level, _lacks_p_percent(figures, rules))
    return np.where(sensitive, level, 0)


def floors_of(tables: LinkedTables, figures: Figures, rules: Rules, *, published: BoolArray) -> IntArray:
    """Return the smallest value that an attacker who knows the rules grants each cell that is withheld.

    A withheld count is at least 1 where zeros are published. Where they are not, a published cell says that
    it leaves enough to the rest of its total, withheld or not. Of amounts the attacker is granted the right
    guess that none is negative, or zero, which is not.

    Args:
        tables: the tables.
        figures: figures; of counts, only published ones are looked at.
        rules: the rules.
        published: which cells are published lawfully.
    """
    values = figures.values
    if isinstance(figures, Magnitudes):
        return np.where(values < 0, -NO_LIMIT, np.minimum(values, 1))
    floors = np.full(len(values), int(rules.zero_publishable), dtype=np.int64)
    if not rules.zero_publishable:
        part, total = parts_and_totals(tables.system)
        seen = published[part] & (values[part] > 0)
        np.maximum.at(floors, total[seen], values[part[seen]] + rules.min_contributors)
    return floors


def demands_on_amounts(figures: Magnitudes, rules: Rules, sensitive: BoolArray, floors: IntArray) -> Demands:
    """Return what must stay uncertain about sensitive amounts; downward as far as the floors let them."""
    rise = levels_of(figures, rules, sensitive)
    room = np.where(floors <= -NO_LIMIT, NO_LIMIT, figures.values - floors)
    return Demands(np.zeros(len(rise), dtype=np.bool_), rise, np.minimum(rise, room))


def _lacks_dominance(figures: Magnitudes, dominance: Dominance | None) -> IntArray:
    behind = figures.behind
    if dominance is None:
        return np.zeros_like(behind.gross)
    largest = behind.largest[: dominance.top_n].sum(axis=0)
    lacking = lacks_until_undominated(behind.gross, largest, **_of(dominance.max_share_percent))
    return np.where(behind.contributors > 0, lacking, 0)


def _lacks_p_percent(figures: Magnitudes, rules: Rules) -> IntArray:
    behind, percent = figures.behind, rules.min_protection_percent
    if percent is None:
        return np.zeros_like(behind.gross)
    lacking = lacks_until_hidden(behind.gross, behind.largest[0], behind.largest[1], **_of(percent))
    return np.where(behind.contributors > 0, lacking, 0)


def _of(percent: Fraction) -> dict[str, int]:
    """Return a percentage as a share in whole numbers."""
    share = percent / 100
    return {"share": share.numerator, "of": share.denominator}
