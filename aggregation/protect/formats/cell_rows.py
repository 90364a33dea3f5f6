"""The rows of a file that names a cell in each: by its codes, with what is wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from aggregation.protect.faults import Fault, Faults, with_hint
from aggregation.protect.formats.delimited import Rows
from aggregation.protect.formats.numbers import MOST_DECIMALS, read_number
from aggregation.protect.model import LARGEST_FIGURE
from aggregation.protect.structure import PUBLISHED_VALUE, VALUE_COLUMNS, Structure
from aggregation.sdc.linear_system import IntArray
from protocol.texts import Text


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

    def require(self, name: str, fault: Fault) -> None:
        """Note that a column is missing, if it is."""
        header = self.rows.header
        if name not in header:
            text = Text(f"Die Spalte „{name}“ fehlt.", f"the column '{name}' is missing.")
            place = self.rows.header_place()
            self.faults.add(fault, place, with_hint(text, name, header))

    def in_units(self, name: str, column: Sequence[Decimal | None], *, decimals: int) -> IntArray:
        """Return numbers as multiples of ``10 ** -decimals``, empty fields as 0; notes what is none."""
        scale = 10**decimals
        units = np.zeros(len(column), dtype=np.int64)
        for row, number in enumerate(column):
            if number is None:
                continue
            scaled = number * scale
            if abs(scaled) > LARGEST_FIGURE:
                self.note(
                    Fault.TOO_LARGE, row, name, Text("Die Zahl ist zu groß.", "the number is too large.")
                )
            elif scaled != int(scaled):
                text = Text("Die Zahl ist nicht ganz.", "the number is not whole.")
                if decimals:
                    text = Text(
                        f"Die Zahl hat mehr als {MOST_DECIMALS} Nachkommastellen.",
                        f"the number has more than {MOST_DECIMALS} decimals.",
                    )
                self.note(Fault.FRACTION, row, name, text)
            else:
                units[row] = int(scaled)
        return units

    def refuse_too_large(self, sums: IntArray) -> None:
        """Note totals that leave the range of figures although every leaf is within it."""
        if np.abs(sums).max(initial=0) > LARGEST_FIGURE:
            text = Text("Die Summen werden zu groß.", "the totals become too large.")
            self.note(Fault.TOO_LARGE, 0, self.value, text)
