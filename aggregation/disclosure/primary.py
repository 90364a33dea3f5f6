"""Which cells are sensitive by themselves: the catalogue's rules, evaluated on true figures.

*Counts.* 1 to ``min_contributors - 1`` is sensitive. Where a rule says that zeros must not be published
(insecure residence status, protection from violence ...), a zero and a *full* cell disclose something about
everybody in the group, so the zero is sensitive unless the group itself is empty, and so is a cell whose
complement within its total is smaller than ``min_contributors``. The other zeros of such a breakdown are as
telling and sensitive with it, whatever the figures are (ADR 0010). A *distribution* over a total of 1 to
``min_total - 1`` is sensitive as a whole, its zeros too.

*Amounts* (full-time equivalents, euros). Sensitive is what fewer than ``min_contributors`` stand behind,
what the largest contributors dominate, and what the second largest could use to compute the largest to
within p %. Contributions count by their size, repayments too. Such a cell must not be known too closely
(:func:`demands_of`, ADR 0016).

All rules that touch a cell are evaluated, the strictest holds. A cell that is not collected is outside of
all. Nothing here knows what an attacker can compute: that is `secondary` and `audit`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aggregation.disclosure.relations import Structure
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray
from aggregation.sdc.sensitivity import (
    below_minimum,
    lacks_until_hidden,
    lacks_until_undominated,
    share_up,
    short_of_their_total,
    too_few,
)
from aggregation.tabulation import Tabulation


class Reason(StrEnum):
    """Why a cell is withheld; known to the node only (outside there is one code for all of them)."""

    NONE = ""
    FREQUENCY = "frequency"
    ZERO = "zero"
    COMPLEMENT = "complement"
    FULL_CELL = "full_cell"
    DISTRIBUTION = "distribution"
    CONTRIBUTORS = "contributors"
    DOMINANCE = "dominance"
    CORRECTION = "correction"
    GROUP = "group"
    P_PERCENT = "p_percent"
    SECONDARY = "secondary"


NO_REASON: Final = Reason.NONE.value
_WIDTH: Final = max(len(reason) for reason in Reason)


def minimum_of(structure: Structure, stricter: int | None) -> IntArray:
    """Return the smallest publishable count of each cell.

    Args:
        structure: the dataflow.
        stricter: the node's own minimum of counts; it can only raise the catalogue's.

    Returns:
        One entry per cell; 0 where no rule looks at a count.
    """
    minimum = structure.rules.min_contributors
    return minimum if stricter is None else np.where(minimum > 0, np.maximum(minimum, stricter), 0)


def sensitive_cells(structure: Structure, table: Tabulation, *, stricter: int | None = None) -> BoolArray:
    """Return which cells the rules make sensitive; see :func:`primary_reasons`."""
    sensitive: BoolArray = primary_reasons(structure, table, stricter=stricter) != NO_REASON
    return sensitive


def primary_reasons(
    structure: Structure, table: Tabulation, *, stricter: int | None = None
) -> NDArray[np.str_]:
    """Return why each cell is sensitive.

    Args:
        structure: the dataflow.
        table: true figures of its grid, margins included.
        stricter: the node's own minimum of counts, or None.

    Returns:
        One of :class:`Reason` per cell, empty where the cell is not sensitive. The first that applies of
        zero, frequency, full cell, complement, distribution for counts; of contributors, dominance, p % for
        amounts.
    """
    values, rules, minimum = table.values, structure.rules, minimum_of(structure, stricter)
    reasons = np.full(len(values), NO_REASON, dtype=f"<U{_WIDTH}")
    few = (values[rules.spread_total] > 0) & (values[rules.spread_total] < rules.spread_minimum)
    reasons[rules.spread_cell[few]] = Reason.DISTRIBUTION
    cell, total = rules.complement_cell, rules.complement_total
    rest = values[total] - values[cell]
    exposed_group = short_of_their_total(values, cell, total, minimum=minimum[cell])
    reasons[cell[exposed_group]] = Reason.COMPLEMENT
    reasons[cell[exposed_group & (rest == 0)]] = Reason.FULL_CELL
    reasons[below_minimum(values, minimum)] = Reason.FREQUENCY
    telling = np.zeros(len(values), dtype=np.bool_)
    telling[rules.telling_cell] = True
    reasons[telling & ~open_zeros(structure, table) & (values == 0)] = Reason.ZERO
    reasons[_protects_largest(structure, table) > 0] = Reason.P_PERCENT
    reasons[_breaks_dominance(structure, table) > 0] = Reason.DOMINANCE
    reasons[too_few(table.contributors, rules.min_backers)] = Reason.CONTRIBUTORS
    reasons[~table.collected] = NO_REASON
    return reasons


def demands_of(structure: Structure, table: Tabulation, *, stricter: int | None = None) -> Demands:
    """Return what must stay uncertain about the sensitive cells.

    A count must not be known exactly. An amount must not be known to within its protection level, upward and
    downward: the largest that applies of p % of the amount (posts) or of its largest contributor (too few
        carriers); what is missing until the largest no longer dominate (``100 / max_share_percent`` times
        their contribution, less all contributions); what is missing until all but the two largest cover p %
        of the largest. Downward it reaches as far as the attacker's floor lets it. A level is at least 1,
        the smallest unit.

    Args:
        structure: the dataflow.
        table: true figures of its grid.
        stricter: the node's own minimum of counts, or None.
    """
    rules, reasons = structure.rules, primary_reasons(structure, table, stricter=stricter)
    sensitive: BoolArray = reasons != NO_REASON
    percent = rules.min_protection_percent
    level = share_up(np.where(rules.concentration, 0, np.abs(table.values)), share=percent)
    level = np.maximum(level, share_up(table.largest, share=percent))
    level = np.where(reasons == Reason.CONTRIBUTORS, level, 0)
    level = np.maximum.reduce(
        [level, _breaks_dominance(structure, table), _protects_largest(structure, table), np.ones_like(level)]
    )
    rise = np.where(sensitive & rules.amount, level, 0)
    room = table.values - _floors_of_amounts(table)
    return Demands(sensitive & ~rules.amount, rise, np.minimum(rise, room))


def small_changes(
    structure: Structure, before: Tabulation, now: Tabulation, *, stricter: int | None = None
) -> BoolArray:
    """Return the counts that differ from an earlier vintage by too few for the difference to be known.

    Two vintages of a count say how many were added or taken away: that is a count too, of persons whose
    records were corrected, and 1 to ``min_contributors - 1`` is sensitive. (Where nobody is left, the zero is
    published, and what it was before stays as secret as it is.) A difference of an *amount* is
    somebody's, and no rule says how much of it may be known: nodes hold such corrections back.

    Args:
        structure: the dataflow.
        before: true figures of the earlier vintage.
        now: true figures of the new one.
        stricter: the node's own minimum of counts, or None.
    """
    change = np.abs(now.values - before.values)
    both = before.collected & now.collected
    small: BoolArray = both & (change > 0) & (change < minimum_of(structure, stricter))
    return small & ~open_zeros(structure, now)


def open_zeros(structure: Structure, table: Tabulation, withheld: BoolArray | None = None) -> BoolArray:
    """Return which cells are zeros that everybody may know, and that are therefore always published.

    Nothing and nobody stands behind them. (Amounts that cancel out, or posts that are all vacant, add up to a
    zero too; they are treated as any other figure.)

    In a breakdown that holds a protected code no zero is an open one, unless every total it belongs to is
    itself zero: zeros beside the code say as much about the group as the code's own zero does. No other
    figure of the breakdown matters, so that the pattern of zeros tells nothing about one (ADR 0010). Nor is
    one in a distribution that is withheld as a whole: because its total is too small, or itself withheld.

    Args:
        structure: the dataflow.
        table: true figures of its grid.
        withheld: the pattern; None as long as no total of a distribution is withheld.
    """
    rules, values = structure.rules, table.values
    inhabited = np.zeros(len(values), dtype=np.bool_)
    np.logical_or.at(inhabited, rules.telling_cell, values[rules.telling_total] != 0)
    total = values[rules.spread_total]
    closed = (total > 0) & (total < rules.spread_minimum)
    if withheld is not None:
        closed |= withheld[rules.spread_total]
    np.logical_or.at(inhabited, rules.spread_cell, closed)
    known: BoolArray = (values == 0) & (table.contributors == 0) & table.collected & ~inhabited
    return known


def hiding_zeros(structure: Structure, table: Tabulation, withheld: BoolArray) -> BoolArray:
    """Return the cells of groups that are withheld as a whole, zeros that everybody may know included.

    A group is all cells with one code of a dimension (`Structure.groups`). One that hides no such zero is
    like any other pattern; of several that explain the hidden zeros, the fewest count, the largest first.
    Hidden zeros that no group explains are in none of them: nobody has a reason to withhold those.

    Args:
        structure: the dataflow.
        table: true figures of its grid.
        withheld: the pattern.
    """
    hiding = np.zeros(len(withheld), dtype=np.bool_)
    hidden = withheld & open_zeros(structure, table, withheld)
    if not hidden.any():
        return hiding
    whole = [rows for rows in structure.groups.values() if (withheld | ~table.collected)[rows].all()]
    while whole:
        most = max(whole, key=lambda rows: int((hidden & ~hiding)[rows].sum()))
        if not (hidden & ~hiding)[most].any():
            break
        hiding[most] = True
    return hiding


def with_whole_distributions(structure: Structure, withheld: BoolArray) -> BoolArray:
    """Return a pattern in which distributions whose total is withheld are so too, their zeros included.

    Whether a distribution is shown would else say on which side of ``min_total`` a withheld total lies.
    """
    rules, whole = structure.rules, withheld.copy()
    whole[rules.spread_cell[withheld[rules.spread_total]]] = True
    return whole


def floors_of(
    structure: Structure,
    values: IntArray,
    published: BoolArray,
    *,
    lawful: BoolArray | None = None,
    hiding: BoolArray | None = None,
    stricter: int | None = None,
) -> IntArray:
    """Return the smallest value an attacker who knows the rules must grant each cell if it is withheld.

    Zeros are published, so a withheld count is at least 1, except in a breakdown that holds a protected
    code, in a distribution whose total is withheld, or too small for it to be shown, and in a group of which
    no cell is published (ADR 0027). A *published* cell of a protected code also tells that its complement is
    large enough: its total is at least the cell plus ``min_contributors``. An amount is not negative, unless
    the catalogue says that it may be.

    Args:
        structure: the dataflow.
        values: the value of each published cell; the others are not looked at.
        published: which cells are.
        lawful: which published cells obey the rules; all of them if omitted.
        hiding: cells of groups that are withheld as a whole; as the published cells tell if omitted.
        stricter: the node's own minimum of counts, or None (it stands in the statement).

    Returns:
        One entry per cell; ``-NO_LIMIT`` where a cell may be negative.
    """
    rules, minimum = structure.rules, minimum_of(structure, stricter)
    lawful = published if lawful is None else lawful
    floors = (rules.zero_publishable & ~rules.amount).astype(np.int64)
    shown = published[rules.spread_total] & (values[rules.spread_total] >= rules.spread_minimum)
    floors[rules.spread_cell[~shown]] = 0
    if hiding is None:
        for group in structure.groups.values():
            if not published[group].any():
                floors[group] = 0
    else:
        floors[hiding] = np.minimum(floors[hiding], 0)
    cell, total = rules.complement_cell, rules.complement_total
    floors[rules.telling_cell] = 0
    seen = lawful[cell] & (values[cell] >= minimum[cell])
    np.maximum.at(floors, total[seen], values[cell[seen]] + minimum[cell[seen]])
    floors[rules.may_be_negative] = -NO_LIMIT
    return floors


def attacker_floors(
    structure: Structure, table: Tabulation, withheld: BoolArray, *, stricter: int | None = None
) -> IntArray:
    """Return :func:`floors_of` for a delivery whose true values are known.

    What was published against the rules (under milder ones, or by mistake) teaches nothing about them.
    Beyond that the attacker is granted what he could only guess, wherever the guess is right: that no
    amount is below zero, or zero, which is not; that no group without a published cell hides a zero, unless
    one does (:func:`hiding_zeros`).
    """
    lawful = table.collected & ~withheld & ~sensitive_cells(structure, table, stricter=stricter)
    published = table.collected & ~withheld
    hiding = hiding_zeros(structure, table, withheld)
    floors = floors_of(structure, table.values, published, lawful=lawful, hiding=hiding, stricter=stricter)
    return np.where(structure.rules.amount, _floors_of_amounts(table), floors)


def _floors_of_amounts(table: Tabulation) -> IntArray:
    """Return the smallest amount an attacker grants who guesses right that nothing is negative, or zero."""
    never_below = np.minimum(table.values, 1)
    return np.where(table.values < 0, -NO_LIMIT, never_below)


# ------------------------------------------------------------------------------ contributors to an amount


def _breaks_dominance(structure: Structure, table: Tabulation) -> IntArray:
    """Return what the other contributions lack until the largest no longer dominate; 0 where they do not."""
    rules = structure.rules
    largest = np.where(rules.top_n > 1, table.largest + table.second, table.largest)
    lacking = lacks_until_undominated(table.gross, largest, share=rules.max_share_percent)
    return np.where(rules.top_n > 0, lacking, 0)


def _protects_largest(structure: Structure, table: Tabulation) -> IntArray:
    """Return what all but the two largest lack to hide the largest from the second to within p %."""
    rules = structure.rules
    lacking = lacks_until_hidden(table.gross, table.largest, table.second, share=rules.min_protection_percent)
    return np.where(rules.concentration & (table.contributors > 0), lacking, 0)
