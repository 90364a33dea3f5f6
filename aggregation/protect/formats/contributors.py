"""Magnitudes with those who contribute to them: number and largest ones of each cell, or every record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from aggregation.protect.faults import Fault
from aggregation.protect.formats.cell_rows import CellRows
from aggregation.protect.formats.leaves import Block, Leaves
from aggregation.protect.formats.numbers import decimals_of_all
from aggregation.protect.model import LARGEST_FIGURE, Magnitudes, Rules, Shares
from aggregation.protect.structure import Structure
from aggregation.sdc.linear_system import IntArray
from aggregation.sdc.sensitivity import Concentration, concentration
from protocol.texts import Text

_CONTRIBUTORS: Final = ("contributors", "freq")


def top_columns(table: CellRows, rules: Rules) -> tuple[str, ...]:
    """Return the columns of the largest contributions: as many as the rules need, at least two."""
    header = table.rows.header
    ranks = max(2, rules.dominance.top_n if rules.dominance else 2)
    names = tuple(f"top{rank + 1}" for rank in range(ranks))
    if rules.dominance is None and rules.min_protection_percent is None and names[0] not in header:
        return ()
    for name in names:
        table.require(name, Fault.CONTRIBUTOR_COLUMN)
    table.faults.stop()
    return names


def read_contributors(
    leaves: Leaves, values: IntArray, sums: IntArray, *, tops: Mapping[str, IntArray], decimals: int
) -> Magnitudes:
    """Put magnitudes together from one row per cell.

    Args:
        leaves: of the file.
        values: value of each row.
        sums: value of each cell, in the order of the tables.
        tops: the largest contributions of each row by column, largest first; none if the file names none.
        decimals: of all these numbers.

    Raises:
        KimError: ``cells_invalid`` with every place.
    """
    contributors = _numbers_of_contributors(leaves.table, leaves)
    lone = np.where(contributors == 1, values, 0)
    largest = np.stack([*tops.values()] if tops else [lone, lone * 0])
    _check_contributors(leaves.table, values, contributors, largest, told=bool(tops))
    leaves.table.faults.stop()
    return _magnitudes(leaves, sums, contributors=contributors, largest=largest, decimals=decimals)


def _numbers_of_contributors(table: CellRows, leaves: Leaves) -> IntArray:
    """Return how many contributors each row has; -1 where a margin does not say."""
    names = [name for name in _CONTRIBUTORS if name in table.rows.header and name != table.value]
    column = names[0] if names else _CONTRIBUTORS[0]
    table.require(column, Fault.CONTRIBUTOR_COLUMN)
    table.faults.stop()
    leaf = np.zeros(len(table.codes), dtype=np.bool_)
    leaf[leaves.rows] = True
    found = np.full(len(leaf), -1, dtype=np.int64)
    for row, number in enumerate(table.numbers(column, optional=True)):
        if number is not None and 0 <= number == int(number) <= LARGEST_FIGURE:
            found[row] = int(number)
        elif leaf[row] or number is not None:
            text = Text("Hier steht keine Anzahl von Beitragenden.", "this is no number of contributors.")
            table.note(Fault.CONTRIBUTORS, row, column, text)
    return found


def _check_contributors(
    table: CellRows, values: IntArray, contributors: IntArray, largest: IntArray, *, told: bool
) -> None:
    """Note rows whose number of contributors and largest ones cannot make up the value.

    Args:
        table: where it is noted.
        values: value of each row.
        contributors: their number, -1 where a margin does not say.
        largest: the largest contributions, one row per rank.
        told: whether the file names them; else only those of lone contributors are known.
    """
    # Nobody beyond those named has more than the smallest of these: else a rule would miss the largest.
    others = np.maximum(contributors - len(largest), 0).astype(np.float64) * largest[-1]
    wrong = (
        (np.diff(largest, axis=0) > 0).any(axis=0)
        | (largest < 0).any(axis=0)
        | (largest.sum(axis=0) > values)
        | ((contributors == 0) & (values != 0))
        | ((contributors == 1) & (largest[1] > 0))
        | (told & (largest.sum(axis=0) + others < values))
    )
    for row in np.flatnonzero((contributors >= 0) & wrong).tolist():
        text = Text(
            "Anzahl, größte Beiträge und Wert passen nicht zueinander.",
            "number, largest contributions and value do not fit together.",
        )
        table.note(Fault.CONTRIBUTORS, row, "", text)


def _magnitudes(
    leaves: Leaves, sums: IntArray, *, contributors: IntArray, largest: IntArray, decimals: int
) -> Magnitudes:
    """Count contributors and find the largest of every margin.

    Contributors of different leaves are taken to be different, unless a margin says itself how many
    there are and how large; a file with the records of contributors knows better.
    """
    table, tables, ranks = leaves.table, leaves.tables, len(largest)
    parts = [_largest_of(table, block, largest) for block in leaves.blocks]
    cell, contributor, net = (np.concatenate([part[i] for part in parts]) for i in range(3))
    found = concentration(cell, contributor, net, cells=len(tables), ranks=ranks)
    numbers = leaves.added_up(np.maximum(contributors, 0))
    number = tables.number(table.keys)
    said = np.flatnonzero((number >= 0) & (contributors >= 0))
    numbers[number[said]] = contributors[said]
    # A holding that has records in several leaves is larger in the margin than in any of them.
    holdings = said[largest[0, said] > found.largest[0, number[said]]]
    told = said[largest[0, said] > 0]
    found.largest[:, number[told]] = largest[:, told]
    shares = Shares(
        np.concatenate([cell, number[holdings]]),
        np.concatenate([contributor, len(table.codes) * ranks + np.arange(len(holdings))]),
        np.concatenate([net, largest[0, holdings]]),
        complete=False,
    )
    return Magnitudes(Concentration(sums, numbers, found.largest, sums), shares.sorted(), decimals)


def _largest_of(table: CellRows, block: Block, largest: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return cell, contributor and amount of the largest contributions of a block's leaves."""
    ranks, rows = len(largest), block.rows
    who = (rows[:, None] * ranks + np.arange(ranks)).reshape(-1)
    amounts = largest[:, rows].T.reshape(-1)
    some = amounts != 0
    codes = np.repeat(table.codes[rows], ranks, axis=0)[some]
    cell, contributor, net = block.tables.contributions(codes, who[some], amounts[some])
    fresh = block.fresh[cell]
    return block.cells[cell[fresh]], contributor[fresh], net[fresh]


