"""The page of one indicator, delivered or derived.

The figure of the Land and of a chosen region, its course, map and table of areas, distribution, breakdowns,
and what must be known to read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from hub.services.statistics import Reading, Statistics
from hub.services.statistics.figures import Figure
from hub.services.statistics.report import IndicatorReport, ReportQuery, indicator_report
from hub.services.statistics.subjects import Subject
from hub.web import numbers
from hub.web.frame import Frame, Link, frame_of
from hub.web.page_query import Measure, PageQuery
from hub.web.sections.areas import AreaSection, area_section, count_label
from hub.web.sections.breakdown import BreakdownTable, CrossView, breakdown_tables, cross_views
from hub.web.sections.choices import Choices, choices_for
from hub.web.sections.distribution import DistributionView, distribution_view
from hub.web.sections.downloads import DownloadSection, downloads
from hub.web.sections.remarks import definition_of, remarks_of
from hub.web.sections.series import SeriesView, series_views
from hub.web.texts import figures as texts
from hub.web.texts import layout
from hub.web.wording import Wording
from protocol.codelists import TOTAL
from protocol.errors import kim_error
from protocol.regions import LAND
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Headline:
    """The figure of one region in large type.

    Attributes:
        region: name of the region.
        url: page of the region.
        figure: the count as a sentence part.
        unit: what it counts, and when.
        rate: the same as a rate, with what it refers to; empty without a denominator or an upper limit.
        coverage: what it rests on; empty for a single area.
        evidence: address of the page with the signed statements behind it.
    """

    region: str
    url: str
    figure: str
    unit: str
    rate: str
    coverage: str
    evidence: str


@dataclass(frozen=True, slots=True)
class IndicatorPage:
    """Context of `indicator.html`.

    Attributes:
        frame: what stands around the page.
        title: the indicator's name.
        subject: the chosen cell in words.
        dataflow: name of its dataflow.
        definition: what is counted or computed.
        period: name of the period.
        measure: heading of columns with the chosen measure.
        map_unit: what the map's legend counts.
        headlines: the Land, and the chosen region if there is one.
        remarks: why it is an interval, what the rate refers to.
        choices: the form.
        distribution: the areas side by side, or None with too few values.
        areas: map and table.
        breakdowns: one table per dimension.
        crossings: two-way tables.
        series: charts.
        downloads: the same figures as files.
    """

    frame: Frame
    title: str
    subject: str
    dataflow: str
    definition: str
    period: str
    measure: str
    map_unit: str
    headlines: tuple[Headline, ...]
    remarks: tuple[str, ...]
    choices: Choices
    distribution: DistributionView | None
    areas: AreaSection
    breakdowns: tuple[BreakdownTable, ...]
    crossings: tuple[CrossView, ...]
    series: tuple[SeriesView, ...]
    downloads: DownloadSection


def read_report(reading: Reading, subject: str, query: PageQuery) -> IndicatorReport:
    """Read what the page shows.

    Raises:
        KimError: ``unknown_indicator``, ``unknown_period``, ``unknown_area``, ``not_found`` before the first
            release, or ``bad_request`` for a cell that is not collected.
    """
    if query.area is not None and query.area not in reading.tree.names:
        raise kim_error("unknown_area", pointer="area")
    report = indicator_report(reading, ReportQuery(subject, query.codes, query.period, query.area))
    if report is None:
        raise kim_error("not_found", layout.NOTHING)
    return report


def report_wording(report: IndicatorReport, query: PageQuery) -> Wording:
    """Return how figures of a report read: a rate unless the reader asked for counts or there is none."""
    return Wording(query.language).about(report.subject, query.measure or Measure.RATE)


def indicator_page(statistics: Statistics, subject: str, query: PageQuery) -> IndicatorPage:
    """Read and word the page of one indicator.

    Raises:
        KimError: as :func:`read_report`.
    """
    with statistics.reading(query.release) as reading:
        report = read_report(reading, subject, query)
        wording = report_wording(report, query)
        say = wording.say
        dataset = reading.catalogue.datasets[report.subject.dataset]
        period = say(numbers.period_name(report.period))
        title = say(report.subject.name)
        described = subject_words(report, wording)
        unit = _map_unit(report, wording)
        trail = (
            Link(say(dataset.name), query.to("/").url(anchor=dataset.id.lower())),
            Link(title, query.url(), current=True),
        )
        return IndicatorPage(
            frame=frame_of(statistics, query, reading=reading, page="figures", trail=trail),
            title=title,
            subject=described,
            dataflow=say(dataset.name),
            definition=definition_of(report.subject, wording),
            period=period,
            measure=measure_label(report.subject, wording),
            map_unit=unit,
            headlines=_headlines(report, wording, query),
            remarks=remarks_of(reading, report, wording),
            choices=choices_for(reading, report, wording, query),
            distribution=distribution_view(report, wording, unit=unit),
            areas=area_section(report, wording, query, subject=described, period=period),
            breakdowns=breakdown_tables(report, wording, query, period=period),
            crossings=cross_views(report, wording, period=period),
            series=series_views(report, wording, query, subject=described),
            downloads=downloads(
                query,
                wording,
                tables=_tables(report),
                api=_api(report),
            ),
        )


def subject_words(report: IndicatorReport, wording: Wording) -> str:
    """Name the chosen cell."""
    name = wording.say(report.subject.name)
    # A dimension's remark in brackets ("completed years …") stands in its table, not in every heading.
    parts = [
        f"{wording.say(use).partition(' (')[0]}: {wording.say(code)}" for use, code in report.cell.labels
    ]
    return f"{name} – {', '.join(parts)}" if parts else name


def measure_label(subject: Subject, wording: Wording) -> str:
    """Heading of a column with the chosen measure."""
    if wording.measure is Measure.RATE and subject.denominator:
        return wording.say(texts.PER_THOUSAND_SHORT[subject.denominator])
    return count_label(subject, wording)


def _headlines(report: IndicatorReport, wording: Wording, query: PageQuery) -> tuple[Headline, ...]:
    regions = [report.headline, *([report.chosen] if report.chosen else [])]
    return tuple(
        Headline(
            region=wording.say(item.name),
            url=query.to(f"/gebiet/{item.region}").url(),
            figure=wording.counting().sentence(item.figure),
            unit="" if item.figure.empty else _unit(report, wording),
            rate=_rate(report, item.figure, wording),
            coverage=_coverage(item.figure, wording),
            evidence=query.to(
                f"/nachweis/{report.subject.id}",
                codes=query.codes,
                period=report.period,
                area=None if item.region == LAND else item.region,
            ).url(),
        )
        for item in regions
    )


def _coverage(figure: Figure, wording: Wording) -> str:
    coverage, sentence = figure.coverage, wording.basis(figure)
    if coverage is None or coverage.complete:
        return sentence
    share = numbers.percent(coverage.population_share, wording.language)
    return wording.say(texts.COVERAGE_SHARE).format(sentence, share)


def _unit(report: IndicatorReport, wording: Wording) -> str:
    say = wording.say
    unit = say(texts.UNIT[report.subject.unit])
    if report.subject.stock:
        return f"{unit} {say(texts.STOCK).format(numbers.day(report.period.last_day, wording.language))}"
    return f"{unit} {say(numbers.in_period(report.period))}"


def _map_unit(report: IndicatorReport, wording: Wording) -> str:
    denominator = report.subject.denominator
    unit = _unit(report, wording)
    if wording.measure is Measure.RATE and denominator:
        return f"{unit}, {wording.say(texts.PER_THOUSAND[denominator])}"
    return unit


def _rate(report: IndicatorReport, figure: Figure, wording: Wording) -> str:
    denominator = report.subject.denominator
    interval = wording.rating().of(figure)
    # While deliveries are missing it divides by people nobody counted for: a remark, not a headline.
    if denominator is None or interval is None or interval.upper is None or interval.lower is None:
        return ""
    return f"{wording.rating().sentence(figure)} {wording.say(texts.PER_THOUSAND[denominator])}"


def _tables(report: IndicatorReport) -> tuple[tuple[str, Text], ...]:
    tables = [("areas", layout.PAGE_AREAS), ("series", texts.NAV_SERIES)]
    if report.breakdowns:
        tables.append(("breakdowns", texts.NAV_BREAKDOWN))
    if report.crossings:
        tables.append(("crossings", texts.NAV_CROSSINGS))
    return tuple(tables)


def _api(report: IndicatorReport) -> str:
    subject = report.subject
    if subject.derived is not None:
        return ""
    codes = {use.id: report.cell.codes.get(use.id, TOTAL) for use in subject.dimensions}
    return urlencode({"indicator": subject.id, "period": str(report.period), **codes})
