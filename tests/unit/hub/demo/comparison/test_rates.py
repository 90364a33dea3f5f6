"""Rates are asked for as people get them; a wrong one, a missing one and one that gives away a sign fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.demo.comparison import rates
from hub.demo.comparison.cells import PublishedCell
from hub.demo.comparison.judgement import Check, Judgement
from hub.demo.comparison.rates import RatesCheck
from hub.demo.comparison.release import Comparison
from hub.demo.truth.answer_key import AreaTruth
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState
from protocol.regions import region_tree

CATALOGUE = load_catalogue()
GRID = grid_of(CATALOGUE, "STAFFING")
AREA, PERIOD = "NW05374", "2025-Q1"
#: Only one derived figure, so that the others need no cubes.
ONE = replace(CATALOGUE, derived={"FILL_RATE": CATALOGUE.derived["FILL_RATE"]})
FIGURES = {"FTE_FILLED": 900, "FTE_FUNDED": 1200}


def key(indicator: str) -> tuple[str, ...]:
    return GRID.key(CATALOGUE.indicator(indicator), {})


def judged(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], str], *, withheld: bool = False
) -> Judgement:
    figures = {PERIOD: {"STAFFING": {"|".join(key(name)): value for name, value in FIGURES.items()}}}
    collected = {"STAFFING": frozenset(FIGURES)}
    truth = AreaTruth(AREA, frozenset({PERIOD}), {}, collected, figures, {})
    comparison = Comparison([truth], ONE, region_tree())
    cells = []
    for name, value in FIGURES.items():
        cell = PublishedCell(AREA, GRID.index[key(name)], CellState.VALUE, value, value, value, 1, 1, 0)
        if withheld and name == "FTE_FILLED":
            cell = cell._replace(state=CellState.SUPPRESSED, value=None, lower=0, upper=1200, withheld=1)
        cells.append(cell)
    comparison.cube("STAFFING", PERIOD, cells)
    monkeypatch.setattr(rates, "get_text", lambda _port, path: answer(path))
    RatesCheck(0, comparison, [truth], ONE).run()
    return comparison.judgement


def file(lower: str, upper: str, *, region: str = AREA) -> str:
    return f"ref_area,value,lower,upper\r\n{region},,{lower},{upper}\r\n"


def answering(total: str) -> Callable[[str], str]:
    """The file of the total; breakdowns, of which nothing is published, are empty."""
    return lambda path: file("", "") if "cell=" in path else total


def test_the_true_rate_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    judgement = judged(monkeypatch, answering(file("75.0000", "75.0000")))
    codes = len(CATALOGUE.indicator("FTE_FILLED").dimensions[0].codelist.published)
    assert judgement.checks[Check.RATE_SHOWN] == codes
    assert judgement.checks[Check.RATE_TRUE] == 1
    assert not judgement.failures.keys() & {Check.RATE_SHOWN, Check.RATE_TRUE}


@pytest.mark.parametrize(
    ("total", "check"),
    [
        (file("75.1000", "75.1000"), Check.RATE_TRUE),
        (file("80.0000", "90.0000"), Check.RATE_TRUE),
        (file("60.0000", "70.0000", region="NW05"), Check.RATE_TRUE),
        (file("", ""), Check.RATE_SHOWN),
    ],
)
def test_another_rate_fails(monkeypatch: pytest.MonkeyPatch, total: str, check: Check) -> None:
    assert judged(monkeypatch, answering(total)).failures[check] == 1


def test_a_rate_with_a_withheld_part_must_not_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    told = judged(monkeypatch, answering(file("75.0000", "75.0000")), withheld=True)
    assert told.failures[Check.RATE_SHOWN] == 1
    silent = judged(monkeypatch, answering(file("", "")), withheld=True)
    assert not silent.failures.keys() & {Check.RATE_SHOWN, Check.RATE_TRUE}


def test_limits_of_a_region_hold_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    judgement = judged(monkeypatch, answering(file("70.0000", "80.0000", region="NW05")))
    assert judgement.checks[Check.RATE_TRUE] == 1
    open_above = judged(monkeypatch, answering(file("70.0000", "", region="NW05")))
    assert open_above.checks[Check.RATE_TRUE] == 1


def test_a_hub_that_does_not_answer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: str) -> str:
        raise OSError("nobody is there")

    assert judged(monkeypatch, broken).failures[Check.RATE_SHOWN] > 0
