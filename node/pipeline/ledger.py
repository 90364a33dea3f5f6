"""Tabulations as the journal keeps them, and what was delivered as disclosure control takes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from aggregation.disclosure import Delivered
from aggregation.tabulation import Shares, Tabulation
from node.journal import LedgerEntry, LedgerFigures
from protocol.catalogue import Catalogue
from protocol.errors import KimError, kim_error
from protocol.grid import CellGrid, delivery_grid
from protocol.periods import Period
from protocol.texts import Text


def to_bytes(table: Tabulation) -> LedgerFigures:
    """Write a tabulation as the journal keeps it."""
    return LedgerFigures(
        values=_bytes(table.values),
        collected=mask_bytes(table.collected),
        contributors=_bytes(table.contributors),
        largest=_bytes(table.largest),
        second=_bytes(table.second),
        gross=_bytes(table.gross),
        share_cell=_bytes(table.shares.cell),
        share_contributor=_bytes(table.shares.contributor),
        share_amount=_bytes(table.shares.amount),
    )


def to_tabulation(figures: LedgerFigures) -> Tabulation:
    """Read a tabulation back."""
    return Tabulation(
        values=_integers(figures.values),
        collected=to_mask(figures.collected),
        contributors=_integers(figures.contributors),
        largest=_integers(figures.largest),
        second=_integers(figures.second),
        gross=_integers(figures.gross),
        shares=Shares(
            cell=_integers(figures.share_cell),
            contributor=_integers(figures.share_contributor),
            amount=_integers(figures.share_amount),
        ),
    )


def delivered(entries: Iterable[LedgerEntry], catalogue: Catalogue) -> list[Delivered]:
    """Read what was delivered before.

    Args:
        entries: of one area, several vintages of a period in the order in which they were delivered.
        catalogue: the catalogue in force.

    Returns:
        The same, in the same order.

    Raises:
        KimError: ``disclosure_unknown`` if a delivery does not have the cells of the catalogue.
    """
    return [_delivered(entry, catalogue) for entry in entries]


def mask_bytes(mask: NDArray[np.bool_]) -> bytes:
    """Write one byte per cell."""
    return mask.astype(np.uint8).tobytes()


def to_mask(content: bytes) -> NDArray[np.bool_]:
    """Read one byte per cell."""
    return np.frombuffer(content, dtype=np.uint8).astype(np.bool_)


def grid_sha256(grid: CellGrid) -> str:
    """Return the digest of the cells of a grid: which figure stands where."""
    return hashlib.sha256("\n".join("\t".join(key) for key in grid.keys).encode()).hexdigest()


def _delivered(entry: LedgerEntry, catalogue: Catalogue) -> Delivered:
    period = Period.parse(entry.period)
    if entry.grid_sha256 != grid_sha256(delivery_grid(catalogue, entry.dataset, period.freq)):
        raise _another_catalogue()
    return Delivered(entry.dataset, period, to_tabulation(entry.figures), to_mask(entry.withheld_mask))


def _another_catalogue() -> KimError:
    return kim_error(
        "disclosure_unknown",
        Text(
            "Frühere Lieferungen entstanden mit einem anderen Katalog und lassen sich nicht gemeinsam "
            "prüfen.",
            "Earlier deliveries were made with another catalogue and cannot be audited jointly.",
        ),
    )


def _bytes(numbers: NDArray[np.int64]) -> bytes:
    return numbers.astype("<i8").tobytes()


def _integers(content: bytes) -> NDArray[np.int64]:
    return np.frombuffer(content, dtype="<i8").astype(np.int64)
