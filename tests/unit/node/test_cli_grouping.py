"""Many deliveries in few lines."""

from __future__ import annotations

from dataclasses import dataclass

from node.cli.terminal.grouping import gathered, in_order, label, periods_of, spans, waiting
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period

CATALOGUE = load_catalogue()
OWN = "NW05334X002"


@dataclass(frozen=True)
class Line:
    dataset: str
    period: str
    area: str = OWN
    state: str = "accepted"


def test_unbroken_runs_are_shortened() -> None:
    assert spans([Period(2025, 2), Period(2024, 4), Period(2025, 1), Period(2026, 1)]) == (
        "2024-Q4 – 2025-Q2, 2026-Q1"
    )
    assert spans([Period(2024), Period(2025), Period(2027)]) == "2024 – 2025, 2027"
    assert spans([]) == ""


def test_deliveries_are_in_the_order_of_the_programme() -> None:
    lines = [
        Line("PROCESSES", "2025-Q4", "NW05334"),
        Line("PERSONS", "2025"),
        Line("CASES", "2026-Q1"),
        Line("PROCESSES", "2025-Q4"),
        Line("PERSONS", "2025-Q4"),
        Line("CASES", "2025-Q4"),
    ]

    assert [(line.dataset, line.period, line.area) for line in in_order(lines, CATALOGUE, own_area=OWN)] == [
        ("CASES", "2025-Q4", OWN),
        ("PERSONS", "2025-Q4", OWN),
        ("PERSONS", "2025", OWN),
        ("PROCESSES", "2025-Q4", OWN),
        ("PROCESSES", "2025-Q4", "NW05334"),
        ("CASES", "2026-Q1", OWN),
    ]


def test_what_is_alike_stands_on_one_line() -> None:
    lines = [
        Line("CASES", "2025-Q3"),
        Line("PERSONS", "2025-Q3"),
        Line("CASES", "2025-Q4", state="held"),
        Line("PERSONS", "2025-Q4"),
        Line("PERSONS", "2025"),
        Line("CASES", "2026-Q1"),
    ]

    groups = gathered(lines, CATALOGUE, alike=lambda line: line.state)

    assert [(group[0].dataset, periods_of(group), group[0].state) for group in groups] == [
        ("CASES", "2025-Q3, 2026-Q1", "accepted"),
        ("CASES", "2025-Q4", "held"),
        ("PERSONS", "2025-Q3 – 2025-Q4", "accepted"),
        ("PERSONS", "2025", "accepted"),
    ]


def test_another_area_is_named() -> None:
    assert label(Line("PROCESSES", "2025"), CATALOGUE, own_area=OWN).de == "Prozesse"
    assert label(Line("PROCESSES", "2025", "NW05334"), CATALOGUE, own_area=OWN).de == "Prozesse (NW05334)"
    assert label(Line("LATER", "2025"), CATALOGUE, own_area=OWN).de == "LATER"


def test_what_ends_first_waits_first() -> None:
    assert waiting([Period(2026), Period(2027, 1), Period(2026, 4)]) == ["2026-Q4", "2026", "2027-Q1"]
