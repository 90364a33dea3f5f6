"""CSV as RFC 4180 has it: UTF-8 without a byte order mark, comma, CRLF, a header line."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Final

from hub.web.exports.table import ExportTable, Value, harmless

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"


def write_csv(table: ExportTable) -> bytes:
    """Write one table."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(column.id for column in table.columns)
    writer.writerows([_plain(value) for value in row] for row in table.rows)
    return text.getvalue().encode("utf-8")


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, int) else harmless(value)
