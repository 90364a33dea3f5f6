"""Persons who may be one under two ids (T18): said, never merged.

Two ids in one case with the same day of birth, sex and citizenship are one person entered twice, or twins.
Which of both nobody can tell from the columns, so both count and somebody is asked to look. Across cases
the same three say nothing: in a town with a thousand clients they meet by chance. The first of January is
left out, because it stands for an unknown day (T19), and so are days that were derived from ages.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from node.quality.cases.grouping import Grouping, Positions
from node.quality.cells.columns import NO_DAY, date_array
from protocol.codelists import UNKNOWN


def perhaps_the_same(grouping: Grouping) -> Positions:
    """Return the later positions of persons that look like an earlier one of the same case."""
    shared = grouping.persons_per_case[grouping.involved_case] > 1
    positions = grouping.involved[shared]
    birth = grouping.days(positions, lambda part: part.births.days)
    dates = date_array(birth)
    heap = np.asarray(
        pc.and_(pc.equal(pc.month(dates), 1), pc.equal(pc.day(dates), 1)).fill_null(fill_value=True)
    )
    derived = np.concatenate(
        [
            part.births.from_age[rows]
            for part, rows in zip(grouping.parts, grouping.split(positions), strict=True)
        ]
    )
    usable = (birth != NO_DAY) & ~heap & ~derived
    columns = [grouping.involved_case[shared].astype(np.int64), birth.astype(np.int64)]
    for dimension in ("SEX", "CITIZEN"):
        codes = grouping.codes(positions, dimension)
        unknown = [code == UNKNOWN for code in codes.dictionary.to_pylist()]
        index = np.asarray(codes.indices, dtype=np.int64)
        usable &= ~np.asarray(unknown, dtype=np.bool_)[index]
        columns.append(index)
    found: Positions = positions[usable][_repeats(np.stack([column[usable] for column in columns]))]
    return found


def _repeats(columns: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each column vector whether an earlier one equals it."""
    if not columns.shape[1]:
        return np.empty(0, dtype=np.bool_)
    order = np.lexsort(columns[::-1])
    ordered = columns[:, order]
    again = np.zeros(columns.shape[1], dtype=np.bool_)
    again[order[1:]] = (ordered[:, 1:] == ordered[:, :-1]).all(axis=0)  # stable: the first of equals is first
    return again
