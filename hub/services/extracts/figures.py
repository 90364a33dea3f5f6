"""The figures of one dataflow as one Arrow table: one row per indicator, cell, period and region.

Invariants: rows are sorted by indicator, codes, period and region; a withheld cell of an area has neither a
value nor limits; limits of totals are those that the page shows. Values stand in the unit of the indicator,
not scaled: cases are whole numbers, euros and posts have two decimals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hub.services.statistics import Reading
from hub.services.statistics.releases import Release
from protocol.grid import grid_of
from protocol.observations import STATES, WITHHELD_BY_HUB, CellState
from protocol.regions import areas_by_id

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Columns in front of the dimensions, and behind them, in order.
KEY: Final = ("INDICATOR", "FREQ", "TIME_PERIOD", "REF_AREA")
MEASURES: Final = (
    "OBS_VALUE",
    "LOWER",
    "UPPER",
    "OBS_STATUS",
    "CONF_STATUS",
    "UNIT_MEASURE",
    "AREAS_EXPECTED",
    "AREAS_DELIVERED",
    "AREAS_WITHHELD",
)
_SUPPRESSED: Final = STATES.index(CellState.SUPPRESSED)


def dataflow_table(reading: Reading, release: Release, dataset: str) -> pa.Table:
    """Read all figures of a dataflow in a release.

    Args:
        reading: an open view.
        release: the release it reads.
        dataset: dataflow id; the release holds it.

    Returns:
        A table with `KEY`, the dataflow's dimensions and `MEASURES` as columns, in this order; ``OBS_VALUE``,
        ``LOWER`` and ``UPPER`` are nullable doubles, counts of areas int16, all others text.
    """
    grid = grid_of(reading.catalogue, dataset)
    periods = release.periods(dataset)
    cubes = [reading.store.cube_columns(release.cubes[dataset, period].id) for period in periods]
    period_number = np.repeat(np.arange(len(cubes)), [len(cube.cell) for cube in cubes])
    regions = sorted(release.area_numbers)
    rank = np.empty(max(release.area_numbers.values()) + 1, dtype=np.int64)
    rank[[release.area_numbers[region] for region in regions]] = np.arange(len(regions))
    region = rank[np.concatenate([cube.area_ix for cube in cubes])]
    cell = np.concatenate([cube.cell for cube in cubes])
    order = np.lexsort((region, period_number, cell))

    def joined(parts: Sequence[npt.NDArray[np.generic]]) -> npt.NDArray[np.generic]:
        return np.concatenate(parts)[order]

    cell, region, period_number = cell[order], region[order], period_number[order]
    state = joined([cube.state for cube in cubes]).astype(np.int64)
    # An area's withheld cell says nothing; the limits of a total are what the hub may say.
    leaves = areas_by_id()
    silent = np.array([name in leaves for name in regions], dtype=np.bool_)[region] & (state == _SUPPRESSED)
    indicators = {indicator.id: indicator for indicator in grid.dataset.indicators}
    decimals = np.array([indicators[key[0]].decimals for key in grid.keys], dtype=np.int64)[cell]

    def measured(values: npt.NDArray[np.generic], there: npt.NDArray[np.generic]) -> pa.Array:
        # Integers below 2**53 divided once by a power of ten: the double nearest to the decimal.
        numbers = np.where(there, values.astype(np.int64), 0) / 10.0**decimals
        return pa.array(numbers, pa.float64(), mask=~there.astype(np.bool_))

    arrays = {"INDICATOR": _texts([key[0] for key in grid.keys], cell)}
    arrays["FREQ"] = _texts([period.freq for period in periods], period_number)
    arrays["TIME_PERIOD"] = _texts([str(period) for period in periods], period_number)
    arrays["REF_AREA"] = _texts(regions, region)
    for position, dimension in enumerate(grid.dims, start=1):
        arrays[dimension] = _texts([key[position] for key in grid.keys], cell)
    arrays["OBS_VALUE"] = measured(joined([c.value for c in cubes]), joined([c.has_value for c in cubes]))
    for name, values, there in (
        ("LOWER", [c.lower for c in cubes], [c.has_lower for c in cubes]),
        ("UPPER", [c.upper for c in cubes], [c.has_upper for c in cubes]),
    ):
        arrays[name] = measured(joined(values), joined(there).astype(np.bool_) & ~silent)
    arrays["OBS_STATUS"] = _texts([each.wire[0] for each in STATES], state)
    granted = reading.store.granted(release.id)
    by_hub = np.array(
        [[(name, dataset, str(period)) in granted for period in periods] for name in regions], dtype=np.bool_
    )[region, period_number]
    confidentiality = np.where(by_hub & (state == _SUPPRESSED), len(STATES), state)
    arrays["CONF_STATUS"] = _texts([*(each.wire[1] for each in STATES), WITHHELD_BY_HUB], confidentiality)
    arrays["UNIT_MEASURE"] = _texts([indicators[key[0]].unit for key in grid.keys], cell)
    for name, numbers in (
        ("AREAS_EXPECTED", [c.expected for c in cubes]),
        ("AREAS_DELIVERED", [c.delivered for c in cubes]),
        ("AREAS_WITHHELD", [c.withheld for c in cubes]),
    ):
        arrays[name] = pa.array(joined(numbers).astype(np.int16), pa.int16())
    return pa.table(arrays)


def _texts(per_entry: Sequence[str], index: Ints) -> pa.Array:
    """Return the text of each row: each distinct one is stored once."""
    number = {text: place for place, text in enumerate(dict.fromkeys(per_entry))}
    places = np.array([number[text] for text in per_entry], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(places[index]), pa.array(list(number), pa.string()))
