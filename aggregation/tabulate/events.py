"""Fact tables as integer arrays: dates become day numbers, codes become positions among the leaves.

Each column is converted once, however many tables and periods are counted from it.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from protocol.catalogue import DimensionUse
from protocol.codelists import UNKNOWN, Codelist
from protocol.errors import kim_error

Days = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]
Selection = Positions | slice

#: Stands for "never closed": later than every date a period can have.
NEVER: Final = np.int32(np.iinfo(np.int32).max)
#: Stands for a date that is not known.
NO_DAY: Final = np.int32(np.iinfo(np.int32).min)
_EPOCH: Final = date(1970, 1, 1)
_EPOCH_DAY: Final = np.datetime64(_EPOCH, "D")

#: Dimensions that count days between two dates of a case.
_SPANS: Final = {"DURATION": ("opened", "closed"), "WAIT": ("first_contact", "opened")}


class Events:
    """Columns of one fact table as integer arrays."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._days: dict[tuple[str, np.int32], Days] = {}
        self._codes: dict[tuple[str, str], Positions] = {}
        self._numbered: dict[str, Positions] = {}
        self._responses: dict[str, Mask] = {}

    def __len__(self) -> int:
        """Number of rows."""
        return int(self._table.num_rows)

    def days(self, column: str, *, missing: np.int32 = NEVER) -> Days:
        """Dates as days since 1970-01-01, ``missing`` where there is none."""
        cached = self._days.get((column, missing))
        if cached is None:
            filled = pc.fill_null(
                self._table.column(column).cast(pa.int32()), pa.scalar(int(missing), pa.int32())
            )
            cached = np.asarray(one_chunk(filled).to_numpy(zero_copy_only=False), dtype=np.int32)
            self._days[column, missing] = cached
        return cached

    def integers(self, column: str) -> npt.NDArray[np.int64]:
        """Return a number column that holds no null."""
        values = one_chunk(self._table.column(column)).to_numpy(zero_copy_only=False)
        return np.asarray(values, dtype=np.int64)

    def texts(self, column: str) -> pa.ChunkedArray:
        """Return a text column."""
        return self._table.column(column)

    def numbered(self, column: str) -> Positions:
        """Return a number for each text; equal texts get equal numbers, which start at 0 without gaps."""
        cached = self._numbered.get(column)
        if cached is None:
            encoded = one_chunk(self._table.column(column)).dictionary_encode()
            cached = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.intp)
            self._numbered[column] = cached
        return cached

    def codes(
        self, use: DimensionUse, selected: Selection, *, reference: Days | np.int32 | None = None
    ) -> Positions:
        """Leaf positions of one dimension, computed from dates where the catalogue says classes.

        Args:
            use: the dimension.
            selected: rows wanted.
            reference: reference date of ages, one or one per selected row; ages only.

        Raises:
            KimError: ``unknown_code`` if a row carries a code that is no leaf of the codelist.
            ValueError: if an age has no reference date.
        """
        if use.id == "AGE":
            if reference is None:
                raise ValueError("an age needs a reference date")
            return self._ages(use.codelist, reference, selected)
        if use.id in _SPANS:
            return self._spans(use, selected)
        cached = self._codes.get((use.id, use.codelist.id))
        if cached is None:
            cached = _leaf_positions(self._table.column(use.id), use.id, use.codelist)
            self._codes[use.id, use.codelist.id] = cached
        return cached[selected]

    def responses(self, use: DimensionUse, selected: Selection) -> Mask:
        """Multi-response column as a 0/1 matrix, shape ``(selected rows, leaves)``.

        Repeats in a row count once; an exclusive answer counts only where there is no other.

        Raises:
            KimError: as :meth:`codes`.
        """
        cached = self._responses.get(use.codelist.id)
        if cached is None:
            cached = _response_matrix(one_chunk(self._table.column(use.id)), use)
            self._responses[use.codelist.id] = cached
        return cached[selected]

    @cached_property
    def _birth(self) -> tuple[Positions, Positions, Mask]:
        """Year of birth, month * 100 + day, and where both are known."""
        days = self.days("birth", missing=NO_DAY)
        known = days != NO_DAY
        years, month_days = _split_days(np.where(known, days, 0))
        return years, month_days, known

    def _ages(self, codelist: Codelist, reference: Days | np.int32, selected: Selection) -> Positions:
        """Age group at the reference date (completed years).

        Unknown, negative and implausible ages (no class holds them) count as unknown.
        """
        years, month_days, known = (part[selected] for part in self._birth)
        reference_years, reference_month_days = _split_days(np.asarray(reference))
        age = reference_years - years - (reference_month_days < month_days)
        classes = _class_table(codelist, "years")
        inside = known & (age >= 0) & (age < len(classes))
        unknown = codelist.leaves.index(UNKNOWN)
        return np.where(inside, classes[np.where(inside, age, 0)], unknown)

    def _spans(self, use: DimensionUse, selected: Selection) -> Positions:
        """Class of the days from one date to the other; unknown where one is missing or they are reversed."""
        start, end = _SPANS[use.id]
        first = self.days(start, missing=NO_DAY)[selected]
        last = self.days(end, missing=NO_DAY)[selected]
        length = last.astype(np.int64) - first
        classes = _class_table(use.codelist, "days")
        known = (first != NO_DAY) & (last != NO_DAY) & (length >= 0)
        # Beyond the table lies the open last class.
        inside = np.where(known, np.minimum(length, len(classes) - 1), 0)
        return np.where(known, classes[inside], use.codelist.leaves.index(UNKNOWN))


