"""JJ files: a table as tau-ARGUS and sdcTable hand it to a solver, and get it back.

A line ``0``, the number of cells, one line per cell (number, value, cost, status, lower and upper bound,
lower, upper and sliding protection level), the number of relations, one line per relation
(``0 3 : 0 (-1) 1 (1) 2 (1)``). Statuses: ``u`` sensitive, ``m`` withheld for the sake of another, ``s`` may
be withheld, ``z`` must not. Source: the format of J.-J. Salazar-González in libtauargus (`JJFormat.cpp`) and
sdcTable (`writeJJFormat`).

A JJ file knows no codes: cells are numbered row by row over the codes of all dimensions, in the order of
their hierarchies. Whether it is about a table at hand is told by its relations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from aggregation.protect.attackers import views_of
from aggregation.protect.auditing import Published
from aggregation.protect.faults import Fault, Place, refusal
from aggregation.protect.formats.cells import Cells
from aggregation.protect.formats.numbers import decimals_of, read_number, write_number
from aggregation.protect.model import Counts, Magnitudes
from aggregation.protect.primary import floors_of, primary_reasons
from aggregation.protect.structure import Structure
from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, LinearSystem
from protocol.errors import KimError
from protocol.texts import Text

SENSITIVE: Final = "u"
SECONDARY: Final = "m"
FREE: Final = "s"
FIXED: Final = "z"
_STATUSES: Final = frozenset({SENSITIVE, SECONDARY, FREE, FIXED})
_ENTRY: Final = re.compile(r"(\d+)\s*\(\s*([+-]?\d+)\s*\)")


@dataclass(frozen=True, slots=True)
class JJCell:
    """A cell: its value and how it may be treated.

    Attributes:
        value: the true value.
        cost: what withholding it costs.
        status: ``u``, ``m``, ``s`` or ``z``.
        lower: what everybody knows it is at least.
        upper: what everybody knows it is at most.
        lower_level: by how much it must be able to be smaller.
        upper_level: by how much it must be able to be larger.
        sliding_level: how wide its interval must be.
    """

    value: Decimal
    cost: Decimal
    status: str
    lower: Decimal
    upper: Decimal
    lower_level: Decimal
    upper_level: Decimal
    sliding_level: Decimal


@dataclass(frozen=True, slots=True)
class JJTable:
    """Cells and relations; each relation adds up to 0."""

    cells: tuple[JJCell, ...]
    relations: tuple[tuple[tuple[int, int], ...], ...]


def read_jj(text: str, *, file: str) -> JJTable:
    """Read a JJ file.

    Raises:
        KimError: ``file_unreadable`` with the line.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    reader = _Lines(lines, file)
    reader.count()
    cells = tuple(reader.cell(number) for number in range(reader.count()))
    relations = tuple(reader.relation(len(cells)) for _ in range(reader.count()))
    return JJTable(cells, relations)


class _Lines:
    def __init__(self, lines: Sequence[tuple[int, list[str]]], file: str) -> None:
        self._lines, self._file, self._next = lines, file, 0

    def count(self) -> int:
        line, words = self._take()
        number = read_number(words[0]) if len(words) == 1 else None
        if number is None or number != int(number) or number < 0:
            raise self._wrong(line, "eine Anzahl", "a number")
        return int(number)

    def cell(self, number: int) -> JJCell:
        line, words = self._take()
        numbers = [read_number(word) for position, word in enumerate(words) if position != 3]
        if len(words) != 9 or None in numbers or words[3] not in _STATUSES or numbers[0] != number:
            raise self._wrong(line, f"Zelle {number} mit neun Angaben", f"cell {number} with nine entries")
        value, cost, *limits = (n for n in numbers[1:] if n is not None)
        return JJCell(value, cost, words[3], *limits)

    def relation(self, cells: int) -> tuple[tuple[int, int], ...]:
        line, words = self._take()
        head, _, tail = " ".join(words).partition(":")
        entries = tuple((int(cell), int(factor)) for cell, factor in _ENTRY.findall(tail))
        right, _, size = head.partition(" ")
        if (
            read_number(right) != 0
            or size.strip() != str(len(entries))
            or any(c >= cells for c, _ in entries)
        ):
            raise self._wrong(line, "eine Beziehung wie „0 3 : 0 (-1) 1 (1) 2 (1)“", "a relation such as "
                              "'0 3 : 0 (-1) 1 (1) 2 (1)'")  # fmt: skip
        return entries

    def _take(self) -> tuple[int, list[str]]:
        if self._next >= len(self._lines):
            raise self._wrong(
                self._lines[-1][0] if self._lines else 0, "eine weitere Zeile", "a further line"
            )
        self._next += 1
        return self._lines[self._next - 1]

    def _wrong(self, line: int, german: str, english: str) -> KimError:
        what = Text(f"Erwartet wird {german}.", f"expected: {english}.")
        return refusal(Fault.JJ, Place(self._file, line), what)


