"""Opens an .xlsx file: openpyxl reads what belongs to the whole workbook (names, shared texts, styles).

Invariants: the unpacked size of a file is limited before it is unpacked; whatever a file that was cut off or
scribbled over can cause is ``source_damaged``. Rows are read by `sheet_xml`, because openpyxl does not tell a
formula without a value from nothing.
"""

from __future__ import annotations

import itertools
import warnings
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from node.sources.spreadsheet.sheet_xml import CellRules, Merge, SheetRow, merges_of_sheet, rows_of_sheet
from node.sources.table.limits import SourceLimits, damaged, too_large
from node.sources.table.magic import ZIP, require_magic
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_MAX_MERGES: Final = 200_000
# What zipfile, expat and number parsing raise on a file that is cut off or scribbled over ...
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, ParseError, ExpatError, EOFError, LookupError, ValueError,
    NotImplementedError,
)  # fmt: skip
# ... and openpyxl on a package whose parts are not what it expects.
_BROKEN_PACKAGE: Final = (*_BROKEN, OSError, TypeError, AttributeError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        archive: the open file.
        part: name of the sheet's part in it.
        rules: what its cells mean.
    """

    archive: zipfile.ZipFile
    part: str
    rules: CellRules

    def rows(self) -> Generator[SheetRow, None, None]:
        """Yield the rows that the sheet has, blank ones among them, in the order of the file."""
        with self.archive.open(self.part) as file:
            yield from rows_of_sheet(file, self.rules)

    def merges(self) -> list[Merge]:
        """Return the merged ranges.

        Raises:
            KimError: ``source_too_large`` if there are more than any list has.
        """
        with self.archive.open(self.part) as file:
            merges = list(itertools.islice(merges_of_sheet(file), _MAX_MERGES + 1))
        if len(merges) > _MAX_MERGES:
            raise too_large()
        return merges


@contextmanager
def open_sheet(path: Path, limits: SourceLimits, *, sheet: str | None) -> Iterator[Sheet]:
    """Open one sheet of a file.

    Args:
        path: the file; neither missing nor empty.
        limits: how large it may be.
        sheet: name of the sheet; the first if None.

    Yields:
        The sheet; whatever is wrong with its bytes is refused while it is read.

    Raises:
        KimError: ``wrong_format``, ``source_damaged``, ``source_too_large``, ``sheet_missing``.
        OSError: if it cannot be read.
    """
    require_magic(path, ZIP)
    try:
        with _workbook(path, limits) as workbook:
            yield _chosen(path, workbook, sheet, limits)
    except _BROKEN:
        raise _broken(path) from None


@contextmanager
def _workbook(path: Path, limits: SourceLimits) -> Iterator[Any]:
    # Imported here: commands that read no spreadsheet do not wait for it.
    import openpyxl  # noqa: PLC0415

    with zipfile.ZipFile(path) as archive:
        _require_size(path, archive, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles, images and extensions, which nobody reads here
            workbook = openpyxl.load_workbook(path, read_only=True, keep_links=False)
    except _BROKEN_PACKAGE:
        raise _broken(path) from None
    try:
        yield workbook
    finally:
        workbook.close()


def _broken(path: Path) -> KimError:
    return damaged(
        path, "Die Tabelle ist unvollständig oder beschädigt.", "The table is incomplete or damaged."
    )


def _require_size(path: Path, archive: zipfile.ZipFile, limits: SourceLimits) -> None:
    # zipfile never reads more of a part than its entry says, so what the entries say can be trusted.
    unpacked = sum(entry.file_size for entry in archive.infolist())
    allowed = max(limits.free_unpacked_bytes, limits.max_ratio * path.stat().st_size)
    if unpacked > min(allowed, limits.max_unpacked_bytes):
        raise too_large()
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise damaged(path, "Die Datei ist verschlüsselt.", "The file is encrypted.")


def _chosen(path: Path, workbook: Any, sheet: str | None, limits: SourceLimits) -> Sheet:  # noqa: ANN401
    sheets = workbook.worksheets
    found = sheets[:1] if sheet is None else [each for each in sheets if each.title == sheet]
    if not found:
        raise kim_error(
            "sheet_missing",
            Text(
                f"{path.name} hat kein Tabellenblatt „{sheet or ''}“ (Blätter: {len(sheets)}).",
                f'{path.name} has no sheet "{sheet or ""}" (sheets: {len(sheets)}).',
            ),
        )
    worksheet = found[0]
    # What openpyxl's own reader of rows is given; it would not tell a formula without a value from nothing.
    return Sheet(
        archive=workbook._archive,  # noqa: SLF001
        part=worksheet._worksheet_path,  # noqa: SLF001
        rules=CellRules(
            strings=worksheet._shared_strings,  # noqa: SLF001
            date_styles=frozenset(workbook._date_formats) - frozenset(workbook._timedelta_formats),  # noqa: SLF001
            epoch=workbook.epoch,
            max_columns=limits.max_columns,
        ),
    )
