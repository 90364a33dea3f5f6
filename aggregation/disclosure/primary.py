"""Which cells are sensitive by themselves: the catalogue's rules, evaluated on true values.

A count of 1 to ``min_contributors - 1`` is sensitive. Where a rule says that zeros must not be published
(insecure residence status, protection from violence ...), a zero and a *full* cell disclose something about
everybody in the group, so the zero is sensitive unless the group itself is empty, and so is a cell whose
complement within its total is smaller than ``min_contributors``; the zeros beside such a cell are withheld
with it, for they would say the same. All rules that touch a cell are evaluated,
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

    Where zeros must not be published this is the case only if every total the cell belongs to is itself
    zero. Beside a protected cell that (nearly) the whole group belongs to, zeros are no open ones either:
    if all others were published as zero, everybody would be known to belong to it.
    """
    rules = structure.rules
    inhabited, telling = np.zeros((2, len(values)), dtype=np.bool_)
    cell, total = rules.complement_cell, rules.complement_total
    np.logical_or.at(inhabited, cell, values[total] != 0)
    nearly_all = (values[total] != 0) & (values[total] - values[cell] < rules.min_contributors[cell])
    np.logical_or.at(telling, rules.beside_cell, nearly_all[rules.beside_group])
    known: BoolArray = (values == 0) & (rules.zero_publishable | ~inhabited) & ~telling
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

    Zeros are published, so a withheld count is at least 1, except where zeros must not be published, and
    beside a withheld cell of that kind, unless the others that are published make up enough of the group to
    show that (nearly) all of it cannot belong to that cell. A *published* cell under such a rule also tells
    that its complement is large enough: its total is at least the cell plus ``min_contributors``.

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
    seen = lawful[cell] & (values[cell] >= minimum[cell])
    in_question = ~seen & (_in_sight(structure, values, published) < rules.min_contributors[cell])
    floors[rules.beside_cell[in_question[rules.beside_group]]] = 0
    np.maximum.at(floors, total[seen], values[cell[seen]] + minimum[cell[seen]])
    floors[rules.may_be_negative] = -NO_LIMIT
    return floors


def _in_sight(structure: Structure, values: IntArray, published: BoolArray) -> IntArray:
    """Return for each protected cell how many of its group are published as something else."""
    rules = structure.rules
    seen = rules.beside_parts & published[rules.beside_cell]
    others = np.zeros(len(rules.complement_cell), dtype=np.int64)
    np.add.at(others, rules.beside_group[seen], values[rules.beside_cell[seen]])
    return others


def attacker_floors(
    structure: Structure, values: IntArray, withheld: BoolArray, *, stricter: int | None = None
) -> IntArray:
    """Return :func:`floors_of` for a delivery whose true values are known.

    What was published against the rules (under milder ones, or by mistake) teaches nothing about them.
    """
    lawful = ~withheld & ~sensitive_cells(structure, values, stricter=stricter)
    return floors_of(structure, values, ~withheld, lawful=lawful, stricter=stricter)
