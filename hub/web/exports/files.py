"""One file per page: opens the view, reads what the page reads, adds the notes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from hub.services.statistics import Reading, Statistics
from hub.services.statistics.authority import authority_of_aachen
from hub.services.statistics.deliveries import area_deliveries, delivery_report
from hub.services.statistics.overviews import region_overview
from hub.web import notes
from hub.web.exports.contents import deliveries_table, indicator_tables, region_tables, status_tables
from hub.web.exports.csv_file import write_csv
from hub.web.exports.table import ExportFile, ExportTable
from hub.web.exports.xlsx_file import write_xlsx
from hub.web.frame import frame_of
from hub.web.page_query import PageQuery, refused_parameter
from hub.web.pages.indicator import read_report, subject_words
from hub.web.sections.remarks import definition_of, remarks_of
from hub.web.texts import data as data_texts
from hub.web.texts import layout
from hub.web.wording import Wording
from protocol.errors import kim_error
from protocol.regions import AACHEN_WHOLE, LAND, areas_by_id

Build = Callable[[Reading, Wording], ExportFile]


def indicator_file(subject: str, query: PageQuery) -> Build:
    """Return what builds the file of an indicator's page."""

    def build(reading: Reading, wording: Wording) -> ExportFile:
        report = read_report(reading, subject, query)
        own = wording.about(report.subject)
        told = (
            (wording.say(data_texts.DATA_CONTENT), f"{subject_words(report, wording)}, {report.period}"),
            (wording.say(data_texts.DATA_DEFINITION), definition_of(report.subject, wording)),
            *((wording.say(data_texts.DATA_REMARK), remark) for remark in remarks_of(reading, report, own)),
        )
        return ExportFile(f"{subject}-{report.period}", indicator_tables(report, wording), told)

    return build


def region_file(region: str, query: PageQuery) -> Build:
    """Return what builds the file of a region's page; the Land's is that of the overview."""

    def build(reading: Reading, wording: Wording) -> ExportFile:
        if region not in {*areas_by_id(), *reading.tree.aggregates}:
            raise kim_error("unknown_area", pointer="area")
        overviews = region_overview(reading, region, query.period)
        tables: tuple[ExportTable, ...] = region_tables(reading, overviews, region, wording)
        if region in areas_by_id() or region == AACHEN_WHOLE:
            area = areas_by_id().get(region) or authority_of_aachen()
            items = [item for _, flow in area_deliveries(reading, region) for item in flow]
            tables = (*tables, deliveries_table(((area, items),), wording))
        told = ((wording.say(data_texts.DATA_CONTENT), wording.say(reading.tree.name(region))),)
        return ExportFile(region, tables, told)

    return build


def overview_file(query: PageQuery) -> Build:
    """Return what builds the file of the overview."""
    return region_file(LAND, query)


def deliveries_file(query: PageQuery) -> Build:
    """Return what builds the file of the page of deliveries."""

    def build(reading: Reading, wording: Wording) -> ExportFile:
        report = delivery_report(reading, query.period)
        told = ((wording.say(data_texts.DATA_CONTENT), wording.say(layout.PAGE_DELIVERIES)),)
        return ExportFile(f"deliveries-{report.period}", status_tables(report, wording), told)

    return build


def export(
    statistics: Statistics, query: PageQuery, build: Build, *, suffix: str, table: str, address: str
) -> tuple[str, bytes]:
    """Write what a page shows as a file.

    Args:
        statistics: everything published.
        query: the page's choices; its path is that of the page, without the suffix.
        build: what builds the content.
        suffix: ``csv`` or ``xlsx``.
        table: the table of a CSV file; empty for the main one.
        address: where this hub answers, for the address of the page in the notes.

    Returns:
        Name of the file and its bytes.

    Raises:
        KimError: as the page itself; ``bad_request`` (pointer ``table``) for a table the page does not have.
    """
    wording = Wording(query.language)
    with statistics.reading(query.release) as reading:
        file = build(reading, wording)
        release = reading.release
        stamp = f"-r{release.number}" if release else ""
        name = f"kim-nrw{'-demo' if statistics.demo else ''}{stamp}-{file.name}"
        if suffix == "csv":
            chosen = file.table(table)
            if chosen is None:
                raise refused_parameter("table")
            ending = f"-{chosen.id}" if len(file.tables) > 1 else ""
            return f"{name}{ending}.csv", write_csv(chosen)
        general = _notes(statistics, reading, query, wording, address=address)
        whole = ExportFile(file.name, file.tables, (*file.notes, *general))
        moment = release.created_at if release else dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
        return f"{name}.xlsx", write_xlsx(whole, language=query.language, created_at=moment)


def _notes(
    statistics: Statistics, reading: Reading, query: PageQuery, wording: Wording, *, address: str
) -> tuple[tuple[str, str], ...]:
    say = wording.say
    frame = frame_of(statistics, query, reading=reading)
    found: list[tuple[str, str]] = []
    if statistics.demo:
        found.append((say(layout.DEMO_TITLE).rstrip("."), say(layout.DEMO)))
    if frame.release is not None:
        found.append((say(data_texts.DATA_RELEASE), f"{frame.release.sentence}; {frame.release.catalogue}"))
        found.append((say(layout.PERMALINK), address.rstrip("/") + frame.permalink))
    found += [(say(sign.sign), say(sign.text)) for sign in notes.SIGNS]
    found += [(say(note.title), say(note.text)) for note in notes.NOTES]
    found.append((say(data_texts.DATA_LICENCE), say(data_texts.DATA_LICENCE_TEXT)))
    return tuple(found)
