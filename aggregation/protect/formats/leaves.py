"""The leaves of the tables, from which every other cell is added up.

Where the tables are linked, the leaves are either those of all dimensions crossed, or those of each table by
itself; then what the tables share has to agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aggregation.protect.faults import Fault
from aggregation.protect.formats.cell_rows import CellRows
from aggregation.protect.structure import Structure
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.tables import LinkedTables
from protocol.texts import Text


@dataclass(frozen=True, eq=False)
class Block:
    """Leaves that some cells are added up from.

    Attributes:
        tables: all tables, or one of the linked ones by itself.
        cells: number of each of its cells in all tables.
        fresh: which of them no earlier block has filled.
        rows: rows of the file that are its leaves.
        leaves: number of its leaves.
    """

    tables: LinkedTables
    cells: IntArray
    fresh: BoolArray
    rows: IntArray
    leaves: int


class Leaves:
    """The leaves of one file.

    Attributes:
        table: the rows of the file.
        tables: the tables whose leaves these are.
        blocks: of all tables together, or of each by itself.
    """

    def __init__(self, table: CellRows, structure: Structure) -> None:
        """Find the leaves of ``structure`` among the rows of ``table``."""
        self.table, self.tables, self._structure = table, structure.tables, structure
        self.blocks = self._find_blocks()

    @property
    def absent(self) -> int:
        """Number of leaf cells that have no row."""
        return sum(block.leaves - len(block.rows) for block in self.blocks)

    @property
    def rows(self) -> IntArray:
        """Numbers of the rows that are leaves."""
        return np.concatenate([block.rows for block in self.blocks])

    def _find_blocks(self) -> tuple[Block, ...]:
        """Find the leaves: of all dimensions crossed if there are any, else of each table by itself."""
        tables, codes = self.tables, self.table.codes
        whole = np.flatnonzero(tables.leaf(codes))
        everything = tuple(range(len(tables.hierarchies)))
        if len(whole) or everything in tables.tables or self._structure.contributor:
            every = np.arange(len(tables))
            fresh = np.ones(len(tables), dtype=np.bool_)
            return (Block(tables, every, fresh, whole, self._number_of_leaves(everything)),)
        blocks, known = [], np.zeros(len(tables), dtype=np.bool_)
        for shown in tables.tables:
            rows = np.ones(len(codes), dtype=np.bool_)
            for number, hierarchy in enumerate(tables.hierarchies):
                wanted = hierarchy.leaves if number in shown else hierarchy.tops
                rows &= np.isin(codes[:, number], np.array(wanted))
            alone = LinkedTables(tables.hierarchies, (shown,))
            cells = tables.number(alone.key(alone.cells))
            blocks.append(
                Block(alone, cells, ~known[cells], np.flatnonzero(rows), self._number_of_leaves(shown))
            )
            known[cells] = True
        return tuple(blocks)

    def _number_of_leaves(self, shown: tuple[int, ...]) -> int:
        return math.prod(len(self.tables.hierarchies[number].leaves) for number in shown)

    def added_up(self, values: IntArray, *, checked: bool = False) -> IntArray:
        """Return the sums of the leaves in every cell; ``checked`` notes where tables do not agree."""
        sums = np.zeros(len(self.tables), dtype=np.int64)
        for block in self.blocks:
            own = block.tables.sums(self.table.codes[block.rows], values[block.rows])
            if checked and not len(block.rows):
                self._note_incomplete()
            elif checked:
                self._check_shared(block, sums, own)
            sums[block.cells[block.fresh]] = own[block.fresh]
        return sums

    def _note_incomplete(self) -> None:
        self.table.note(
            Fault.INCOMPLETE_PARTS,
            0,
            "",
            Text(
                "Keine Zeile nennt eine Zelle der untersten Ebene einer Tabelle.",
                "no line names a cell of the lowest level of a table.",
            ),
        )

    def _check_shared(self, block: Block, sums: IntArray, own: IntArray) -> None:
        """Compare what a table shares with the tables before it."""
        shared = ~block.fresh
        other = int((sums[block.cells[shared]] != own[shared]).sum())
        if other:
            names = ", ".join(self._structure.dimensions[number] for number in block.tables.tables[0])
            self.table.note(
                Fault.SHARED_TOTALS,
                int(block.rows[0]),
                self.table.value,
                Text(
                    f"Die Tabelle {names} hat in {other} gemeinsamen Zellen andere Summen als die davor.",
                    f"the table {names} has other totals than those before it in {other} shared cells.",
                ),
            )

    def check_given(self, values: IntArray, sums: IntArray) -> None:
        """Compare every row that is a cell with the sum of its leaves, and note where they differ."""
        number = self.tables.number(self.table.keys)
        for row in np.flatnonzero((number >= 0) & (sums[number] != values)).tolist():
            self.table.note(
                Fault.MARGIN,
                row,
                self.table.value,
                Text("Die Summe ist nicht die Summe ihrer Teile.", "the total is not the sum of its parts."),
            )
        outside = number < 0
        outside[self.rows] = False
        for row in np.flatnonzero(outside).tolist():
            self.table.note(
                Fault.NO_SUCH_CELL,
                row,
                "",
                Text("Keine Tabelle zeigt diese Zelle.", "no table shows this cell."),
            )