def write_jj(table: JJTable) -> str:
    """Write a JJ file."""
    lines = ["0", str(len(table.cells))]
    for number, cell in enumerate(table.cells):
        numbers = (cell.lower, cell.upper, cell.lower_level, cell.upper_level, cell.sliding_level)
        tail = " ".join(f"{limit:f}" for limit in numbers)
        lines.append(f"{number} {cell.value:f} {cell.cost:f} {cell.status} {tail}")
    lines.append(str(len(table.relations)))
    for entries in table.relations:
        body = " ".join(f"{cell} ({factor})" for cell, factor in entries)
        lines.append(f"0 {len(entries)} : {body}")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------- tables and what they become


def jj_of_cells(structure: Structure, cells: Cells, kept: BoolArray) -> JJTable:
    """Return a table as a problem for a solver, with the attacker of this product.

    Zeros are known (``z``, 0 to 0), and whatever is withheld is at least what the rules say. A sensitive
    count must not be known exactly: sliding protection level 1. Magnitudes have their levels upward and
    downward.

    Args:
        structure: the tables.
        cells: true figures and costs.
        kept: cells that must stay published.
    """
    tables, figures, rules = structure.tables, cells.figures, structure.rules
    sensitive: BoolArray = primary_reasons(tables, figures, rules) != ""
    demands = views_of(tables, figures, rules, level=structure.level, sensitive=sensitive)[0].demands
    floors = floors_of(tables, figures, rules, published=~sensitive)
    decimals = figures.decimals if isinstance(figures, Magnitudes) else 0
    highest = 2 * int(np.abs(figures.values).max(initial=0)) + 1
    empty = figures.values == 0
    if isinstance(figures, Counts) and not rules.zero_publishable:
        empty = np.zeros_like(empty)

    def number(units: int) -> Decimal:
        return Decimal(write_number(units, decimals=decimals))

    found = []
    for cell, value in enumerate(figures.values.tolist()):
        fixed = bool((empty[cell] or kept[cell]) and not sensitive[cell])
        lowest = int(floors[cell]) if floors[cell] > -NO_LIMIT else -highest
        found.append(
            JJCell(
                value=number(value),
                cost=Decimal(str(round(float(max(cells.costs[cell], 1.0)), 3))),
                status=SENSITIVE if sensitive[cell] else FIXED if fixed else FREE,
                lower=number(value if empty[cell] else min(lowest, value)),
                upper=number(value if empty[cell] else highest),
                lower_level=number(int(demands.fall[cell])),
                upper_level=number(int(demands.rise[cell])),
                sliding_level=number(int(demands.differ[cell])),
            )
        )
    return JJTable(tuple(found), _relations(tables.system))


def require_same_table(table: JJTable, structure: Structure, *, file: str) -> None:
    """Refuse a JJ file that is not about a table.

    Raises:
        KimError: ``file_unreadable``.
    """
    here = {frozenset(entries) for entries in _relations(structure.tables.system)}
    there = {frozenset(entries) for entries in table.relations}
    if len(table.cells) != len(structure.tables) or here != there:
        what = Text(
            "Zellen oder Beziehungen sind nicht die der beschriebenen Tabelle (oder anders sortiert).",
            "cells or relations are not those of the table described (or in another order).",
        )
        raise refusal(Fault.JJ, Place(file), what)


def published_of_jj(table: JJTable, structure: Structure, *, file: str) -> tuple[Published, int]:
    """Return what a solved JJ file publishes, in smallest units, and the decimals of these."""
    require_same_table(table, structure, file=file)
    decimals = max((decimals_of(cell.value) for cell in table.cells), default=0)
    values = np.array([int(cell.value * 10**decimals) for cell in table.cells], dtype=np.int64)
    withheld = np.array([cell.status in {SENSITIVE, SECONDARY} for cell in table.cells])
    return Published(values, withheld), decimals


def _relations(system: LinearSystem) -> tuple[tuple[tuple[int, int], ...], ...]:
    found = []
    for row in range(system.rows):
        entries = system.entries(row)
        cells, factors = system.columns[entries].tolist(), system.coefficients[entries].tolist()
        found.append(tuple(zip(cells, factors, strict=True)))
    return tuple(found)
