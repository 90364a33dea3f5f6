"""1,000,000 synthetic cases into all linked tables, beside the same by SQL written by hand for DuckDB.

Both count the same (checked cell by cell, contributors included). For the peer the statements of all tables
of a dataflow are added up; DuckDB uses every core, tabulation one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aggregation.facts import Facts
from aggregation.tabulate import tabulate
from aggregation.tabulation import Tabulation
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid
from protocol.periods import Period
from tests.bench.by_hand import Cells, connect, count_with_sql
from tests.bench.measuring import Ratio, interleaved, peak_megabytes
from tests.bench.synthetic import PERIODS, YEARS, synthetic_facts

CASES = 1_000_000
GOAL = 2.0
ROUNDS = 3


def run() -> list[str]:
    """Measure and compare every dataflow; also checks that both count the same."""
    facts = synthetic_facts(CASES)
    before = peak_megabytes()
    lines: list[str] = []
    for dataset in load_catalogue().datasets.values():
        for freq, periods in (("Q", PERIODS), ("A", YEARS)):
            if freq in dataset.frequencies:
                lines += _measure(facts, dataset.id, freq, periods)
    after = peak_megabytes()
    return [
        *lines,
        f"peak memory: {before:.0f} MB with the data, {after:.0f} MB at the end, DuckDB's included",
    ]


def _measure(facts: Facts, dataset_id: str, freq: str, periods: Sequence[Period]) -> Iterator[str]:
    catalogue, connection = load_catalogue(), connect(facts, periods)

    def ours() -> dict[Period, Tabulation]:
        return dict(tabulate(facts, catalogue=catalogue, dataset_id=dataset_id, periods=periods))

    differing = _differing(ours(), count_with_sql(connection, dataset_id, freq), dataset_id, freq)
    seconds = interleaved(ours, lambda: count_with_sql(connection, dataset_id, freq), rounds=ROUNDS)
    span = f"{len(periods)} {'quarters' if freq == 'Q' else 'years'}"
    yield str(
        Ratio(f"{dataset_id}, {span}, all tables", seconds[0], "DuckDB SQL, all cores", seconds[1], GOAL)
    )
    cells = len(delivery_grid(catalogue, dataset_id, freq)) * len(periods)
    yield f"  cells that differ: {differing} of {cells}"


def _differing(tables: dict[Period, Tabulation], theirs: Cells, dataset_id: str, freq: str) -> int:
    keys = delivery_grid(load_catalogue(), dataset_id, freq).keys
    differing = 0
    for number, table in enumerate(tables.values()):
        arrays = (table.values, table.contributors, table.largest, table.second, table.gross)
        for row, key in enumerate(keys):
            found = theirs.get((number, key), (0,) * len(arrays))
            differing += tuple(int(array[row]) for array in arrays[: len(found)]) != found
    return differing
