"""What must hold between and within the cells of one delivery, as arrays over the rows of its grid.

Compiled once per dataflow and frequency from the catalogue, so that a submission is checked by a few vector
operations: which rows add up to which, which parts cover their total, which counts are part of which, how
small a count each row may show, and which distributions are shown or withheld as a whole (SPEC P-55..P-60,
P-71..P-73).

It deliberately holds only what can be read off a single delivery without its true values. Whether withheld
cells can be *reasoned* out by more than adding and subtracting is the audit's question, at the node, where
the true values are; and so is everything about contributors: how many carriers stand behind an amount, and
how large the largest is, no table says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.catalogue import (
    Catalogue,
    DisclosureRule,
    Identity,
    IdentityKind,
    Indicator,
    RuleKind,
    Term,
    rules_of_code,
)
from protocol.codelists import TOTAL
from protocol.grid import CellGrid, Key, delivery_grid

Rows: TypeAlias = npt.NDArray[np.intp]
Counts: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_COUNTING: Final = frozenset({RuleKind.FREQUENCY, RuleKind.DISTRIBUTION})
"""Kinds of rules under which a value is itself the number of those it is about."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Many lines of rows in one flat array: line i is ``rows[starts[i]:starts[i + 1]]``, never empty.

    Attributes:
        rows: grid rows, line after line.
        signs: +1 or -1 for each entry of ``rows``.
        starts: where each line begins.
    """

    rows: Rows
    signs: Counts
    starts: Rows

    @classmethod
    def of(cls, lines: Iterable[tuple[tuple[int, int], ...]]) -> Lines:
        """Build from lines of (row, sign)."""
        listed = list(lines)
        flat = list(itertools.chain.from_iterable(listed))
        lengths = [len(line) for line in listed]
        return cls(
            rows=np.array([row for row, _ in flat], dtype=np.intp),
            signs=np.array([sign for _, sign in flat], dtype=np.int64),
            starts=np.array([0, *itertools.accumulate(lengths)][:-1], dtype=np.intp)
            if listed
            else np.array([], dtype=np.intp),
        )

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.starts)

    def total(self, per_entry: Counts) -> Counts:
        """Add up one number per entry of ``rows`` within each line."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        totals: Counts = np.add.reduceat(per_entry, self.starts)
        return totals


@dataclass(frozen=True, eq=False)
class CellChecks:
    """The checks of one dataflow in one frequency, aligned with the grid of a delivery.

    Attributes:
        grid: the cells.
        sums: each line holds a total (sign -1, first) and its parts (sign +1): they add to zero.
        covers: the same for multi-response: the parts together reach at least the total.
        parts: pairs (part +1, whole -1): they add to at most zero.
        min_contributors: smallest publishable count of each row; 0 where no rule looks at a count (amounts
            have contributors, but their value is not their number).
        may_be_negative: whether the row may be below zero.
        group_rows: rows that must not become an attribute of everybody in a group ...
        group_totals: ... and the total of that group; the same length.
        telling_rows: rows of the breakdowns that hold such a row, whose zeros say as much as its own ...
        telling_totals: ... and the total of the breakdown; the same length.
        spread_rows: rows of distributions, shown or withheld as a whole ...
        spread_totals: ... the total of the distribution ...
        spread_minimum: ... and the smallest total with which it may be shown; the same length.
        of_authorities: rows of indicators that an authority may report for several areas.
        indicator_starts: first row of each indicator; its rows stand together.
    """

    grid: CellGrid
    sums: Lines
    covers: Lines
    parts: Lines
    min_contributors: Counts
    may_be_negative: Flags
    group_rows: Rows
    group_totals: Rows
    telling_rows: Rows
    telling_totals: Rows
    spread_rows: Rows
    spread_totals: Rows
    spread_minimum: Counts
    of_authorities: Flags
    indicator_starts: Rows


_COMPILED: dict[tuple[str, str, str], tuple[Catalogue, CellChecks]] = {}


def checks_of(catalogue: Catalogue, dataset_id: str, freq: str) -> CellChecks:
    """Return the checks of a dataflow in a frequency; compiled once per process and catalogue.

    Raises:
        KimError: ``schema_unknown`` for a dataflow or frequency that the catalogue does not have (SPEC P-52).
    """
    key = (catalogue.sha256, dataset_id, freq)
    known = _COMPILED.get(key)
    if known is None or known[0] is not catalogue:
        known = _COMPILED[key] = (catalogue, _compile(catalogue, delivery_grid(catalogue, dataset_id, freq)))
    return known[1]


