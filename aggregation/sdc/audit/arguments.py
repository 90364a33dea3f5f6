"""Exact conclusions from a solver's answer: rational multipliers instead of tolerances.

A linear program ends with multipliers of its relations, in floating point. Taken as the small fractions that
they are, they are a proof that needs no solver: the weighted sum of relations bounds the cell, whatever the
multipliers. What does not come out exactly is no proof, and the caller has to look elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import NO_LIMIT, BoolArray, IntArray, LinearSystem
from aggregation.sdc.programs import FloatArray

_DENOMINATOR: Final = 1000
_COMMON: Final = 10**6
_NEAR: Final = 1e-7


@dataclass(frozen=True, eq=False, slots=True)
class Proof:
    """That a cell (or its negative) is at most ``bound`` in every table.

    Attributes:
        bound: the largest value that the argument leaves.
        weights: factor of each relation.
        floors: cells whose lower limit is used.
    """

    bound: Fraction
    weights: tuple[Fraction, ...]
    floors: IntArray


def proof(system: LinearSystem, lower: IntArray, *, cell: int, sign: int, duals: FloatArray) -> Proof | None:
    """Turn the multipliers of a program into a proof, exactly.

    Args:
        system: the relations.
        lower: lower limit of each cell, ``-NO_LIMIT`` if none; upper limits there are none.
        cell: the cell that was maximised (``sign`` 1) or minimised (-1).
        sign: see there.
        duals: the multipliers, as of a minimisation of the negative.

    Returns:
        The proof, or None if the multipliers are none.
    """
    whole = _as_whole(duals)
    if whole is None:
        return None
    weights, size = whole
    left = np.zeros(system.cells, dtype=np.int64)  # what the sum of relations leaves of each cell
    left[cell] = -sign * size
    np.subtract.at(left, system.columns, weights[system.row_of_entry] * system.coefficients)
    sides = np.where(weights > 0, system.lower, system.upper)
    used = np.flatnonzero(weights)
    floors = np.flatnonzero(left)
    if np.any(left < 0) or np.any(lower[floors] <= -NO_LIMIT) or np.any(np.abs(sides[used]) >= NO_LIMIT):
        return None
    total = sum(map(int.__mul__, weights[used].tolist(), sides[used].tolist()))
    total += sum(map(int.__mul__, left[floors].tolist(), lower[floors].tolist()))
    return Proof(Fraction(-total, size), tuple(Fraction(w, size) for w in weights.tolist()), floors)


def whole_ray(system: LinearSystem, bounded_below: BoolArray, direction: FloatArray) -> IntArray | None:
    """Turn a direction without an end into an integer one, exactly; None if it is none.

    Args:
        system: the relations; the direction has to keep each however far it is followed.
        bounded_below: cells that cannot fall for ever.
        direction: of the solver.
    """
    whole = _as_whole(direction)
    if whole is None:
        return None
    ray, _ = whole
    activity = system.activity(ray)
    kept = (activity >= 0) | (system.lower <= -NO_LIMIT)
    kept &= (activity <= 0) | (system.upper >= NO_LIMIT)
    return ray if kept.all() and np.all(ray[bounded_below] >= 0) else None


def _as_whole(values: FloatArray) -> tuple[IntArray, int] | None:
    """Return numbers as integers over one common denominator, or None if they are no small fractions."""
    if not np.isfinite(values).all():
        return None
    size = 1
    for value in np.unique(np.abs(values[np.abs(values - np.rint(values)) > _NEAR]).round(9)).tolist():
        size = math.lcm(size, Fraction(value).limit_denominator(_DENOMINATOR).denominator)
        if size > _COMMON:
            return None
    whole = np.rint(values * size)
    if (
        np.abs(whole).max(initial=0) > _COMMON**2
        or np.abs(values * size - whole).max(initial=0) > _NEAR * size
    ):
        return None
    return whole.astype(np.int64), size
