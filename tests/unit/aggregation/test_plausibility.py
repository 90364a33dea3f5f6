"""Figures beside each other: what contradicts itself is found, and what is withheld tells nothing."""

from collections.abc import Mapping

import numpy as np
import pytest

from aggregation.plausibility import KnownValues, Place, check_plausibility, rule_text
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period

CATALOGUE = load_catalogue()
Q = [Period(2025, quarter) for quarter in (1, 2, 3, 4)]
NEXT = Period(2026, 1)
YEAR = Period(2025)

Cells = Mapping[tuple[str, str], int]


def delivery(
    dataset: str, period: Period, cells: Mapping[str, int], *, unknown: tuple[str, ...] = ()
) -> dict[Place, KnownValues]:
    """A delivery of zeros but for some cells, named `INDICATOR DIM=CODE`."""
    grid = delivery_grid(CATALOGUE, dataset, period.freq)
    values = np.zeros(len(grid), dtype=np.int64)
    known = np.ones(len(grid), dtype=np.bool_)
    for name, value in cells.items():
        values[row_of(dataset, period, name)] = value
    for name in unknown:
        known[row_of(dataset, period, name)] = False
    return {(dataset, period): KnownValues(values, known)}


def row_of(dataset: str, period: Period, name: str) -> int:
    indicator, *codes = name.split()
    grid = delivery_grid(CATALOGUE, dataset, period.freq)
    return grid.index[grid.key(CATALOGUE.indicator(indicator), dict(code.split("=", 1) for code in codes))]


def cases(period: Period, *, opened: int, closed: int, open_: int, **more: int) -> dict[Place, KnownValues]:
    return delivery(
        "CASES",
        period,
        {"CASES_OPENED": opened, "CASES_CLOSED": closed, "CASES_OPEN": open_, **more},
    )


def rules(history: Mapping[Place, KnownValues], **options: object) -> list[tuple[str, str, str]]:
    """Rule, period and cell of each finding, without the cell's dataflow."""
    found = check_plausibility(CATALOGUE, history, **options)  # type: ignore[arg-type]
    return [
        (
            f.rule,
            str(f.period),
            ".".join(
                part
                for part in delivery_grid(CATALOGUE, f.dataset_id, f.period.freq).keys[f.row]
                if part not in {"_T", "_Z"}
            ),
        )
        for f in found
    ]


def test_open_cases_follow_from_those_before() -> None:
    before = cases(Q[0], opened=10, closed=0, open_=10)
    right = cases(Q[1], opened=5, closed=3, open_=12)
    wrong = cases(Q[1], opened=5, closed=3, open_=13)

    assert rules(before | right) == []
    assert rules(before | wrong) == [("V_FLOW", "2025-Q2", "CASES_OPEN")]
    assert rules(wrong) == []


def test_a_break_in_the_series_ends_the_comparison_with_what_lies_before() -> None:
    history = cases(Q[0], opened=10, closed=0, open_=10) | cases(Q[1], opened=5, closed=3, open_=90)

    assert rules(history, breaks=[Q[1]]) == []
    assert rules(history, breaks=[Q[0]]) != []


def test_only_what_a_delivery_takes_part_in_is_judged() -> None:
    history = cases(Q[0], opened=10, closed=0, open_=10) | cases(Q[1], opened=5, closed=3, open_=13)

    assert rules(history, judged=[("CASES", Q[0])]) == [("V_FLOW", "2025-Q2", "CASES_OPEN")]
    assert rules(history, judged=[("CASES", Q[2])]) == []


def test_what_is_withheld_raises_no_finding() -> None:
    cells = {"CASES_OPENED": 5, "CASES_CLOSED": 3, "CASES_OPEN": 99}
    history = cases(Q[0], opened=10, closed=0, open_=10)

    assert rules(history | delivery("CASES", Q[1], cells, unknown=("CASES_OPEN",))) == []


