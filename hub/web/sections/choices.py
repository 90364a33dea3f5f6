"""The form: every choice a reader has, as plain lists that work without scripts."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.statistics import Reading
from hub.services.statistics.report import IndicatorReport
from hub.web import numbers, texts
from hub.web.page_query import Measure, PageQuery, Scale, cell_token
from hub.web.wording import Wording
from protocol.regions import LAND, reporting_areas


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a list to choose from."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Entries under one heading."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """The form: what can be chosen, and what the form carries along unchanged.

    Attributes:
        cells: breakdowns, grouped by dimension.
        periods: newest first.
        measures: count and, if the indicator has a population, the rate.
        areas: regions whose series can be shown, grouped.
        scales: classes of the map.
        kept: hidden parameters.
    """

    cells: tuple[OptionGroup, ...]
    periods: tuple[Option, ...]
    measures: tuple[Option, ...]
    areas: tuple[OptionGroup, ...]
    scales: tuple[Option, ...]
    kept: tuple[tuple[str, str], ...]


def choices_for(reading: Reading, report: IndicatorReport, wording: Wording, query: PageQuery) -> Choices:
    """List what can be chosen for the report's indicator, with the reader's choices marked."""
    say = wording.say
    return Choices(
        cells=tuple(
            OptionGroup(
                " × ".join(say(name) for name in group.dimensions),
                tuple(
                    Option(
                        cell_token(cell.codes),
                        ", ".join(say(code) for _, code in cell.labels),
                        cell.row == report.cell.row,
                    )
                    for cell in group.cells
                ),
            )
            for group in report.cell_groups
        ),
        periods=tuple(
            Option(str(p), say(numbers.quarter_name(p)), p == report.period) for p in reversed(report.periods)
        ),
        measures=_measures(report, wording),
        areas=_areas(reading, wording, query),
        scales=tuple(
            Option(scale.value, say(label), scale is query.scale)
            for scale, label in ((Scale.QUANTILE, texts.CHOICE_QUANTILE), (Scale.EQUAL, texts.CHOICE_EQUAL))
        ),
        kept=tuple(
            (name, value)
            for name, value in query.changed(indicator=report.cell.indicator.id).parameters().items()
            if name in ("indicator", "order", "status", "release", "lang")
        ),
    )


def _measures(report: IndicatorReport, wording: Wording) -> tuple[Option, ...]:
    count = Option("count", wording.say(texts.CHOICE_COUNT), wording.measure is Measure.COUNT)
    denominator = report.cell.indicator.denominator
    if denominator is None:
        return (count,)
    label = wording.say(texts.PER_THOUSAND[denominator])
    return (Option("rate", label, wording.measure is Measure.RATE), count)


def _areas(reading: Reading, wording: Wording, query: PageQuery) -> tuple[OptionGroup, ...]:
    tree = reading.tree
    aggregates = [region for region in tree.aggregates if region != LAND]
    return (
        OptionGroup(
            wording.say(texts.DISTRICT_TOTALS),
            tuple(Option(r, wording.say(tree.name(r)), r == query.area) for r in aggregates),
        ),
        OptionGroup(
            wording.say(texts.STATUS_ALL),
            tuple(Option(a.id, a.name, a.id == query.area) for a in reporting_areas()),
        ),
    )
