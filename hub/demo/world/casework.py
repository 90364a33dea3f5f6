"""The simulated casework of one area: people, cases and one-off contacts, before any clerk typed them.

Purpose: the ground truth of the demo. Everything is drawn from one generator seeded by the area's id, so
the same area gives the same on every machine, alone or among all 54.

Invariants: dates lie before the export date; a case's members are distinct people, the first one is its
holder; a person's second case starts after the first; codes are leaf codes.

It deliberately does not: know file formats, spellings, tables or periods other than the quarters' boundaries.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from hub.demo.words.countries import ORIGINS, Country
from hub.demo.world import distributions as shares
from hub.demo.world.distributions import Shares

FIRST_DAY: Final = date(2024, 10, 1)
EXPORT_DAY: Final = date(2026, 10, 5)
QUARTERS: Final = 8
_DAY: Final = timedelta(days=1)
_SIX_MONTHS: Final = 183


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the case system knows them; ``birth`` is null where nobody asked."""

    id: str
    sex: str
    birth: date | None
    country: Country
    residence: str
    rechtskreis: str


@dataclass(frozen=True, slots=True)
class Case:
    """One support process. ``members[0]`` is the holder; ``closed`` null means still open.

    ``referrals``: the institutions to which its people were sent on.
    """

    opened: date
    closed: date | None
    first_contact: date
    members: tuple[Person, ...]
    fields: tuple[str, ...]
    inst: str
    outcome: str
    referrals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A one-off contact without a case file; the first field is the one that counts."""

    day: date
    fields: tuple[str, ...]
    inst: str


@dataclass(frozen=True, slots=True)
class Shift:
    """From the first day of a quarter on, more begins by a factor: another way of counting."""

    first: date
    factor: float


@dataclass(frozen=True, slots=True)
class Casework:
    """All that happened in one area: cases by start date, contacts by date."""

    area: str
    cases: tuple[Case, ...]
    contacts: tuple[Contact, ...]


def simulate(area: str, *, population: int, shift: Shift | None = None) -> Casework:
    """Draw the casework of one area.

    Args:
        area: id of the reporting area; seeds the generator.
        population: inhabitants, from which the number of posts and so of cases follows.
        shift: a break in its series, or None.

    Returns:
        Cases open on the first day or opened until the last, and the contacts between.
    """
    return _Simulation(area, random.Random(f"kim-demo/1/world/{area}"), shift).run(population)


def as_of(casework: Casework, day: date) -> Casework:
    """Return what a case system knows on a day: nothing that begins later, and no end that lies ahead."""
    cases = tuple(
        case if case.closed is None or case.closed <= day else replace(case, closed=None, outcome="_U")
        for case in casework.cases
        if case.opened <= day
    )
    return Casework(
        casework.area, cases, tuple(contact for contact in casework.contacts if contact.day <= day)
    )


class _Simulation:
    def __init__(self, area: str, rng: random.Random, shift: Shift | None) -> None:
        self.area = area
        self.rng = rng
        self.shift = shift
        # A generator of its own: whatever else is drawn stays as it was.
        self.referral_rng = random.Random(f"kim-demo/1/referrals/{area}")
        self.persons = 0
        self.cases: list[Case] = []
        self.origins = Shares({o: w * rng.gammavariate(8, 1 / 8) for o, w in shares.ORIGIN.items()})
        self.countries = {origin: Shares(dict(weights)) for origin, weights in ORIGINS.items()}

    def run(self, population: int) -> Casework:
        rng = self.rng
        # B2 posts = 8 + population / 60,000, filled to 80-97 %, with 20-45 open cases each.
        stock = round((8 + population / 60_000) * rng.uniform(0.80, 0.97) * rng.uniform(20, 45))
        quota, trend = rng.uniform(0.22, 0.30), rng.uniform(-0.03, 0.03)
        for _ in range(stock):
            self._open_before()
        contacts: list[Contact] = []
        for quarter in range(QUARTERS):
            first = date(2024 + (9 + 3 * quarter) // 12, (9 + 3 * quarter) % 12 + 1, 1)
            expected = stock * quota * (1 + trend * (quarter - 4)) * rng.uniform(0.9, 1.1)
            if self.shift is not None and first >= self.shift.first:
                expected *= self.shift.factor
            for _ in range(round(expected)):
                self._open_on(first + timedelta(days=rng.randrange(90)))
            contacts.extend(
                self._contact(first) for _ in range(round(expected * shares.CONTACTS_PER_OPENED_CASE))
            )
        by_start = sorted(self.cases, key=lambda case: (case.opened, case.members[0].id))
        return Casework(self.area, tuple(by_start), tuple(sorted(contacts, key=lambda contact: contact.day)))

    def _open_before(self) -> None:
        """Add a case of the initial stock, which is biased towards long cases."""
        rng, sigma = self.rng, shares.DURATION_SIGMA
        # The length-biased log-normal is log-normal again, its location shifted by sigma squared.
        days = max(2, round(rng.lognormvariate(math.log(shares.MEDIAN_DURATION_DAYS) + sigma**2, sigma)))
        days = min(days, 2000)
        elapsed = rng.randrange(1, days)
        self._add(FIRST_DAY - elapsed * _DAY, days, self._household())

    def _open_on(self, opened: date) -> None:
        rng = self.rng
        days = max(1, round(rng.lognormvariate(math.log(shares.MEDIAN_DURATION_DAYS), shares.DURATION_SIGMA)))
        draw, members = rng.random(), None
        if draw < 0.05:
            members = self._household_again(opened)
        elif draw < 0.07:
            members = self._member_alone(opened)
        self._add(opened, days, members or self._household())

    def _add(self, opened: date, days: int, members: tuple[Person, ...]) -> None:
        rng = self.rng
        closed: date | None = opened + days * _DAY
        if closed is not None and closed > EXPORT_DAY:
            closed = None
        wait = min(round(rng.lognormvariate(math.log(shares.MEDIAN_WAIT_DAYS), shares.WAIT_SIGMA)), 400)
        self.cases.append(
            Case(
                opened=opened,
                closed=closed,
                first_contact=opened - wait * _DAY,
                members=members,
                fields=self._fields(),
                inst=shares.INST.draw(rng),
                outcome=shares.OUTCOME.draw(rng) if closed else "_U",
                referrals=self._referrals(),
            )
        )

    def _household_again(self, opened: date) -> tuple[Person, ...] | None:
        """The people of a case that ended more than half a year ago come again, with today's status."""
        for _ in range(6):
            old = self.cases[self.rng.randrange(len(self.cases))]
            if old.closed and (opened - old.closed).days > _SIX_MONTHS:
                return tuple(
                    replace(person, rechtskreis=self._rechtskreis(person.residence)) for person in old.members
                )
        return None

    def _member_alone(self, opened: date) -> tuple[Person, ...] | None:
        """A household member of an earlier case gets a case of their own."""
        for _ in range(6):
            old = self.cases[self.rng.randrange(len(self.cases))]
            if len(old.members) > 1 and old.opened < opened:
                return (old.members[1],)
        return None

    def _household(self) -> tuple[Person, ...]:
        rng = self.rng
        size = shares.HOUSEHOLD.draw(rng)
        holder = self._person(adult=True)
        if size == 1:
            return (holder,)
        members = [holder]
        for position in range(1, size):
            member = self._person(adult=position == 1)
            if rng.random() < 0.93:
                # Members mostly share citizenship and status; a few families are mixed.
                member = replace(
                    member,
                    country=holder.country,
                    residence=holder.residence,
                    rechtskreis=holder.rechtskreis if rng.random() < 0.95 else "SGB8",
                )
            members.append(member)
        return tuple(members)

    def _person(self, *, adult: bool) -> Person:
        rng = self.rng
        self.persons += 1
        country = self.countries[self.origins.draw(rng)].draw(rng)
        residence = shares.RESIDENCE[country.group].draw(rng)
        return Person(
            id=f"P{100_000 + self.persons}",
            sex=shares.SEX.draw(rng),
            birth=self._birth(adult=adult),
            country=country,
            residence=residence,
            rechtskreis=self._rechtskreis(residence),
        )

    def _rechtskreis(self, residence: str) -> str:
        return shares.RECHTSKREIS.get(residence, shares.RECHTSKREIS_ELSE).draw(self.rng)

    def _birth(self, *, adult: bool) -> date | None:
        rng = self.rng
        if rng.random() < 0.015:
            return None
        years = 18 + min(rng.gammavariate(3.2, 6.0), 70) if adult else rng.triangular(1, 19, 9)
        birth = FIRST_DAY - timedelta(days=round(years * 365.25))
        # The heap on 1 January: dates of birth that somebody had to make up.
        return birth.replace(month=1, day=1) if rng.random() < 0.06 else birth

    def _fields(self) -> tuple[str, ...]:
        rng = self.rng
        wanted = shares.FIELDS_PER_CASE.draw(rng)
        fields: list[str] = []
        while len(fields) < wanted:
            field = shares.FIELD.draw(rng)
            if field not in fields:
                fields.append(field)
        return tuple(fields)

    def _referrals(self) -> tuple[str, ...]:
        rng = self.referral_rng
        drawn = (shares.REFERRED_TO.draw(rng) for _ in range(shares.REFERRALS_PER_CASE.draw(rng)))
        return tuple(dict.fromkeys(drawn))

    def _contact(self, first: date) -> Contact:
        rng = self.rng
        day = first + timedelta(days=rng.randrange(90))
        return Contact(day, self._fields()[:2], shares.INST.draw(rng))
