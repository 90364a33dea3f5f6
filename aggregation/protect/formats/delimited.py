"""Delimited text as statisticians have it: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252.

Nothing is stripped: a code may be a blank. The separator is the one that the header uses most. What is
written has the separator of what was read.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aggregation.protect.faults import Fault, Faults, Place, refusal
from protocol.errors import kim_error
from protocol.texts import Text

_WORKBOOK: Final = b"PK\x03\x04"
_SEPARATORS: Final = (";", ",", "\t")


@dataclass(frozen=True, slots=True)
class Rows:
    """A delimited text.

    Attributes:
        file: name of the file, for messages.
        header: names of the columns, each once.
        rows: fields of each row, as many as the header has.
        lines: line of each row in the file.
        separator: between the fields.
        header_line: line of the header in the file.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    separator: str
    header_line: int = 1

    def column(self, name: str) -> tuple[str, ...]:
        """Return the fields of a column."""
        number = self.header.index(name)
        return tuple(row[number] for row in self.rows)

    def header_place(self) -> Place:
        """Return where the header stands in the file."""
        return Place(self.file, self.header_line)

    def place(self, row: int, column: str = "") -> Place:
        """Return where a row stands in the file."""
        return Place(self.file, self.lines[row], column)


def decoded(content: bytes, *, file: str) -> tuple[str, str]:
    """Return the text of a file and its encoding: UTF-8 or UTF-16 by its mark, UTF-8, else Windows-1252.

    Raises:
        KimError: ``file_unreadable`` for a file that is no text.
    """
    if content.startswith(_WORKBOOK):
        raise kim_error(
            "file_unreadable",
            Text(
                f"{file}: das ist kein Text, sondern eine Arbeitsmappe (oder ein ZIP-Archiv).",
                f"{file}: this is no text but a workbook (or a ZIP archive).",
            ),
            pointer=file,
            remedy=Text(
                "Das Tabellenblatt in Excel oder LibreOffice als „CSV UTF-8“ speichern.",
                "Save the sheet as 'CSV UTF-8' in Excel or LibreOffice.",
            ),
        )
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _text(content, encoding, file), encoding
    try:
        text, encoding = content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = _text(content, "cp1252", file), "cp1252"
    if "\0" in text:
        raise _no_text(file)
    return text, encoding


def _text(content: bytes, encoding: str, file: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _no_text(file) from error


def _no_text(file: str) -> Exception:
    return kim_error(
        "file_unreadable", Text(f"{file}: das ist kein Text.", f"{file}: this is no text."), pointer=file
    )


def read_delimited(text: str, *, file: str) -> Rows:
    """Take a delimited text apart.

    Args:
        text: the text, first line the header; lines without any field are skipped.
        file: name for messages.

    Raises:
        KimError: ``cells_invalid`` for an empty file, a column twice, or rows of another length.
    """
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=lambda mark: (first.count(mark), -_SEPARATORS.index(mark)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    faults, lines, rows = Faults(), [], []
    header: tuple[str, ...] = ()
    header_line = 1
    while True:
        start = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise refusal(
                Fault.WRONG_LENGTH,
                Place(file, start),
                Text("Anführungszeichen sind nicht geschlossen.", "quotation marks are not closed."),
            ) from error
        if fields is None:
            break
        if not fields:
            continue
        if not header:
            header, header_line = tuple(name.strip() for name in fields), start
            for name in sorted({name for name in header if header.count(name) > 1}):
                faults.add(
                    Fault.DOUBLE_COLUMN,
                    Place(file, start, name),
                    Text("Die Spalte steht zweimal da.", "the column is there twice."),
                )
            continue
        if len(fields) != len(header):
            faults.add(
                Fault.WRONG_LENGTH,
                Place(file, start),
                Text(
                    f"{len(fields)} Felder, die Kopfzeile hat {len(header)}.",
                    f"{len(fields)} fields, the header has {len(header)}.",
                ),
            )
        rows.append(tuple(fields))
        lines.append(start)
    if not rows:
        faults.add(Fault.EMPTY_TABLE, Place(file), Text("Die Tabelle ist leer.", "the table is empty."))
    faults.stop()
    return Rows(file, header, tuple(rows), tuple(lines), separator, header_line)


def write_delimited(header: Sequence[str], rows: Iterable[Sequence[str]], *, separator: str = ",") -> str:
    """Write a delimited text with quotation marks where they are needed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
