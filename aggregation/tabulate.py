"""Counts the typed microdata of one area into all linked tables of a dataflow.

Pure: Arrow tables in, integer arrays aligned with the cell grid out; no IO, no clock. What is counted is the
catalogue's definition: flows by their date, stocks at the reference date, distinct persons once per period,
multi-response fields once per distinct field. Nothing here protects anything: the result is confidential
until `aggregation.disclosure` has run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from aggregation.facts import Facts
from aggregation.margins import Counts, margins_of, table_margins, table_rows, total_position
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue, Indicator
from protocol.codelists import UNKNOWN, Codelist
from protocol.errors import kim_error
from protocol.grid import CellGrid, grid_of
from protocol.periods import Period

Days = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

#: Stands for "never closed": later than every date a period can have.
_NEVER: Final = np.int32(np.iinfo(np.int32).max)
_NO_BIRTH: Final = np.int32(np.iinfo(np.int32).min)
_EPOCH: Final = np.datetime64("1970-01-01", "D")


def tabulate(
    facts: Facts, *, catalogue: Catalogue, dataset_id: str, periods: Sequence[Period]
) -> Mapping[Period, Tabulation]:
    """Count all cells of a dataflow for several periods at once.

    Args:
        facts: typed microdata of one area (schemas in :mod:`aggregation.facts`).
        catalogue: the catalogue.
        dataset_id: ``CASES`` or ``PERSONS``.
        periods: reporting periods, any order, each once.

    Returns:
        For each period its tabulation.

    Raises:
        KimError: ``schema_unknown`` if this version cannot count the dataflow; ``unknown_code`` if a fact
            carries a code that is no leaf of its codelist.
    """
    if dataset_id not in _COUNTERS:
        raise kim_error("schema_unknown")
    grid = grid_of(catalogue, dataset_id)
    out = np.zeros((len(periods), len(grid)), dtype=np.int64)
    _COUNTERS[dataset_id](facts, _Target(grid, tuple(periods), out))
    return {period: Tabulation.of_counts(out[number]) for number, period in enumerate(periods)}


@dataclass(frozen=True)
class _Target:
    """Where counts go: one row of ``out`` per period."""

    grid: CellGrid
    periods: tuple[Period, ...]
    out: Counts

    def indicator(self, indicator_id: str) -> Indicator:
        return next(i for i in self.grid.dataset.indicators if i.id == indicator_id)

    def place(
        self, indicator: Indicator, table: tuple[str, ...], counts: Counts, *, period: int | None
    ) -> None:
        """Write margins of leaf counts, for all periods (``None``) or one."""
        rows = table_rows(self.grid, indicator, table)
        cells = table_margins(indicator, table, counts)
        where = slice(None) if period is None else slice(period, period + 1)
        self.out[where, rows.ravel()] = cells.reshape(len(cells), -1)


class _Events:
    """Columns of one fact table as integer arrays; codes become positions among the leaves."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._codes: dict[tuple[str, str], Positions] = {}

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def days(self, column: str, *, missing: np.int32 = _NEVER) -> Days:
        """Dates as days since 1970-01-01."""
        values = pc.fill_null(
            self._table.column(column).cast(pa.int32()), pa.scalar(int(missing), pa.int32())
        )
        return np.asarray(values.combine_chunks().to_numpy(zero_copy_only=False), dtype=np.int32)

    def codes(self, column: str, codelist: Codelist) -> Positions:
        """Leaf positions of a code column."""
        cached = self._codes.get((column, codelist.id))
        if cached is None:
            cached = self._codes[column, codelist.id] = _leaf_positions(
                self._table.column(column), column, codelist
            )
        return cached

    def responses(self, column: str, codelist: Codelist) -> Mask:
        """Multi-response column as a 0/1 matrix, shape ``(rows, leaves)``.

        Repeats in a row count once; an exclusive answer counts only where there is no other.
        """
        lists = self._table.column(column).combine_chunks()
        if isinstance(lists, pa.ChunkedArray):
            lists = lists.chunk(0) if lists.num_chunks else pa.array([], lists.type)
        present = np.zeros((len(lists), len(codelist.leaves)), dtype=np.bool_)
        rows = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), dtype=np.intp)
        present[rows, _leaf_positions(pa.chunked_array([pc.list_flatten(lists)]), column, codelist)] = True
        exclusive = np.array([codelist[leaf].exclusive for leaf in codelist.leaves], dtype=np.bool_)
        # "Unknown" beside a known answer says nothing; protection relies on the two excluding each other.
        answered = np.any(present[:, ~exclusive], axis=1, keepdims=True)
        present[:, exclusive] &= ~answered
        return present

    @cached_property
    def birth(self) -> tuple[Positions, Positions, Mask]:
        """Year of birth, month * 100 + day, and where both are known."""
        days = self.days("birth", missing=_NO_BIRTH)
        known = days != _NO_BIRTH
        years, month_days = _split_days(np.where(known, days, 0))
        return years, month_days, known

    def ages(self, codelist: Codelist, reference: Days | np.int32, selected: Positions | slice) -> Positions:
        """Leaf positions of the age group at the reference date (completed years).

        Unknown, negative and implausible ages (no class holds them) count as unknown.
        """
        years, month_days, known = (part[selected] for part in self.birth)
        reference_years, reference_month_days = _split_days(np.asarray(reference))
        age = reference_years - years - (reference_month_days < month_days)
        classes = _age_classes(codelist)
        inside = known & (age >= 0) & (age < len(classes))
        unknown = codelist.leaves.index(UNKNOWN)
        return np.where(inside, classes[np.where(inside, age, 0)], unknown)


