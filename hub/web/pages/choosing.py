"""Finding the way: the search for figures and areas, and the form of the indicator page.

The form sends its choices together with the figure; what the new figure does not have (a breakdown, a period)
is left out instead of refused, because the reader did not choose it for that figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from hub.services.statistics import Reading, Statistics
from hub.services.statistics.cells import cell_of
from hub.services.statistics.report import offered
from hub.web.frame import Frame, Link, frame_of
from hub.web.page_query import PageQuery
from hub.web.sections.ordering import sort_name
from hub.web.sections.remarks import definition_of
from hub.web.texts import overviews as texts
from hub.web.wording import Wording
from protocol.errors import KimError
from protocol.regions import areas_by_id, reporting_areas

_MOST_LETTERS = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: what it is, where it leads, and a line that tells it from others."""

    label: str
    url: str
    detail: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Context of `search.html`.

    Attributes:
        frame: what stands around the page.
        asked: what was searched for, as typed.
        count: number of results in words.
        hits: results.
        only: address of the only result, or None.
    """

    frame: Frame
    asked: str
    count: str
    hits: tuple[Hit, ...]
    only: str | None


def search_page(statistics: Statistics, query: PageQuery, asked: str) -> SearchPage:
    """Find figures and areas whose name, definition, id or key holds every word asked for."""
    words = sort_name(asked[:_MOST_LETTERS]).split()
    with statistics.reading(query.release) as reading:
        frame = frame_of(statistics, query, reading=reading)
        say = frame.wording.say
        hits = (
            *_figures(reading, frame.wording, query, words),
            *_areas(reading, frame.wording, query, words),
        )
        hits = hits if words else ()
    exact = [hit for hit in hits if sort_name(hit.label) == " ".join(words)]
    only = hits[0].url if len(hits) == 1 else exact[0].url if len(exact) == 1 else None
    sentence = texts.SEARCH_FOUND_ONE if len(hits) == 1 else texts.SEARCH_FOUND
    return SearchPage(frame, asked[:_MOST_LETTERS], say(sentence).format(len(hits)), hits, only)


def fitting_query(statistics: Statistics, subject_id: str, query: PageQuery) -> PageQuery:
    """Return the query without choices that the subject does not have.

    Raises:
        KimError: ``unknown_indicator`` if the release does not hold the subject.
    """
    with statistics.reading(query.release) as reading:
        subject = offered(reading, subject_id)
        try:
            cell_of(reading.catalogue, subject, query.codes)
        except KimError:
            query = query.changed(codes=MappingProxyType({}))
        if query.period is not None and query.period not in reading.periods_of(subject):
            query = query.changed(period=None)
        if subject.denominator is None:
            query = query.changed(measure=None)
        return query


def _figures(reading: Reading, wording: Wording, query: PageQuery, words: list[str]) -> tuple[Hit, ...]:
    found: list[Hit] = []
    for subject in reading.subjects:
        definition = definition_of(subject, wording)
        text = f"{wording.say(subject.name)} {definition} {subject.id}"
        if _holds(text, words):
            found.append(
                Hit(wording.say(subject.name), query.to(f"/indikator/{subject.id}").url(), definition)
            )
    return tuple(found)


def _areas(reading: Reading, wording: Wording, query: PageQuery, words: list[str]) -> tuple[Hit, ...]:
    ids = (*(area.id for area in reporting_areas()), *reading.tree.aggregates)
    found: list[Hit] = []
    for region in ids:
        name, own = wording.say(reading.tree.name(region)), areas_by_id().get(region)
        detail = wording.say(texts.AREA_KEY).format(own.official_key) if own else ""
        if _holds(f"{name} {own.official_key if own else ''} {region}", words):
            found.append(Hit(name, query.to(f"/gebiet/{region}").url(), detail))
    return tuple(found)


def _holds(text: str, words: list[str]) -> bool:
    plain = sort_name(text)
    return all(word in plain for word in words)


def area_links(query: PageQuery) -> tuple[Link, ...]:
    """Links to the 54 areas by name."""
    areas = sorted(reporting_areas(), key=lambda area: sort_name(area.name))
    return tuple(Link(area.name, query.to(f"/gebiet/{area.id}").url()) for area in areas)
