"""A profile-A export of any size in seconds: the look of the demo's files, drawn column by column.

Two banner lines, Windows-1252, trailing delimiters, CRLF, several spellings of each code, quoted cells with
several fields of action, one-off contacts, subtotals and a footer; households of one to four persons. Nothing
in it is real, and every text is one that the node's mapping knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hub.demo.words import vocabulary as words
from hub.demo.words.columns import COLUMNS
from hub.demo.words.countries import ORIGINS
from hub.demo.words.vocabulary import Spellings
from protocol.regions import Region

Ints = npt.NDArray[np.int64]

ENCODING: Final = "cp1252"
BANNER_LINES: Final = 2
DATE_COLUMNS: Final = ("Erstkontakt", "Fallbeginn", "Fallende")

_FIRST: Final = date(2023, 1, 1)
_DAYS: Final = 1370
_DAY_NUMBER: Final = (_FIRST - date(1970, 1, 1)).days
_ROWS_AT_ONCE: Final = 100_000
_COMBINATIONS: Final = 20_000


def write_large_export(path: Path, region: Region, rows: int, *, seed: int = 1) -> None:
    """Write a file of so many rows of cases (one row per person and case)."""
    rng = np.random.default_rng(seed)
    with path.open("wb") as file:
        banner = [f"KIM-Fallverwaltung - Falluebersicht {region.name}", "Export vom 05.10.2026 08:15"]
        for line in (*banner, ";".join(COLUMNS) + ";"):
            file.write(f"{line}\r\n".encode(ENCODING))
        for first in range(0, rows, _ROWS_AT_ONCE):
            lines = _lines(rng, region, first, min(_ROWS_AT_ONCE, rows - first))
            file.write(lines.encode(ENCODING))
            file.write(f"Zwischensumme{';' * 22};{first};\r\n".encode(ENCODING))
        file.write(f"Summe{';' * 22};{rows};\r\n".encode(ENCODING))


def _lines(rng: np.random.Generator, region: Region, first: int, rows: int) -> str:
    """Return the lines of whole households."""
    sizes = rng.choice([1, 2, 3, 4], size=rows, p=[0.55, 0.2, 0.15, 0.1])
    household = np.repeat(np.arange(rows), sizes)[:rows]
    begins = rng.integers(0, _DAYS, rows)
    ends = begins + 1 + rng.lognormal(np.log(210), 0.8, rows).astype(np.int64)
    waits = rng.lognormal(np.log(12), 1, rows).astype(np.int64)
    contact = rng.random(rows) < 0.1
    over = contact | (ends >= _DAYS)
    # What a case has in common is drawn per household, what a person has per row.
    case = {
        "Fallnummer": _numbered("F", first + np.arange(rows)),
        "Beratungsart": _where(contact, "Kurzberatung", _picked(rng, words.CASE_KINDS, rows)),
        "Träger": _picked(rng, words.CARRIERS, rows),
        "Erstkontakt": _where(~contact & (waits > 120), "", _dates(begins - waits)),
        "Fallbeginn": _where(contact, "", _dates(begins)),
        "Fallende": _where(over, "", _dates(ends)),
        "Fallstatus": _where(over, "laufend", _picked(rng, words.CLOSED_STATES, rows)),
        "Anz. Personen": pa.array(np.bincount(household, minlength=rows).astype("U1")),
        "Zugang über": _picked(rng, _spellings(words.INST), rows),
        "Weitervermittlung an": _picked(rng, ["", "", "", *_spellings(words.INST)], rows),
        "Handlungsfelder": _picked(rng, _combinations(rng, _spellings(words.FIELD)), rows),
        "Abschlussgrund": _where(over, "", _picked(rng, _spellings(words.OUTCOME), rows)),
        "Stellenanteil": _picked(rng, words.POST_SHARES, rows),
    }
    columns = {name: column.take(pa.array(household)) for name, column in case.items()}
    countries = [s for origin in ORIGINS.values() for country, _ in origin for s in country.spellings]
    columns |= {
        "Mandant": _constant("01", rows),
        "AGS": _constant(region.official_key, rows),
        "Gemeinde": _constant(region.name, rows),
        "Personen-ID": _numbered("P", rng.integers(0, (first + rows) * 2, rows)),
        "Geschlecht": _picked(rng, _spellings(words.SEX), rows),
        "Geburtsdatum": _where(rng.random(rows) < 0.02, "", _dates(rng.integers(-25_000, 0, rows))),
        "Staatsangehörigkeit": _picked(rng, countries, rows),
        "Aufenthaltsstatus": _picked(rng, _spellings(words.RESIDENCE), rows),
        "gültig bis": _where(rng.random(rows) < 0.4, "", _dates(begins + rng.integers(90, 900, rows))),
        "Rechtskreis": _picked(rng, _spellings(words.RECHTSKREIS), rows),
        "Bemerkung": _remarks(rng, rows),
    }
    cells = [columns[name] for name in COLUMNS]
    return "".join(pc.binary_join_element_wise(*cells, _constant("\r\n", rows), ";").to_pylist())


def _spellings(spellings: Spellings) -> list[str]:
    return [spelling for code in spellings.values() for spelling in code]


def _combinations(rng: np.random.Generator, fields: Sequence[str]) -> list[str]:
    """Cells with one to three fields of action, quoted where they hold the delimiter."""
    picked = [rng.choice(fields, size=rng.integers(1, 4)) for _ in range(_COMBINATIONS)]
    return [f'"{";".join(texts)}"' if len(texts) > 1 else str(texts[0]) for texts in picked]


def _remarks(rng: np.random.Generator, rows: int) -> pa.Array:
    """Mostly nothing, at times a phrase, at times a text of its own."""
    phrases = [f'"{text.replace(chr(34), chr(34) * 2)}"' if '"' in text else text for text in words.REMARKS]
    own = _numbered("Termin vereinbart, Zimmer ", rng.integers(0, 10**6, rows))
    return pc.if_else(pa.array(rng.random(rows) < 0.1), own, _picked(rng, phrases, rows))


def _picked(rng: np.random.Generator, texts: Iterable[str], rows: int) -> pa.Array:
    pool = pa.array(list(texts), pa.string())
    return pool.take(pa.array(rng.integers(0, len(pool), rows)))


def _numbered(prefix: str, numbers: Ints) -> pa.Array:
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 7, "0")
    return pc.binary_join_element_wise(_constant(prefix, len(numbers)), digits, "")


def _constant(text: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def _dates(offsets: Ints) -> pa.Array:
    """Days since the first as dd.mm.yyyy."""
    days, place = np.unique(offsets, return_inverse=True)
    dates = pa.array((_DAY_NUMBER + days).astype(np.int32)).cast(pa.date32())
    return pc.strftime(dates, format="%d.%m.%Y").take(pa.array(place))


def _where(mask: npt.NDArray[np.bool_], text: str, otherwise: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(mask), pa.scalar(text, pa.string()), otherwise)
