"""Which cells a finding sets beside each other: those that it depends on, no other."""

from collections.abc import Mapping

import numpy as np
import pytest

from aggregation.compared import ComparedCell, cell_text, cells_beside, compared_cell
from aggregation.plausibility import KnownValues, Place, PlausibilityFinding, check_plausibility
from protocol.grid import delivery_grid
from protocol.periods import Period
from tests.unit.aggregation.test_plausibility import CATALOGUE, NEXT, YEAR, Q, cases, delivery


def named(finding: PlausibilityFinding) -> ComparedCell:
    grid = delivery_grid(CATALOGUE, finding.dataset_id, finding.period.freq)
    return compared_cell(CATALOGUE, grid, finding.row, finding.period)


def texts(cells: tuple[ComparedCell, ...]) -> list[str]:
    return [f"{cell_text(CATALOGUE, cell).de} {cell.period}" for cell in cells]


def moved(**more: int) -> Mapping[Place, KnownValues]:
    """Flows that do not lead from one stock to the next, for women only."""
    return cases(Q[0], opened=0, closed=0, open_=10, **{"CASES_OPEN SEX=F": 10}) | cases(
        Q[1], opened=0, closed=0, open_=10, **{"CASES_OPEN SEX=F": 4, **more}
    )


def posts(year: Period) -> Mapping[Place, KnownValues]:
    funds = delivery("FUNDS", year, {"FUNDS_GRANTED COST=STAFF": 10_000_000_00})
    return funds | delivery("STAFFING", Period(year.year, 4), {"FTE_FUNDED": 2_00})


def persons(*quarters: int, year: int) -> Mapping[Place, KnownValues]:
    history = delivery("PERSONS", YEAR, {"PERSONS_SUPPORTED": year})
    for period, value in zip(Q, quarters, strict=True):
        history |= delivery("PERSONS", period, {"PERSONS_SUPPORTED": value})
    return history


def jump() -> Mapping[Place, KnownValues]:
    history: dict[Place, KnownValues] = {}
    for period, value in zip((*Q, NEXT), (30, 31, 32, 33, 300), strict=True):
        history |= delivery("PROCESSES", period, {"REFERRALS": value})
    return history


HISTORIES = {
    "V_FLOW": moved(),
    "V_DIST_WAIT": cases(Q[0], opened=9, closed=0, open_=9)
    | delivery("PROCESSES", Q[0], {"CASES_BY_WAIT": 8}),
    "V_PERS_YEAR": persons(10, 20, 30, 5, year=7),
    "V_FTE": delivery("STAFFING", Q[0], {"FTE_FILLED": 300, "FTE_FUNDED": 200}),
    "V_EUR": delivery("FUNDS", YEAR, {"FUNDS_SPENT": 300, "FUNDS_GRANTED": 200}),
    "V_EUR_PER_POST": posts(YEAR),
    "V_JUMP": jump(),
}


def found(rule: str, history: Mapping[Place, KnownValues]) -> list[PlausibilityFinding]:
    return [finding for finding in check_plausibility(CATALOGUE, history) if finding.rule == rule]


def knowing(
    history: Mapping[Place, KnownValues], cells: tuple[ComparedCell, ...], *, only: bool
) -> Mapping[Place, KnownValues]:
    """The history in which these cells are the only ones known, or the only ones that are not."""
    changed = {}
    for (dataset, period), one in history.items():
        grid = delivery_grid(CATALOGUE, dataset, period.freq)
        rows = [
            grid.index[grid.key(CATALOGUE.indicator(cell.indicator), dict(cell.codes))]
            for cell in cells
            if (CATALOGUE.indicator(cell.indicator).dataset, cell.period) == (dataset, period)
        ]
        known = np.full(len(grid), not only)
        known[rows] = only
        changed[dataset, period] = KnownValues(one.values, one.known & known)
    return changed


@pytest.mark.parametrize("rule", HISTORIES)
def test_a_finding_depends_on_the_cells_that_are_named_and_on_no_other(rule: str) -> None:
    history = HISTORIES[rule]
    findings = found(rule, history)
    assert findings
    for finding in findings:
        cell = named(finding)
        cells = (cell, *cells_beside(CATALOGUE, rule, cell))
        assert len(set(cells)) == len(cells) > 1
        assert finding in found(rule, knowing(history, cells, only=True))
        assert finding not in found(rule, knowing(history, cells, only=False))
        if rule == "V_PERS_YEAR":
            continue  # a year below one quarter needs no other
        for one in cells:
            assert finding not in found(rule, knowing(history, (one,), only=False)), one


def test_every_rule_that_findings_come_from_is_tried_here() -> None:
    tried = {"V_DIST_DURATION", *HISTORIES}  # of the form of V_DIST_WAIT
    kinds = {"flow", "equal", "year_bounds"}
    ids = {i.id for i in CATALOGUE.identities if i.kind in kinds and not i.certain}
    assert ids | {rule.id for rule in CATALOGUE.plausibility} == tried


def test_a_flow_names_the_stock_before_and_what_came_and_went() -> None:
    (women,) = [named(f) for f in found("V_FLOW", moved()) if named(f).codes]
    assert texts((women,)) == ["Laufende Fälle am Stichtag, Geschlecht: Weiblich 2025-Q2"]
    assert texts(cells_beside(CATALOGUE, "V_FLOW", women)) == [
        "Laufende Fälle am Stichtag, Geschlecht: Weiblich 2025-Q1",
        "Neue Fälle, Geschlecht: Weiblich 2025-Q2",
        "Abgeschlossene Fälle, Geschlecht: Weiblich 2025-Q2",
    ]
    assert cell_text(CATALOGUE, women).en == "Open cases at reference date, Sex: Female"


def test_a_jump_names_the_periods_before_latest_first() -> None:
    (referrals,) = [named(finding) for finding in found("V_JUMP", jump()) if not named(finding).codes]
    assert [str(cell.period) for cell in cells_beside(CATALOGUE, "V_JUMP", referrals)] == [
        "2025-Q4",
        "2025-Q3",
        "2025-Q2",
        "2025-Q1",
    ]


def test_a_rate_of_a_year_names_the_quarter_at_its_end_and_only_the_codes_it_pins() -> None:
    (funds,) = [named(finding) for finding in found("V_EUR_PER_POST", posts(YEAR))]
    assert texts((funds,)) == ["Bewilligte Landesmittel, Kostenart: Personal 2025"]
    assert texts(cells_beside(CATALOGUE, "V_EUR_PER_POST", funds)) == ["Bewilligte Stellen (VZÄ) 2025-Q4"]


def test_there_is_nothing_beside_a_cell_for_a_rule_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        cells_beside(CATALOGUE, "V_NONE", ComparedCell("CASES_OPEN", Q[0], ()))
