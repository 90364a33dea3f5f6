"""Every carrier of a small table attacks with its own books; all tables that fit what it knows, enumerated.

Shares with the product the pattern and nothing else: what a carrier knows and how far the others have to stay
out of its reach is written out from the contributions themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.disclosure import Verdict, protect_delivery
from aggregation.disclosure.primary import open_zeros
from aggregation.disclosure.relations import structure_of
from protocol.errors import KimError
from protocol.grid import delivery_grid
from tests.factories.catalogues import catalogue_of, codelist, indicator
from tests.spec.books import YEAR, Books, audited, booked, row_named

CATALOGUE = catalogue_of(
    [codelist("CL_A", {"_T": None, "a": "_T", "b": "_T", "b1": "b", "b2": "b", "c": "_T"})],
    [indicator("N", [["A"]], rule="EUR", type="magnitude", frequencies=["A"])],
    rules=[
        {
            "id": "EUR",
            "kind": "magnitude",
            "min_contributors": 3,
            "top_n": 1,
            "max_share_percent": 85,
            "min_protection_percent": 30,
            "breakdowns": ["A"],
        }
    ],
    frequencies={"D": ["A"]},
)
LEAVES = ("a", "b1", "b2", "c")
CELLS: Mapping[str, tuple[str, ...]] = {
    **{leaf: (leaf,) for leaf in LEAVES},
    "b": ("b1", "b2"),
    "total": LEAVES,
}
CARRIERS = "WXYZ"
CAP = 26
TABLES = dict(
    zip(LEAVES, np.indices((CAP,) * len(LEAVES), dtype=np.int16).reshape(len(LEAVES), -1), strict=True)
)
"""Every table with leaves below the cap."""

BOOKS = st.fixed_dictionaries(
    {
        leaf: st.dictionaries(st.sampled_from(CARRIERS), st.sampled_from([1, 1, 2, 5]), max_size=4)
        for leaf in LEAVES
    }
)


@settings(max_examples=60)
@given(books=BOOKS)
def test_no_carrier_comes_too_close_to_another(books: Books) -> None:
    table = booked(CATALOGUE, books)
    try:
        withheld = protect_delivery(CATALOGUE, "D", YEAR, table).withheld
    except KimError as refusal:
        if refusal.code != "disclosure_unsafe":
            raise
        withheld = ~open_zeros(structure_of(CATALOGUE, "D", "A"), table)
        assert _found_out(books, withheld)
        return
    assert not _found_out(books, withheld)
    assert audited(CATALOGUE, table, withheld).verdict is Verdict.SAFE


@settings(max_examples=60)
@given(books=BOOKS, data=st.data())
def test_the_audit_finds_exactly_what_carriers_find_out(books: Books, data: st.DataObject) -> None:
    table = booked(CATALOGUE, books)
    hidden = data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    withheld = np.array(hidden) & ~open_zeros(structure_of(CATALOGUE, "D", "A"), table)
    grid = delivery_grid(CATALOGUE, "D", "A")
    report = audited(CATALOGUE, table, withheld)
    assert not report.undecided
    exposed = {grid.index[finding.key] for finding in report.exposed}
    assert {row for row in exposed if withheld[row]} == {
        row_named(grid, cell) for cell in _found_out(books, withheld)
    }


def _found_out(books: Books, withheld: np.ndarray) -> set[str]:
    """Withheld cells that an outsider or a carrier knows more closely than the rule allows."""
    grid = delivery_grid(CATALOGUE, "D", "A")
    hidden = {cell: bool(withheld[row_named(grid, cell)]) for cell in CELLS}
    return {cell for carrier in ("", *CARRIERS) for cell in _found_out_by(carrier, books, hidden)}


def _found_out_by(carrier: str, books: Books, hidden: Mapping[str, bool]) -> set[str]:
    behind = {cell: _behind(books, cell) for cell in CELLS}
    floor: dict[str, int] = {}
    fits = np.ones(CAP ** len(LEAVES), dtype=np.bool_)
    sums = {cell: sum(TABLES[leaf] for leaf in leaves) for cell, leaves in CELLS.items()}
    for cell, shares in behind.items():
        true = sum(shares.values())
        if not hidden[cell] or set(shares) == {carrier}:
            fits &= sums[cell] == true
        else:
            floor[cell] = max(min(true, 1), shares.get(carrier, 0))
            fits &= sums[cell] >= floor[cell]
    found = set()
    for cell, least in floor.items():
        level, true = _level(behind[cell], carrier, total=cell == "total"), sum(behind[cell].values())
        possible = sums[cell][fits]
        too_high = possible.max(initial=0) < true + level
        too_low = possible.min(initial=CAP) > true - min(level, true - least)
        if level and (too_high or too_low):
            found.add(cell)
    return found


def _behind(books: Books, cell: str) -> dict[str, int]:
    shares: dict[str, int] = {}
    for leaf in CELLS[cell]:
        for carrier, amount in books[leaf].items():
            shares[carrier] = shares.get(carrier, 0) + amount
    return shares


def _level(shares: Mapping[str, int], carrier: str, *, total: bool) -> int:
    """How far a cell has to stay open to a carrier; 0 where it is not sensitive, or not for others' sake."""
    if total or not shares:
        return 0
    sizes = [*sorted(shares.values(), reverse=True), 0]
    whole, first, second = sum(sizes), sizes[0], sizes[1]
    others, p = whole - first - second, Fraction(30, 100)
    levels = [p * first] if len(shares) < 3 else []
    if first * 100 > 85 * whole:
        levels.append(Fraction(100, 85) * first - whole)
    if p * first > others:
        levels.append(p * first - others)
    if not levels:
        return 0
    level = max(1, ceil(max(levels)))
    if shares.get(carrier) == first and second < first:
        return min(level, max(1, ceil(p * second))) if len(shares) == 2 else 0
    return level
