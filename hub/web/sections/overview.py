"""One card per indicator: the statewide total, what it rests on, and its course in miniature."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from hub.services.statistics.report import Headline, IndicatorReport
from hub.web import texts
from hub.web.page_query import Measure, PageQuery
from hub.web.timeline import Sparkline, draw_sparkline
from hub.web.wording import Wording


@dataclass(frozen=True, slots=True)
class IndicatorCard:
    """One indicator in the overview.

    Attributes:
        name: its name.
        unit: what is counted.
        figure: the statewide total as a sentence part.
        coverage: what it rests on.
        url: the page with this indicator chosen.
        current: whether it is.
        spark: its course.
    """

    name: str
    unit: str
    figure: str
    coverage: str
    url: str
    current: bool
    spark: Sparkline


def overview_cards(report: IndicatorReport, wording: Wording, query: PageQuery) -> tuple[IndicatorCard, ...]:
    """Word the overview; always counts, because indicators have different base populations."""
    counts = Wording(wording.language, Measure.COUNT)
    return tuple(_card(headline, report, counts, query) for headline in report.overview)


def _card(headline: Headline, report: IndicatorReport, counts: Wording, query: PageQuery) -> IndicatorCard:
    indicator = headline.indicator
    current = indicator.id == report.cell.indicator.id
    coverage = headline.figure.coverage
    return IndicatorCard(
        name=counts.say(indicator.name),
        unit=counts.say(texts.UNIT[indicator.unit]) if indicator.unit in texts.UNIT else indicator.unit,
        figure=counts.sentence(headline.figure),
        coverage=counts.coverage(coverage) if coverage else "",
        url=query.url(
            anchor="kennzahl",
            indicator=indicator.id,
            # Another indicator may lack the chosen breakdown or period: start from its total.
            codes=query.codes if current else MappingProxyType({}),
            measure=query.measure if current or indicator.denominator else None,
        ),
        current=current,
        spark=draw_sparkline([counts.of(point.figure) for point in headline.points]),
    )
