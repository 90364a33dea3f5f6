"""The page of downloads: the whole release, single views, the interface, formats, licence, citation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.services.extracts import ReleaseExtract
from hub.services.statistics import Reading, Statistics
from hub.web import numbers
from hub.web.frame import Frame, Link, frame_of
from hub.web.page_query import PageQuery
from hub.web.sections.downloads import FileLink
from hub.web.texts import data as texts
from hub.web.wording import Wording


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of the release: name, address, size in words, digest (empty for the archive of them all)."""

    name: str
    url: str
    size: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release: name, day, remark, address of this page as of it."""

    name: str
    day: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class DataPage:
    """Context of `data.html`.

    Attributes:
        frame: what stands around the page.
        caption: caption of the table of files; empty before the first release.
        files: files of the release; empty until they are written.
        samples: addresses of one view as files.
        formats: what the files hold.
        citation: how to cite; empty before the first release.
        releases: all releases, newest first.
    """

    frame: Frame
    caption: str
    files: tuple[FileRow, ...]
    samples: tuple[FileLink, ...]
    formats: tuple[str, ...]
    citation: str
    releases: tuple[ReleaseRow, ...]


def data_page(
    statistics: Statistics, query: PageQuery, find: Callable[[int], ReleaseExtract | None]
) -> DataPage:
    """Read and word the page of downloads.

    Args:
        statistics: everything published.
        query: the reader's choices.
        find: gives the files of a release, or None if they are not there.

    Raises:
        KimError: ``not_found`` (release).
    """
    with statistics.reading(query.release) as reading:
        title = texts.DATA_TITLE.in_(query.language)
        frame = frame_of(
            statistics, query, reading=reading, page="data", trail=(Link(title, query.url(), current=True),)
        )
        wording = frame.wording
        number = reading.release.number if reading.release else None
        extract = find(number) if number else None
        return DataPage(
            frame=frame,
            caption=wording.say(texts.DATA_FILES).format(number) if number else "",
            files=_files(extract, number, wording) if extract and number else (),
            samples=_samples(reading, query),
            formats=tuple(wording.say(text) for text in texts.DATA_FORMATS_LIST),
            citation=_citation(reading, wording),
            releases=tuple(
                ReleaseRow(
                    name=str(row.number),
                    day=numbers.day_of(row.created_at, wording.language),
                    note=row.note,
                    url=query.url(release=row.number),
                )
                for row in reading.store.releases()
            ),
        )


def _files(extract: ReleaseExtract, number: int, wording: Wording) -> tuple[FileRow, ...]:
    def row(name: str, size: int, sha256: str) -> FileRow:
        return FileRow(name, f"/extracts/{number}/{name}", numbers.file_size(size, wording.language), sha256)

    archive = row(extract.archive.name, extract.archive.stat().st_size, "")
    return (archive, *(row(file.name, file.size, file.sha256) for file in extract.files))


def _samples(reading: Reading, query: PageQuery) -> tuple[FileLink, ...]:
    subjects = reading.subjects
    if not subjects:
        return ()
    page = query.to(f"/indikator/{subjects[0].id}")
    return tuple(FileLink(address, address) for address in (page.export("csv"), page.export("xlsx")))


def _citation(reading: Reading, wording: Wording) -> str:
    release = reading.release
    if release is None:
        return ""
    day = numbers.day_of(release.created_at, wording.language)
    return wording.say(texts.DATA_CITATION).format(release.number, day, release.catalogue_version)
