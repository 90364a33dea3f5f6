"""The disclosure rule of each cell, as the catalogue sets it: columns, one entry per cell of a grid.

It deliberately applies none of them: which cells are sensitive is `primary`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.sdc.linear_system import BoolArray, IntArray
from protocol.catalogue import Catalogue, DimensionUse, DisclosureRule, Indicator, RuleKind, rules_of_code
from protocol.cell_checks import count_minimum, distributions
from protocol.codelists import TOTAL
from protocol.errors import kim_error
from protocol.grid import CellGrid, Key

_BACKED: Final = frozenset({RuleKind.POSITIONS, RuleKind.MAGNITUDE})
"""Kinds of rules that look at the contributors behind an amount."""

_AMOUNTS: Final = frozenset({"fte", "magnitude"})
"""Types of indicators whose values are amounts."""

_KNOWN_LARGEST: Final = 2
"""How many of the largest contributors a tabulation knows."""


@dataclass(frozen=True, slots=True)
class CellRules:
    """The disclosure rule of each cell, as columns.

    Attributes:
        ruled: whether any rule looks at the cell.
        min_contributors: smallest publishable count; 0 where no rule looks at a count.
        amount: whether the cell is an amount (euros, full-time equivalents) and not a count of what it is
            about.
        min_backers: smallest number of contributors behind a publishable amount; 0 where no rule asks.
        top_n: number of largest contributors of the dominance rule; 0 where there is none ...
        max_share_percent: ... and their largest share of all contributions.
        concentration: whether the p % rule makes the cell sensitive ...
        min_protection_percent: ... and p, also the width of protection of other sensitive amounts.
        zero_publishable: whether a zero may be published.
        lone_persons: whether a person who is alone in another cell must not compute it either.
        may_be_negative: whether the cell can be below zero.
        complement_cell: cells whose complement is protected too (no group attribute may show) ...
        complement_total: ... and the total each of them is part of; the same length.
        telling_cell: cells whose zeros would say something about a whole group: all cells of a breakdown that
            holds a protected code ...
        telling_total: ... and the total of that breakdown; the same length.
        spread_cell: cells of a distribution that is shown or withheld as a whole ...
        spread_total: ... its total ...
        spread_minimum: ... and the smallest total with which it is shown; the same length.
    """

    ruled: BoolArray
    min_contributors: IntArray
    amount: BoolArray
    min_backers: IntArray
    top_n: IntArray
    max_share_percent: IntArray
    concentration: BoolArray
    min_protection_percent: IntArray
    zero_publishable: BoolArray
    lone_persons: BoolArray
    may_be_negative: BoolArray
    complement_cell: IntArray
    complement_total: IntArray
    telling_cell: IntArray
    telling_total: IntArray
    spread_cell: IntArray
    spread_total: IntArray
    spread_minimum: IntArray


def cell_rules(catalogue: Catalogue, grid: CellGrid) -> CellRules:
    """Return the rule of each cell of a grid.

    Raises:
        KimError: ``disclosure_unknown`` if a dominance rule looks at more contributors than a tabulation
            knows.
    """
    indicators = {indicator.id: indicator for indicator in grid.indicators}
    rules = [catalogue.rule_for(indicators[key[0]], grid.codes(row)) for row, key in enumerate(grid.keys)]
    if any(rule.top_n is not None and rule.top_n > _KNOWN_LARGEST for rule in rules):
        raise kim_error("disclosure_unknown")
    groups = [
        (row, total, breakdown)
        for row, key in enumerate(grid.keys)
        if not rules[row].zero_publishable
        for total, breakdown in _groups(catalogue, grid, indicators[key[0]], key)
    ]
    spreads = list(distributions(grid, rules))
    telling = sorted({(cell, total) for _, total, breakdown in groups for cell in breakdown})
    return CellRules(
        ruled=np.array([rule.kind is not RuleKind.NONE for rule in rules], dtype=np.bool_),
        min_contributors=count_minimum(catalogue, grid),
        amount=np.array([indicators[key[0]].type in _AMOUNTS for key in grid.keys], dtype=np.bool_),
        min_backers=_column(rules, _BACKED, lambda rule: rule.min_contributors),
        top_n=_column(rules, _BACKED, lambda rule: rule.top_n),
        max_share_percent=_column(rules, _BACKED, lambda rule: rule.max_share_percent),
        concentration=_column(rules, {RuleKind.MAGNITUDE}, lambda rule: rule.min_protection_percent) > 0,
        min_protection_percent=_column(rules, _BACKED, lambda rule: rule.min_protection_percent),
        zero_publishable=np.array([rule.zero_publishable for rule in rules], dtype=np.bool_),
        lone_persons=np.array([rule.lone_persons for rule in rules], dtype=np.bool_),
        may_be_negative=np.array([indicators[key[0]].may_be_negative for key in grid.keys], dtype=np.bool_),
        complement_cell=np.array([cell for cell, _, _ in groups], dtype=np.int64),
        complement_total=np.array([total for _, total, _ in groups], dtype=np.int64),
        telling_cell=np.array([cell for cell, _ in telling], dtype=np.int64),
        telling_total=np.array([total for _, total in telling], dtype=np.int64),
        spread_cell=np.array([cell for cell, _, _ in spreads], dtype=np.int64),
        spread_total=np.array([total for _, total, _ in spreads], dtype=np.int64),
        spread_minimum=np.array([least for _, _, least in spreads], dtype=np.int64),
    )


def _column(
    rules: Sequence[DisclosureRule],
    kinds: Set[RuleKind],
    parameter: Callable[[DisclosureRule], int | None],
) -> IntArray:
    """Return a parameter of the rules of some kinds; 0 elsewhere and where it is not set."""
    return np.array([(parameter(rule) or 0) if rule.kind in kinds else 0 for rule in rules], dtype=np.int64)


def _groups(
    catalogue: Catalogue, grid: CellGrid, indicator: Indicator, key: Key
) -> Iterator[tuple[int, list[int]]]:
    """Yield the totals that a cell with a protected group attribute is part of, and the breakdown of each.

    One per dimension whose code demands the protection; if the indicator demands it for all its cells, one
    per dimension that does not stand at its total.
    """
    codes = dict(zip(grid.dims, key[1:], strict=True))
    for use in indicator.dimensions:
        code, total = codes[use.id], use.codelist.total
        if total is None or code in {total, TOTAL}:
            continue
        demanded = any(
            not catalogue.rules[rule].zero_publishable
            for rule in rules_of_code(use.codelist, use.codelist[code])
        )
        row = grid.index.get(grid.key(indicator, _proper({**codes, use.id: total}, indicator)))
        if row is not None and (demanded or not indicator.rule.zero_publishable):
            yield row, _breakdown(grid, indicator, use, codes)


def _breakdown(
    grid: CellGrid, indicator: Indicator, use: DimensionUse, codes: Mapping[str, str]
) -> list[int]:
    """Return the cells of all codes of a dimension but its total, along one line."""
    keys = (
        grid.key(indicator, _proper({**codes, use.id: code.id}, indicator))
        for code in use.codelist.published
        if code.id not in {use.codelist.total, TOTAL}
    )
    return [grid.index[key] for key in keys if key in grid.index]


def _proper(codes: Mapping[str, str], indicator: Indicator) -> dict[str, str]:
    return {d: c for d, c in codes.items() if indicator.dimension_use(d) is not None}
