"""One card per indicator: the statewide figure, what it rests on, and its course in miniature."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.statistics.overviews import DataflowOverview, SubjectLine
from hub.web import numbers
from hub.web.page_query import PageQuery
from hub.web.texts import figures as texts
from hub.web.timeline import Sparkline, draw_sparkline
from hub.web.wording import Wording


@dataclass(frozen=True, slots=True)
class IndicatorCard:
    """One indicator in the overview.

    Attributes:
        name: its name, with the category it stands for where it has no total.
        unit: what is counted.
        figure: the statewide figure as a sentence part.
        coverage: what it rests on.
        url: its page.
        derived: whether it is computed from others.
        spark: its course.
    """

    name: str
    unit: str
    figure: str
    coverage: str
    url: str
    derived: bool
    spark: Sparkline


@dataclass(frozen=True, slots=True)
class CardGroup:
    """The cards of one dataflow: its id and name, the period, the cards."""

    id: str
    name: str
    period: str
    cards: tuple[IndicatorCard, ...]


def card_groups(
    overviews: tuple[DataflowOverview, ...], wording: Wording, query: PageQuery
) -> tuple[CardGroup, ...]:
    """Word the overview; always counts, because indicators have different base populations."""
    return tuple(
        CardGroup(
            id=item.dataset.id.lower(),
            name=wording.say(item.dataset.name),
            period=wording.say(numbers.period_name(item.period)),
            cards=tuple(_card(line, wording, query) for line in item.lines),
        )
        for item in overviews
    )


def subject_name(line: SubjectLine, wording: Wording) -> str:
    """Name of an indicator with the category that its main cell stands for."""
    name = wording.say(line.cell.subject.name)
    codes = ", ".join(wording.say(code) for _, code in line.cell.labels)
    return f"{name}: {codes}" if codes else name


def unit_name(unit: str, wording: Wording) -> str:
    """What a unit counts, in words."""
    return wording.say(texts.UNIT[unit])


def _card(line: SubjectLine, wording: Wording, query: PageQuery) -> IndicatorCard:
    subject = line.cell.subject
    counts = wording.about(subject)
    return IndicatorCard(
        name=subject_name(line, wording),
        unit=unit_name(subject.unit, wording),
        figure=counts.sentence(line.figure),
        coverage=counts.basis(line.figure),
        url=query.to(f"/indikator/{subject.id}").url(),
        derived=subject.derived is not None,
        spark=draw_sparkline([counts.of(point.figure) for point in line.points]),
    )
