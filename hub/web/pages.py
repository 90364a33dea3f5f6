"""What each template gets: one frozen context per page, complete, so that a template only lays out.

`start_page` is the one use of the services behind the page: it opens one view of one release, reads the
report and the deliveries, and words them.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from hub.services.statistics import Reading, Statistics
from hub.services.statistics.cells import Cell
from hub.services.statistics.deliveries import delivery_report
from hub.services.statistics.figures import Coverage
from hub.services.statistics.report import IndicatorReport, ReportQuery, indicator_report
from hub.web import numbers, texts
from hub.web.page_query import Measure, PageQuery
from hub.web.sections.areas import AreaSection, area_section
from hub.web.sections.breakdown import BreakdownTable, breakdown_tables
from hub.web.sections.choices import Choices, choices_for
from hub.web.sections.overview import IndicatorCard, overview_cards
from hub.web.sections.series import SeriesView, series_views
from hub.web.sections.status import StatusSection, names_of, status_section
from hub.web.wording import Wording
from protocol.errors import KimError, kim_error
from protocol.regions import reporting_areas


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """Which release is read.

    Attributes:
        sentence: "Veröffentlichung 2 vom 6. Oktober 2026".
        catalogue: "Katalog 0.1.0".
        earlier: whether a newer one exists and this one was asked for by number.
    """

    sentence: str
    catalogue: str
    earlier: bool


@dataclass(frozen=True, slots=True)
class IndicatorSection:
    """The chosen indicator.

    Attributes:
        definition: what is counted.
        subject: the chosen cell in words.
        unit: what the headline counts, e.g. "Fälle am 30. September 2026".
        measure: heading of columns with the chosen measure.
        map_unit: what the map's legend counts.
        headline: the statewide count.
        rate: the same as a rate, with what it refers to; empty without a denominator or an upper limit.
        coverage: what it rests on, with the share of the population.
        remarks: why it is an interval, what the rate refers to.
        choices: the form.
        areas: map and table.
        breakdowns: one table per dimension.
        series: charts.
        api: address of the same figures in the statistics API, per region kind.
    """

    definition: str
    subject: str
    unit: str
    measure: str
    map_unit: str
    headline: str
    rate: str
    coverage: str
    remarks: tuple[str, ...]
    choices: Choices
    areas: AreaSection
    breakdowns: tuple[BreakdownTable, ...]
    series: tuple[SeriesView, ...]
    api: str


@dataclass(frozen=True, slots=True)
class StartPage:
    """Context of `start.html`.

    Attributes:
        wording: language and measure; templates say their own texts through it.
        query: the reader's choices, for links.
        demo: whether the figures are made up.
        release: which release is read, or None before the first one.
        period: name of the period, empty before the first release.
        permalink: address of this view with the release's number in it.
        status: the state of deliveries.
        cards: the overview; empty before the first release.
        indicator: the chosen indicator, or None before the first release.
    """

    wording: Wording
    query: PageQuery
    demo: bool
    release: ReleaseLine | None
    period: str
    permalink: str
    status: StatusSection
    cards: tuple[IndicatorCard, ...]
    indicator: IndicatorSection | None


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Context of `problem.html`: what is wrong, what helps, and the way back."""

    wording: Wording
    query: PageQuery
    demo: bool
    title: str
    detail: str
    remedy: str
    code: str


def start_page(statistics: Statistics, query: PageQuery) -> StartPage:
    """Read and word the start page.

    Args:
        statistics: everything published.
        query: the reader's choices.

    Raises:
        KimError: ``unknown_indicator``, ``unknown_period``, ``unknown_area``, ``not_found`` (release), or
            ``bad_request`` for a cell that is not collected.
    """
    with statistics.reading(query.release) as reading:
        if query.area is not None:
            _check_region(reading, query.area)
        wanted = ReportQuery(query.indicator, query.codes, query.period, query.area)
        report = indicator_report(reading, wanted)
        deliveries = delivery_report(reading, report.period if report else query.period)
        wording = _wording(query, report)
        return StartPage(
            wording=wording,
            query=query,
            demo=statistics.demo,
            release=_release_line(reading, wording, query),
            period=wording.say(numbers.quarter_name(report.period)) if report else "",
            permalink=query.url(release=reading.release.number) if reading.release else "",
            status=status_section(deliveries, wording, query),
            cards=overview_cards(report, wording, query) if report else (),
            indicator=_indicator(reading, report, wording, query) if report else None,
        )


def problem_page(error: KimError, query: PageQuery, *, demo: bool) -> ProblemPage:
    """Word a refusal; nothing the reader sent is repeated."""
    wording = Wording(query.language)
    return ProblemPage(
        wording=wording,
        query=query,
        demo=demo,
        title=wording.say(error.problem.title),
        detail=wording.say(error.detail),
        remedy=wording.say(error.remedy),
        code=error.code,
    )


def _check_region(reading: Reading, region: str) -> None:
    if region not in reading.tree.names:
        raise kim_error("unknown_area", pointer="area")


def _wording(query: PageQuery, report: IndicatorReport | None) -> Wording:
    if report is None:
        return Wording(query.language)
    has_rate = report.denominator is not None
    measure = (query.measure or Measure.RATE) if has_rate else Measure.COUNT
    return Wording(query.language, measure, report.cell.indicator.decimals)


