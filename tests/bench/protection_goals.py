"""The goals for tables that are protected beside the peers: what was reached, and whether that meets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tests.bench.goals import Goal
from tests.bench.protection_results import Result

_SMALL: Final = ("a1_6x8", "a2_6x8", "a3_6x8", "a3d1", "a3d2")
_OPTIMA: Final = {"e_pct": (15, 1_130_647, 0.16), "e_dom": (11, 1_544_674, 0.06)}
"""Cells and euros withheld by an optimal pattern against outsiders, and the seconds of the peer."""

_SAME_ORDER: Final = 10


def goals_reached(results: Sequence[Result]) -> list[Goal]:
    """Return every goal about a table that was measured, in the order of the design."""
    ours = [each for each in results if each.program == "ours" and each.level == "S1" and not each.ended]
    return [
        *_within(ours, "b_region", "unit", 195, 10),
        *_within(ours, "b_region", "unit", 185, 60),
        *_within(ours, "b_region", "value", 7_800, 10),
        *_within(ours, "d_linked", "unit", 255, 20),
        *_within(ours, "d_linked", "value", 3_350, 20),
        *_medium(ours),
        *_big(ours),
        *_small(ours),
        *_amounts(ours),
    ]


def _within(ours: Sequence[Result], table: str, cost: str, most: int, seconds: float) -> Iterator[Goal]:
    for each in _best(ours, table, cost, seconds):
        unit = "cells" if cost == "unit" else "persons"
        met = each.safe and each.price(each.cost) <= most and _seconds(each) <= seconds
        yield Goal(f"{table}, {cost}", f"<= {most:,} {unit} within {seconds:g} s", _reached(each), met)


def _medium(ours: Sequence[Result]) -> Iterator[Goal]:
    runs = [each for each in ours if each.table == "b2_medium"]
    met = any(
        each.safe and _seconds(each) <= 120 and ((each.withheld or 0) <= 1_500 or (each.value or 0) <= 21_000)
        for each in runs
    )
    if runs:
        reached = "; ".join(_reached(each) for each in runs)
        yield Goal("b2_medium", "<= 1,500 cells or 21,000, 120 s", reached, met)


def _big(ours: Sequence[Result]) -> Iterator[Goal]:
    for each in ours:
        if each.table == "c_big":
            met = each.safe and _seconds(each) <= 1_200 and (each.peak_mb or 0) < 6_000
            reached = f"{_reached(each)}, {each.peak_mb or 0:,.0f} MB"
            yield Goal(f"c_big, {each.cost}", "safe within 20 min, < 6 GB", reached, met)


def _small(ours: Sequence[Result]) -> Iterator[Goal]:
    runs = [each for each in ours if each.table in _SMALL]
    if runs:
        proven = [each for each in runs if each.safe and each.stated.get("optimal")]
        slowest = max(_seconds(each) for each in runs)
        reached = f"{len(proven)} of {len(runs)} proven, slowest {slowest:.2f} s"
        met = len(proven) == len(runs) and slowest < 1
        yield Goal("6x8 and 3-D tables", "proven optimum, each < 1 s", reached, met)


def _amounts(ours: Sequence[Result]) -> Iterator[Goal]:
    for each in ours:
        if each.table in _OPTIMA:
            cells, euros, seconds = _OPTIMA[each.table]
            most = cells if each.cost == "unit" else euros
            met = each.safe and each.price(each.cost) <= most and _seconds(each) <= _SAME_ORDER * seconds
            goal = f"{most:,} within some {seconds:g} s"
            yield Goal(f"{each.table}, {each.cost}", goal, _reached(each), met)


def _best(ours: Sequence[Result], table: str, cost: str, seconds: float) -> Sequence[Result]:
    """Return the run with the longest time that is within the goal's, if the table was measured."""
    runs = sorted((each for each in ours if (each.table, each.cost) == (table, cost)), key=_seconds)
    within = [each for each in runs if _seconds(each) <= seconds]
    return within[-1:] or runs[:1]


def _seconds(result: Result) -> float:
    """Return the processor time of the protection itself, without the start of the process."""
    seconds = result.stated.get("seconds", float("inf"))
    return seconds if isinstance(seconds, float) else float("inf")


def _reached(result: Result) -> str:
    unit = "cells" if result.cost == "unit" else "persons" if result.table not in _OPTIMA else "euros"
    safe = "" if result.safe else ", NOT SAFE"
    proven = ", optimal" if result.stated.get("optimal") else ""
    return f"{result.price(result.cost):,} {unit} in {_seconds(result):.1f} s{proven}{safe}"
