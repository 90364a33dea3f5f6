"""Primary rules for any table: which figures are sensitive by themselves, and how wide they must stay.

Pure functions on vectors, one entry per cell; the rules of the catalogue (`aggregation.disclosure.primary`)
and of a statistician's file (`aggregation.protect`) are put together from them. Amounts are whole numbers of
the smallest unit, and every level is rounded up: no tolerance can make a cell less protected.

*Counts*: below the minimum; the zero of a group that is not empty; a cell that leaves fewer than the minimum
to the rest of its total. *Amounts* (Hundepool et al., Statistical Disclosure Control, 4.2): too few
contributors, (n,k) dominance, p %. All rules that are set are to be evaluated; none replaces another.

It deliberately knows no pattern and no attacker: what follows from other cells is the business of
`suppression` and `audit`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray, LinearSystem, RelationKind

# ------------------------------------------------------------------------------------------------- counts


def below_minimum(values: IntArray, minimum: IntArray | int) -> BoolArray:
    """Return which counts are somebody, but fewer than the minimum."""
    few: BoolArray = (values > 0) & (values < minimum)
    return few


def short_of_their_total(
    values: IntArray, cell: IntArray, total: IntArray, *, minimum: IntArray | int
) -> BoolArray:
    """Return which pairs of a cell and its total leave fewer than a minimum to the rest of the total.

    A *full* cell, which leaves nobody, says of everybody in the total to which group they belong.

    Args:
        values: counts.
        cell: the part of each pair.
        total: its total.
        minimum: smallest rest, of each pair or of all.

    Returns:
        One entry per pair; never for an empty total.
    """
    short: BoolArray = (values[total] != 0) & (values[total] - values[cell] < minimum)
    return short


def parts_and_totals(system: LinearSystem) -> tuple[IntArray, IntArray]:
    """Return every pair of a part and its total in the sums of a system.

    A total with one part is the same group under another name: it says nothing more, and is left out.
    """
    sizes = np.diff(system.starts)[system.row_of_entry]
    total_of_row = np.full(system.rows, -1, dtype=np.int64)
    below = system.coefficients < 0
    total_of_row[system.row_of_entry[below]] = system.columns[below]
    part = ~below & (sizes > 2) & (system.kinds == RelationKind.SUM)[system.row_of_entry]
    return system.columns[part], total_of_row[system.row_of_entry[part]]


def inhabited(system: LinearSystem, values: IntArray) -> BoolArray:
    """Return which cells lie in a group that is not empty: the cell or some total above it is not zero.

    A zero in such a group says that nobody of it is there; one in an empty group says nothing.
    """
    found: BoolArray = values != 0
    below = system.coefficients < 0
    total_of_row = np.full(system.rows, -1, dtype=np.int64)
    total_of_row[system.row_of_entry[below]] = system.columns[below]
    part, total = system.columns[~below], total_of_row[system.row_of_entry[~below]]
    while True:
        fresh = found.copy()
        np.logical_or.at(fresh, part, found[total])
        if np.array_equal(fresh, found):
            return found
        found = fresh


# ------------------------------------------------------------------------------------------------ amounts


@dataclass(frozen=True, eq=False)
class Concentration:
    """What stands behind the amount of each cell.

    Attributes:
        values: the amounts.
        contributors: number of contributors whose contribution is not zero.
        largest: size of the largest contributions, one row per rank, the largest first; at least two rows.
        gross: sum of the sizes of all contributions; the amount itself where none is negative.
    """

    values: IntArray
    contributors: IntArray
    largest: IntArray
    gross: IntArray


def concentration(
    cell: IntArray, contributor: IntArray, amounts: IntArray, *, cells: int, ranks: int = 2
) -> Concentration:
    """Return what stands behind each cell, from its records.

    Several records of one contributor in a cell (a holding) are one contribution: they are added first,
    signs included, and a contributor of whom nothing is left is none.

    Args:
        cell: number of the cell of each record.
        contributor: number of the contributor of each record, from 0.
        amounts: signed amount of each record.
        cells: number of cells.
        ranks: how many of the largest are wanted, at least 2.
    """
    owner, _, net = net_contributions(cell, contributor, amounts)
    size = np.abs(net)
    order = np.lexsort((-size, owner))
    owner, net, size = owner[order], net[order], size[order]
    contributors = np.bincount(owner, minlength=cells).astype(np.int64)
    first = np.cumsum(contributors) - contributors
    values, gross = np.zeros(cells, dtype=np.int64), np.zeros(cells, dtype=np.int64)
    np.add.at(values, owner, net)
    np.add.at(gross, owner, size)
    largest = np.zeros((max(ranks, 2), cells), dtype=np.int64)
    for rank in range(len(largest)):
        has = contributors > rank
        largest[rank, has] = size[first[has] + rank]
    return Concentration(values, contributors, largest, gross)


def net_contributions(
    cell: IntArray, contributor: IntArray, amounts: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return cell, contributor and net amount of each contribution that is not zero, sorted by both."""
    order = np.lexsort((contributor, cell))
    cell, contributor, amounts = cell[order], contributor[order], amounts[order]
    fresh = np.ones(len(cell), dtype=np.bool_)
    fresh[1:] = (cell[1:] != cell[:-1]) | (contributor[1:] != contributor[:-1])
    starts = np.flatnonzero(fresh)
    net = np.add.reduceat(amounts, starts) if len(starts) else amounts
    kept = net != 0
    return cell[starts][kept], contributor[starts][kept], net[kept]


def too_few(contributors: IntArray, minimum: IntArray | int) -> BoolArray:
    """Return which amounts rest on somebody, but on fewer contributors than the minimum."""
    few: BoolArray = (contributors > 0) & (contributors < minimum)
    return few


def lacks_until_undominated(
    gross: IntArray, largest: IntArray, *, share: IntArray | int, of: int = 100
) -> IntArray:
    """Return what the other contributions lack until the largest no longer dominate; 0 where they do not.

    (n,k) dominance: the n largest are more than k % of the total. What is missing is what the amount would
    have to be for them to be exactly k %, less the amount: ``100 / k * largest - gross``.

    Args:
        gross: sum of the sizes of all contributions.
        largest: sum of the sizes of the n largest.
        share: k, as ``share / of``.
        of: denominator of the share; 100 for whole per cents.
    """
    lacking: IntArray = -((-of * largest) // np.maximum(share, 1)) - gross
    return np.maximum(lacking, 0)


def lacks_until_hidden(
    gross: IntArray, first: IntArray, second: IntArray, *, share: IntArray | int, of: int = 100
) -> IntArray:
    """Return what hides the largest contribution from the second largest contributor to within p %.

    What all others contribute has to be at least p % of the largest; 0 where it is.

    Args:
        gross: sum of the sizes of all contributions.
        first: size of the largest.
        second: size of the second largest.
        share: p, as ``share / of``.
        of: denominator of the share.
    """
    return np.maximum(share_up(first, share=share, of=of) - (gross - first - second), 0)


def share_up(amounts: IntArray, *, share: IntArray | int, of: int = 100) -> IntArray:
    """Return a share of each amount, rounded up to the smallest unit."""
    part: IntArray = -((-share * amounts) // of)
    return part
