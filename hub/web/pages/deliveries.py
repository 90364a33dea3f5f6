"""The page of deliveries: who has delivered what for a period, and how it went before."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.statistics import Statistics
from hub.services.statistics.deliveries import delivery_report
from hub.web.frame import Frame, Link, frame_of
from hub.web.page_query import PageQuery
from hub.web.sections.choices import OptionGroup, period_groups
from hub.web.sections.downloads import DownloadSection, downloads
from hub.web.sections.status import (
    AreaGroup,
    OpenList,
    StatusSummary,
    StatusTable,
    finding_groups,
    open_list,
    status_summary,
    status_table,
)
from hub.web.texts import deliveries as texts
from hub.web.texts import layout


@dataclass(frozen=True, slots=True)
class DeliveriesPage:
    """Context of `deliveries.html`.

    Attributes:
        frame: what stands around the page.
        periods: periods to choose from.
        kept: what the form carries along unchanged.
        summary: the state in short.
        open: what needs attention.
        findings: what is to be confirmed.
        table: the matrix.
        downloads: the same as files.
    """

    frame: Frame
    periods: tuple[OptionGroup, ...]
    kept: tuple[tuple[str, str], ...]
    summary: StatusSummary
    open: OpenList
    findings: tuple[AreaGroup, ...]
    table: StatusTable
    downloads: DownloadSection


def deliveries_page(statistics: Statistics, query: PageQuery) -> DeliveriesPage:
    """Read and word the page of deliveries.

    Raises:
        KimError: ``unknown_period`` or ``not_found`` (release).
    """
    with statistics.reading(query.release) as reading:
        report = delivery_report(reading, query.period)
        frame = frame_of(
            statistics,
            query,
            reading=reading,
            page="deliveries",
            trail=(Link(layout.PAGE_DELIVERIES.in_(query.language), query.url(), current=True),),
        )
        wording = frame.wording
        return DeliveriesPage(
            frame=frame,
            periods=period_groups(report.known, report.period, wording),
            kept=tuple(
                (name, value)
                for name, value in query.parameters().items()
                if name in ("status", "release", "lang")
            ),
            summary=status_summary(report, wording),
            open=open_list(report, wording, query),
            findings=finding_groups(report, wording, query),
            table=status_table(report, wording, query),
            downloads=downloads(query, wording, tables=(("deliveries", texts.STATUS_TITLE),)),
        )
