"""What is due follows from catalogue, span and sources, and in which order it is delivered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregation.facts import Facts
from node.pipeline.programme import Slot, not_collected, programme, require_whole_years, whole_years
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.periods import Period

CATALOGUE = load_catalogue()
AREA, JOINT = "NW05334X002", "NW05334"
SPAN = Period.span(Period(2024, 4), Period(2025, 4))
EVERYTHING = Facts.empty()


def names(slots: tuple[Slot, ...]) -> list[str]:
    return [
        f"{slot.dataset_id} {slot.period}" + (f" {slot.area}" if slot.area != AREA else "") for slot in slots
    ]


def test_quarters_come_in_order_of_time_and_years_with_their_last_quarter() -> None:
    due = names(programme(CATALOGUE, {AREA: EVERYTHING}, span=SPAN))

    assert due[:5] == [
        "CASES 2024-Q4",
        "PERSONS 2024-Q4",
        "STAFFING 2024-Q4",
        "PROCESSES 2024-Q4",
        "CASES 2025-Q1",
    ]
    assert due[-6:] == [
        "CASES 2025-Q4",
        "PERSONS 2025-Q4",
        "PERSONS 2025",
        "STAFFING 2025-Q4",
        "FUNDS 2025",
        "PROCESSES 2025-Q4",
    ]
    assert len(due) == 5 * 4 + 2


def test_a_year_is_due_when_all_its_quarters_lie_in_the_span() -> None:
    assert whole_years(SPAN) == (Period(2025),)
    assert whole_years(SPAN[:-1]) == ()
    require_whole_years([Period(2025), Period(2030, 1)], SPAN)
    with pytest.raises(KimError) as caught:
        require_whole_years([Period(2024)], SPAN)
    assert caught.value.code == "bad_request"
    assert "2024" in caught.value.detail.de


def test_what_nobody_collects_is_not_due() -> None:
    facts = replace(EVERYTHING, posts=None, funds=None, issues=None)

    due = {slot.dataset_id for slot in programme(CATALOGUE, {AREA: facts}, span=SPAN)}

    assert due == {"CASES", "PERSONS", "PROCESSES"}
    assert [indicator for _, indicator in not_collected(CATALOGUE, {AREA: facts})] == [
        "FTE_FUNDED",
        "FTE_FILLED",
        "FUNDS_GRANTED",
        "FUNDS_SPENT",
        "STRUCT_ISSUES",
    ]


def test_a_joint_authority_delivers_after_the_area_it_sits_in() -> None:
    facts = {AREA: replace(EVERYTHING, decisions=None), JOINT: Facts(decisions=EVERYTHING.decisions)}

    due = names(programme(CATALOGUE, facts, span=SPAN[:1]))

    assert due == [
        "CASES 2024-Q4",
        "PERSONS 2024-Q4",
        "STAFFING 2024-Q4",
        "PROCESSES 2024-Q4",
        "PROCESSES 2024-Q4 NW05334",
    ]
    assert list(not_collected(CATALOGUE, facts)) == []


def test_periods_named_by_hand_are_those_that_are_delivered() -> None:
    facts = {AREA: EVERYTHING}

    assert names(programme(CATALOGUE, facts, span=SPAN, named=[Period(2025)])) == [
        "PERSONS 2025",
        "FUNDS 2025",
    ]
    assert names(programme(CATALOGUE, facts, span=SPAN, named=[Period(2023, 1)])) == [
        "CASES 2023-Q1",
        "PERSONS 2023-Q1",
        "STAFFING 2023-Q1",
        "PROCESSES 2023-Q1",
    ]
