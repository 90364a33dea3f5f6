"""The same figures as files: links that stand below the tables of a page."""

from __future__ import annotations

from dataclasses import dataclass

from hub.web.page_query import PageQuery
from hub.web.texts import layout as texts
from hub.web.wording import Wording
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class FileLink:
    """One file: what it holds and its address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class DownloadSection:
    """Files of one page.

    Attributes:
        xlsx: all tables in one workbook.
        csv: one file per table.
        api: the same figures in the statistics API; empty where it has none.
    """

    xlsx: FileLink
    csv: tuple[FileLink, ...]
    api: tuple[FileLink, ...]


def downloads(
    query: PageQuery, wording: Wording, *, tables: tuple[tuple[str, Text], ...], api: str = ""
) -> DownloadSection:
    """List the files of a page.

    Args:
        query: the page and the reader's choices: the files hold the same.
        wording: language.
        tables: id of each table and what it is called.
        api: query of the statistics API for the same figures, or empty.
    """
    say = wording.say
    links: tuple[FileLink, ...] = ()
    if api:
        links = (
            FileLink(say(texts.DOWNLOAD_API_AREAS), f"/api/v1/observations?{api}"),
            FileLink(say(texts.DOWNLOAD_API_TOTALS), f"/api/v1/totals?{api}"),
        )
    return DownloadSection(
        xlsx=FileLink(say(texts.DOWNLOAD_XLSX), query.export("xlsx")),
        csv=tuple(
            FileLink(say(texts.DOWNLOAD_CSV).format(say(label)), query.export("csv", table))
            for table, label in tables
        ),
        api=links,
    )
