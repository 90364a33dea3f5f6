"""Writes the cases and contacts of an area down, entry by entry, and plants the errors that its list has.

Invariants: the truth of an entry is known before an error is planted; which entries one version of an export
lacks is decided after that, so that all versions say the same of what they share.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import Final

from hub.demo.lists.clerk import Clerk
from hub.demo.lists.plans import (
    FIELD_SEPARATOR,
    LAST_QUARTER,
    AreaPlan,
    Medium,
    Profile,
    Special,
)
from hub.demo.lists.records import CaseFacts, ContactFacts, Entry
from hub.demo.traps.by_list import traps_of
from hub.demo.traps.cases import NO_TRAP
from hub.demo.words import columns as at
from hub.demo.world.casework import Casework
from hub.demo.world.distributions import Shares

#: Cases that the last correction of an area that revises lacks.
_GONE: Final = 3
#: What its first list lacks: one-off contacts of the last days of the last quarter in these fields.
_LATE_DAYS: Final = timedelta(days=20)
_LARGE_FIELDS: Final = ("RESID", "LANG", "HOUS")


class Version(Enum):
    """Which export of an area that revises: before what was recorded late, the right one, one too many."""

    EARLY = "one-off contacts of the last quarter are not recorded yet"
    RIGHT = "everything is recorded"
    LATE_CORRECTION = "cases have disappeared after they were delivered"


def welfare_plan(plan: AreaPlan) -> AreaPlan:
    """Return how the list of a welfare body looks beside the area's own."""
    return replace(
        plan,
        profile=Profile.C,
        medium=Medium.CSV,
        field_separator=FIELD_SEPARATOR,
        local_codes={},
        special=None,
    )


def spoiled_entries(casework: Casework, plan: AreaPlan) -> tuple[list[Entry], list[Entry]]:
    """Write down clean casework and plant the traps.

    Returns:
        Entries in file order: of the area's own list, and of a welfare body's (mostly none).
    """
    clerk = Clerk(plan, random.Random(f"kim-demo/1/clerk/{casework.area}"))
    two = plan.special is Special.TWO_SOURCES
    elsewhere = [case for number, case in enumerate(casework.cases) if two and number % 4 == 0]
    both = {id(case) for number, case in enumerate(casework.cases) if two and number % 25 == 1}
    here = [case for number, case in enumerate(casework.cases) if not two or number % 4]
    written = {id(case): clerk.case_entry(case) for case in here}
    dated = [(case.opened, written[id(case)]) for case in here]
    dated += [(contact.day, clerk.contact_entry(contact)) for contact in casework.contacts]
    dated.sort(key=lambda item: item[0])
    traps = traps_of(plan)
    draw = Shares({**{trap: trap.share for trap in traps}, NO_TRAP: 1 - sum(trap.share for trap in traps)})
    untouched = {id(entry) for case, entry in written.items() if case in both}
    for _, entry in dated:
        trap = draw.draw(clerk.rng)
        if id(entry) not in untouched:
            trap.plant(entry, clerk)
    welfare = Clerk(welfare_plan(plan), random.Random(f"kim-demo/1/welfare/{casework.area}"))
    others = [(case.opened, welfare.case_entry(case, prefix="WV")) for case in elsewhere]
    others += [
        (case.opened, welfare.case_entry(case, number=case_number(written[id(case)])))
        for case in here
        if id(case) in both
    ]
    others.sort(key=lambda item: item[0])
    return [entry for _, entry in dated], [entry for _, entry in others]


def case_number(entry: Entry) -> str:
    """Return the number under which a list keeps a case."""
    return entry[0].cells[at.CASE_NUMBER]


def in_version(entries: Sequence[Entry], version: Version) -> Iterator[Entry]:
    """Leave out what one version of an export does not hold."""
    last = LAST_QUARTER.last_day
    gone = 0
    for entry in entries:
        facts = entry[0].facts
        # Contacts about violence, and whatever is small beside them, are protected: a change would be held.
        recorded_late = (
            isinstance(facts, ContactFacts)
            and facts.field in _LARGE_FIELDS
            and last - _LATE_DAYS <= facts.day <= last
        )
        may_vanish = isinstance(facts, CaseFacts) and LAST_QUARTER.first_day <= facts.opened <= last
        if version is Version.EARLY and recorded_late:
            continue
        if version is Version.LATE_CORRECTION and may_vanish and gone < _GONE:
            gone += 1
            continue
        yield entry
