"""What stands around every page: which release is read, where the reader is, the way to the other pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.services.statistics import Reading, Statistics
from hub.web import numbers
from hub.web.page_query import PageQuery
from hub.web.texts import layout as texts
from hub.web.wording import Wording
from protocol.texts import Text

#: The pages of the navigation: key, label, address (relative to the site).
_PAGES: Final[tuple[tuple[str, Text, str, str], ...]] = (
    ("overview", texts.PAGE_OVERVIEW, "/", ""),
    ("figures", texts.PAGE_FIGURES, "/", "kennzahlen"),
    ("areas", texts.PAGE_AREAS, "/", "gebiete"),
    ("deliveries", texts.PAGE_DELIVERIES, "/lieferungen", ""),
    ("data", texts.PAGE_DATA, "/daten", ""),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A way to another page: what it is called, where it leads, whether the reader is there."""

    label: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """Which release is read.

    Attributes:
        sentence: "Veröffentlichung 2 vom 6. Oktober 2026".
        catalogue: "Katalog 0.1.0".
        earlier: whether a newer one exists and this one was asked for by number.
        number: its number.
    """

    sentence: str
    catalogue: str
    earlier: bool
    number: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What `base.html` needs.

    Attributes:
        wording: language; templates say their own texts through it.
        query: the page and the reader's choices, for links.
        demo: whether the figures are made up.
        release: which release is read, or None before the first one.
        home: address of the overview.
        navigation: the pages.
        trail: the way down to this page, the overview first; empty on the overview.
        other_language: this page in the other language.
        latest: this page as of the current release.
        permalink: this page with the release's number in it; empty before the first release.
        accessibility: address of the accessibility statement.
    """

    wording: Wording
    query: PageQuery
    demo: bool
    release: ReleaseLine | None
    home: str
    navigation: tuple[Link, ...]
    trail: tuple[Link, ...]
    other_language: str
    latest: str
    permalink: str
    accessibility: str


def frame_of(
    statistics: Statistics,
    query: PageQuery,
    *,
    reading: Reading | None = None,
    page: str = "",
    trail: tuple[Link, ...] = (),
) -> Frame:
    """Put the frame of a page together.

    Args:
        statistics: everything published.
        query: the page and the reader's choices.
        reading: the open view, or None on pages that read nothing.
        page: key of the page in the navigation, or empty.
        trail: the way down to this page, without the overview.
    """
    wording = Wording(query.language)
    home = query.to("/").url()
    release = _release(reading, wording, query) if reading else None
    overview = Link(wording.say(texts.PAGE_OVERVIEW), home)
    return Frame(
        wording=wording,
        query=query,
        demo=statistics.demo,
        release=release,
        home=home,
        navigation=tuple(
            Link(wording.say(label), query.to(path).url(anchor=anchor), key == page)
            for key, label, path, anchor in _PAGES
        ),
        trail=(overview, *trail) if trail else (),
        other_language=query.url(language="en" if query.language == "de" else "de"),
        latest=query.url(release=None),
        permalink=query.url(release=release.number) if release else "",
        accessibility=query.to("/barrierefreiheit").url(),
    )


def _release(reading: Reading, wording: Wording, query: PageQuery) -> ReleaseLine | None:
    release = reading.release
    if release is None:
        return None
    day = numbers.day_of(release.created_at, wording.language)
    latest = reading.store.published_release()
    return ReleaseLine(
        sentence=wording.say(texts.RELEASE).format(release.number, day),
        catalogue=wording.say(texts.CATALOGUE).format(release.catalogue_version),
        earlier=query.release is not None and latest is not None and latest.number != release.number,
        number=release.number,
    )
