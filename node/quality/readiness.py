"""Whether what was prepared may be delivered: everything mapped, and the period over before the export.

Invariants: a refusal names columns and numbers of rows, never the local texts, because refusals reach logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from node.amounts import ENTRY
from node.quality.cells.columns import Unmapped
from protocol.errors import ErrorItem, kim_error
from protocol.nouns import ROW
from protocol.periods import Period
from protocol.texts import Text


def require_mapped(unmapped: Sequence[Unmapped]) -> None:
    """Refuse to go on while texts have no code.

    Args:
        unmapped: what could not be mapped.

    Raises:
        KimError: ``unknown_code``, with one item per column: number of texts and of rows.
    """
    if not unmapped:
        return
    columns = dict.fromkeys((entry.source, entry.column, entry.dimension) for entry in unmapped)
    items = [_item(*column, unmapped) for column in columns]
    names = ", ".join(dict.fromkeys(column for _, column, _ in columns))
    raise kim_error(
        "unknown_code",
        Text(
            f"In diesen Spalten stehen Angaben ohne Schlüssel: {names}.",
            f"These columns hold entries without a code: {names}.",
        ),
        errors=items,
    )


def require_ended(period: Period, *, export_date: date, source: str | None = None) -> None:
    """Refuse a period that was not over when a source was exported (T29).

    Args:
        period: the period to deliver.
        export_date: the day on which the source was exported.
        source: name of the source, where there are several.

    Raises:
        KimError: ``period_not_ended`` if the last day of the period is not before the export.
    """
    if period.last_day < export_date:
        return
    raise kim_error(
        "period_not_ended",
        Text(
            f"Der Export{f' ({source})' if source else ''} ist vom {export_date:%d.%m.%Y}; "
            f"{period} endet am {period.last_day:%d.%m.%Y}.",
            f"The export{f' ({source})' if source else ''} is of {export_date.isoformat()}; "
            f"{period} ends on {period.last_day.isoformat()}.",
        ),
    )


def _item(source: str, column: str, dimension: str, unmapped: Sequence[Unmapped]) -> ErrorItem:
    entries = [entry for entry in unmapped if (entry.source, entry.column) == (source, column)]
    texts, rows = ENTRY.counted(len(entries)), ROW.counted(sum(entry.rows for entry in entries))
    return ErrorItem(
        f"/sources/{source}/columns/{column}",
        "unknown_code",
        Text(
            f"Quelle {source}, Spalte {column}: {texts.de} in {rows.de}; Zuordnung in [mapping.{dimension}].",
            f"Source {source}, column {column}: {texts.en} in {rows.en}; "
            f"to be mapped in [mapping.{dimension}].",
        ),
    )
