"""The form: every choice a reader has, as plain lists that work without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.services.statistics import Reading
from hub.services.statistics.report import IndicatorReport
from hub.web import numbers
from hub.web.page_query import Measure, PageQuery, Scale, cell_token
from hub.web.sections.areas import count_label
from hub.web.texts import figures as texts
from hub.web.texts import layout
from hub.web.wording import Wording
from protocol.periods import Period
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
        subjects: all indicators of the release, grouped by dataflow.
        cells: breakdowns, grouped by dimension.
        with_total: whether the total is a choice: kinds of decision have none.
        periods: newest first, quarters and years.
        measures: count and, if the indicator has a population, the rate.
        areas: regions whose series can be shown, grouped.
        scales: classes of the map.
        kept: hidden parameters.
    """

    subjects: tuple[OptionGroup, ...]
    cells: tuple[OptionGroup, ...]
    with_total: bool
    periods: tuple[OptionGroup, ...]
    measures: tuple[Option, ...]
    areas: tuple[OptionGroup, ...]
    scales: tuple[Option, ...]
    kept: tuple[tuple[str, str], ...]


def choices_for(reading: Reading, report: IndicatorReport, wording: Wording, query: PageQuery) -> Choices:
    """List what can be chosen for the report's indicator, with the reader's choices marked."""
    say = wording.say
    return Choices(
        subjects=_subjects(reading, report, wording),
        cells=tuple(
            OptionGroup(
                " × ".join(say(name) for name in group.dimensions),
                tuple(
                    Option(
                        cell_token(cell.codes),
                        ", ".join(say(code) for _, code in cell.labels),
                        cell.key == report.cell.key,
                    )
                    for cell in group.cells
                ),
            )
            for group in report.cell_groups
        ),
        with_total=all(use.codelist.total is not None for use in report.subject.dimensions),
        periods=period_groups(report.periods, report.period, wording),
        measures=_measures(report, wording),
        areas=_areas(reading, wording, query),
        scales=tuple(
            Option(scale.value, say(label), scale is query.scale)
            for scale, label in ((Scale.QUANTILE, texts.CHOICE_QUANTILE), (Scale.EQUAL, texts.CHOICE_EQUAL))
        ),
        kept=tuple(
            (name, value)
            for name, value in query.parameters().items()
            if name in ("order", "release", "lang")
        ),
    )


def period_groups(
    periods: Sequence[Period], chosen: Period | None, wording: Wording
) -> tuple[OptionGroup, ...]:
    """List periods newest first, quarters before years."""
    groups = (
        OptionGroup(
            wording.say(label),
            tuple(
                Option(str(p), wording.say(numbers.period_name(p)), p == chosen)
                for p in reversed(periods)
                if p.freq == freq
            ),
        )
        for freq, label in (("Q", layout.QUARTERS), ("A", layout.YEARS))
    )
    return tuple(group for group in groups if group.options)


def _subjects(reading: Reading, report: IndicatorReport, wording: Wording) -> tuple[OptionGroup, ...]:
    subjects = reading.subjects
    return tuple(
        OptionGroup(
            wording.say(dataset.name),
            tuple(
                Option(subject.id, wording.say(subject.name), subject.id == report.subject.id)
                for subject in subjects
                if subject.dataset == dataset.id
            ),
        )
        for dataset in reading.catalogue.datasets.values()
        if any(subject.dataset == dataset.id for subject in subjects)
    )


def _measures(report: IndicatorReport, wording: Wording) -> tuple[Option, ...]:
    count = Option("count", count_label(report.subject, wording), wording.measure is Measure.COUNT)
    denominator = report.subject.denominator
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
            wording.say(texts.CHOICE_ALL_AREAS),
            tuple(Option(a.id, a.name, a.id == query.area) for a in reporting_areas()),
        ),
    )
