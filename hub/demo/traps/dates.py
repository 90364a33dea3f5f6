"""Errors in dates: impossible days, other notations, times of day, orders that cannot be.

Purpose: the part of `cases` that knows calendars. Same contract: one trap per entry, cells and facts change
together.

Invariants: a normalised date means the same day as the clean one; a birth date that cannot be read becomes
unknown; a case without a readable start is refused, as is one whose end is impossible or lies before its
start.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from hub.demo.lists.clerk import Clerk
from hub.demo.lists.records import CaseFacts, ContactFacts, Entry
from hub.demo.traps.cases import Trap, case_facts, one_person_row, spoil
from hub.demo.words import columns as at
from hub.demo.words.dates import german, serial, short
from hub.demo.world.casework import EXPORT_DAY

_IMPOSSIBLE: Final = ("31.02.2025", "30.02.2026", "31.04.2025", "32.01.2025", "00.00.2025", "15.13.2025")
_DAY: Final = timedelta(days=1)


def _other_notation(day: date, rng: random.Random) -> str:
    return str(rng.choice((short, date.isoformat, serial))(day))


def no_start(entry: Entry, clerk: Clerk) -> bool:
    """T05 R: the case has no start date, or one that no calendar has."""
    if case_facts(entry) is None:
        return False
    text = clerk.rng.choice((*_IMPOSSIBLE, "", "k. A.", "Anfang 2025"))
    return spoil(entry, {at.BEGIN: text}, ("T05", "R"))


def impossible_end(entry: Entry, clerk: Clerk) -> bool:
    """T05 R: the end date is impossible (a missing one would mean: still open)."""
    facts = case_facts(entry)
    if facts is None or facts.closed is None:
        return False
    return spoil(entry, {at.END: clerk.rng.choice(_IMPOSSIBLE)}, ("T05", "R"))


def contact_without_date(entry: Entry, clerk: Clerk) -> bool:
    """T05 R: a one-off contact without any usable date."""
    if not isinstance(entry[0].facts, ContactFacts):
        return False
    text = clerk.rng.choice(("", "-", "31.02.2025"))
    return spoil(entry, {at.FIRST_CONTACT: text, at.BEGIN: ""}, ("T05", "R"))


def contact_dated_by_begin(entry: Entry, clerk: Clerk) -> bool:
    """T16 (no finding): a one-off contact whose only date stands in the column for the start of a case."""
    facts = entry[0].facts
    if not isinstance(facts, ContactFacts):
        return False
    entry[0].cells[at.FIRST_CONTACT] = clerk.rng.choice(("", "k. A."))
    entry[0].cells[at.BEGIN] = german(facts.day)
    return True


def end_before_start(entry: Entry, clerk: Clerk) -> bool:
    """T15 R: the case ends before it starts."""
    facts = case_facts(entry)
    if facts is None or facts.closed is None:
        return False
    text = german(facts.opened - clerk.rng.randrange(1, 200) * _DAY)
    return spoil(entry, {at.END: text, at.STATE: "abgeschlossen"}, ("T15", "R"))


def planned_end(entry: Entry, clerk: Clerk) -> bool:
    """T15 W: an end after the export date is a plan; the case is open."""
    facts = case_facts(entry)
    if facts is None or facts.closed is not None:
        return False
    text = german(EXPORT_DAY + clerk.rng.randrange(1, 300) * _DAY)
    return spoil(entry, {at.END: text, at.STATE: "ruhend"}, ("T15", "W"))


def other_notation(entry: Entry, clerk: Clerk) -> bool:
    """T05 N: start and end as 5.1.26, 2026-01-05 or 46027."""
    facts = case_facts(entry)
    if facts is None:
        return False
    begin = _other_notation(facts.opened, clerk.rng)
    end = _other_notation(facts.closed, clerk.rng) if facts.closed else ""
    return spoil(entry, {at.BEGIN: begin, at.END: end}, ("T05", "N"))


def birth_in_other_notation(entry: Entry, clerk: Clerk) -> bool:
    """T05 N: a date of birth in another notation."""
    found = one_person_row(entry, clerk.rng)
    birth = found[1].birth if found else None
    if found is None or birth is None or birth.year < 1955:
        return False
    return spoil([found[0]], {at.BIRTH: _other_notation(birth, clerk.rng)}, ("T05", "N"))


def unreadable_birth(entry: Entry, clerk: Clerk) -> bool:
    """T05 N: a date of birth that cannot be; the age is unknown."""
    texts = ("00.00.1988", "31.02.1985", "00.07.1990", "05.05.2031", "31.06.1979")
    return _unknown_birth(entry, clerk.rng, texts, trap="T05")


def ancient_birth(entry: Entry, clerk: Clerk) -> bool:
    """T19 N: 01.01.1900 stands for nobody knows, and nobody is 126 years old; the age is unknown."""
    texts = ("01.01.1900", "12.03.1899", "01.01.1900", "24.12.1898")
    return _unknown_birth(entry, clerk.rng, texts, trap="T19")


def _unknown_birth(entry: Entry, rng: random.Random, texts: Sequence[str], *, trap: str) -> bool:
    found = one_person_row(entry, rng)
    if found is None:
        return False
    row, facts = found
    row.facts = replace(facts, birth=None)
    return spoil([row], {at.BIRTH: rng.choice(texts)}, (trap, "N"))


def time_of_day(entry: Entry, clerk: Clerk) -> bool:
    """T28 N: the start carries a time; what counts is the date in Germany."""
    facts = case_facts(entry)
    if facts is None:
        return False
    before = facts.opened - _DAY
    text = clerk.rng.choice(
        (
            f"{german(facts.opened)} 23:30",
            f"{german(facts.opened)} 24:00",
            f"{german(facts.opened)} 08:15:00",
            # Half past eleven at night in Greenwich is the next day in Berlin, in winter and in summer.
            f"{before.isoformat()}T23:30:00Z",
            f"{facts.opened.isoformat()}T09:00:00+01:00",
        )
    )
    return spoil(entry, {at.BEGIN: text}, ("T28", "N"))


def odd_first_contact(entry: Entry, clerk: Clerk) -> bool:
    """T16 N: the first contact is missing or lies after the start."""
    facts = case_facts(entry)
    if facts is None:
        return False
    late = german(min(facts.opened + clerk.rng.randrange(1, 30) * _DAY, EXPORT_DAY))
    text = late if clerk.rng.random() < 0.5 and facts.opened < EXPORT_DAY - _DAY else ""
    for row in entry:
        if isinstance(row.facts, CaseFacts):
            row.facts = replace(row.facts, first_contact=None)
    return spoil(entry, {at.FIRST_CONTACT: text}, ("T16", "N"))


def impossible_age(entry: Entry, clerk: Clerk) -> bool:
    """T19 N: nobody is 126 years old; the age is unknown."""
    return _unknown_birth(entry, clerk.rng, ("126", "126", "211"), trap="T19")


DATE_TRAPS: Final = (
    Trap("T05", 0.006, no_start),
    Trap("T05", 0.006, impossible_end),
    Trap("T05", 0.008, contact_without_date),
    Trap("T16", 0.006, contact_dated_by_begin),
    Trap("T15", 0.010, end_before_start),
    Trap("T15", 0.004, planned_end),
    Trap("T05", 0.012, other_notation),
    Trap("T05", 0.006, birth_in_other_notation),
    Trap("T05", 0.006, unreadable_birth),
    Trap("T19", 0.006, ancient_birth),
    Trap("T28", 0.006, time_of_day),
    Trap("T16", 0.010, odd_first_contact),
)
