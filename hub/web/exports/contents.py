"""The tables of each page, built from the same reports as the page itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hub.services.statistics import Reading
from hub.services.statistics.deliveries import DatasetDelivery, DeliveryReport
from hub.services.statistics.marks import NO_MARKS
from hub.services.statistics.overviews import DataflowOverview
from hub.services.statistics.report import IndicatorReport
from hub.web.exports.columns import FIGURE_COLUMNS, figure_row
from hub.web.exports.table import Column, ExportTable, Value
from hub.web.sections.status import mark_of
from hub.web.texts import deliveries as status_texts
from hub.web.texts import figures as texts
from hub.web.texts import layout
from hub.web.texts import overviews as overview_texts
from hub.web.wording import Wording
from protocol.regions import LAND, Region
from protocol.texts import Text

DELIVERY_COLUMNS: Final[tuple[Column, ...]] = (
    Column("ref_area", Text("Gebiet (Code)", "Area (code)")),
    Column("area_name", Text("Gebiet", "Area")),
    Column("dataset", Text("Datenfluss (Kennung)", "Dataflow (id)")),
    Column("dataset_name", Text("Datenfluss", "Dataflow")),
    Column("time_period", Text("Zeitraum", "Period")),
    Column("state", Text("Stand (Kennung)", "State (id)")),
    Column("state_name", Text("Stand", "State")),
    Column("due", Text("fällig bis", "due by")),
    Column("revision", Text("Fassung", "Version")),
    Column("since", Text("letzte Änderung", "last change")),
    Column("problem", Text("abgelehnt wegen", "rejected for")),
    Column("series_break", Text("Zeitreihenbruch", "Break in the series")),
    Column("findings", Text("zu bestätigen", "to confirm")),
    Column("audit", Text("Prüfung des Hubs", "Audit by the hub")),
    Column("cells", Text("Felder", "Cells")),
    Column("withheld", Text("davon geheim", "of which withheld")),
)


def indicator_tables(report: IndicatorReport, wording: Wording) -> tuple[ExportTable, ...]:
    """Return areas, series, breakdowns and cross tables of an indicator's page."""
    subject, codes, period, say = report.subject, report.cell.codes, report.period, wording.say
    regions = [report.headline, *([report.chosen] if report.chosen else [])]
    places = [
        (item.region, say(item.name), item.figure, NO_MARKS) for item in (report.headline, *report.districts)
    ]
    places += [(item.area.id, item.area.name, item.figure, item.marks) for item in report.areas]
    areas = [
        figure_row(subject, codes, region, name, period=period, figure=figure, wording=wording, marks=marks)
        for region, name, figure, marks in places
    ]
    series = [
        figure_row(
            subject,
            codes,
            item.region,
            say(item.name),
            period=point.period,
            figure=point.figure,
            marks=point.marks,
            wording=wording,
        )
        for item in report.series
        for point in item.points
    ]
    breakdowns = [
        figure_row(
            subject,
            row.cell.codes,
            region.region,
            say(region.name),
            period=period,
            figure=figure,
            wording=wording,
        )
        for table in report.breakdowns
        for row in table.rows
        for region, figure in zip(regions, (row.figure, row.chosen), strict=False)
        if figure is not None
    ]
    crossings = [
        figure_row(
            subject,
            {table.rows.id: down, table.columns.id: across},
            table.region,
            say(table.name),
            period=period,
            figure=figure,
            wording=wording,
        )
        for table in report.crossings
        for (down, across), figure in table.figures.items()
    ]
    found = (
        _figures("areas", layout.PAGE_AREAS, areas, wording),
        _figures("series", texts.NAV_SERIES, series, wording),
        _figures("breakdowns", texts.NAV_BREAKDOWN, breakdowns, wording),
        _figures("crossings", texts.NAV_CROSSINGS, crossings, wording),
    )
    return tuple(table for table in found if table.rows)


def region_tables(
    reading: Reading, overviews: Sequence[DataflowOverview], region: str, wording: Wording
) -> tuple[ExportTable, ...]:
    """Return the figures of a region's page: the shown periods with the Land beside, and all periods."""
    name, land = (wording.say(reading.tree.name(r)) for r in (region, LAND))
    shown: list[tuple[Value, ...]] = []
    course: list[tuple[Value, ...]] = []
    for line in (line for item in overviews for line in item.lines):
        subject, codes = line.cell.subject, line.cell.codes
        pairs = [(region, name, line.figure)] + ([(LAND, land, line.land)] if region != LAND else [])
        shown += [
            figure_row(subject, codes, place, label, period=line.period, figure=figure, wording=wording)
            for place, label, figure in pairs
        ]
        course += [
            figure_row(
                subject, codes, region, name, period=point.period, figure=point.figure, wording=wording
            )
            for point in line.points
        ]
    return (
        _figures("figures", layout.PAGE_FIGURES, shown, wording),
        _figures("series", overview_texts.SERIES_ALL, course, wording),
    )


def status_tables(report: DeliveryReport, wording: Wording) -> tuple[ExportTable, ...]:
    """Return the deliveries of all areas in the chosen period."""
    return (deliveries_table(((row.area, row.deliveries) for row in report.rows), wording),)


def deliveries_table(
    rows: Iterable[tuple[Region, Sequence[DatasetDelivery]]], wording: Wording
) -> ExportTable:
    """Return deliveries as a table."""
    return ExportTable(
        "deliveries",
        wording.say(status_texts.STATUS_TITLE),
        DELIVERY_COLUMNS,
        tuple(_delivery(area, item, wording) for area, items in rows for item in items),
    )


def _delivery(area: Region, item: DatasetDelivery, wording: Wording) -> tuple[Value, ...]:
    return (
        area.id,
        area.name,
        item.dataset.id,
        wording.say(item.dataset.name),
        str(item.period),
        item.state.value,
        mark_of(item.state, wording).label,
        item.due.isoformat(),
        item.revision or None,
        item.since.isoformat() if item.since else None,
        item.problem.code if item.problem else None,
        item.series_break,
        len(item.findings),
        item.audit.value if item.audit else None,
        item.secrecy.cells if item.secrecy else None,
        item.secrecy.withheld if item.secrecy else None,
    )


def _figures(table: str, title: Text, rows: list[tuple[Value, ...]], wording: Wording) -> ExportTable:
    return ExportTable(table, wording.say(title), FIGURE_COLUMNS, tuple(rows))
