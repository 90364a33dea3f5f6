"""The simulated other half of an area's truth: posts, money, structural issues and decisions of component 3.

Purpose: what case software does not hold and four registers do. Everything is drawn from one generator
seeded by the area's id, beside its cases (`casework`).

Invariants: amounts are integers (full-time equivalents and euros times 100); a post's spans neither overlap
nor leave gaps, and nothing about it changes within one; grants for staff lie between 45,000 and 60,000 EUR
per full-time equivalent funded at the end of the year; codes are leaf codes.

It deliberately does not: know file formats, spellings or tables.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from hub.demo.world import distributions as shares
from hub.demo.world.casework import EXPORT_DAY, FIRST_DAY
from hub.demo.world.distributions import Shares

BUDGET_YEARS: Final = (2024, 2025, 2026)
_DAY: Final = timedelta(days=1)
_NGOS: Final = (
    "AWO Unterbezirk", "Caritasverband für die Region", "Diakonisches Werk", "DRK Kreisverband",
    "Paritätische Dienste", "Jüdische Gemeinde", "Flüchtlingsrat e. V.",
)  # fmt: skip
_TOWNS: Final = ("Stadt Nord", "Stadt Süd", "Gemeinde Talheim", "Stadt Berghausen", "Gemeinde Waldaue")
_FTE: Final = Shares({100: 68, 50: 18, 75: 11, 80: 3})
#: Nobody is employed for less (hundredths).
_SMALLEST_POST: Final = 25
#: Euros per full-time equivalent and year, besides staff.
_WORKPLACE, _TRAINING = (7_000, 9_700), (350, 900)
_ISSUES: Final = Shares({"IDENT": 30, "GROUP": 25, "STEER": 12, "SOLVED": 23, "DROPPED": 10})
#: Decisions a year per 1,000 inhabitants.
_DECISIONS: Final = {"NAT": 0.75, "NE263": 0.28, "T25B": 0.14, "T104C": 0.10, "T25A": 0.05}


@dataclass(frozen=True, slots=True)
class Carrier:
    """An organisation that employs; ``kind`` is its leaf code."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class PostSpan:
    """A post while nothing about it changes; ``last`` None: until further notice. FTE times 100."""

    post: str
    baustein: str
    carrier: Carrier
    funded: int
    filled: int
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class Booking:
    """A line of the funds ledger. Euros times 100; a repayment is negative."""

    year: int
    baustein: str
    cost: str
    carrier: Carrier
    granted: int
    spent: int
    day: date


@dataclass(frozen=True, slots=True)
class Issue:
    """A structural issue with its field and its status as the register has it now."""

    field: str
    status: str
    reported: date


@dataclass(frozen=True, slots=True)
class Decision:
    """A positive decision of an immigration or naturalisation authority."""

    kind: str
    sex: str
    day: date


@dataclass(frozen=True, slots=True)
class Programme:
    """All that the registers of one area should hold."""

    area: str
    carriers: tuple[Carrier, ...]
    posts: tuple[PostSpan, ...]
    bookings: tuple[Booking, ...]
    issues: tuple[Issue, ...]
    decisions: tuple[Decision, ...]


def run_programme(area: str, *, population: int, city: bool) -> Programme:
    """Draw the registers of one area.

    Args:
        area: id of the reporting area; seeds the generator.
        population: inhabitants, from which numbers of posts and decisions follow.
        city: whether no town belongs to it that could employ on its own.
    """
    rng = random.Random(f"kim-demo/1/programme/{area}")
    carriers = _carriers(rng, city=city)
    posts = tuple(_posts(rng, carriers, population))
    return Programme(
        area=area,
        carriers=carriers,
        posts=posts,
        bookings=tuple(sorted(_bookings(rng, carriers, posts), key=lambda booking: booking.day)),
        issues=tuple(sorted(_issues(rng, population), key=lambda issue: issue.reported)),
        decisions=decide(area, population=population),
    )


def up_to(programme: Programme, day: date) -> Programme:
    """Return what the registers hold on a day."""
    return replace(
        programme,
        posts=tuple(span for span in programme.posts if span.first <= day),
        bookings=tuple(booking for booking in programme.bookings if booking.day <= day),
        issues=tuple(issue for issue in programme.issues if issue.reported <= day),
        decisions=tuple(decision for decision in programme.decisions if decision.day <= day),
    )


def decide(area: str, *, population: int) -> tuple[Decision, ...]:
    """Draw the decisions of one authority, in order of time; some lie before the first quarter."""
    rng = random.Random(f"kim-demo/1/decisions/{area}")
    first = FIRST_DAY - 40 * _DAY
    span = (EXPORT_DAY - first).days
    found = [
        Decision(kind, shares.SEX.draw(rng), first + rng.randrange(span) * _DAY)
        for kind, rate in _DECISIONS.items()
        for _ in range(round(population / 1000 * rate * span / 365 * rng.uniform(0.8, 1.2)))
    ]
    return tuple(sorted(found, key=lambda decision: decision.day))


def _carriers(rng: random.Random, *, city: bool) -> tuple[Carrier, ...]:
    names = [("Stadtverwaltung" if city else "Kreisverwaltung", "OWN")]
    if not city:
        names += [(name, "MUNI") for name in rng.sample(_TOWNS, rng.randrange(2, 5))]
    names += [(name, "NGO") for name in rng.sample(_NGOS, rng.randrange(2, 5))]
    return tuple(Carrier(f"T{number:02d}", *named) for number, named in enumerate(names, start=1))


