"""The researchers' release: every published figure as Parquet and CSV, with all it takes to use and cite it.

Public: :func:`make_extract` writes the folder of one release, once; :func:`find_extract` finds it. A folder
is a pure function of the release, the catalogue and this program: made again, it has the same bytes.

It deliberately holds nothing that the page and the API do not show: a withheld cell of an area has neither a
value nor limits.
"""

from __future__ import annotations

from hub.services.context import HubContext
from hub.services.extracts.entering import enter_listing, is_entered
from hub.services.extracts.folder import (
    ExtractFile,
    ReleaseExtract,
    clear_unfinished,
    find_extract,
    make_extract,
)
from hub.services.statistics import Statistics

__all__ = [
    "ExtractFile",
    "ReleaseExtract",
    "clear_unfinished",
    "extract",
    "find_extract",
    "is_extracted",
    "make_extract",
]


def extract(context: HubContext, number: int | None = None) -> ReleaseExtract:
    """Build the folder of a release of a hub, or find it, and see to it that the log names its list of files.

    Raises:
        KimError: ``not_found`` if there is no such release, or nothing is published yet; ``log_unavailable``.
        OSError: if the folder cannot be written.
    """
    statistics = Statistics(context.database.engine, demo=bool(context.settings.date))
    made = make_extract(statistics, context.settings.home, number)
    enter_listing(context, made)
    return made


def is_extracted(context: HubContext, number: int) -> bool:
    """Whether the folder of a release is there and the log names its list of files."""
    made = find_extract(context.settings.home, number)
    return made is not None and is_entered(context, made)
