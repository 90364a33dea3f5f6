"""CELLS.csv: leaf cells of the tables, with or without their margins; or the records of contributors.

One column per dimension, one of figures, for magnitudes what is known of the contributors. Margins are
computed from the leaves before anything is withheld, and those that are given are checked. A leaf that has no
row is empty: it counts 0, and how many these are is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.protect.faults import Fault
from aggregation.protect.formats.cell_rows import CellRows
from aggregation.protect.formats.contributors import read_contributors, read_records, top_columns
from aggregation.protect.formats.delimited import Rows
from aggregation.protect.formats.leaves import Leaves
from aggregation.protect.formats.numbers import decimals_of_all
from aggregation.protect.model import LARGEST_FIGURE, Counts, Figures, Kind
from aggregation.protect.structure import BY_VALUE, UNIT, Structure
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from protocol.texts import Text

_DEAREST: Final = 10.0**7
"""Costs beyond this are counted in larger steps: the solver would lose the small ones."""


@dataclass(frozen=True, eq=False)
class Cells:
    """What CELLS.csv says.

    Attributes:
        figures: true figures of every cell.
        costs: what withholding each cell costs.
        absent: number of leaf cells that had no row; of records, a cell without any is empty, not absent.
        separator: of the file.
    """

    figures: Figures
    costs: FloatArray
    absent: int
    separator: str


def read_cells(rows: Rows, structure: Structure) -> Cells:
    """Read the true figures.

    Args:
        rows: the file.
        structure: what it holds.

    Raises:
        KimError: ``cells_invalid`` with every place.
    """
    recorded = bool(structure.contributor)
    table = CellRows.of(rows, structure, further=(structure.contributor,) if structure.contributor else ())
    leaves = Leaves(table, structure)
    figures = read_records(table, structure) if recorded else _one_row_per_cell(leaves, structure)
    costs = _costs(leaves, structure, figures)
    table.faults.stop()
    return Cells(figures, costs, 0 if recorded else leaves.absent, rows.separator)


def _one_row_per_cell(leaves: Leaves, structure: Structure) -> Figures:
    table = leaves.table
    table.refuse_repetitions()
    given = table.numbers(table.value)
    magnitude = structure.kind is Kind.MAGNITUDE
    tops = top_columns(table, structure.rules) if magnitude else ()
    parsed = {name: table.numbers(name, optional=True) for name in tops}
    table.faults.stop()
    decimals = decimals_of_all(given, *parsed.values()) if magnitude else 0
    values = table.in_units(table.value, given, decimals=decimals)
    largest = {name: table.in_units(name, column, decimals=decimals) for name, column in parsed.items()}
    _refuse_negative(table, values)
    table.faults.stop()
    sums = leaves.added_up(values, checked=True)
    leaves.check_given(values, sums)
    table.refuse_too_large(sums)
    if magnitude:
        return read_contributors(leaves, values, sums, tops=largest, decimals=decimals)
    table.faults.stop()
    return Counts(sums, _lone_persons(leaves, values))


def _lone_persons(leaves: Leaves, values: IntArray) -> IntArray | None:
    """Return who is alone in each cell of 1: the one person of the one leaf below it that is not empty.

    Where the leaves of each table are given by themselves, nobody can say who is the same person.
    """
    if len(leaves.blocks) > 1:
        return None
    return leaves.added_up(np.where(values == 1, np.arange(len(values)) + 1, 0))


def _refuse_negative(table: CellRows, values: IntArray) -> None:
    for row in np.flatnonzero(values < 0).tolist():
        table.note(
            Fault.NEGATIVE,
            row,
            table.value,
            Text("Der Wert ist negativ.", "the value is negative."),
        )


def _costs(leaves: Leaves, structure: Structure, figures: Figures) -> FloatArray:
    """Return what withholding each cell costs, as the description says."""
    table, tables, cost = leaves.table, leaves.tables, structure.cost
    if cost == UNIT:
        return np.ones(len(tables))
    if cost == BY_VALUE:
        weight = figures.values if isinstance(figures, Counts) else figures.behind.gross
        return _in_steps(weight.astype(np.float64))
    table.require(cost, Fault.UNKNOWN_COLUMN)
    table.faults.stop()
    thousandths = np.zeros(len(table.codes), dtype=np.int64)
    for row, number in enumerate(table.numbers(cost)):
        if number is None:
            continue
        if 0 <= number <= LARGEST_FIGURE // 1000:
            thousandths[row] = int(number * 1000)
        else:
            text = Text("Die Kosten sind negativ oder zu groß.", "the cost is negative or too large.")
            table.note(Fault.COST, row, cost, text)
    table.faults.stop()
    costs = leaves.added_up(thousandths)
    given = tables.number(table.keys)
    if not structure.contributor:
        costs[given[given >= 0]] = thousandths[given >= 0]
    return _in_steps(costs / 1000)


def _in_steps(costs: FloatArray) -> FloatArray:
    """Return costs as numbers that a solver keeps apart."""
    largest = float(costs.max(initial=0.0))
    return costs / (largest / _DEAREST) if largest > _DEAREST else costs


def kept_cells(structure: Structure) -> BoolArray:
    """Return the cells that must stay published."""
    cells, kept = structure.tables.cells, np.zeros(len(structure.tables), dtype=np.bool_)
    for codes in structure.keep:
        chosen = np.ones(len(cells), dtype=np.bool_)
        for number, hierarchy in enumerate(structure.tables.hierarchies):
            if hierarchy.dimension in codes:
                chosen &= cells[:, number] == hierarchy.position[codes[hierarchy.dimension]]
        kept |= chosen
    return kept
