"""The page of a refusal, and the short pages that read no figures."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.statistics import Statistics
from hub.web.frame import Frame, Link, frame_of
from hub.web.page_query import PageQuery
from hub.web.texts import data as texts
from protocol.errors import KimError


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Context of `problem.html`: what is wrong, what helps, and the way back."""

    frame: Frame
    title: str
    detail: str
    remedy: str
    code: str


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Context of `statement.html`: a title and paragraphs."""

    frame: Frame
    title: str
    paragraphs: tuple[str, ...]


def problem_page(statistics: Statistics, error: KimError, query: PageQuery) -> ProblemPage:
    """Word a refusal; nothing the reader sent is repeated."""
    frame = frame_of(statistics, query)
    return ProblemPage(
        frame=frame,
        title=frame.wording.say(error.problem.title),
        detail=frame.wording.say(error.detail),
        remedy=frame.wording.say(error.remedy),
        code=error.code,
    )


def accessibility_page(statistics: Statistics, query: PageQuery) -> StatementPage:
    """Word the accessibility statement."""
    say = frame_of(statistics, query).wording.say
    title = say(texts.ACCESS_TITLE)
    with statistics.reading(query.release) as reading:
        frame = frame_of(statistics, query, reading=reading, trail=(Link(title, query.url(), current=True),))
    return StatementPage(frame, title, tuple(say(paragraph) for paragraph in texts.ACCESS_PARAGRAPHS))