def read_records(table: CellRows, structure: Structure) -> Magnitudes:
    """Put magnitudes together from the records of contributors.

    Raises:
        KimError: ``cells_invalid`` with every place.
    """
    tables, rules = structure.tables, structure.rules
    parsed = table.numbers(table.value)
    table.faults.stop()
    decimals = decimals_of_all(parsed)
    amounts = table.in_units(table.value, parsed, decimals=decimals)
    for row in np.flatnonzero(~tables.leaf(table.codes)).tolist():
        table.note(
            Fault.NO_SUCH_CELL,
            row,
            "",
            Text("Einzelangaben stehen auf der untersten Ebene.", "records stand on the lowest level."),
        )
    table.faults.stop()
    column = structure.contributor or ""
    names = table.rows.column(column)
    for row in (row for row, name in enumerate(names) if not name.strip()):
        text = Text("Hier fehlt, wer beiträgt.", "it is missing who contributes.")
        table.note(Fault.CONTRIBUTORS, row, column, text)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    who = np.array([numbers[name] for name in names], dtype=np.int64)
    cell, contributor, net = tables.contributions(table.codes, who, amounts)
    ranks = rules.dominance.top_n if rules.dominance else 2
    found = concentration(cell, contributor, net, cells=len(tables), ranks=ranks)
    table.refuse_too_large(found.gross)
    table.faults.stop()
    kept = net != 0
    shares = Shares(cell[kept], contributor[kept], net[kept], complete=True)
    return Magnitudes(found, shares.sorted(), decimals)