def test_classes_add_up_to_the_cases_of_another_dataflow() -> None:
    processes = delivery("PROCESSES", Q[0], {"CASES_BY_DURATION": 4, "CASES_BY_WAIT": 10})
    history = processes | cases(Q[0], opened=10, closed=3, open_=7)

    assert rules(history) == [("V_DIST_DURATION", "2025-Q1", "CASES_BY_DURATION")]
    assert rules(history, judged=[("CASES", Q[0])]) == rules(history)


@pytest.mark.parametrize(("year", "fits"), [(29, False), (30, True), (100, True), (101, False)])
def test_persons_of_a_year_lie_between_the_largest_quarter_and_the_sum(year: int, fits: bool) -> None:
    history = delivery("PERSONS", YEAR, {"PERSONS_SUPPORTED": year})
    for quarter, persons in zip(Q, (20, 25, 30, 25), strict=True):
        history |= delivery("PERSONS", quarter, {"PERSONS_SUPPORTED": persons})

    found = [rule for rule, _, cell in rules(history) if cell == "PERSONS_SUPPORTED"]

    assert (found == []) is fits


def test_ages_move_between_quarter_and_year() -> None:
    history = delivery("PERSONS", YEAR, {"PERSONS_SUPPORTED": 30})
    for quarter in Q:
        history |= delivery("PERSONS", quarter, {"PERSONS_SUPPORTED": 30, "PERSONS_SUPPORTED AGE=Y_LT18": 9})

    assert rules(history) == []


def test_more_filled_than_funded() -> None:
    history = delivery(
        "STAFFING",
        Q[0],
        {"FTE_FUNDED": 100, "FTE_FILLED": 150, "FTE_FUNDED BAUSTEIN=B2": 150, "FTE_FILLED BAUSTEIN=B2": 150},
    )

    assert rules(history) == [("V_FTE", "2025-Q1", "FTE_FILLED")]


@pytest.mark.parametrize(
    ("euros", "fits"), [(29_999, False), (30_000, True), (75_000, True), (75_001, False)]
)
def test_euros_per_post_of_a_year_use_the_posts_at_its_end(euros: int, fits: bool) -> None:
    funds = delivery("FUNDS", YEAR, {"FUNDS_GRANTED": euros * 200, "FUNDS_GRANTED COST=STAFF": euros * 200})
    posts = delivery("STAFFING", Q[3], {"FTE_FUNDED": 200})

    assert (rules(funds | posts) == []) is fits
    assert rules(funds | delivery("STAFFING", Q[2], {"FTE_FUNDED": 200})) == []


def test_a_jump_is_measured_against_the_mean_of_four_periods() -> None:
    history: dict[Place, KnownValues] = {}
    for quarter in Q:
        history |= delivery("PROCESSES", quarter, {"REFERRALS": 20, "STRUCT_ISSUES": 4})

    assert rules(history | delivery("PROCESSES", NEXT, {"REFERRALS": 40, "STRUCT_ISSUES": 19})) == []
    assert rules(history | delivery("PROCESSES", NEXT, {"REFERRALS": 41, "STRUCT_ISSUES": 4})) == [
        ("V_JUMP", "2026-Q1", "REFERRALS")
    ]
    assert rules(history | delivery("PROCESSES", NEXT, {"REFERRALS": 9, "STRUCT_ISSUES": 4})) == [
        ("V_JUMP", "2026-Q1", "REFERRALS")
    ]


def test_every_rule_has_words() -> None:
    for rule in (*(i.id for i in CATALOGUE.identities), *(p.id for p in CATALOGUE.plausibility)):
        assert rule_text(CATALOGUE, rule).de
    with pytest.raises(KeyError):
        rule_text(CATALOGUE, "V_NONE")


def test_values_that_are_not_aligned_are_refused() -> None:
    odd = KnownValues(np.zeros(3, dtype=np.int64), np.ones(3, dtype=np.bool_))
    with pytest.raises(ValueError, match="not aligned"):
        check_plausibility(CATALOGUE, {("CASES", Q[0]): odd})
