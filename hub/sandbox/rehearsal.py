"""A made-up delivery with every cell withheld, checked like a real one.

The zygote rehearses with it: what is loaded once here is not loaded again in every child (60 ms each), and a
sandbox in which checking does not work at all refuses to start instead of refusing every delivery.
"""

import hashlib
from typing import Final

import numpy as np

from hub.domain.cell_columns import Cells
from hub.sandbox import bundle, child, examination
from protocol import columns
from protocol.canonical import canonical_stream
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.grid import CellGrid, delivery_grid
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.regions import reporting_areas
from protocol.statement import (
    CHUNK_BYTES,
    MEDIA_ARROW_STREAM,
    PayloadInfo,
    Software,
    SubmissionStatement,
)

_PERIODS: Final = {"Q": Period(2020, 1), "A": Period(2020)}


def rehearse() -> None:
    """Check one delivery of each dataflow and frequency; whatever it raises: this sandbox cannot work."""
    catalogue = load_catalogue()
    examination.prepare(catalogue)
    for dataset in catalogue.datasets.values():
        for freq in dataset.frequencies:
            _rehearse(catalogue, delivery_grid(catalogue, dataset.id, freq), _PERIODS[freq])


def rehearse_solving() -> None:
    """Examine one delivery, in a child only: the process that children are forked from runs no solver."""
    catalogue = load_catalogue()
    dataset = next(iter(catalogue.datasets.values()))
    freq = dataset.frequencies[0]
    rows = len(delivery_grid(catalogue, dataset.id, freq))
    hidden = np.full(rows, STATE_NUMBER[CellState.SUPPRESSED], dtype=np.uint8)
    item = bundle.Item(dataset.id, str(_PERIODS[freq]), 1, Cells(np.zeros(rows, dtype=np.int64), hidden))
    examined = bundle.read_limits(examination.limits(bundle.question([item])), rows=rows)
    if examined is None or examined.exposure.cells:
        raise RuntimeError("the rehearsal of an examination came out wrong")


def _rehearse(catalogue: Catalogue, grid: CellGrid, period: Period) -> None:
    table = columns.submission_table(
        grid,
        ref_area=reporting_areas()[0].id,
        period=period,
        values=[None] * len(grid),
        states=[CellState.SUPPRESSED] * len(grid),
    )
    payload = canonical_stream(table)
    cells = child.check_payload(_statement(catalogue, grid, period, payload), payload)
    if not Cells.from_bytes(cells, rows=len(grid)).withheld.all():
        raise RuntimeError("the rehearsal of a delivery came out wrong")


def _statement(catalogue: Catalogue, grid: CellGrid, period: Period, payload: bytes) -> bytes:
    return SubmissionStatement(
        aud="rehearsal",
        node="node-rehearsal",
        instance="00000000-0000-0000-0000-000000000000",
        area=reporting_areas()[0].id,
        dataset=grid.dataset.urn,
        period=str(period),
        revision=1,
        supersedes=None,
        reason=None,
        schema=columns.schema_id(grid.dataset),
        schema_sha256=columns.schema_sha256(grid.dataset),
        catalogue_sha256=catalogue.sha256,
        payload=PayloadInfo(
            media=MEDIA_ARROW_STREAM,
            size=len(payload),
            sha256=hashlib.sha256(payload).hexdigest(),
            rows=len(grid),
            chunk=CHUNK_BYTES,
        ),
        min_contributors=max(rule.min_contributors for rule in catalogue.rules.values()),
        software=Software("kim-hub", "0", "0"),
        created="2020-04-01T00:00:00Z",
        nonce=bytes(32),
    ).to_json()
