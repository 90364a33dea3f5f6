"""Counting in plain loops: items into leaf cells, leaf cells into all cells above them.

Purpose: the arithmetic of the answer key, one indicator at a time. It also notes who stands behind a cell of
posts or money, because the rules for those look at contributors.

Invariants: no arrays, no code of the aggregation package; tables, codelists and cell keys come from the
catalogue; a cell that is not in the result is a true zero; the tables of an indicator share their totals
(checked while counting).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from protocol.catalogue import Catalogue, Indicator
from protocol.codelists import NOT_APPLICABLE, TOTAL, Codelist

#: Grid key joined by ``|`` → true value; zeros are left out.
Figures = dict[str, int]
#: Leaf codes by dimension; several for a multi-response dimension.
Codes = Mapping[str, str | frozenset[str]]


@dataclass(frozen=True, slots=True)
class Item:
    """What is counted: where it belongs, how much it is, and who contributes it (posts and money only)."""

    codes: Codes
    value: int = 1
    contributor: str = ""


@dataclass(frozen=True, slots=True)
class Contributions:
    """Who stands behind a cell: how many, and how much (absolute) the two largest and all together bring."""

    contributors: int
    largest: int
    second: int
    gross: int


def count_indicator(catalogue: Catalogue, indicator: Indicator, items: Sequence[Item]) -> Figures:
    """Count one indicator over all its tables.

    Raises:
        ValueError: if two of its tables disagree about a cell that they share.
    """
    figures: Figures = {}
    for table in indicator.tables:
        leaves: dict[tuple[str | frozenset[str], ...], int] = {}
        for item in items:
            leaf = tuple(item.codes[dimension] for dimension in table)
            leaves[leaf] = leaves.get(leaf, 0) + item.value
        cells = _Cells(catalogue, indicator, table)
        counted: Figures = {}
        for leaf, value in leaves.items():
            for key in cells.above(leaf):
                counted[key] = counted.get(key, 0) + value
        for key, value in counted.items():
            if figures.setdefault(key, value) != value:
                raise ValueError(f"the tables of {indicator.id} do not share their totals")
    return {key: value for key, value in figures.items() if value}


def contributions(
    catalogue: Catalogue, indicator: Indicator, items: Sequence[Item]
) -> dict[str, Contributions]:
    """Note for each cell of one indicator who stands behind it; who brings nothing does not."""
    shares: dict[str, dict[str, int]] = {}
    for table in indicator.tables:
        cells = _Cells(catalogue, indicator, table)
        found: dict[str, dict[str, int]] = {}
        for item in items:
            for key in cells.above(tuple(item.codes[dimension] for dimension in table)):
                amounts = found.setdefault(key, {})
                amounts[item.contributor] = amounts.get(item.contributor, 0) + item.value
        shares.update(found)
    return {key: _contributions(amounts.values()) for key, amounts in shares.items()}


def _contributions(amounts: Iterable[int]) -> Contributions:
    sizes = sorted((abs(amount) for amount in amounts if amount), reverse=True)
    largest, second = (*sizes, 0, 0)[:2]
    return Contributions(len(sizes), largest, second, sum(sizes))


class _Cells:
    """The keys of all cells of one table under which a leaf counts, once each."""

    def __init__(self, catalogue: Catalogue, indicator: Indicator, table: Sequence[str]) -> None:
        own = {use.id: use for use in indicator.dimensions}
        self._above = [_codes_above(own[dimension].codelist) for dimension in table]
        dimensions = catalogue.dataset(indicator.dataset).dimensions
        self._template = [indicator.id, *(TOTAL if d in own else NOT_APPLICABLE for d in dimensions)]
        self._places = [1 + dimensions.index(dimension) for dimension in table]

    def above(self, leaf: Sequence[str | frozenset[str]]) -> Iterable[str]:
        key = self._template.copy()
        for codes in product(*(above(code) for above, code in zip(self._above, leaf, strict=True))):
            for place, code in zip(self._places, codes, strict=True):
                key[place] = code
            yield "|".join(key)


def _codes_above(codelist: Codelist) -> Callable[[str | frozenset[str]], set[str]]:
    """Return a function from a leaf (or several) to all published codes under which it counts."""
    known: dict[str, set[str]] = {}
    for code in codelist.leaves:
        published = codelist.recode(code)
        known[code] = {published, *codelist.ancestors(published)}

    def above(code: str | frozenset[str]) -> set[str]:
        if isinstance(code, str):
            return known[code]
        return set().union(*(known[one] for one in code))

    return above
