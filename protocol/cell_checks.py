"""What must hold between and within the cells of one delivery, as arrays over the rows of its grid.

Compiled once per dataflow from the catalogue, so that a submission is checked by a few vector operations:
which rows add up to which, which parts cover their total, which counts are part of which, and how small a
count each row may show (SPEC P-55..P-60).

It deliberately holds only what can be read off a single delivery without its true values. Whether withheld
cells can be *reasoned* out by more than adding and subtracting is the audit's question, at the node, where
the true values are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.catalogue import Catalogue, Identity, IdentityKind, Indicator, RuleKind, rules_of_code
from protocol.codelists import TOTAL
from protocol.errors import kim_error
from protocol.grid import CellGrid, Key, grid_of
from protocol.texts import Text

Rows: TypeAlias = npt.NDArray[np.intp]
Counts: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_CHECKED_RULES: Final = frozenset({RuleKind.NONE, RuleKind.FREQUENCY})


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
    """The checks of one dataflow, aligned with its grid.

    Attributes:
        grid: the cells.
        sums: each line holds a total (sign -1, first) and its parts (sign +1): they add to zero.
        covers: the same for multi-response: the parts together reach at least the total.
        parts: pairs (part +1, whole -1): they add to at most zero.
        min_contributors: smallest publishable count of each row; 0 where no rule looks.
        may_be_negative: whether the row may be below zero.
        group_rows: rows that must not become an attribute of everybody in a group ...
        group_totals: ... and the total of that group; the same length.
        telling_rows: rows of the breakdowns that hold such a row, whose zeros say as much as its own ...
        telling_totals: ... and the total of the breakdown; the same length.
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


_COMPILED: dict[tuple[str, str], tuple[Catalogue, CellChecks]] = {}


def checks_of(catalogue: Catalogue, dataset_id: str) -> CellChecks:
    """Return the checks of a dataflow; compiled once per process and catalogue.

    Raises:
        KimError: ``schema_unknown`` for a dataflow that the catalogue does not have, or one whose disclosure
            rules this version cannot check (an unknown rule must never pass as none; SPEC P-52).
    """
    key = (catalogue.sha256, dataset_id)
    known = _COMPILED.get(key)
    if known is None or known[0] is not catalogue:
        known = _COMPILED[key] = (catalogue, _compile(catalogue, grid_of(catalogue, dataset_id)))
    return known[1]


def _compile(catalogue: Catalogue, grid: CellGrid) -> CellChecks:
    indicators = {indicator.id: indicator for indicator in grid.dataset.indicators}
    rules = [catalogue.rule_for(indicators[key[0]], grid.codes(row)) for row, key in enumerate(grid.keys)]
    if any(rule.kind not in _CHECKED_RULES for rule in rules):
        raise kim_error(
            "schema_unknown",
            Text(
                "Die Geheimhaltungsregeln dieser Tabelle kann diese Fassung noch nicht prüfen.",
                "This version cannot check the disclosure rules of this table yet.",
            ),
        )
    additive, covering = _margins(grid)
    groups = [
        (row, total, breakdown)
        for row, key in enumerate(grid.keys)
        if not rules[row].zero_publishable
        for total, breakdown in _groups(catalogue, grid, indicators[key[0]], key)
    ]
    telling = sorted({(row, total) for _, total, breakdown in groups for row in breakdown})
    pairs = itertools.chain(
        *(_parts(grid, line) for line in covering),
        *(_subset_pairs(grid, identity) for identity in catalogue.identities),
    )
    return CellChecks(
        grid=grid,
        sums=Lines.of(additive),
        covers=Lines.of(covering),
        parts=Lines.of(pairs),
        min_contributors=np.array([rule.min_contributors for rule in rules], dtype=np.int64),
        may_be_negative=np.array([indicators[key[0]].may_be_negative for key in grid.keys], dtype=np.bool_),
        group_rows=np.array([row for row, _, _ in groups], dtype=np.intp),
        group_totals=np.array([total for _, total, _ in groups], dtype=np.intp),
        telling_rows=np.array([row for row, _ in telling], dtype=np.intp),
        telling_totals=np.array([total for _, total in telling], dtype=np.intp),
    )


_Line: TypeAlias = tuple[tuple[int, int], ...]


def _margins(grid: CellGrid) -> tuple[list[_Line], list[_Line]]:
    """Return the additive and the multi-response lines, each once though linked tables share margins."""
    found: dict[_Line, bool] = {}
    for indicator in grid.dataset.indicators:
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
    indicator = next(i for i in grid.dataset.indicators if i.id == grid.keys[row][0])
    codes, whole = grid.codes(row), grid.codes(total)
    return any(
        codes[use.id] != whole[use.id] and use.codelist[codes[use.id]].exclusive
        for use in indicator.dimensions
    )


def _subset_pairs(grid: CellGrid, identity: Identity) -> Iterator[_Line]:
    """Yield (part, whole) for a declared subset of two indicators of this dataflow, cell by cell."""
    if identity.kind is not IdentityKind.SUBSET or identity.severity != "error":
        return
    indicators = {indicator.id: indicator for indicator in grid.dataset.indicators}
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
