"""Read the granting authority's list of grants: CSV or XLSX, one row per carrier, component and kind of cost.

Columns, in any order and beside others: `Träger-ID`, `Gebiet` (or `AGS`), `Baustein`, `Kostenart`,
`bewilligt`. Codes are those of the catalogue or their German names. Nothing is guessed: a row that cannot be
read refuses the file, with its number and column, never with what stands in it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import openpyxl

from protocol.catalogue import Catalogue
from protocol.codelists import Codelist
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.regions import reporting_areas
from protocol.texts import Text

MAX_BYTES: Final = 64 * 1024 * 1024
_MAX_ITEMS: Final = 20
_COLUMNS: Final = {
    "carrier": ("träger-id", "traeger-id"),
    "area": ("gebiet", "ags"),
    "component": ("baustein",),
    "cost": ("kostenart",),
    "granted": ("bewilligt",),
}
#: Euros with at most two decimals, with or without dots between thousands.
_GERMAN: Final = re.compile(r"(?P<whole>\d{1,3}(?:\.\d{3})+|\d+)(?:,(?P<cents>\d{1,2}))?", re.ASCII)
_PLAIN: Final = re.compile(r"\d+\.\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grant:
    """One row.

    Attributes:
        area: region id.
        carrier: id of the carrier; the contributor in the sense of disclosure control.
        component: leaf code of BAUSTEIN.
        cost: leaf code of COST.
        cents: amount granted, in cents.
    """

    area: str
    carrier: str
    component: str
    cost: str
    cents: int


def read_grants(data: bytes, catalogue: Catalogue) -> list[Grant]:
    """Read a list of grants.

    Args:
        data: bytes of the file.
        catalogue: gives the codes.

    Raises:
        KimError: `too_large`, or `bad_request` naming rows and columns that cannot be read.
    """
    if len(data) > MAX_BYTES:
        raise kim_error("too_large")
    table = _workbook(data) if data.startswith(b"PK") else _text(data)
    header = next(table, None)
    places = _places(header[1] if header else ())
    readers = _Readers(catalogue)
    grants: list[Grant] = []
    faults: list[ErrorItem] = []
    for number, row in table:
        if not any(str(field or "").strip() for field in row):
            continue
        fields = {name: row[place] if place < len(row) else None for name, place in places.items()}
        found = readers.grant(fields)
        if isinstance(found, Grant):
            grants.append(found)
        else:
            faults.append(_fault(number, found, readers.allowed(found)))
    if faults or not grants:
        raise _unreadable(faults)
    return grants


class _Readers:
    """Turns fields into what they mean."""

    def __init__(self, catalogue: Catalogue) -> None:
        granted = catalogue.indicator("FUNDS_GRANTED")
        self._component, self._cost = (
            _leaves(use.codelist) for d in ("BAUSTEIN", "COST") if (use := granted.dimension_use(d))
        )
        self._areas = {key: area.id for area in reporting_areas() for key in (area.id, area.official_key)}

    def grant(self, fields: Mapping[str, object]) -> Grant | str:
        """Return a row, or the name of the column that cannot be read."""
        carrier = _plain(fields["carrier"])
        area = self._areas.get(_plain(fields["area"]).upper())
        component = self._component.get(_plain(fields["component"]).casefold())
        cost = self._cost.get(_plain(fields["cost"]).casefold())
        cents = _cents(fields["granted"])
        values = {"carrier": carrier, "area": area, "component": component, "cost": cost, "granted": cents}
        wrong = next((name for name, value in values.items() if value is None or value == ""), None)
        if wrong is not None or area is None or component is None or cost is None or cents is None:
            return wrong or "granted"
        return Grant(area, carrier, component, cost, cents)

    def allowed(self, column: str) -> Sequence[str]:
        """Return the codes that a column takes; none for columns without a short list."""
        by_column = {"component": self._component, "cost": self._cost}
        return tuple(dict.fromkeys(by_column.get(column, {}).values()))


def _leaves(codelist: Codelist) -> dict[str, str]:
    leaves = [code for code in codelist.codes if not codelist.children(code.id)]
    return {name.casefold(): code.id for code in leaves for name in (code.id, code.name.de)}


def _plain(field: object) -> str:
    return " ".join(unicodedata.normalize("NFKC", str("" if field is None else field)).split())


def _cents(field: object) -> int | None:
    if isinstance(field, bool):
        return None
    if isinstance(field, int | float):
        cents = Decimal(str(field)) * 100
        return int(cents) if cents >= 0 and cents == cents.to_integral_value() else None
    text = _plain(field).removesuffix("€").removesuffix("EUR").strip()
    if _PLAIN.fullmatch(text):
        return int(Decimal(text) * 100)
    match = _GERMAN.fullmatch(text)
    if match is None:
        return None
    return int(match["whole"].replace(".", "")) * 100 + int((match["cents"] or "0").ljust(2, "0"))


def _text(data: bytes) -> Iterator[tuple[int, Sequence[object]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first else ","
    yield from enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1)


def _workbook(data: bytes) -> Iterator[tuple[int, Sequence[object]]]:
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError):
        raise _unreadable([]) from None
    yield from enumerate(rows, start=1)


def _places(header: Sequence[object]) -> dict[str, int]:
    names = [_plain(field).casefold() for field in header]
    found = {
        column: next((names.index(name) for name in possible if name in names), None)
        for column, possible in _COLUMNS.items()
    }
    missing = [name for name, place in found.items() if place is None]
    if missing:
        expected = "Träger-ID, Gebiet, Baustein, Kostenart, bewilligt"
        raise kim_error(
            "bad_request",
            Text(
                f"In der ersten Zeile fehlen Spalten; erwartet werden {expected}.",
                f"Columns are missing in the first line; expected are {expected}.",
            ),
        )
    return {name: place for name, place in found.items() if place is not None}


def _fault(row: int, column: str, allowed: Sequence[str]) -> ErrorItem:
    name, codes = _COLUMNS[column][0], ", ".join(allowed)
    de, en = (f"; möglich sind {codes}", f"; possible are {codes}") if codes else ("", "")
    text = Text(
        f"Zeile {row}, Spalte {name}: nicht lesbar oder nicht im Katalog{de}.",
        f"Row {row}, column {name}: not readable or not in the catalogue{en}.",
    )
    return ErrorItem(f"/rows/{row}/{column}", "bad_request", text)


def _unreadable(faults: Sequence[ErrorItem]) -> KimError:
    if not faults:
        return kim_error(
            "bad_request",
            Text("Die Datei enthält keine lesbare Liste.", "The file holds no list that can be read."),
        )
    first, number = faults[0].text, len(faults)
    return kim_error(
        "bad_request",
        Text(f"{first.de} Zeilen mit Fehlern: {number}.", f"{first.en} Rows with faults: {number}."),
        remedy=Text(
            "Die Liste berichtigen; solange eine Zeile unklar ist, wird nichts übernommen.",
            "Correct the list; nothing is taken as long as one row is unclear.",
        ),
        errors=faults[:_MAX_ITEMS],
    )
