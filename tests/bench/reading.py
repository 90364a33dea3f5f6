"""1,000,000 rows of a profile-A export up to finished tables, beside pandas reading the same file.

Ours: read, undo the encoding, map every text to its code, look for every trap, join persons and cases, and
count eight quarters of all dataflows that cases feed (disclosure control is measured apart). The peer only
reads the file and parses three of its date columns. Each round runs in a process of its own, so that memory
is measured from nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from aggregation.tabulate import tabulate
from node.mapping import CodeMapping
from node.quality import prepare, require_mapped
from node.settings import SourceSpec
from node.sources import read_source
from protocol.catalogue_file import load_catalogue
from protocol.regions import reporting_area
from tests.bench.large_export import BANNER_LINES, DATE_COLUMNS, ENCODING, write_large_export
from tests.bench.measuring import Ratio, peak_megabytes
from tests.bench.synthetic import PERIODS

ROWS = 1_000_000
ROUNDS = 3
GOAL = 3.0
GOAL_MEGABYTES = 1000
AREA = "NW05382"
DATASETS = ("CASES", "PERSONS", "PROCESSES")


@dataclass(frozen=True, slots=True)
class Round:
    """One round in a process of its own: seconds by step, peak memory, rows that came through."""

    seconds: dict[str, float]
    megabytes: float
    rows: int

    @property
    def total(self) -> float:
        """Seconds of all steps."""
        return sum(self.seconds.values())


def ours(path: Path) -> Round:
    """Read, prepare and tabulate."""
    catalogue, seconds = load_catalogue(), dict[str, float]()
    spec = SourceSpec("cases", profile="A", path=path)
    mapping = CodeMapping(catalogue)
    start = time.perf_counter()
    raw = read_source(spec)
    seconds["read"] = time.perf_counter() - start
    start = time.perf_counter()
    prepared = prepare([(spec, raw)], area=AREA, mapping=mapping, catalogue=catalogue)
    seconds["map and check"] = time.perf_counter() - start
    require_mapped(prepared.unmapped)
    start = time.perf_counter()
    for dataset in DATASETS:
        tabulate(prepared.facts, catalogue=catalogue, dataset_id=dataset, periods=PERIODS)
    seconds["tabulate"] = time.perf_counter() - start
    return Round(seconds, peak_megabytes(), prepared.counts.read)


def peer(path: Path) -> Round:
    """Let pandas read the file and parse three date columns."""
    start = time.perf_counter()
    frame = pd.read_csv(
        path,
        sep=";",
        encoding=ENCODING,
        skiprows=BANNER_LINES,
        index_col=False,
        low_memory=False,
        parse_dates=list(DATE_COLUMNS),
        date_format="%d.%m.%Y",
    )
    seconds = {"read": time.perf_counter() - start}
    if any(frame[name].dtype.kind != "M" for name in DATE_COLUMNS):
        raise ValueError("the peer did not parse its dates")
    return Round(seconds, peak_megabytes(), len(frame))


def _apart(work: Callable[[Path], Round], path: Path) -> Round:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, path).result()


def run() -> list[str]:
    """Alternate both; the best round of each counts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        write_large_export(path, reporting_area(AREA), ROWS)
        size = path.stat().st_size / 1e6
        rounds = [(_apart(ours, path), _apart(peer, path)) for _ in range(ROUNDS)]
    mine = min((one for one, _ in rounds), key=lambda r: r.total)
    theirs = min((other for _, other in rounds), key=lambda r: r.total)
    ratio = Ratio(
        f"{mine.rows:,} rows ({size:.0f} MB) to finished tables",
        mine.total,
        "pandas reading the file and three date columns",
        theirs.total,
        GOAL,
    )
    memory = max(one.megabytes for one, _ in rounds)
    goal = f"goal < {GOAL_MEGABYTES} MB: {'met' if memory < GOAL_MEGABYTES else 'MISSED'}"
    return [
        str(ratio),
        "  " + ", ".join(f"{step} {value:.2f} s" for step, value in mine.seconds.items()),
        f"  peak memory: {memory:.0f} MB ({goal}); pandas {theirs.megabytes:.0f} MB",
    ]
