"""Which errors the list of an area has: that depends on who writes it, and on what it lies in."""

from __future__ import annotations

from typing import Final

from hub.demo.lists.plans import AreaPlan, Medium, Profile
from hub.demo.traps.cases import (
    ROW_TRAPS,
    Trap,
    cancelled,
    foreign_area,
    foreign_area_of_one,
    formula_in_remark,
    historic_area,
    no_person_id,
    not_recorded,
    odd_area_key,
    one_row_per_field,
    other_programme,
    running_with_end,
    second_person_id,
    wrong_head_count,
)
from hub.demo.traps.dates import (
    DATE_TRAPS,
    ancient_birth,
    birth_in_other_notation,
    contact_dated_by_begin,
    contact_without_date,
    end_before_start,
    impossible_age,
    impossible_end,
    no_start,
    odd_first_contact,
    other_notation,
    planned_end,
    time_of_day,
    unreadable_birth,
)

#: Every error of the most careless layout, that of the case software.
TRAPS: Final = (
    *ROW_TRAPS,
    *DATE_TRAPS,
)
_BIRTH_TRAPS: Final = (birth_in_other_notation, unreadable_birth, ancient_birth)
#: What shows in an export only: how a date is written, and what lies after the day of the export.
_IN_EXPORTS_ONLY: Final = (birth_in_other_notation, other_notation, planned_end)
#: What a list that keeps serial dates and ages does not have.
_NOT_IN_B: Final = (*_BIRTH_TRAPS, other_notation, planned_end, time_of_day)
#: A system that exports codes makes fewer errors; those of people and of data bases remain.
_IN_C: Final = (
    foreign_area, foreign_area_of_one, historic_area, cancelled, other_programme, running_with_end,
    wrong_head_count, odd_area_key, one_row_per_field, no_person_id, second_person_id, not_recorded,
    formula_in_remark, no_start, impossible_end, contact_without_date, contact_dated_by_begin,
    end_before_start, unreadable_birth, ancient_birth, time_of_day, odd_first_contact,
)  # fmt: skip


def traps_of(plan: AreaPlan) -> tuple[Trap, ...]:
    """Return the errors that the list of one area has."""
    if plan.profile is Profile.A:
        text = plan.medium is Medium.CSV
        return tuple(trap for trap in TRAPS if text or trap.plant not in _IN_EXPORTS_ONLY)
    if plan.profile is Profile.B:
        kept = tuple(trap for trap in TRAPS if trap.plant not in _NOT_IN_B)
        return (*kept, Trap("T19", 0.006, impossible_age))
    return tuple(trap for trap in TRAPS if trap.plant in _IN_C)
