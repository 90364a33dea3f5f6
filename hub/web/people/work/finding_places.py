"""Where a finding is, in words: the cells that do not fit and those beside them, with what is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.services.statistics.finding_places import FindingPlace, PlacedValue
from hub.web import numbers
from hub.web.page_query import PageQuery
from hub.web.texts import people as texts
from hub.web.wording import Shown
from protocol.texts import Language

#: Cells of a finding that are seen at once; the others are folded.
_SEEN: Final = 3


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A cell beside others: what tells it apart, and its figure or that it is not published."""

    label: str
    shown: Shown


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """A cell that does not fit.

    Attributes:
        name: the indicator, and by what it is broken down.
        url: the page of this figure; empty where it is not published.
        found: its own figure, under its period.
        beside: what it was compared with.
    """

    name: str
    url: str
    found: ValueLine
    beside: tuple[ValueLine, ...]


@dataclass(frozen=True, slots=True)
class PlaceList:
    """The cells of a finding.

    Attributes:
        first: those that are seen at once.
        more: the others that are known.
        more_label: how many these are.
        unnamed: how many are not known any more, in words; empty if all are.
    """

    first: tuple[PlaceLine, ...]
    more: tuple[PlaceLine, ...]
    more_label: str
    unnamed: str


def place_list(places: Sequence[FindingPlace], *, cells: int, area: str, query: PageQuery) -> PlaceList:
    """Word the cells of a finding.

    Args:
        places: as many as are stored; none of what the audit found.
        cells: how many there are.
        area: whose they are.
        query: of the present page.
    """
    lines = tuple(_line(place, area, query) for place in places)
    # Folding a single line saves none.
    first = lines if len(lines) <= _SEEN + 1 else lines[:_SEEN]
    more, left = lines[len(first) :], cells - len(lines) if lines else 0
    unnamed = texts.FINDING_UNNAMED_ONE if left == 1 else texts.FINDING_UNNAMED
    return PlaceList(
        first,
        more,
        texts.FINDING_MORE_CELLS.in_(query.language).format(len(more)) if more else "",
        unnamed.in_(query.language).format(left) if left else "",
    )


def _line(place: FindingPlace, area: str, query: PageQuery) -> PlaceLine:
    found, language = place.found, query.language
    period = numbers.period_name(found.period).in_(language)
    own, url = _shown(found, language), ""
    if found.value is not None:
        page = query.to(f"/indikator/{found.cell.subject.id}", codes=found.cell.codes)
        url = page.changed(period=found.period, area=area).url()
    return PlaceLine(
        _name(found, language),
        url,
        ValueLine(period, replace(own, text=own.spoken, spoken="") if own.spoken else own),
        tuple(ValueLine(_apart(one, found, language), _shown(one, language)) for one in place.beside),
    )


def _name(one: PlacedValue, language: Language) -> str:
    codes = (f"{name.in_(language)}: {code.in_(language)}" for name, code in one.cell.labels)
    return ", ".join((one.cell.subject.name.in_(language), *codes))


def _apart(one: PlacedValue, found: PlacedValue, language: Language) -> str:
    """Say of a cell what is not the same as in the one that does not fit: indicator, codes, period."""
    parts = []
    if one.cell.codes != found.cell.codes:
        parts.append(_name(one, language))
    elif one.cell.subject.id != found.cell.subject.id:
        parts.append(one.cell.subject.name.in_(language))
    if one.period != found.period:
        parts.append(numbers.period_name(one.period).in_(language))
    return ", ".join(parts)


def _shown(one: PlacedValue, language: Language) -> Shown:
    if one.value is None:
        return Shown("…", texts.FINDING_UNPUBLISHED.in_(language), "sign")
    # All decimals: what does not fit may differ in the last one.
    return Shown(numbers.decimal(one.value, language, digits=one.cell.subject.decimals), "", "exact")