def day_number(day: date) -> np.int32:
    """Days since 1970-01-01."""
    return np.int32((day - _EPOCH).days)


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        return combined.chunk(0) if combined.num_chunks else pa.array([], column.type)
    return combined


def _leaf_positions(column: pa.ChunkedArray, name: str, codelist: Codelist) -> Positions:
    encoded = one_chunk(column)
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    position = {leaf: number for number, leaf in enumerate(codelist.leaves)}
    lookup = np.array(
        [position.get(code, -1) for code in encoded.dictionary.to_pylist()] or [-1], dtype=np.intp
    )
    if encoded.null_count:
        raise kim_error("unknown_code", pointer=f"/{name}")
    found = lookup[np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.intp)]
    if found.size and found.min() < 0:
        raise kim_error("unknown_code", pointer=f"/{name}")
    return found


def _response_matrix(lists: pa.ListArray, use: DimensionUse) -> Mask:
    codelist = use.codelist
    present = np.zeros((len(lists), len(codelist.leaves)), dtype=np.bool_)
    rows = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), dtype=np.intp)
    present[rows, _leaf_positions(pa.chunked_array([pc.list_flatten(lists)]), use.id, codelist)] = True
    exclusive = np.array([codelist[leaf].exclusive for leaf in codelist.leaves], dtype=np.bool_)
    # "Unknown" beside a known answer says nothing; protection relies on the two excluding each other.
    answered = np.any(present[:, ~exclusive], axis=1, keepdims=True)
    present[:, exclusive] &= ~answered
    return present


def _split_days(days: Days) -> tuple[Positions, Positions]:
    """Days since 1970 → year, month * 100 + day."""
    dates = _EPOCH_DAY + days.astype("timedelta64[D]")
    months = dates.astype("datetime64[M]")
    month_number = months.astype(np.int64)
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return (1970 + month_number // 12).astype(np.intp), (month_number % 12 * 100 + 100 + day).astype(np.intp)


def _class_table(codelist: Codelist, unit: str) -> Positions:
    """Leaf position for each whole number of units from 0; an open class takes one entry, the last."""
    spans = [
        (number, limits[f"lower_{unit}"], limits[f"upper_{unit}"])
        for number, leaf in enumerate(codelist.leaves)
        if f"lower_{unit}" in (limits := codelist[leaf].attributes)
    ]
    ends = [(number, lower, lower + 1 if upper is None else upper) for number, lower, upper in spans]
    classes = np.empty(max(end for _, _, end in ends), dtype=np.intp)
    for number, lower, end in ends:
        classes[lower:end] = number
    return classes
