"""The true figures of an area, from what its rows must become: who is counted where, indicator by indicator.

Purpose: an independent second opinion on every figure the product publishes, for all five dataflows, by
quarter and, where a dataflow is delivered by the year, by year. The counting itself is `counting`.

Invariants: only indicators whose source exists are counted; nothing is computed that the hub computes
(years of what adds up over time, rates): the comparison does that from these figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.demo.lists.records import CaseFacts, ContactFacts
from hub.demo.truth.counting import Codes, Contributions, Figures, Item, contributions, count_indicator
from hub.demo.truth.handling import Handled, HandledCase, Involvement
from hub.demo.world.programme import Booking, Decision, Issue, PostSpan
from protocol.catalogue import Catalogue
from protocol.codelists import Code
from protocol.periods import Period

#: Last completed year of each age group.
_AGE_CLASSES: Final = (
    (5, "Y0T5"),
    (14, "Y6T14"),
    (17, "Y15T17"),
    (24, "Y18T24"),
    (29, "Y25T29"),
    (39, "Y30T39"),
    (49, "Y40T49"),
    (64, "Y50T64"),
    (110, "Y_GE65"),
)
#: Last day of each class of duration and of waiting; whoever waits or stays longer is in the open class.
_DURATIONS: Final = ((90, "M_LT3"), (181, "M3T6"), (364, "M6T12"), (729, "M12T24"))
_WAITS: Final = ((7, "D_LE7"), (14, "D8T14"), (30, "D15T30"), (60, "D31T60"), (90, "D61T90"))
#: Dataflows whose rules look at contributors.
_CONTRIBUTED: Final = ("STAFFING", "FUNDS")


def age_class(birth: date | None, day: date) -> str:
    """Return the age group in completed years on a day; ``_U`` if unknown, unborn or over 110."""
    if birth is None or birth > day:
        return "_U"
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    for last, code in _AGE_CLASSES:
        if years <= last:
            return code
    return "_U"


def days_class(days: int, classes: Iterable[tuple[int, str]], *, longer: str) -> str:
    """Return the class of a number of days."""
    return next((code for last, code in classes if days <= last), longer)


@dataclass(frozen=True, slots=True)
class _Days:
    """First and last day of a period; `Period` computes them anew at each question, and here are millions."""

    first: date
    last: date

    def hold(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class PeriodTruth:
    """What is true of one area in one period.

    Attributes:
        figures: dataset → cell → value.
        contributions: dataset → cell → who stands behind it, for posts and money.
    """

    figures: Mapping[str, Figures]
    contributions: Mapping[str, Mapping[str, Contributions]]


def true_figures(handled: Handled, catalogue: Catalogue, period: Period) -> PeriodTruth:
    """Count all indicators of one area that are delivered in the frequency of a period.

    Args:
        handled: what the area's rows must become.
        catalogue: tables and codelists.
        period: a quarter or a year.
    """
    items = _items(handled, catalogue, _Days(period.first_day, period.last_day))
    figures: dict[str, Figures] = {}
    behind: dict[str, dict[str, Contributions]] = {}
    for dataset in catalogue.datasets.values():
        for indicator in dataset.indicators:
            if period.freq not in indicator.frequencies or indicator.id not in items:
                continue
            counted = items[indicator.id]()
            figures.setdefault(dataset.id, {}).update(count_indicator(catalogue, indicator, counted))
            if dataset.id in _CONTRIBUTED:
                found = contributions(catalogue, indicator, counted)
                behind.setdefault(dataset.id, {}).update(found)
    return PeriodTruth(figures, behind)


def collected_indicators(handled: Handled, catalogue: Catalogue) -> dict[str, list[str]]:
    """Return the indicators for which an area has a source, by dataset."""
    known = _items(handled, catalogue, _Days(date.min, date.max))
    return {
        dataset.id: found
        for dataset in catalogue.datasets.values()
        if (found := [indicator.id for indicator in dataset.indicators if indicator.id in known])
    }


def _items(handled: Handled, catalogue: Catalogue, days: _Days) -> Mapping[str, Callable[[], Sequence[Item]]]:
    """Return for each indicator that has a source how its items are found."""
    cases = handled.cases
    found: dict[str, Callable[[], Sequence[Item]]] = {}
    if cases is not None:
        opened = [case for case in cases if days.hold(case.holder.opened)]
        closed = [case for case in cases if days.hold(case.holder.closed)]
        fields = [code.id for code in _codes(catalogue, "REFERRALS", "FIELD")]
        found |= {
            "CASES_OPENED": lambda: [_case_item(case, days) for case in opened],
            "CASES_CLOSED": lambda: [_case_item(case, days) for case in closed],
            "CASES_OPEN": lambda: [_case_item(c, days) for c in cases if _open_at_end(c.holder, days)],
            "CONTACTS_ONEOFF": lambda: [_contact_item(c) for c in handled.contacts if days.hold(c.day)],
            "PERSONS_SUPPORTED": lambda: _persons(handled.involvements, days, new=False),
            "PERSONS_NEW": lambda: _persons(handled.involvements, days, new=True),
            "REFERRALS": lambda: [item for case in closed for item in _referrals(case, fields)],
            "CASES_BY_DURATION": lambda: [Item({"DURATION": _duration(case.holder)}) for case in closed],
            "CASES_BY_WAIT": lambda: [Item({"WAIT": _wait(case.holder)}) for case in opened],
        }
    posts, bookings, issues, decisions = (
        handled.posts,
        handled.bookings,
        handled.issues,
        handled.decisions,
    )
    if posts is not None:
        there = [post for post in posts if _valid(post, days.last)]
        found["FTE_FUNDED"] = lambda: [_post_item(post, post.funded) for post in there]
        found["FTE_FILLED"] = lambda: [_post_item(post, post.filled) for post in there]
    if bookings is not None:
        year = [booking for booking in bookings if booking.year == days.last.year]
        found["FUNDS_GRANTED"] = lambda: [_booking_item(booking, booking.granted) for booking in year]
        found["FUNDS_SPENT"] = lambda: [_booking_item(booking, booking.spent) for booking in year]
    if issues is not None:
        found["STRUCT_ISSUES"] = lambda: [_issue_item(i) for i in issues if i.reported <= days.last]
    if decisions is not None:
        found["B3_DECISIONS"] = lambda: [_decision_item(d) for d in decisions if days.hold(d.day)]
    return found


def _codes(catalogue: Catalogue, indicator: str, dimension: str) -> Sequence[Code]:
    use = catalogue.indicator(indicator).dimension_use(dimension)
    return () if use is None else use.codelist.codes


def _open_at_end(case: CaseFacts, days: _Days) -> bool:
    return case.opened <= days.last and (case.closed is None or case.closed > days.last)


def _case_item(case: HandledCase, days: _Days) -> Item:
    return Item(
        {
            **_attributes(case.holder, days),
            "INST": case.holder.inst,
            "OUTCOME": case.holder.outcome,
            "FIELD": case.fields,
        }
    )


def _contact_item(contact: ContactFacts) -> Item:
    return Item({"FIELD": contact.field, "INST": contact.inst})


def _attributes(person: CaseFacts, days: _Days) -> Codes:
    return {
        "SEX": person.sex,
        "AGE": age_class(person.birth, days.last),
        "CITIZEN": person.citizen,
        "RESIDENCE": person.residence,
        "RECHTSKREIS": person.rechtskreis,
    }


def _persons(involvements: Iterable[Involvement], days: _Days, *, new: bool) -> list[Item]:
    """Each person once, with the attributes of the latest case that counts in the period."""
    earliest: dict[str, date] = {}
    latest: dict[str, Involvement] = {}
    for involvement in involvements:
        person, holder = involvement.person.person, involvement.holder
        earliest[person] = min(earliest.get(person, holder.opened), holder.opened)
        if holder.opened > days.last or (holder.closed and holder.closed < days.first):
            continue
        known = latest.get(person)
        if known is None or (known.holder.opened, known.holder.case) < (holder.opened, holder.case):
            latest[person] = involvement
    return [
        Item(_attributes(involvement.person, days))
        for person, involvement in latest.items()
        if not new or days.hold(earliest[person])
    ]


def _referrals(case: HandledCase, fields: Sequence[str]) -> list[Item]:
    """One referral per institution, under the case's first field in the order of the catalogue."""
    first = min(case.fields, key=fields.index)
    return [Item({"INST": inst, "FIELD": first}) for inst in case.referred]


def _duration(case: CaseFacts) -> str:
    if case.closed is None:
        return "_U"
    return days_class((case.closed - case.opened).days, _DURATIONS, longer="M_GE24")


def _wait(case: CaseFacts) -> str:
    if case.first_contact is None:
        return "_U"
    return days_class((case.opened - case.first_contact).days, _WAITS, longer="D_GT90")


def _valid(post: PostSpan, day: date) -> bool:
    return post.first <= day and (post.last is None or day <= post.last)


def _post_item(post: PostSpan, amount: int) -> Item:
    return Item({"BAUSTEIN": post.baustein, "CARRIER": post.carrier.kind}, amount, post.post)


def _booking_item(booking: Booking, amount: int) -> Item:
    codes = {"BAUSTEIN": booking.baustein, "COST": booking.cost, "CARRIER": booking.carrier.kind}
    return Item(codes, amount, booking.carrier.id)


def _issue_item(issue: Issue) -> Item:
    return Item({"FIELD": issue.field, "ISSUE": issue.status})


def _decision_item(decision: Decision) -> Item:
    return Item({"DECISION": decision.kind, "SEX": decision.sex})
