"""Small exports of profile A, typed by hand in the tests, written the way the case system writes them.

`COLUMNS` is a short header with every required column; a row is typed as one line without the delimiter at
its end. `CLEAN` is a row in which there is nothing to normalise.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from node.mapping import CodeMapping
from node.quality import Prepared, prepare
from node.settings import SourceSpec
from node.sources import read_source
from protocol.catalogue_file import load_catalogue

BANNER = "Fachverfahren Integration 7.3;Export vom 05.10.2026 08:15"
COLUMNS = (
    "Fallnummer;AGS;Beratungsart;Erstkontakt;Fallbeginn;Fallende;Fallstatus;Personen-ID;Anz. Personen;"
    "Geschlecht;Geburtsdatum;Staatsangehörigkeit;Aufenthaltsstatus;Rechtskreis;Zugang über;Handlungsfelder;"
    "Abschlussgrund;Bemerkung"
)
CLEAN = (
    "F1;05382;CM;01.02.2025;03.02.2025;;laufend;P1;1;weiblich;"
    "01.05.1990;Syrien;T_HUM_24;SGB II;Jobcenter;Sprache;;"
)
AREA = "NW05382"


def row(**cells: str) -> str:
    """Return the clean row with some cells replaced; a blank in a column's name is typed as `_`."""
    names = COLUMNS.split(";")
    values = CLEAN.split(";")
    for name, text in cells.items():
        values[names.index(name.replace("_", " "))] = text
    return ";".join(values)


def write_export(
    folder: Path, text: str, *, columns: str = COLUMNS, encoding: str = "cp1252", banner: str = BANNER
) -> Path:
    """Write banner, header and the lines of ``text`` as the case system would."""
    lines = [*banner.split(";"), columns + ";"]
    # A line break typed as \r\n stands inside a quoted cell; a plain \n ends the row.
    lines += [line + ";" for line in re.split(r"(?<!\r)\n", text.strip("\n"))]
    path = folder / "export.csv"
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path


def prepared(
    folder: Path,
    text: str,
    *,
    area: str = AREA,
    columns: str = COLUMNS,
    encoding: str = "cp1252",
    mapping: dict[str, dict[str, str]] | None = None,
    banner: str = BANNER,
) -> Prepared:
    """Write an export, read it and prepare it."""
    catalogue = load_catalogue()
    path = write_export(folder, text, columns=columns, encoding=encoding, banner=banner)
    spec = SourceSpec("cases", path=path)
    return prepare(
        [(spec, read_source(spec))], area=area, mapping=CodeMapping(catalogue, mapping), catalogue=catalogue
    )


def findings(result: Prepared) -> dict[str, int]:
    """Return ``"T05 R" -> rows``, without the two banner lines that every export here has (T02)."""
    return {f"{f.trap} {f.handling}": f.rows for f in result.findings if f.trap != "T02"}


def cases(result: Prepared) -> list[dict[str, Any]]:
    """Return the cases as dictionaries."""
    rows: list[dict[str, Any]] = result.facts.cases.to_pylist()
    return rows


def column(result: Prepared, name: str) -> list[Any]:
    """Return one column of the cases."""
    values: list[Any] = result.facts.cases[name].to_pylist()
    return values


def involvements(result: Prepared) -> list[tuple[str, str]]:
    """Return pairs of person and case."""
    table = result.facts.involvements
    return list(zip(table["person_id"].to_pylist(), table["case_id"].to_pylist(), strict=True))


def set_aside(result: Prepared) -> list[tuple[int, str]]:
    """Return line and trap of quarantined rows."""
    return [(row.line, row.trap) for row in result.quarantine.rows]


def day(text: str) -> date:
    """Return the date of ``yyyy-mm-dd``."""
    return date.fromisoformat(text)
