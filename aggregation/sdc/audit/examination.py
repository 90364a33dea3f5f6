"""What an audit says: the verdict, the cells that an attacker gets at and how, and the proof of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from aggregation.sdc.linear_system import BoolArray, IntArray


class Verdict(StrEnum):
    """What the audit says about a delivery; only ``SAFE`` may leave the house."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNKNOWN = "unknown"


class Route(StrEnum):
    """How the attacker gets to a cell."""

    PUBLISHED = "published"
    SUBSTITUTION = "substitution"
    BOUNDS = "bounds"
    INTERVAL = "interval"
    INTEGERS = "integers"


@dataclass(frozen=True, slots=True)
class Argument:
    """Why a cell is no larger (or no smaller): a weighted sum of relations, and the least that is granted.

    Attributes:
        sign: 1 if it limits the cell from above, -1 if from below.
        weights: relations and the factor of each; all others do not matter.
        floors: cells of which the argument uses the smallest value that an attacker grants them.
    """

    sign: int
    weights: tuple[tuple[int, Fraction], ...]
    floors: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """The relations used."""
        return tuple(row for row, _ in self.weights)


@dataclass(frozen=True, slots=True)
class ExposedCell:
    """A sensitive cell that can be computed, or an amount that can be computed too closely.

    Attributes:
        cell: its number.
        route: how.
        rows: the relations used, in the order of the derivation.
        arguments: by bounds: what limits the cell on either side; empty for the other routes, and where the
            limits are known from the solver only.
    """

    cell: int
    route: Route
    rows: tuple[int, ...]
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Witness:
    """Another integer table that fits what is published, as a checked difference to the true one.

    Attributes:
        cells: the cells that have another value there, ascending.
        change: by how much; never 0.
    """

    cells: IntArray
    change: IntArray

    def as_change(self) -> dict[int, int]:
        """Return it in plain whole numbers, as it is kept and checked again (`certificate`)."""
        return dict(zip(self.cells.tolist(), self.change.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Examination:
    """The outcome for one system of tables and one attacker.

    Attributes:
        verdict: ``UNSAFE`` if any cell is exposed, else ``UNKNOWN`` if any is undecided, else ``SAFE``.
        exposed: exposed sensitive cells, in cell order.
        undecided: sensitive cells without an answer, in cell order.
        met: demands with an integer witness: one row per kind, one column per cell.
        consistent: False if the true values contradict a relation or a floor.
        programs: number of programs solved.
        witnesses: tables that prove what is met, beyond what was settled before.
    """

    verdict: Verdict
    exposed: tuple[ExposedCell, ...]
    undecided: tuple[int, ...]
    met: BoolArray
    consistent: bool
    programs: int
    witnesses: tuple[Witness, ...] = ()