def count_minimum(catalogue: Catalogue, grid: CellGrid) -> Counts:
    """Return the smallest publishable count of each row: its own rule's, or that of a figure equal to it.

    Two indicators that count the same by the catalogue's word (the closed cases, and the closed cases by
    duration) are one figure: whoever sees one sees the other, so both keep the stricter minimum.

    Returns:
        One entry per row of the grid; 0 where no rule looks at a count.
    """
    indicators = {indicator.id: indicator for indicator in grid.indicators}
    minimum = np.array(
        [
            _minimum(catalogue.rule_for(indicators[key[0]], grid.codes(row)))
            for row, key in enumerate(grid.keys)
        ],
        dtype=np.int64,
    )
    for identity in catalogue.identities:
        if identity.kind is IdentityKind.EQUAL:
            for row, other in _equal_minima(catalogue, grid, identity):
                minimum[row] = max(minimum[row], other) if minimum[row] else 0
    return minimum


def _minimum(rule: DisclosureRule) -> int:
    return rule.min_contributors if rule.kind in _COUNTING else 0


def _equal_minima(catalogue: Catalogue, grid: CellGrid, identity: Identity) -> Iterator[tuple[int, int]]:
    """Yield (row, minimum of the figure it equals) for an identity of exactly two figures of one period."""
    if len(identity.terms) != 2 or any(term.lag for term in identity.terms):
        return
    first = catalogue.indicators[identity.terms[0].indicator]
    uses = [first.dimension_use(dimension) for dimension in identity.dimensions]
    for combination in itertools.product(*(use.codelist.published for use in uses if use is not None)):
        codes = {d: code.id for d, code in zip(identity.dimensions, combination, strict=True)}
        for term, other in (identity.terms, identity.terms[::-1]):
            row = _row_of_term(grid, term, codes)
            if row is not None:
                rule = catalogue.rule_for(
                    catalogue.indicators[other.indicator], {**codes, **dict(other.codes)}
                )
                yield row, _minimum(rule)


def _row_of_term(grid: CellGrid, term: Term, codes: Mapping[str, str]) -> int | None:
    indicator = next((i for i in grid.indicators if i.id == term.indicator), None)
    if indicator is None:
        return None
    return grid.index.get(grid.key(indicator, {**codes, **dict(term.codes)}))


def _compile(catalogue: Catalogue, grid: CellGrid) -> CellChecks:
    indicators = {indicator.id: indicator for indicator in grid.indicators}
    rules = [catalogue.rule_for(indicators[key[0]], grid.codes(row)) for row, key in enumerate(grid.keys)]
    additive, covering = _margins(grid)
    groups = [
        (row, total, breakdown)
        for row, key in enumerate(grid.keys)
        if not rules[row].zero_publishable
        for total, breakdown in _groups(catalogue, grid, indicators[key[0]], key)
    ]
    telling = sorted({(row, total) for _, total, breakdown in groups for row in breakdown})
    spreads = list(distributions(grid, rules))
    pairs = itertools.chain(
        *(_parts(grid, line) for line in covering),
        *(_subset_pairs(grid, identity) for identity in catalogue.identities),
    )
    return CellChecks(
        grid=grid,
        sums=Lines.of(additive),
        covers=Lines.of(covering),
        parts=Lines.of(pairs),
        min_contributors=count_minimum(catalogue, grid),
        may_be_negative=np.array([indicators[key[0]].may_be_negative for key in grid.keys], dtype=np.bool_),
        group_rows=np.array([row for row, _, _ in groups], dtype=np.intp),
        group_totals=np.array([total for _, total, _ in groups], dtype=np.intp),
        telling_rows=np.array([row for row, _ in telling], dtype=np.intp),
        telling_totals=np.array([total for _, total in telling], dtype=np.intp),
        spread_rows=np.array([row for row, _, _ in spreads], dtype=np.intp),
        spread_totals=np.array([total for _, total, _ in spreads], dtype=np.intp),
        spread_minimum=np.array([least for _, _, least in spreads], dtype=np.int64),
        of_authorities=np.array(
            [indicators[key[0]].reporting_unit == "authority" for key in grid.keys], dtype=np.bool_
        ),
        indicator_starts=np.array(
            sorted(grid.rows_of(name).start for name in {key[0] for key in grid.keys}), dtype=np.intp
        ),
    )


def distributions(grid: CellGrid, rules: Sequence[DisclosureRule]) -> Iterator[tuple[int, int, int]]:
    """Yield (row, total of its distribution, smallest total that may be broken down).

    One per dimension in which the row does not stand at its total.

    Args:
        grid: the cells.
        rules: the rule of each.
    """
    indicators = {indicator.id: indicator for indicator in grid.indicators}
    for row, (key, rule) in enumerate(zip(grid.keys, rules, strict=True)):
        if rule.kind is not RuleKind.DISTRIBUTION or rule.min_total is None:
            continue
        indicator, codes = indicators[key[0]], grid.codes(row)
        for use in indicator.dimensions:
            if use.codelist.total is not None and codes[use.id] != use.codelist.total:
                total = grid.index.get(grid.key(indicator, {**codes, use.id: use.codelist.total}))
                if total is not None:
                    yield row, total, rule.min_total


