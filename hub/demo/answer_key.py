"""The true figures of an area, counted in plain loops from what its rows must become.

Purpose: an independent second opinion on every figure the product publishes. It walks over cases, persons
and contacts, adds one to a dictionary entry per leaf cell, then adds leaves to all cells above them.

Invariants: no arrays, no code of the aggregation package; tables, codelists and cell keys come from the
catalogue; a cell that is not in the result is a true zero; the totals of all tables of an indicator agree
(checked while counting).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Final

from hub.demo.handling import Handled, HandledCase, Involvement
from hub.demo.records import CaseFacts, ContactFacts
from protocol.catalogue import Catalogue, Dataset, Indicator
from protocol.codelists import NOT_APPLICABLE, TOTAL, Codelist
from protocol.periods import Period

#: Grid key joined by ``|`` → true value; zeros are left out.
Figures = dict[str, int]
#: What is counted once: its leaf codes by dimension; several for a multi-response dimension.
Item = Mapping[str, str | frozenset[str]]

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


def age_class(birth: date | None, day: date) -> str:
    """Return the age group in completed years on a day; ``_U`` if unknown, unborn or over 110."""
    if birth is None or birth > day:
        return "_U"
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    for last, code in _AGE_CLASSES:
        if years <= last:
            return code
    return "_U"


@dataclass(frozen=True, slots=True)
class _Days:
    """First and last day of a period; `Period` computes them anew at each question, and here are millions."""

    first: date
    last: date

    def hold(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last


def true_figures(handled: Handled, catalogue: Catalogue, period: Period) -> dict[str, Figures]:
    """Count all indicators of CASES and PERSONS of one area and period.

    Args:
        handled: what the area's rows must become.
        catalogue: tables and codelists.
        period: a quarter.

    Returns:
        Figures by dataset.
    """
    days = _Days(period.first_day, period.last_day)
    counted: dict[str, Sequence[Item]] = {
        "CASES_OPENED": [_case_item(c, days) for c in handled.cases if days.hold(c.holder.opened)],
        "CASES_CLOSED": [_case_item(c, days) for c in handled.cases if days.hold(c.holder.closed)],
        "CASES_OPEN": [_case_item(c, days) for c in handled.cases if _open_at_end(c.holder, days)],
        "CONTACTS_ONEOFF": [_contact_item(c) for c in handled.contacts if days.hold(c.day)],
        **_persons(handled.involvements, days),
    }
    figures: dict[str, Figures] = {}
    for dataset_id in ("CASES", "PERSONS"):
        dataset = catalogue.dataset(dataset_id)
        figures[dataset_id] = {}
        for indicator in dataset.indicators:
            figures[dataset_id].update(_count(dataset, indicator, counted[indicator.id]))
    return figures


def _open_at_end(case: CaseFacts, days: _Days) -> bool:
    return case.opened <= days.last and (case.closed is None or case.closed > days.last)


def _case_item(case: HandledCase, days: _Days) -> Item:
    return {
        **_attributes(case.holder, days),
        "INST": case.holder.inst,
        "OUTCOME": case.holder.outcome,
        "FIELD": case.fields,
    }


def _contact_item(contact: ContactFacts) -> Item:
    return {"FIELD": contact.field, "INST": contact.inst}


def _attributes(person: CaseFacts, days: _Days) -> dict[str, str | frozenset[str]]:
    return {
        "SEX": person.sex,
        "AGE": age_class(person.birth, days.last),
        "CITIZEN": person.citizen,
        "RESIDENCE": person.residence,
        "RECHTSKREIS": person.rechtskreis,
    }


def _persons(involvements: Iterable[Involvement], days: _Days) -> dict[str, Sequence[Item]]:
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
    items = {person: _attributes(i.person, days) for person, i in latest.items()}
    return {
        "PERSONS_SUPPORTED": list(items.values()),
        "PERSONS_NEW": [item for person, item in items.items() if days.hold(earliest[person])],
    }


def _count(dataset: Dataset, indicator: Indicator, items: Sequence[Item]) -> Figures:
    figures: Figures = {}
    for table in indicator.tables:
        for codes, value in _table(indicator, table, items).items():
            chosen = dict(zip(table, codes, strict=True))
            key = "|".join((indicator.id, *_key_codes(dataset, indicator, chosen)))
            if figures.setdefault(key, value) != value:
                raise ValueError(f"the tables of {indicator.id} do not share their totals")
    return figures


def _key_codes(dataset: Dataset, indicator: Indicator, chosen: Mapping[str, str]) -> list[str]:
    own = {use.id for use in indicator.dimensions}
    return [chosen.get(d, TOTAL) if d in own else NOT_APPLICABLE for d in dataset.dimensions]


def _table(indicator: Indicator, table: Sequence[str], items: Sequence[Item]) -> dict[tuple[str, ...], int]:
    """Count one marginal table with all its margins."""
    leaves: dict[tuple[str | frozenset[str], ...], int] = {}
    for item in items:
        leaf = tuple(item[dimension] for dimension in table)
        leaves[leaf] = leaves.get(leaf, 0) + 1
    lists: list[Callable[[str | frozenset[str]], set[str]]] = []
    for dimension in table:
        use = indicator.dimension_use(dimension)
        if use is None:
            raise ValueError(f"{indicator.id} has no dimension {dimension}")
        lists.append(_cells_above(use.codelist))
    cells: dict[tuple[str, ...], int] = {}
    for leaf, value in leaves.items():
        for cell in product(*(above(code) for above, code in zip(lists, leaf, strict=True))):
            cells[cell] = cells.get(cell, 0) + value
    return cells


def _cells_above(codelist: Codelist) -> Callable[[str | frozenset[str]], set[str]]:
    """Return a function from a leaf (or several) to all published codes under which it counts, once each."""
    known: dict[str, set[str]] = {}
    for code in codelist.leaves:
        published = codelist.recode(code)
        known[code] = {published, *codelist.ancestors(published)}

    def above(code: str | frozenset[str]) -> set[str]:
        if isinstance(code, str):
            return known[code]
        return set().union(*(known[one] for one in code))

    return above
