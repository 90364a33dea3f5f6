"""CELLS.csv: leaf cells of the tables, with or without their margins; or the records of contributors.

One column per dimension, one of figures, for magnitudes what is known of the contributors. Margins are
computed from the leaves before anything is withheld, and those that are given are checked. Where the tables
are linked, the leaves are either those of all dimensions crossed, or those of each table by itself; then what
the tables share has to agree. A leaf that has no row is empty: it counts 0, and how many these are is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from aggregation.protect.faults import Fault, Faults, with_hint
from aggregation.protect.formats.delimited import Rows
from aggregation.protect.formats.numbers import MOST_DECIMALS, decimals_of, read_number
from aggregation.protect.model import LARGEST_FIGURE, Counts, Figures, Kind, Magnitudes, Shares
from aggregation.protect.structure import BY_VALUE, PUBLISHED_VALUE, UNIT, VALUE_COLUMNS, Structure
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.sdc.sensitivity import Concentration, concentration
from aggregation.sdc.tables import LinkedTables
from protocol.texts import Text

_CONTRIBUTORS: Final = ("contributors", "freq")
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
    table = CellRows.of(rows, structure, further=(structure.contributor,) if structure.contributor else ())
    reader = _Reader(table, structure)
    figures = reader.records() if structure.contributor else reader.cells()
    costs = reader.costs(figures)
    table.faults.stop()
    return Cells(figures, costs, reader.absent, rows.separator)


@dataclass(eq=False)
class CellRows:
    """The rows of a file with their cells.

    Attributes:
        rows: the file.
        value: column of the figures.
        codes: positions of the codes of each row, one column per dimension.
        keys: number of each combination of codes.
        faults: what was found wrong so far.
    """

    rows: Rows
    value: str
    codes: IntArray
    keys: IntArray
    faults: Faults

    @classmethod
    def of(cls, rows: Rows, structure: Structure, *, further: Sequence[str] = ()) -> CellRows:
        """Find the columns and the cells.

        Args:
            rows: the file.
            structure: what it holds.
            further: columns that are needed beside those of dimensions and figures.

        Raises:
            KimError: ``cells_invalid`` for missing columns and unknown codes.
        """
        faults = Faults()
        usual = VALUE_COLUMNS if structure.value is None else (structure.value, PUBLISHED_VALUE)
        value = next((name for name in usual if name in rows.header), "")
        for name in [*structure.dimensions, *further, *(() if value else (usual[0],))]:
            if name not in rows.header:
                text = Text(f"Die Spalte „{name}“ fehlt.", f"the column '{name}' is missing.")
                faults.add(Fault.UNKNOWN_COLUMN, rows.header_place(), with_hint(text, name, rows.header))
        faults.stop()
        codes = np.zeros((len(rows.rows), len(structure.dimensions)), dtype=np.int64)
        for number, hierarchy in enumerate(structure.tables.hierarchies):
            position = hierarchy.position
            for row, code in enumerate(rows.column(hierarchy.dimension)):
                found = position.get(code, -1)
                if found < 0:
                    text = Text("Diesen Code kennt die Hierarchie nicht.", "the hierarchy has no such code.")
                    faults.add(
                        Fault.UNKNOWN_CODE,
                        rows.place(row, hierarchy.dimension),
                        with_hint(text, code, position),
                    )
                codes[row, number] = found
        faults.stop()
        return cls(rows, value, codes, structure.tables.key(codes), faults)

    def note(self, fault: Fault, row: int, column: str, text: Text) -> None:
        """Note what is wrong with a field."""
        self.faults.add(fault, self.rows.place(row, column), text)

    def numbers(self, column: str, *, optional: bool = False) -> list[Decimal | None]:
        """Return the numbers of a column; None where a field is empty and may be.

        What is no number is noted and becomes None.
        """
        comma = self.rows.separator != ","
        texts = self.rows.column(column)
        # Beside a decimal comma a point parts thousands: 1.234 must not become 1,234.
        only_comma = comma and any("," in text for text in texts)
        numbers: list[Decimal | None] = []
        for row, text in enumerate(texts):
            number = None if only_comma and "." in text else read_number(text, decimal_comma=comma)
            if number is None and not (optional and not text.strip()):
                fault = Fault.NOT_A_NUMBER if text.strip() not in {"", "NA"} else Fault.NO_VALUE
                self.note(fault, row, column, Text("Hier steht keine Zahl.", "there is no number here."))
            numbers.append(number)
        return numbers

    def refuse_repetitions(self) -> None:
        """Note cells that have two rows."""
        first: dict[int, int] = {}
        for row, key in enumerate(self.keys.tolist()):
            if key in first:
                line = self.rows.lines[first[key]]
                self.note(
                    Fault.DUPLICATE_CELL,
                    row,
                    "",
                    Text(f"Die Zelle steht schon in Zeile {line}.", f"the cell is in line {line} already."),
                )
            first.setdefault(key, row)


@dataclass(frozen=True, eq=False)
class _Block:
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


class _Reader:
    """Puts figures together from rows."""

    def __init__(self, table: CellRows, structure: Structure) -> None:
        self._table, self._structure, self._tables = table, structure, structure.tables
        self._decimals = 0
        self._blocks = self._find_blocks()
        self.absent = 0

    def _find_blocks(self) -> tuple[_Block, ...]:
        """Find the leaves: of all dimensions crossed if there are any, else of each table by itself."""
        tables, codes = self._tables, self._table.codes
        whole = np.flatnonzero(tables.leaf(codes))
        everything = tuple(range(len(tables.hierarchies)))
        if len(whole) or everything in tables.tables or self._structure.contributor:
            every = np.arange(len(tables))
            fresh = np.ones(len(tables), dtype=np.bool_)
            return (_Block(tables, every, fresh, whole, self._leaves(everything)),)
        blocks, known = [], np.zeros(len(tables), dtype=np.bool_)
        for shown in tables.tables:
            rows = np.ones(len(codes), dtype=np.bool_)
            for number, hierarchy in enumerate(tables.hierarchies):
                wanted = hierarchy.leaves if number in shown else hierarchy.tops
                rows &= np.isin(codes[:, number], np.array(wanted))
            alone = LinkedTables(tables.hierarchies, (shown,))
            cells = tables.number(alone.key(alone.cells))
            blocks.append(_Block(alone, cells, ~known[cells], np.flatnonzero(rows), self._leaves(shown)))
            known[cells] = True
        return tuple(blocks)

    def _leaves(self, shown: tuple[int, ...]) -> int:
        return math.prod(len(self._tables.hierarchies[number].leaves) for number in shown)

    # ------------------------------------------------------------------------------------ one row per cell

    def cells(self) -> Figures:
        """Read one row per cell."""
        table, structure = self._table, self._structure
        table.refuse_repetitions()
        parsed = {table.value: table.numbers(table.value)}
        magnitude = structure.kind is Kind.MAGNITUDE
        tops = self._top_columns() if magnitude else ()
        parsed |= {name: table.numbers(name, optional=True) for name in tops}
        table.faults.stop()
        units = self._units(parsed)
        values = units[table.value]
        self._refuse_negative(values)
        table.faults.stop()
        sums = self._added_up(values, checked=True)
        self._check_given(values, sums)
        self._refuse_too_large(sums)
        self.absent = sum(block.leaves - len(block.rows) for block in self._blocks)
        if not magnitude:
            table.faults.stop()
            return Counts(sums, self._lone_persons(values))
        contributors = self._numbers_of_contributors()
        lone = np.where(contributors == 1, values, 0)
        ranks = max(2, len(tops))
        largest = np.stack([units[name] for name in tops] if tops else [lone] + [lone * 0] * (ranks - 1))
        self._check_contributors(values, contributors, largest, told=bool(tops))
        table.faults.stop()
        return self._magnitudes(sums, contributors, largest)

    def _lone_persons(self, values: IntArray) -> IntArray | None:
        """Return who is alone in each cell of 1: the one person of the one leaf below it that is not empty.

        Where the leaves of each table are given by themselves, nobody can say who is the same person.
        """
        if len(self._blocks) > 1:
            return None
        return self._added_up(np.where(values == 1, np.arange(len(values)) + 1, 0))

    def _refuse_negative(self, values: IntArray) -> None:
        for row in np.flatnonzero(values < 0).tolist():
            self._table.note(
                Fault.NEGATIVE,
                row,
                self._table.value,
                Text("Der Wert ist negativ.", "the value is negative."),
            )

    def _refuse_too_large(self, sums: IntArray) -> None:
        """Note totals that leave the range of figures although every leaf is within it."""
        if np.abs(sums).max(initial=0) > LARGEST_FIGURE:
            text = Text("Die Summen werden zu groß.", "the totals become too large.")
            self._table.note(Fault.TOO_LARGE, 0, self._table.value, text)

    def _units(self, columns: Mapping[str, Sequence[Decimal | None]]) -> dict[str, IntArray]:
        """Return numbers in their smallest common unit, empty fields as 0."""
        if self._structure.kind is Kind.MAGNITUDE:
            numbers = (number for column in columns.values() for number in column if number is not None)
            self._decimals = min(max(map(decimals_of, numbers), default=0), MOST_DECIMALS)
        return {name: self._in_units(name, column) for name, column in columns.items()}

    def _in_units(self, name: str, column: Sequence[Decimal | None]) -> IntArray:
        scale = 10**self._decimals
        units = np.zeros(len(column), dtype=np.int64)
        for row, number in enumerate(column):
            if number is None:
                continue
            scaled = number * scale
            if abs(scaled) > LARGEST_FIGURE:
                self._table.note(
                    Fault.TOO_LARGE, row, name, Text("Die Zahl ist zu groß.", "the number is too large.")
                )
            elif scaled != int(scaled):
                text = Text("Die Zahl ist nicht ganz.", "the number is not whole.")
                if self._structure.kind is Kind.MAGNITUDE:
                    text = Text(
                        f"Die Zahl hat mehr als {MOST_DECIMALS} Nachkommastellen.",
                        f"the number has more than {MOST_DECIMALS} decimals.",
                    )
                self._table.note(Fault.FRACTION, row, name, text)
            else:
                units[row] = int(scaled)
        return units

    def _added_up(self, values: IntArray, *, checked: bool = False) -> IntArray:
        """Return the sums of the leaves in every cell."""
        sums = np.zeros(len(self._tables), dtype=np.int64)
        for block in self._blocks:
            own = block.tables.sums(self._table.codes[block.rows], values[block.rows])
            if checked and not len(block.rows):
                self._note_incomplete()
            elif checked:
                self._check_shared(block, sums, own)
            sums[block.cells[block.fresh]] = own[block.fresh]
        return sums

    def _note_incomplete(self) -> None:
        self._table.note(
            Fault.INCOMPLETE_PARTS,
            0,
            "",
            Text(
                "Keine Zeile nennt eine Zelle der untersten Ebene einer Tabelle.",
                "no line names a cell of the lowest level of a table.",
            ),
        )

    def _check_shared(self, block: _Block, sums: IntArray, own: IntArray) -> None:
        """Compare what a table shares with the tables before it."""
        shared = ~block.fresh
        other = int((sums[block.cells[shared]] != own[shared]).sum())
        if other:
            names = ", ".join(self._structure.dimensions[number] for number in block.tables.tables[0])
            self._table.note(
                Fault.SHARED_TOTALS,
                int(block.rows[0]),
                self._table.value,
                Text(
                    f"Die Tabelle {names} hat in {other} gemeinsamen Zellen andere Summen als die davor.",
                    f"the table {names} has other totals than those before it in {other} shared cells.",
                ),
            )

    def _check_given(self, values: IntArray, sums: IntArray) -> None:
        """Compare every row that is a cell with the sum of its leaves."""
        number = self._tables.number(self._table.keys)
        for row in np.flatnonzero((number >= 0) & (sums[number] != values)).tolist():
            self._table.note(
                Fault.MARGIN,
                row,
                self._table.value,
                Text("Die Summe ist nicht die Summe ihrer Teile.", "the total is not the sum of its parts."),
            )
        outside = number < 0
        outside[np.concatenate([block.rows for block in self._blocks])] = False
        for row in np.flatnonzero(outside).tolist():
            self._table.note(
                Fault.NO_SUCH_CELL,
                row,
                "",
                Text("Keine Tabelle zeigt diese Zelle.", "no table shows this cell."),
            )

    # --------------------------------------------------------------------------------------- contributors

    def _top_columns(self) -> tuple[str, ...]:
        """Return the columns of the largest contributions: as many as the rules need, at least two."""
        rules, header = self._structure.rules, self._table.rows.header
        ranks = max(2, rules.dominance.top_n if rules.dominance else 2)
        names = tuple(f"top{rank + 1}" for rank in range(ranks))
        if rules.dominance is None and rules.min_protection_percent is None and names[0] not in header:
            return ()
        for name in names:
            self._require(name, Fault.CONTRIBUTOR_COLUMN)
        self._table.faults.stop()
        return names

    def _require(self, name: str, fault: Fault) -> None:
        header = self._table.rows.header
        if name not in header:
            text = Text(f"Die Spalte „{name}“ fehlt.", f"the column '{name}' is missing.")
            place = self._table.rows.header_place()
            self._table.faults.add(fault, place, with_hint(text, name, header))

    def _numbers_of_contributors(self) -> IntArray:
        """Return how many contributors each row has; -1 where a margin does not say."""
        table = self._table
        names = [name for name in _CONTRIBUTORS if name in table.rows.header and name != table.value]
        column = names[0] if names else _CONTRIBUTORS[0]
        self._require(column, Fault.CONTRIBUTOR_COLUMN)
        table.faults.stop()
        leaf = np.zeros(len(table.codes), dtype=np.bool_)
        leaf[np.concatenate([block.rows for block in self._blocks])] = True
        found = np.full(len(leaf), -1, dtype=np.int64)
        for row, number in enumerate(table.numbers(column, optional=True)):
            if number is not None and 0 <= number == int(number) <= LARGEST_FIGURE:
                found[row] = int(number)
            elif leaf[row] or number is not None:
                text = Text("Hier steht keine Anzahl von Beitragenden.", "this is no number of contributors.")
                table.note(Fault.CONTRIBUTORS, row, column, text)
        return found

    def _check_contributors(
        self, values: IntArray, contributors: IntArray, largest: IntArray, *, told: bool
    ) -> None:
        """Note rows whose number of contributors and largest ones cannot make up the value.

        Args:
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
            self._table.note(Fault.CONTRIBUTORS, row, "", text)

    def _magnitudes(self, sums: IntArray, contributors: IntArray, largest: IntArray) -> Magnitudes:
        """Count contributors and find the largest of every margin.

        Contributors of different leaves are taken to be different, unless a margin says itself how many
        there are and how large; a file with the records of contributors knows better.
        """
        table, ranks, cells = self._table, len(largest), len(self._tables)
        parts = [self._largest_of(block, largest) for block in self._blocks]
        cell, contributor, net = (np.concatenate([part[i] for part in parts]) for i in range(3))
        found = concentration(cell, contributor, net, cells=cells, ranks=ranks)
        numbers = self._added_up(np.maximum(contributors, 0))
        number = self._tables.number(table.keys)
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
        return Magnitudes(Concentration(sums, numbers, found.largest, sums), shares.sorted(), self._decimals)

    def _largest_of(self, block: _Block, largest: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Return cell, contributor and amount of the largest contributions of a block's leaves."""
        ranks, rows = len(largest), block.rows
        who = (rows[:, None] * ranks + np.arange(ranks)).reshape(-1)
        amounts = largest[:, rows].T.reshape(-1)
        some = amounts != 0
        codes = np.repeat(self._table.codes[rows], ranks, axis=0)[some]
        cell, contributor, net = block.tables.contributions(codes, who[some], amounts[some])
        fresh = block.fresh[cell]
        return block.cells[cell[fresh]], contributor[fresh], net[fresh]

    def records(self) -> Magnitudes:
        """Put magnitudes together from the records of contributors."""
        table, tables, rules = self._table, self._tables, self._structure.rules
        parsed = {table.value: table.numbers(table.value)}
        table.faults.stop()
        amounts = self._units(parsed)[table.value]
        for row in np.flatnonzero(~tables.leaf(table.codes)).tolist():
            table.note(
                Fault.NO_SUCH_CELL,
                row,
                "",
                Text("Einzelangaben stehen auf der untersten Ebene.", "records stand on the lowest level."),
            )
        table.faults.stop()
        column = self._structure.contributor or ""
        names = table.rows.column(column)
        for row in (row for row, name in enumerate(names) if not name.strip()):
            text = Text("Hier fehlt, wer beiträgt.", "it is missing who contributes.")
            table.note(Fault.CONTRIBUTORS, row, column, text)
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        who = np.array([numbers[name] for name in names], dtype=np.int64)
        cell, contributor, net = tables.contributions(table.codes, who, amounts)
        ranks = rules.dominance.top_n if rules.dominance else 2
        found = concentration(cell, contributor, net, cells=len(tables), ranks=ranks)
        self._refuse_too_large(found.gross)
        table.faults.stop()
        kept = net != 0
        shares = Shares(cell[kept], contributor[kept], net[kept], complete=True)
        return Magnitudes(found, shares.sorted(), self._decimals)

    # ---------------------------------------------------------------------------------------------- costs

    def costs(self, figures: Figures) -> FloatArray:
        """Return what withholding each cell costs, as the description says."""
        table, cost = self._table, self._structure.cost
        if cost == UNIT:
            return np.ones(len(self._tables))
        if cost == BY_VALUE:
            weight = figures.values if isinstance(figures, Counts) else figures.behind.gross
            return _in_steps(weight.astype(np.float64))
        self._require(cost, Fault.UNKNOWN_COLUMN)
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
        costs = self._added_up(thousandths)
        given = self._tables.number(table.keys)
        if not self._structure.contributor:
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
