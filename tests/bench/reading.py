"""1,000,000 rows of profile A from the file to finished tables, beside pandas reading the file.

Ours: read, map, sort out, join into cases and count all tables that cases fill, for eight quarters
(disclosure control is timed elsewhere). Peer: `pandas.read_csv` of the same file into texts, and its three
date columns parsed; nothing is mapped, checked or counted there.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from aggregation.tabulate import tabulate
from node.mapping import CodeMapping
from node.quality import Prepared, prepare, require_mapped
from node.settings import SourceSpec
from node.sources import read_source
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from tests.bench.measuring import Ratio, best_seconds, interleaved, peak_megabytes

ROWS = 1_000_000
PERIODS = Period.span(Period(2024, 4), Period(2026, 3))
DATASETS = ("CASES", "PERSONS", "PROCESSES")
DATES = ("Erstkontakt", "Fallbeginn", "Fallende")

_COLUMNS = (
    "Fallnummer;Mandant;AGS;Gemeinde;Träger;Beratungsart;Erstkontakt;Fallbeginn;Fallende;Fallstatus;Personen-ID;"
    "Anz. Personen;Geschlecht;Geburtsdatum;Staatsangehörigkeit;Aufenthaltsstatus;gültig bis;Rechtskreis;"
    "Zugang über;Weitervermittlung an;Handlungsfelder;Abschlussgrund;Stellenanteil;Bemerkung"
)
_BANNER = "KIM-Fallverwaltung\r\nExport vom 05.10.2026 08:15\r\n"
_TEXTS = {
    "AGS": ("05382", "5382", "05382060", "053820060060"),
    "Beratungsart": ("Case Management", "CM", "CM", "Kurzberatung"),
    "Geschlecht": ("w", "weiblich", "M", "männlich", "d", "k.A."),
    "Staatsangehörigkeit": ("Syrien", "UKR", "türkisch", "163", "Irak", "Polen", "#NV"),
    "Aufenthaltsstatus": ("§ 24", "§25,2", "AE § 25 Abs. 2 AufenthG", "Duldung", "NE", "Fiktionsbesch."),
    "Rechtskreis": ("Bürgergeld", "SGB II", "SGB2", "Wohngeld", "AsylbLG § 3"),
    "Zugang über": ("Jobcenter", "Schule", "ABH", "Ehrenamt", ""),
    "Weitervermittlung an": ("", "", "Jugendamt", "Wohnungsamt"),
    "Handlungsfelder": ("Sprache", '"Sprache;Arbeit"', "Wohnen", '"Kita, Schule|Familie"', "Arbeit"),
    "Abschlussgrund": ("", "Ziel erreicht", "Wegzug"),
}
_BLOCK = 100_000


def write_export(path: Path, *, rows: int, seed: int = 1) -> None:
    """Write a file of profile A, block by block: families of one to four, spellings of every kind."""
    rng = np.random.default_rng(seed)
    days = np.array([f"{d:%d.%m.%Y}" for d in pd.date_range("2022-01-01", "2026-09-30")])
    births = np.array([f"{d:%d.%m.%Y}" for d in pd.date_range("1950-01-01", "2024-12-31")])
    with path.open("w", encoding="cp1252", newline="") as file:
        file.write(_BANNER + _COLUMNS + ";\r\n")
        for start in range(0, rows, _BLOCK):
            count = min(_BLOCK, rows - start)
            file.writelines(_lines(rng, start, count, days, births))


def _lines(
    rng: np.random.Generator, start: int, count: int, days: np.ndarray, births: np.ndarray
) -> list[str]:
    case = start // 2 + np.sort(rng.integers(0, count // 2, count))
    opened = rng.integers(20, len(days) - 1, start + count)[case % (start + count)]
    length = rng.integers(0, 900, count)
    running = opened + length >= len(days)
    cells = {name: np.array(texts)[rng.integers(0, len(texts), count)] for name, texts in _TEXTS.items()}
    cells |= {
        "Fallnummer": np.array([f"F-{number:07d}" for number in case]),
        "Personen-ID": np.array([f"P-{number:07d}" for number in start + np.arange(count)]),
        "Erstkontakt": days[opened - rng.integers(0, 20, count)],
        "Fallbeginn": days[opened],
        "Fallende": np.where(running, "", days[np.minimum(opened + length, len(days) - 1)]),
        "Fallstatus": np.where(running, "laufend", "beendet"),
        "Geburtsdatum": births[rng.integers(0, len(births), count)],
        "Bemerkung": np.where(rng.random(count) < 0.3, "ruft zurück", ""),
    }
    empty = np.full(count, "")
    columns = [cells.get(name, empty) for name in _COLUMNS.split(";")]
    return [";".join(row) + ";\r\n" for row in zip(*columns, strict=True)]


def figures(path: Path) -> Prepared:
    """What a node does with an export before anything is protected."""
    catalogue = load_catalogue()
    spec = SourceSpec("cases", path=path)
    sources = [(spec, read_source(spec))]
    prepared = prepare(sources, area="NW05382", mapping=CodeMapping(catalogue), catalogue=catalogue)
    for dataset in DATASETS:
        tabulate(prepared.facts, catalogue=catalogue, dataset_id=dataset, periods=PERIODS)
    return prepared


def read_with_pandas(path: Path) -> pd.DataFrame:
    """Read the file into texts and parse its case dates."""
    frame = pd.read_csv(
        path, sep=";", encoding="cp1252", skiprows=2, dtype=str, keep_default_na=False, index_col=False
    )
    for name in DATES:
        frame[name] = pd.to_datetime(frame[name], format="%d.%m.%Y", errors="coerce")
    return frame


def run() -> list[str]:
    """Measure and compare."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        write_export(path, rows=ROWS)
        before = peak_megabytes()
        prepared = figures(path)
        require_mapped(prepared.unmapped)
        peak = peak_megabytes()  # pandas has not read the file yet
        reading = best_seconds(lambda: read_source(SourceSpec("cases", path=path)), rounds=1)
        seconds = interleaved(lambda: figures(path), lambda: read_with_pandas(path), rounds=3)
        size = path.stat().st_size >> 20
    ratio = Ratio(
        f"Read and map {ROWS:,} rows ({size} MB) into tables of 8 quarters",
        seconds[0],
        "pandas reads the file and parses three columns of dates",
        seconds[1],
        3.0,
    )
    counts = prepared.counts
    return [
        str(ratio),
        f"  reading alone: {reading:.1f} s; {counts.cases:,} cases, {counts.contacts:,} contacts",
        f"  peak memory: {before:.0f} MB before, {peak:.0f} MB after (goal < 1000 MB)",
    ]
