"""Deliveries made up for tests: consistent tables of any dataflow, and the statement that fits them."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa

from protocol import columns
from protocol.canonical import canonical_stream
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.codelists import Codelist
from protocol.grid import CellGrid, delivery_grid, grid_of
from protocol.observations import CellState
from protocol.periods import Period
from protocol.statement import CHUNK_BYTES, MEDIA_ARROW_STREAM, PayloadInfo, Software, SubmissionStatement
from tests.factories.catalogues import use_of

AREA = "NW05111"
PERIOD = Period(2026, 1)


_WEIGHT = 240  # of all leaves of a dimension together; divisible by 2 and large enough for 20 leaves


def consistent_values(grid: CellGrid, *, seed: int = 1) -> np.ndarray:
    """Return values whose margins add up in every table, none of them sensitive.

    Each code has a weight (a parent that of its leaves, the total 240) and a cell is the product of its
    codes' weights, so all tables of an indicator agree on what they share. Parts of a multi-response
    dimension have half the weight each: they overlap.
    """
    random = Random(seed)
    weights: dict[tuple[str, str], int] = {}
    for indicator in grid.dataset.indicators:
        for use in indicator.dimensions:
            if (use.codelist.id, use.codelist.total) not in weights:
                weights |= _weights(use.codelist, random)
    values = np.zeros(len(grid), dtype=np.int64)
    for row, key in enumerate(grid.keys):
        indicator = next(i for i in grid.dataset.indicators if i.id == key[0])
        product, factors = 2 if indicator.id != "PERSONS_NEW" else 1, 0
        for dimension, code in grid.codes(row).items():
            use = use_of(indicator, dimension)
            if code != use.codelist.total:
                factors += 1
                product *= weights[use.codelist.id, code] if use.additive else _WEIGHT // 2
        values[row] = product * _WEIGHT ** (2 - factors)
    return values


def _weights(codelist: Codelist, random: Random) -> dict[tuple[str, str], int]:
    leaves = [code.id for code in codelist.published if not codelist.children(code.id)]
    base = _WEIGHT // (2 * len(leaves))
    shares = [base + random.randrange(base) for _ in leaves]
    shares[0] += _WEIGHT - sum(shares)
    weights = {(codelist.id, code.id): 0 for code in codelist.published}
    for leaf, share in zip(leaves, shares, strict=True):
        for code in (leaf, *codelist.ancestors(leaf)):
            weights[codelist.id, code] += share
    return weights


def states_of(values: Iterable[int], withheld: Sequence[int] = ()) -> list[CellState]:
    """Return the states of published values, with some rows withheld."""
    hidden = set(withheld)
    return [
        CellState.SUPPRESSED if row in hidden else CellState.ZERO if value == 0 else CellState.VALUE
        for row, value in enumerate(values)
    ]


def submission(
    dataset_id: str = "CASES",
    *,
    values: Sequence[int] | None = None,
    withheld: Sequence[int] = (),
    collected: Collection[str] | None = None,
    catalogue: Catalogue | None = None,
    area: str = AREA,
    period: Period = PERIOD,
    **changes: Any,
) -> tuple[pa.Table, SubmissionStatement]:
    """Return a table and the statement that fits it.

    Args:
        dataset_id: dataflow.
        values: figures in grid order; consistent ones when omitted.
        withheld: rows that are withheld.
        collected: indicators that are delivered; all of them when omitted.
        catalogue: the product's when omitted.
        area: region id.
        period: quarter or year.
        changes: members of the statement that are replaced.
    """
    catalogue = catalogue or load_catalogue()
    grid = (
        delivery_grid(catalogue, dataset_id, period.freq)
        if period.freq in catalogue.dataset(dataset_id).frequencies
        else grid_of(catalogue, dataset_id)
    )
    figures = consistent_values(grid) if values is None else values
    missing = {row for row, key in enumerate(grid.keys) if collected is not None and key[0] not in collected}
    states = [
        CellState.NOT_DELIVERED if row in missing else state
        for row, state in enumerate(states_of(figures, withheld))
    ]
    table = columns.submission_table(grid, ref_area=area, period=period, values=figures, states=states)
    return table, statement_for(table, dataset_id, catalogue=catalogue, area=area, period=period, **changes)


def statement_for(
    table: pa.Table,
    dataset_id: str = "CASES",
    *,
    catalogue: Catalogue | None = None,
    area: str = AREA,
    period: Period = PERIOD,
    **changes: Any,
) -> SubmissionStatement:
    """Return a statement for a table; the digest is that of its canonical bytes."""
    catalogue = catalogue or load_catalogue()
    dataset = catalogue.dataset(dataset_id)
    data = canonical_stream(table)
    members: dict[str, Any] = {
        "aud": "kim-nrw/local",
        "node": "node-7f3a9c",
        "instance": "0b3f1c5e-2a4d-4b6f-8c7e-9d0a1b2c3d4e",
        "area": area,
        "dataset": dataset.urn,
        "period": str(period),
        "revision": 1,
        "supersedes": None,
        "reason": None,
        "schema": columns.schema_id(dataset),
        "schema_sha256": columns.schema_sha256(dataset),
        "catalogue_sha256": catalogue.sha256,
        "payload": PayloadInfo(
            media=MEDIA_ARROW_STREAM,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            rows=table.num_rows,
            chunk=CHUNK_BYTES,
        ),
        "min_contributors": 5,
        "software": Software("kim-node", "0.1.0", "26.0.1"),
        "created": "2026-10-09T08:15:00Z",
        "nonce": bytes(range(32)),
    }
    return SubmissionStatement(**{**members, **changes})