_Line: TypeAlias = tuple[tuple[int, int], ...]


def _margins(grid: CellGrid) -> tuple[list[_Line], list[_Line]]:
    """Return the additive and the multi-response lines, each once though linked tables share margins."""
    found: dict[_Line, bool] = {}
    for indicator in grid.indicators:
        for table in indicator.tables:
            for dimension in table:
                use = indicator.dimension_use(dimension)
                if use is not None:
                    found |= dict.fromkeys(_lines(grid, indicator, table, dimension), use.additive)
    return [line for line, sums in found.items() if sums], [line for line, sums in found.items() if not sums]


def _lines(grid: CellGrid, indicator: Indicator, table: tuple[str, ...], dimension: str) -> Iterator[_Line]:
    """Yield total and parts for every code with children, in every line of a table along a dimension."""
    uses = {use.id: use for use in indicator.dimensions}
    codelist = uses[dimension].codelist
    others = [other for other in table if other != dimension]
    for combination in itertools.product(*(uses[other].codelist.published for other in others)):
        fixed = {other: code.id for other, code in zip(others, combination, strict=True)}
        for parent in codelist.published:
            children = codelist.children(parent.id)
            if children:
                yield (
                    (_row(grid, indicator, {**fixed, dimension: parent.id}), -1),
                    *((_row(grid, indicator, {**fixed, dimension: child}), 1) for child in children),
                )


def _row(grid: CellGrid, indicator: Indicator, codes: Mapping[str, str]) -> int:
    return grid.index[grid.key(indicator, codes)]


def _parts(grid: CellGrid, line: _Line) -> Iterator[_Line]:
    """Yield what a multi-response total bounds (catalogue rule V_MULTI).

    Each part is a part of the total; whoever gave an exclusive answer ("unknown") gave no other, so the part
    and the exclusive ones together are one too.
    """
    (total, _), *parts = line
    exclusive = tuple((row, 1) for row, _ in parts if _is_exclusive(grid, row, total))
    for row, _ in parts:
        beside = tuple(pair for pair in exclusive if pair[0] != row)
        yield ((row, 1), *beside, (total, -1))


def _is_exclusive(grid: CellGrid, row: int, total: int) -> bool:
    """Whether a part's code, where it differs from the total's, excludes other answers."""
    indicator = next(i for i in grid.indicators if i.id == grid.keys[row][0])
    codes, whole = grid.codes(row), grid.codes(total)
    return any(
        codes[use.id] != whole[use.id] and use.codelist[codes[use.id]].exclusive
        for use in indicator.dimensions
    )


def _subset_pairs(grid: CellGrid, identity: Identity) -> Iterator[_Line]:
    """Yield (part, whole) for a declared subset of two indicators of this dataflow, cell by cell."""
    if identity.kind is not IdentityKind.SUBSET or identity.severity != "error":
        return
    indicators = {indicator.id: indicator for indicator in grid.indicators}
    if any(term.indicator not in indicators or term.lag for term in identity.terms):
        return
    uses = {use.id: use for use in indicators[identity.terms[0].indicator].dimensions}
    for combination in itertools.product(*(uses[d].codelist.published for d in identity.dimensions)):
        codes = {d: code.id for d, code in zip(identity.dimensions, combination, strict=True)}
        rows = [
            grid.index.get(grid.key(indicators[term.indicator], {**codes, **dict(term.codes)}))
            for term in identity.terms
        ]
        line = tuple(
            (row, term.sign) for row, term in zip(rows, identity.terms, strict=True) if row is not None
        )
        if len(line) == len(identity.terms):
            yield line


def _groups(
    catalogue: Catalogue, grid: CellGrid, indicator: Indicator, key: Key
) -> Iterator[tuple[int, list[int]]]:
    """Yield the groups in which this cell's protected code would be an attribute of all: total, breakdown."""
    codes = {d: code for d, code in zip(grid.dims, key[1:], strict=True) if indicator.dimension_use(d)}
    for use in indicator.dimensions:
        total = use.codelist.total
        if total is None or codes[use.id] in {total, TOTAL}:
            continue
        demanding = (
            catalogue.rules[rule] for rule in rules_of_code(use.codelist, use.codelist[codes[use.id]])
        )
        if indicator.rule.zero_publishable and all(rule.zero_publishable for rule in demanding):
            continue
        row = grid.index.get(grid.key(indicator, {**codes, use.id: total}))
        if row is not None:
            line = (
                grid.index.get(grid.key(indicator, {**codes, use.id: code.id}))
                for code in use.codelist.published
                if code.id not in {total, TOTAL}
            )
            yield row, [cell for cell in line if cell is not None]
