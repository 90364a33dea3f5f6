"""Which cells are sensitive by themselves: the catalogue's rules, evaluated on true values.

A count of 1 to ``min_contributors - 1`` is sensitive. Where a rule says that zeros must not be published
(insecure residence status, protection from violence ...), a zero and a *full* cell disclose something about
everybody in the group, so the zero is sensitive unless the group itself is empty, and so is a cell whose
complement within its total is smaller than ``min_contributors``. The other zeros of such a breakdown are as
telling and sensitive with it, whatever the figures are (ADR 0010). All rules that touch a cell are evaluated,
the strictest holds. Nothing here knows what an attacker can compute: that is `secondary` and `audit`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aggregation.disclosure.linear_system import NO_LIMIT, BoolArray, IntArray
from aggregation.disclosure.relations import Structure


class Reason(StrEnum):
    """Why a cell is withheld; known to the node only (outside there is one code for all of them)."""

    NONE = ""
    FREQUENCY = "frequency"
    ZERO = "zero"
    COMPLEMENT = "complement"
    FULL_CELL = "full_cell"
    SECONDARY = "secondary"


NO_REASON: Final = Reason.NONE.value


def minimum_of(structure: Structure, stricter: int | None) -> IntArray:
    """Return the smallest publishable count of each cell.

    Args:
        structure: the dataflow.
        stricter: the node's own minimum; it can only raise the catalogue's.

    Returns:
        One entry per cell; 0 where no rule looks.
    """
    minimum = structure.rules.min_contributors
    return minimum if stricter is None else np.where(structure.rules.ruled, np.maximum(minimum, stricter), 0)


def sensitive_cells(structure: Structure, values: IntArray, *, stricter: int | None = None) -> BoolArray:
    """Return which cells the rules make sensitive; see :func:`primary_reasons`."""
    sensitive: BoolArray = primary_reasons(structure, values, stricter=stricter) != NO_REASON
    return sensitive


def primary_reasons(
    structure: Structure, values: IntArray, *, stricter: int | None = None
) -> NDArray[np.str_]:
    """Return why each cell is sensitive.

    Args:
        structure: the dataflow.
        values: true value of each cell of its grid, margins included.
        stricter: the node's own minimum of contributors, or None.

    Returns:
        One of :class:`Reason` per cell, empty where the cell is not sensitive. The first that applies of
        zero, frequency, full cell, complement.
    """
    rules, minimum = structure.rules, minimum_of(structure, stricter)
    reasons = np.full(len(values), NO_REASON, dtype="<U10")
    cell, total = rules.complement_cell, rules.complement_total
    rest = values[total] - values[cell]
    exposed_group = (values[total] != 0) & (rest < minimum[cell])
    reasons[cell[exposed_group]] = Reason.COMPLEMENT
    reasons[cell[exposed_group & (rest == 0)]] = Reason.FULL_CELL
    reasons[rules.ruled & (values > 0) & (values < minimum)] = Reason.FREQUENCY
    reasons[~open_zeros(structure, values) & (values == 0)] = Reason.ZERO
    return reasons


def open_zeros(structure: Structure, values: IntArray) -> BoolArray:
    """Return which cells are zeros that everybody may know, and that are therefore always published.

    In a breakdown that holds a protected code no zero is an open one, unless every total it belongs to is
    itself zero: zeros beside the code say as much about the group as the code's own zero does. No other
    figure of the breakdown matters, so that the pattern of zeros tells nothing about one (ADR 0010).
    """
    rules = structure.rules
    inhabited = np.zeros(len(values), dtype=np.bool_)
    np.logical_or.at(inhabited, rules.telling_cell, values[rules.telling_total] != 0)
    known: BoolArray = (values == 0) & ~inhabited
    return known


def floors_of(
    structure: Structure,
    values: IntArray,
    published: BoolArray,
    *,
    lawful: BoolArray | None = None,
    stricter: int | None = None,
) -> IntArray:
    """Return the smallest value an attacker who knows the rules must grant each cell if it is withheld.

    Zeros are published, so a withheld count is at least 1, except in a breakdown that holds a protected code.
    A *published* cell of such a code also tells that its complement is large enough: its total is at least
    the cell plus ``min_contributors``.

    Args:
        structure: the dataflow.
        values: the value of each published cell; the others are not looked at.
        published: which cells are.
        lawful: which published cells obey the rules; all of them if omitted.
        stricter: the node's own minimum of contributors, or None (it stands in the statement).

    Returns:
        One entry per cell; ``-NO_LIMIT`` where a cell may be negative.
    """
    rules, minimum = structure.rules, minimum_of(structure, stricter)
    lawful = published if lawful is None else lawful
    floors = rules.zero_publishable.astype(np.int64)
    cell, total = rules.complement_cell, rules.complement_total
    floors[rules.telling_cell] = 0
    seen = lawful[cell] & (values[cell] >= minimum[cell])
    np.maximum.at(floors, total[seen], values[cell[seen]] + minimum[cell[seen]])
    floors[rules.may_be_negative] = -NO_LIMIT
    return floors


def attacker_floors(
    structure: Structure, values: IntArray, withheld: BoolArray, *, stricter: int | None = None
) -> IntArray:
    """Return :func:`floors_of` for a delivery whose true values are known.

    What was published against the rules (under milder ones, or by mistake) teaches nothing about them.
    """
    lawful = ~withheld & ~sensitive_cells(structure, values, stricter=stricter)
    return floors_of(structure, values, ~withheld, lawful=lawful, stricter=stricter)
