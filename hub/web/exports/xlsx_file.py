"""XLSX for people: a sheet per table with words as headings, and a sheet of notes first to be read.

Texts are stored as texts, whatever they begin with: openpyxl would take a leading ``=`` for a formula.
"""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from hub.web.exports.table import ExportFile, ExportTable, Value
from protocol.texts import Language, Text

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NOTES: Final = Text("Hinweise", "Notes")
_WIDEST: Final = 48


def write_xlsx(file: ExportFile, *, language: Language, created_at: dt.datetime) -> bytes:
    """Write all tables of a page and the notes.

    Args:
        file: what the page gives.
        language: language of headings.
        created_at: moment to state in the file: that of the release, so that equal figures give equal files.
    """
    workbook = Workbook(write_only=True)
    workbook.properties.created = workbook.properties.modified = created_at.replace(tzinfo=None)
    for table in file.tables:
        _sheet(workbook, table, language)
    notes = workbook.create_sheet(_NOTES.in_(language))
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 28, 100
    for label, text in file.notes:
        notes.append([_cell(notes, label, bold=True), _cell(notes, text, wrap=True)])
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def _sheet(workbook: Workbook, table: ExportTable, language: Language) -> None:
    sheet = workbook.create_sheet(table.title[:31].translate(str.maketrans("[]:*?/\\", "       ")))
    sheet.freeze_panes = "A2"
    for number, column in enumerate(table.columns, start=1):
        longest = max(
            (len(str(row[number - 1])) for row in table.rows if row[number - 1] is not None), default=0
        )
        label = column.label.in_(language)
        width = min(max(longest, len(label)) + 2, _WIDEST)
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_cell(sheet, column.label.in_(language), bold=True) for column in table.columns])
    for row in table.rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(
    sheet: WriteOnlyWorksheet, value: Value, *, bold: bool = False, wrap: bool = False
) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, Decimal):
        cell.number_format = "#,##0.##" if value == value.to_integral_value() else "#,##0.00####"
    if bold:
        cell.font = Font(bold=True)
    if wrap:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell
