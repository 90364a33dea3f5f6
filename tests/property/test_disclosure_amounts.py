"""Amounts against brute force: how closely the attacker knows a carrier, from all integer tables that fit.

Rules and levels are read once more, in plain fractions and per cell, for outsiders and for everybody who has
a share of his own.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregation.disclosure import Delivered, Verdict, audit_delivery, cell_bounds, protect_delivery
from aggregation.disclosure.primary import open_zeros
from aggregation.disclosure.relations import structure_of
from aggregation.limits import OPEN_ABOVE, OPEN_BELOW
from aggregation.sdc.audit.attack import examine
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import LinearSystem, Relation, RelationKind
from aggregation.sdc.publication import Publication
from aggregation.tabulation import Tabulation
from protocol.catalogue import Catalogue, RuleKind
from protocol.codelists import TOTAL
from protocol.errors import KimError
from tests.factories.catalogues import catalogue_of, codelist, indicator
from tests.factories.worlds import possible, published
from tests.spec.books import YEAR, booked

EUR = {
    "id": "EUR",
    "kind": "magnitude",
    "min_contributors": 3,
    "top_n": 1,
    "max_share_percent": 85,
    "min_protection_percent": 30,
    "breakdowns": ["A", "B"],
}
TWO = {
    **EUR,
    "id": "TWO",
    "min_contributors": 2,
    "top_n": 2,
    "max_share_percent": 90,
    "min_protection_percent": 0,
}
FTE = {
    "id": "FTE",
    "kind": "positions",
    "min_contributors": 3,
    "min_protection_percent": 40,
    "breakdowns": ["A"],
}
A3 = codelist("CL_A", {"_T": None, "a1": "_T", "a2": "_T", "a3": "_T"})
A2 = codelist("CL_A", {"_T": None, "a1": "_T", "a2": "_T"})
B2 = codelist("CL_B", {"_T": None, "b1": "_T", "b2": "_T"})
YEARLY = {"frequencies": {"D": ["A"]}, "rules": [EUR, TWO, FTE]}


def _amount(tables: list[list[str]], rule: str, **changes: object) -> dict:
    kind = "fte" if rule == "FTE" else "magnitude"
    return indicator("N", tables, rule=rule, type=kind, frequencies=["A"], **changes)


WORLDS = {
    "one table": catalogue_of([A3], [_amount([["A"]], "EUR")], **YEARLY),
    "crossed": catalogue_of([A2, B2], [_amount([["A", "B"]], "EUR")], **YEARLY),
    "linked": catalogue_of([A3, B2], [_amount([["A"], ["B"]], "EUR")], **YEARLY),
    "repayments": catalogue_of([A3], [_amount([["A"]], "EUR", may_be_negative=True)], **YEARLY),
    "the two largest": catalogue_of([A3], [_amount([["A"]], "TWO")], **YEARLY),
    "posts": catalogue_of([A2, B2], [_amount([["B"], ["B", "A"]], "FTE")], **YEARLY),
}


@st.composite
def books(draw: st.DrawFn, catalogue: Catalogue) -> dict[str, dict[str, int]]:
    """Contributions of up to four carriers to the elementary cells."""
    grid = structure_of(catalogue, "D").grid
    negative = grid.indicators[0].may_be_negative
    leaves = [""]
    for use in grid.indicators[0].dimensions:
        leaves = [
            f"{leaf} {code}".strip() for leaf in leaves for code in use.codelist.leaves if code != TOTAL
        ]
    amounts = st.sampled_from([1, 1, 2, 5, *([-1, -3] if negative else [])])
    shares = st.dictionaries(st.sampled_from("XYZ"), amounts, max_size=3)
    return {leaf: draw(shares) for leaf in leaves}


def _required(catalogue: Catalogue, table: Tabulation, row: int) -> tuple[int, int]:
    """How far above and below an attacker must be left, by the words of the rules; 0, 0 if not sensitive."""
    grid = structure_of(catalogue, "D").grid
    rule = catalogue.rule_for(grid.indicators[0], grid.codes(row))
    if rule.kind is RuleKind.NONE:
        return 0, 0
    value, count = int(table.values[row]), int(table.contributors[row])
    first, second, gross = int(table.largest[row]), int(table.second[row]), int(table.gross[row])
    share = Fraction(rule.min_protection_percent or 0, 100)
    levels: list[Fraction] = []
    if 0 < count < rule.min_contributors:
        levels.append(share * (first if rule.kind is RuleKind.MAGNITUDE else max(first, abs(value))))
    if rule.kind is RuleKind.MAGNITUDE:
        if rule.top_n and rule.max_share_percent:
            top = first + second if rule.top_n == 2 else first
            if top * 100 > rule.max_share_percent * gross:
                levels.append(Fraction(100, rule.max_share_percent) * top - gross)
        if share * first > gross - first - second:
            levels.append(share * first - (gross - first - second))
    if not levels:
        return 0, 0
    level = max(1, ceil(max(levels)))
    room = level if value < 0 else value - min(value, 1)
    return level, min(level, room)


def _too_close(catalogue: Catalogue, delivery: Delivered) -> set[int]:
    """Withheld cells of which somebody knows more than he may: an outsider, or who has a share himself."""
    outsider = published(structure_of(catalogue, "D"), delivery)
    required = {
        row: _required(catalogue, delivery.table, row) for row in np.flatnonzero(delivery.withheld).tolist()
    }
    found = _found_by(outsider, required)
    shares = delivery.table.shares
    for contributor in sorted(set(shares.contributor.tolist())):
        own = {
            int(cell): int(amount)
            for cell, who, amount in zip(shares.cell, shares.contributor, shares.amount, strict=True)
            if who == contributor
        }
        found |= _found_by(*_inside(catalogue, delivery, outsider, required, own))
    return found


def _found_by(publication: Publication, required: dict[int, tuple[int, int]]) -> set[int]:
    """Cells of which no table lies as far above, or none as far below, as required."""
    values = publication.values
    cap = int(np.abs(values).max()) + max((rise for rise, _ in required.values()), default=0) + 1
    return {
        row
        for row, (rise, fall) in required.items()
        if (rise and not possible(publication, row, int(values[row]) + rise, cap, cap=cap))
        or (fall and not possible(publication, row, -cap, int(values[row]) - fall, cap=cap))
    }


def _inside(
    catalogue: Catalogue,
    delivery: Delivered,
    outsider: Publication,
    required: dict[int, tuple[int, int]],
    own: dict[int, int],
) -> tuple[Publication, dict[int, tuple[int, int]]]:
    """What somebody with some shares knows, and what he must not: the amounts of others."""
    grid, table = structure_of(catalogue, "D").grid, delivery.table
    withheld, floors = outsider.withheld.copy(), outsider.floors.copy()
    towards = dict(required)
    for row, share in own.items():
        if table.contributors[row] == 1:
            withheld[row] = False
            towards.pop(row, None)
            continue
        if share > 0 and table.values[row] == table.gross[row]:  # nobody's share is negative
            floors[row] = max(floors[row], share)
        if row in towards and abs(share) == table.largest[row] > table.second[row]:
            rule = catalogue.rule_for(grid.indicators[0], grid.codes(row))
            other = Fraction(rule.min_protection_percent or 0, 100) * int(table.second[row])
            limit = max(1, ceil(other)) if table.contributors[row] == 2 else 0
            rise, fall = towards[row]
            towards[row] = min(rise, limit), min(fall, limit)
    for row, (rise, fall) in towards.items():
        room = int(table.values[row] - floors[row])
        towards[row] = rise, min(fall, room)
    return Publication(outsider.system, outsider.values, withheld, floors), towards


def _shown(delivery: Delivered) -> list[int | None]:
    return [None if h else int(v) for v, h in zip(delivery.values, delivery.withheld, strict=True)]


def _audited(catalogue: Catalogue, delivery: Delivered) -> tuple[set[int], Verdict]:
    report = audit_delivery(catalogue, "D", YEAR, _shown(delivery), table=delivery.table)
    assert not report.undecided
    grid = structure_of(catalogue, "D").grid
    rows = {grid.index[finding.key] for finding in report.exposed}
    return {row for row in rows if delivery.withheld[row]}, report.verdict


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=60)
@given(data=st.data())
def test_the_audit_finds_exactly_the_amounts_that_are_known_too_closely(
    name: str, data: st.DataObject
) -> None:
    catalogue = WORLDS[name]
    table = booked(catalogue, data.draw(books(catalogue)))
    hidden = data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    withheld = np.array(hidden) & ~open_zeros(structure_of(catalogue, "D"), table)
    delivery = Delivered("D", YEAR, table, withheld)
    in_the_open = [row for row in np.flatnonzero(~withheld) if _required(catalogue, table, row)[0]]
    exposed, verdict = _audited(catalogue, delivery)
    assert exposed == _too_close(catalogue, delivery)
    assert (verdict is Verdict.SAFE) == (not exposed and not in_the_open)


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_protected_delivery_leaves_every_amount_its_interval(name: str, data: st.DataObject) -> None:
    catalogue = WORLDS[name]
    structure = structure_of(catalogue, "D")
    table = booked(catalogue, data.draw(books(catalogue)))
    try:
        withheld = protect_delivery(catalogue, "D", YEAR, table).withheld
    except KimError as refusal:
        if refusal.code != "disclosure_unsafe":
            raise
        everything = Delivered("D", YEAR, table, ~open_zeros(structure, table))
        assert _too_close(catalogue, everything)
        return
    delivery = Delivered("D", YEAR, table, withheld)
    assert not any(_required(catalogue, table, row)[0] for row in np.flatnonzero(~withheld))
    assert not (withheld & open_zeros(structure, table)).any()
    assert not _too_close(catalogue, delivery)
    assert _audited(catalogue, delivery) == (set(), Verdict.SAFE)


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=15)
@given(data=st.data())
def test_bounds_of_amounts_hold_every_table(name: str, data: st.DataObject) -> None:
    """The hub knows no contributions: below zero everything is possible where the catalogue allows it."""
    catalogue = WORLDS[name]
    grid = structure_of(catalogue, "D").grid
    table = booked(catalogue, data.draw(books(catalogue)))
    hidden = data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    withheld = np.array(hidden)
    lower, upper = cell_bounds(grid, np.where(withheld, 0, table.values), withheld, catalogue)
    negative = grid.indicators[0].may_be_negative
    assert ((lower <= table.values) & ((table.values <= upper) | (upper == OPEN_ABOVE))).all()
    assert np.array_equal(lower[~withheld], table.values[~withheld])
    assert negative or (lower >= 0).all()
    for row in np.flatnonzero(withheld).tolist():
        if not negative:
            zero_floors = Publication(
                structure_of(catalogue, "D").system,
                table.values,
                withheld,
                np.zeros(len(table), dtype=np.int64),
            )
            assert possible(zero_floors, row, int(lower[row]), int(lower[row]), cap=60)
        else:
            assert lower[row] == OPEN_BELOW or lower[row] == upper[row]


# ------------------------------------------------------------------------- amounts of any size in any system


@settings(max_examples=100)
@given(data=st.data(), power=st.sampled_from([0, 3, 8]))
def test_the_audit_is_as_exact_for_billions_as_for_units(data: st.DataObject, power: int) -> None:
    """A table multiplied by a power of ten has the same secrets, multiplied."""
    values = np.array(data.draw(st.lists(st.integers(1, 9), min_size=5, max_size=5)), dtype=np.int64)
    rows = data.draw(st.lists(st.sets(st.integers(0, 4), min_size=2, max_size=4), min_size=1, max_size=3))
    signs = [[data.draw(st.sampled_from([-1, 1])) for _ in row] for row in rows]
    withheld = np.array(data.draw(st.lists(st.booleans(), min_size=5, max_size=5)))
    levels = np.array(data.draw(st.lists(st.integers(0, 4), min_size=5, max_size=5)), dtype=np.int64)
    small, large = (_examined(values, rows, signs, withheld, levels, scale) for scale in (1, 10**power))
    assert small == large


def _examined(
    values: np.ndarray,
    rows: Sequence[set[int]],
    signs: Sequence[Sequence[int]],
    withheld: np.ndarray,
    levels: np.ndarray,
    scale: int,
) -> tuple[set[int], bool]:
    scaled = values * scale
    relations = []
    for row, sign in zip(rows, signs, strict=True):
        total = sum(s * int(scaled[cell]) for s, cell in zip(sign, sorted(row), strict=True))
        relations.append(Relation(RelationKind.SUM, tuple(sorted(row)), tuple(sign), total, total))
    system = LinearSystem.of(5, relations)
    rise = np.where(withheld, levels * scale, 0)
    fall = np.minimum(rise, scaled)
    publication = Publication(system, scaled, withheld, np.zeros(5, dtype=np.int64))
    outcome = examine(publication, Demands(np.zeros(5, dtype=np.bool_), rise, fall))
    return {exposed.cell for exposed in outcome.exposed}, bool(outcome.undecided)
