"""What the pages for people who log in have in common: their frames, and what came of a form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from flask import current_app, request

from hub.domain.rights import Permission
from hub.services.statistics import EXTENSION, Statistics
from hub.web.frame import Frame, Link, frame_of
from hub.web.page_query import PageQuery
from hub.web.people.gate import visitor
from hub.web.texts import people as texts
from protocol.errors import KimError
from protocol.texts import Language, Text

#: The pages of the workspace: label, address, what they need beside an account.
_WORK_PAGES: Final = (
    (texts.WORK, "/arbeit", None),
    (texts.WORK_FINDINGS, "/arbeit/befunde", Permission.DELIVERIES_READ),
    (texts.WORK_PERIODS, "/arbeit/zeitraeume", Permission.DELIVERIES_READ),
    (texts.WORK_NODES, "/arbeit/knoten", Permission.NODES_READ),
    (texts.WORK_AUDIT, "/arbeit/protokoll", Permission.AUDIT_READ),
    (texts.WORK_PEOPLE, "/arbeit/konten", Permission.PEOPLE_MANAGE),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a form's answer says above the form: whether it went well, the sentence, and what helps."""

    good: bool
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class WorkFrame:
    """What every page of the workspace has: its title, the workspace's pages, what came of a form or None."""

    title: str
    navigation: tuple[Link, ...]
    told: Told | None


@dataclass(frozen=True, slots=True)
class FormPart:
    """A page that is one form: its title, where the form goes, what came of it or None."""

    title: str
    action: str
    told: Told | None


def page_query(path: str | None = None) -> PageQuery:
    """Return the query of the present page, or of another path, in the reader's language."""
    language: Language = "en" if request.args.get("lang") == "en" else "de"
    return PageQuery(language=language, path=path or _page_path())


def _page_path() -> str:
    """Return where the present page stands: an address that takes forms only leads to the page above it."""
    routes, path = current_app.create_url_adapter(request), request.path
    while routes is not None and path and not routes.test(path, method="GET"):
        path = path.rpartition("/")[0]
    return path


def plain_frame(title: str, *above: Link) -> Frame:
    """Return the frame of a page that reads no figures.

    Args:
        title: of the page, in the reader's language.
        above: pages between the overview and this one.
    """
    query = page_query()
    statistics: Statistics = current_app.extensions[EXTENSION]
    trail = (*above, Link(title, query.url(), current=True))
    with statistics.reading(None) as reading:
        frame = frame_of(statistics, query, reading=reading, trail=trail)
    return replace(frame, permalink="")  # nothing here is cited


def work_frame(title: Text | str, told: Told | None = None) -> tuple[Frame, WorkFrame]:
    """Return the frames of a page of the workspace."""
    query, who = page_query(), visitor()
    label = title if isinstance(title, str) else title.in_(query.language)
    work = Link(texts.WORK.in_(query.language), query.to("/arbeit").url())
    navigation = tuple(
        Link(name.in_(query.language), query.to(path).url(), current=query.path == path)
        for name, path, needed in _WORK_PAGES
        if needed is None or who.may(needed)
    )
    above = () if query.path == "/arbeit" else (work,)
    return plain_frame(label, *above), WorkFrame(label, navigation, told)


def told_refusal(error: KimError) -> Told:
    """Say what went wrong with a form."""
    language = page_query().language
    return Told(good=False, sentence=error.detail.in_(language), remedy=error.remedy.in_(language))


def told_done(text: Text, *values: object) -> Told:
    """Say that a form did what it should; `values` complete the sentence."""
    return Told(good=True, sentence=text.in_(page_query().language).format(*values))
