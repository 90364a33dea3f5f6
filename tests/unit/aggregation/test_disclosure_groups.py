"""Tests of groups that are withheld as a whole, their zeros too, where nothing less protects (ADR 0027).

Two quarters of stocks and flows by A and B. In the first, three people of group u are hidden behind one of
group m: there may be fewer of them, not more. Then one of u leaves, and nobody comes: as zeros are shown,
those who stay are alone in their cells, there cannot have been fewer either, and everything is known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aggregation.disclosure import Delivered, Verdict, audit_delivery, cell_bounds, protect_delivery
from aggregation.disclosure.primary import Reason, hiding_zeros, open_zeros, sensitive_cells
from aggregation.disclosure.relations import structure_of
from aggregation.tabulation import Tabulation
from protocol.periods import Period
from tests.factories.catalogues import catalogue_of, codelist, indicator
from tests.factories.worlds import count, determined, published

FLOW: dict[str, Any] = {
    "id": "V",
    "kind": "flow",
    "severity": "error",
    "certain": False,
    "text": {"de": "v", "en": "v"},
    "dimensions": ["A"],
    "terms": [
        {"sign": 1, "indicator": "OPEN"},
        {"sign": -1, "indicator": "OPEN", "lag": 1},
        {"sign": -1, "indicator": "OPENED"},
        {"sign": 1, "indicator": "CLOSED"},
    ],
}
CATALOGUE = catalogue_of(
    [
        codelist("CL_A", {"_T": None, "m": "_T", "u": "_T"}),
        codelist("CL_B", {"_T": None, "x": "_T", "y": "_T"}),
    ],
    [
        indicator("OPEN", [["A", "B"]], stock_or_flow="stock"),
        indicator("OPENED", [["A"]]),
        indicator("CLOSED", [["A"]]),
    ],
    identities=[FLOW],
)
STRUCTURE = structure_of(CATALOGUE, "D")
GRID = STRUCTURE.grid
BEFORE, NOW = Period(2025, 1), Period(2025, 2)

STAY = ["mx", *["my"] * 6, "ux", "uy"]


def _people(groups: list[str]) -> list[dict[str, frozenset[str]]]:
    return [{"A": frozenset(group[0]), "B": frozenset(group[1])} for group in groups]


def _row(indicator_id: str, a: str = "_T", b: str = "_T") -> int:
    return GRID.index[(indicator_id, a, b if indicator_id == "OPEN" else "_Z")]


def _first() -> Delivered:
    values = count(GRID, {"OPEN": _people([*STAY, "uy"])})
    withheld = np.zeros(len(GRID), dtype=np.bool_)
    shown = [("m", "y"), ("_T", "_T")]
    withheld[
        [_row("OPEN", a, b) for a in ("_T", "m", "u") for b in ("_T", "x", "y") if (a, b) not in shown]
    ] = True
    return Delivered("D", BEFORE, Tabulation.of_counts(values), withheld)


FIRST = _first()
TABLE = Tabulation.of_counts(count(GRID, {"OPEN": _people(STAY), "CLOSED": _people(["uy"])}))


def _audit(withheld: np.ndarray) -> Verdict:
    shown = [None if hidden else int(v) for v, hidden in zip(TABLE.values, withheld, strict=True)]
    return audit_delivery(CATALOGUE, "D", NOW, shown, table=TABLE, linked=[FIRST]).verdict


def _secrets(new: Delivered) -> list[int]:
    masks = [d.withheld & sensitive_cells(STRUCTURE, d.table) for d in (new, FIRST)]
    return np.flatnonzero(np.concatenate(masks)).tolist()


def test_with_all_zeros_shown_no_pattern_protects() -> None:
    assert not determined(published(STRUCTURE, FIRST), np.flatnonzero(FIRST.withheld).tolist())
    everything = Delivered("D", NOW, TABLE, ~open_zeros(STRUCTURE, TABLE))
    assert determined(published(STRUCTURE, everything, [FIRST]), _secrets(everything))
    assert _audit(everything.withheld) is Verdict.UNSAFE


def test_a_group_withheld_as_a_whole_protects() -> None:
    protection = protect_delivery(CATALOGUE, "D", NOW, TABLE, linked=[FIRST])
    hiding = hiding_zeros(STRUCTURE, TABLE, protection.withheld)
    assert [place for place, rows in STRUCTURE.groups.items() if hiding[rows].all()] == [("A", "u")]
    assert not (protection.withheld & open_zeros(STRUCTURE, TABLE) & ~hiding).any()
    assert set(protection.reasons[hiding].tolist()) == {Reason.FREQUENCY, Reason.GROUP}
    new = Delivered("D", NOW, TABLE, protection.withheld)
    assert not determined(published(STRUCTURE, new, [FIRST]), _secrets(new))
    assert _audit(protection.withheld) is Verdict.SAFE


def test_who_reads_the_pattern_knows_that_a_group_may_hide_zeros() -> None:
    withheld = protect_delivery(CATALOGUE, "D", NOW, TABLE, linked=[FIRST]).withheld
    lower, upper = cell_bounds(GRID, np.where(withheld, 0, TABLE.values), withheld, CATALOGUE)
    assert (lower <= TABLE.values).all()
    assert (TABLE.values <= upper).all()
    assert lower[_row("OPEN", "u", "x")] == 0
    # Elsewhere what is withheld is at least 1, as ever.
    assert lower[_row("CLOSED")] == 1


def test_a_zero_that_no_group_explains_must_be_shown() -> None:  # SPEC P-76
    withheld = protect_delivery(CATALOGUE, "D", NOW, TABLE, linked=[FIRST]).withheld.copy()
    withheld[_row("CLOSED", "m")] = True
    assert TABLE.values[_row("CLOSED", "m")] == 0
    assert _audit(withheld) is Verdict.UNKNOWN


@pytest.mark.parametrize("more", [0, 1])
def test_a_later_vintage_keeps_the_group(more: int) -> None:
    withheld = protect_delivery(CATALOGUE, "D", NOW, TABLE, linked=[FIRST]).withheld
    earlier = Delivered("D", NOW, TABLE, withheld)
    late = count(GRID, {"OPEN": _people([*STAY, *["my"] * more]), "CLOSED": _people(["uy"])})
    again = protect_delivery(CATALOGUE, "D", NOW, Tabulation.of_counts(late), linked=[FIRST, earlier])
    hiding = hiding_zeros(STRUCTURE, earlier.table, withheld)
    assert again.withheld[hiding].all()


def test_what_is_not_collected_stands_in_nobodys_way() -> None:
    collected = np.array([key[0] != "CLOSED" for key in GRID.keys], dtype=np.bool_)
    table = replace(TABLE, collected=collected, values=np.where(collected, TABLE.values, 0))
    group = np.zeros(len(GRID), dtype=np.bool_)
    group[STRUCTURE.groups["A", "u"]] = True
    assert np.array_equal(hiding_zeros(STRUCTURE, table, group & collected), group)