def _leaf_positions(column: pa.ChunkedArray, name: str, codelist: Codelist) -> Positions:
    encoded = column.combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], column.type)
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


def _split_days(days: Days) -> tuple[Positions, Positions]:
    """Days since 1970 → year, month * 100 + day."""
    dates = _EPOCH + days.astype("timedelta64[D]")
    months = dates.astype("datetime64[M]")
    month_number = months.astype(np.int64)
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return (1970 + month_number // 12).astype(np.intp), (month_number % 12 * 100 + 100 + day).astype(np.intp)


def _age_classes(codelist: Codelist) -> Positions:
    """Leaf position for each age in completed years."""
    spans = [
        (number, codelist[leaf].attributes["lower_years"], codelist[leaf].attributes["upper_years"])
        for number, leaf in enumerate(codelist.leaves)
        if "lower_years" in codelist[leaf].attributes
    ]
    classes = np.empty(max(upper for _, _, upper in spans), dtype=np.intp)
    for number, lower, upper in spans:
        classes[lower:upper] = number
    return classes


def _day(value: object) -> np.int32:
    return np.int32((np.datetime64(value, "D") - _EPOCH).astype(np.int64))  # type: ignore[call-overload]


def _period_of(days: Days, periods: tuple[Period, ...]) -> Positions:
    """Position of the period each day lies in, -1 for none."""
    found = np.full(len(days), -1, dtype=np.intp)
    for number, period in enumerate(periods):
        found[(days >= _day(period.first_day)) & (days <= _day(period.last_day))] = number
    return found


def _count(
    events: _Events,
    target: _Target,
    indicator: Indicator,
    selected: Positions,
    *,
    groups: Positions,
    reference: Days | np.int32,
    period: int | None,
) -> None:
    """Count selected events into every table of an indicator.

    Args:
        events: the fact table.
        target: where counts go.
        indicator: what is counted.
        selected: rows that count.
        groups: for each selected row the position of its period (all zero if ``period`` is given).
        reference: reference date of ages, one or one per selected row.
        period: the only period, or None for all.
    """
    depth = len(target.periods) if period is None else 1
    for table in indicator.tables:
        uses = [use for d in table if (use := indicator.dimension_use(d)) is not None]
        if len(uses) == 1 and not uses[0].additive:
            _count_responses(events, target, indicator, table, selected, groups=groups, period=period)
            continue
        combined, shape = groups, [depth]
        for use in uses:
            if use.id == "AGE":
                codes = events.ages(use.codelist, reference, selected)
            else:
                codes = events.codes(use.id, use.codelist)[selected]
            size = len(margins_of(use.codelist).leaves)
            combined, shape = combined * size + codes, [*shape, size]
        counts = np.bincount(combined, minlength=int(np.prod(shape))).reshape(shape)
        target.place(indicator, table, counts, period=period)


def _count_responses(
    events: _Events,
    target: _Target,
    indicator: Indicator,
    table: tuple[str, ...],
    selected: Positions,
    *,
    groups: Positions,
    period: int | None,
) -> None:
    """Count a multi-response table: each field once per case, and the total counts cases, not answers."""
    use = indicator.dimension_use(table[0])
    if use is None:
        raise KeyError(f"{indicator.id} has no dimension {table[0]}")
    depth = len(target.periods) if period is None else 1
    present = events.responses(use.id, use.codelist)[selected]
    counts = np.stack([present[groups == number].sum(axis=0, dtype=np.int64) for number in range(depth)])
    cells = table_margins(indicator, table, counts)
    cells[:, total_position(use.codelist)] = np.bincount(groups, minlength=depth)
    where = slice(None) if period is None else slice(period, period + 1)
    target.out[where, table_rows(target.grid, indicator, table)] = cells


def _flow(events: _Events, target: _Target, indicator_id: str, column: str) -> None:
    period = _period_of(events.days(column), target.periods)
    selected = np.flatnonzero(period >= 0)
    groups = period[selected]
    last_days = np.array([_day(p.last_day) for p in target.periods], dtype=np.int32)
    _count(
        events, target, target.indicator(indicator_id), selected,
        groups=groups, reference=last_days[groups], period=None,
    )  # fmt: skip


def _count_cases(facts: Facts, target: _Target) -> None:
    cases, contacts = _Events(facts.table("cases")), _Events(facts.table("contacts"))
    _flow(cases, target, "CASES_OPENED", "opened")
    _flow(cases, target, "CASES_CLOSED", "closed")
    _flow(contacts, target, "CONTACTS_ONEOFF", "date")
    opened, closed = cases.days("opened"), cases.days("closed")
    for number, period in enumerate(target.periods):
        last = _day(period.last_day)
        # Closed on the reference date is no longer open: open = open before + opened - closed.
        selected = np.flatnonzero((opened <= last) & (closed > last))
        _count(
            cases, target, target.indicator("CASES_OPEN"), selected,
            groups=np.zeros(len(selected), dtype=np.intp), reference=last, period=number,
        )  # fmt: skip


def _count_persons(facts: Facts, target: _Target) -> None:
    involvements = facts.table("involvements")
    events = _Events(involvements)
    opened, closed = events.days("opened"), events.days("closed")
    person = _numbered(involvements.column("person_id"))
    # Sorted so that the last row of a person is the involvement whose attributes count:
    # latest start, ties by the greatest case id.
    order = np.lexsort((_ranked(involvements.column("case_id")), opened, person))
    person, opened, closed = person[order], opened[order], closed[order]
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    first_opened = np.repeat(opened[starts], np.diff(starts, append=len(person)))
    for number, period in enumerate(target.periods):
        first, last = _day(period.first_day), _day(period.last_day)
        counted = np.flatnonzero((opened <= last) & (closed >= first))
        is_last = np.diff(person[counted], append=-1) != 0
        supported = counted[is_last]
        new = supported[first_opened[supported] >= first]
        for indicator_id, rows in (("PERSONS_SUPPORTED", supported), ("PERSONS_NEW", new)):
            _count(
                events, target, target.indicator(indicator_id), order[rows],
                groups=np.zeros(len(rows), dtype=np.intp), reference=last, period=number,
            )  # fmt: skip


def _numbered(column: pa.ChunkedArray) -> Positions:
    """Equal texts get equal numbers."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.intp)


def _ranked(column: pa.ChunkedArray) -> Positions:
    """Numbers in the byte order of the texts."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    rank = np.empty(len(encoded.dictionary), dtype=np.intp)
    rank[np.asarray(pc.sort_indices(encoded.dictionary))] = np.arange(len(rank))
    return rank[np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.intp)]


_COUNTERS: Final[Mapping[str, Callable[[Facts, _Target], None]]] = {
    "CASES": _count_cases,
    "PERSONS": _count_persons,
}