def _posts(rng: random.Random, carriers: Sequence[Carrier], population: int) -> Iterator[PostSpan]:
    own = carriers[0]
    case_management = Shares(
        {carrier: {"OWN": 5.0, "MUNI": 1.2, "NGO": 1.8}[carrier.kind] for carrier in carriers}
    )
    offices = Shares({carrier: {"OWN": 6.0, "MUNI": 1.0, "NGO": 0.0}[carrier.kind] for carrier in carriers})
    # Full-time equivalents times 100 by component, after the programme's own key of distribution.
    wanted = (
        ("B1K", rng.choice((200, 250, 300)), Shares({own: 1.0})),
        ("B1V", rng.choice((50, 100, 150)), Shares({own: 1.0})),
        ("B2", round(100 * (8 + population / 60_000)), case_management),
        ("B3A", round(65 * (1.2 + population / 270_000)), offices),
        ("B3E", round(35 * (1.2 + population / 270_000)), offices),
    )
    filled, number = rng.uniform(0.80, 0.97), 0
    for baustein, target, choice in wanted:
        granted = 0
        while target - granted >= _SMALLEST_POST:
            number += 1
            funded = min(_FTE.draw(rng), target - granted)
            granted += funded
            yield from _spans(rng, f"S-{number:03d}", baustein, choice.draw(rng), funded=funded, rate=filled)


def _spans(
    rng: random.Random, post: str, baustein: str, carrier: Carrier, *, funded: int, rate: float
) -> Iterator[PostSpan]:
    """Follow one post: granted years ago or lately, vacant for a while now and then, sometimes given up."""
    begin = date(rng.randrange(2021, 2024), rng.choice((1, 4, 7, 10)), 1)
    if rng.random() < 0.08:
        begin = FIRST_DAY + rng.randrange(600) * _DAY
    filled = funded if rng.random() < rate else 0
    if filled and rng.random() < 0.06:
        filled = funded // 2
    changes = [(begin, funded, filled)]
    if rng.random() < 0.35:
        vacant = max(begin, FIRST_DAY) + rng.randrange(20, 500) * _DAY
        again = vacant + rng.randrange(30, 160) * _DAY
        changes += [(vacant, funded, 0 if filled else funded), (again, funded, funded)]
    changes = [change for change in changes if change[0] <= EXPORT_DAY]
    end = changes[-1][0] + rng.randrange(60, 400) * _DAY if rng.random() < 0.05 else None
    lasts = [first - _DAY for first, _, _ in changes[1:]]
    for (first, there, taken), last in zip(changes, [*lasts, end], strict=True):
        yield PostSpan(post, baustein, carrier, there, taken, first, last)


def funded_at(posts: Sequence[PostSpan], day: date) -> dict[tuple[str, Carrier], int]:
    """Return full-time equivalents (times 100) funded on a day by component and carrier."""
    funded: dict[tuple[str, Carrier], int] = {}
    for span in posts:
        if span.first <= day and (span.last is None or day <= span.last):
            place = (span.baustein, span.carrier)
            funded[place] = funded.get(place, 0) + span.funded
    return funded


def _bookings(
    rng: random.Random, carriers: Sequence[Carrier], posts: Sequence[PostSpan]
) -> Iterator[Booking]:
    own = carriers[0]
    for year in BUDGET_YEARS:
        for (baustein, carrier), fte in funded_at(posts, min(date(year, 12, 31), EXPORT_DAY)).items():
            per_post = {
                "STAFF": rng.uniform(45_500, 59_500),
                "WORKPL": rng.uniform(*_WORKPLACE),
                "TRAIN": rng.uniform(*_TRAINING),
            }
            if baustein == "B1K" or (baustein == "B2" and rng.random() < 0.4):
                per_post["MEAS"] = rng.uniform(1_500, 9_000)
            for cost, euros in per_post.items():
                # Euros per post times hundredths of a post: cents.
                yield from _budget(rng, (year, baustein, cost, carrier), round(euros * fte))
        # Money of earlier years that comes back: a cell that is below zero.
        back = -rng.randrange(10_000, 250_000)
        yield Booking(year, "B3E", "MEAS", own, 0, back, date(year, 3, rng.randrange(1, 28)))


def _budget(rng: random.Random, what: tuple[int, str, str, Carrier], granted: int) -> Iterator[Booking]:
    """A grant, often amended in autumn, and what is spent of it quarter by quarter."""
    year = what[0]
    amendment = round(granted * rng.uniform(-0.04, 0.05)) if rng.random() < 0.3 else 0
    yield Booking(*what, granted - amendment, 0, date(year, 1, rng.randrange(5, 29)))
    if amendment:
        yield Booking(*what, amendment, 0, date(year, 9, rng.randrange(1, 28)))
    quarters = [day for month in (3, 6, 9, 12) if (day := date(year, month, 28)) < EXPORT_DAY]
    share = rng.uniform(0.86, 0.99)
    for day in quarters:
        yield Booking(*what, 0, round(granted * share / 4 * rng.uniform(0.95, 1.0)), day)
    if rng.random() < 0.12:
        repaid = -round(granted * rng.uniform(0.01, 0.06))
        yield Booking(*what, 0, repaid, quarters[-1] - rng.randrange(1, 20) * _DAY)


def _issues(rng: random.Random, population: int) -> Iterator[Issue]:
    first = date(2022, 1, 10)
    for _ in range(20 + population // 15_000):
        reported = first + rng.randrange((EXPORT_DAY - first).days) * _DAY
        yield Issue(shares.FIELD.draw(rng), _ISSUES.draw(rng), reported)