def _release_line(reading: Reading, wording: Wording, query: PageQuery) -> ReleaseLine | None:
    release = reading.release
    if release is None:
        return None
    day = numbers.day_of(release.created_at, wording.language)
    latest = reading.store.published_release()
    return ReleaseLine(
        sentence=wording.say(texts.RELEASE).format(release.number, day),
        catalogue=wording.say(texts.CATALOGUE).format(release.catalogue_version),
        earlier=query.release is not None and latest is not None and latest.number != release.number,
    )


def _indicator(
    reading: Reading, report: IndicatorReport, wording: Wording, query: PageQuery
) -> IndicatorSection:
    indicator = report.cell.indicator
    say = wording.say
    subject = _subject(report.cell, wording)
    period = say(numbers.quarter_name(report.period))
    coverage = report.headline.figure.coverage
    return IndicatorSection(
        definition=say(indicator.definition),
        subject=subject,
        unit=_unit(report, wording),
        measure=_measure_label(report, wording),
        map_unit=_map_unit(report, wording),
        headline=wording.counting().sentence(report.headline.figure),
        rate=_rate(report, wording),
        coverage=_coverage(coverage, wording) if coverage else "",
        remarks=_remarks(reading, report, wording),
        choices=choices_for(reading, report, wording, query),
        areas=area_section(report, wording, query, subject=subject, period=period),
        breakdowns=breakdown_tables(report, wording, query, period=period),
        series=series_views(report, wording, query, subject=subject),
        api=urlencode({"indicator": indicator.id, "period": str(report.period), **_api_codes(report.cell)}),
    )


def _coverage(coverage: Coverage, wording: Wording) -> str:
    sentence = wording.coverage(coverage)
    if coverage.complete:
        return sentence
    share = numbers.percent(coverage.population_share, wording.language)
    return wording.say(texts.COVERAGE_SHARE).format(sentence, share)


def _api_codes(cell: Cell) -> dict[str, str]:
    return {use.id: cell.codes.get(use.id, use.codelist.total or "") for use in cell.indicator.dimensions}


def _subject(cell: Cell, wording: Wording) -> str:
    name = wording.say(cell.indicator.name)
    # A dimension's remark in brackets ("completed years …") stands in its table, not in every heading.
    parts = [f"{wording.say(use).partition(' (')[0]}: {wording.say(code)}" for use, code in cell.labels]
    return f"{name} – {', '.join(parts)}" if parts else name


def _unit(report: IndicatorReport, wording: Wording) -> str:
    indicator, say = report.cell.indicator, wording.say
    unit = say(texts.UNIT[indicator.unit]) if indicator.unit in texts.UNIT else indicator.unit
    if indicator.stock_or_flow == "stock":
        return f"{unit} {say(texts.STOCK).format(numbers.day(report.period.last_day, wording.language))}"
    return f"{unit} {say(texts.FLOW).format(say(numbers.quarter_name(report.period)))}"


def _map_unit(report: IndicatorReport, wording: Wording) -> str:
    denominator = report.cell.indicator.denominator
    unit = _unit(report, wording)
    if wording.measure is Measure.RATE and denominator:
        return f"{unit}, {wording.say(texts.PER_THOUSAND[denominator])}"
    return unit


def _rate(report: IndicatorReport, wording: Wording) -> str:
    denominator = report.cell.indicator.denominator
    interval = wording.rating().of(report.headline.figure)
    # While deliveries are missing it divides by people nobody counted for: a remark, not a headline.
    if denominator is None or interval is None or interval.upper is None:
        return ""
    figure = wording.rating().sentence(report.headline.figure)
    return f"{figure} {wording.say(texts.PER_THOUSAND[denominator])}"


def _measure_label(report: IndicatorReport, wording: Wording) -> str:
    denominator = report.cell.indicator.denominator
    if wording.measure is Measure.RATE and denominator:
        return wording.say(texts.PER_THOUSAND_SHORT[denominator])
    return wording.say(texts.CHOICE_COUNT)


def _remarks(reading: Reading, report: IndicatorReport, wording: Wording) -> tuple[str, ...]:
    indicator, denominator, say = report.cell.indicator, report.denominator, wording.say
    interval = wording.counting().of(report.headline.figure)
    remarks: list[str] = []
    if interval is not None and interval.upper is None:
        there = reading.delivered(indicator.dataset, report.period)
        missing = [area.name for area in reporting_areas() if area.id not in there]
        remarks.append(say(texts.WHY_OPEN).format(names_of(missing, wording)))
        if denominator:
            rate = wording.rating().sentence(report.headline.figure)
            remarks.append(say(texts.OPEN_RATE).format(rate, say(texts.PER_THOUSAND[denominator.id])))
    if interval is not None and not interval.exact:
        if indicator.region_additivity == "max_sum":
            remarks.append(say(texts.WHY_DISTINCT))
        elif report.headline.figure.coverage and report.headline.figure.coverage.withheld:
            remarks.append(say(texts.WHY_INTERVAL if interval.upper is not None else texts.WHY_LOWER))
    if denominator:
        base = say(texts.DENOMINATOR).format(say(denominator.name), say(denominator.source))
        caution = texts.DENOMINATOR_CAUTION.get(denominator.id)
        remarks.append(f"{base} {say(caution)}" if caution else base)
        if report.cell.codes:
            remarks.append(say(texts.DENOMINATOR_OF_CELL))
    return tuple(remarks)
