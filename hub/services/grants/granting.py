"""Import the grants of a year from the granting authority, for areas that do not deliver their funds.

Each area gets a protected FUNDS table with what was granted only, by the same engine and the same proof as at
a node; what is withheld in it is withheld by the hub. It counts where the area itself has no accepted
delivery. Nothing of it is public before the year is closed, so until then a later import replaces an earlier
one; afterwards none is taken.

The list itself is not kept: evidence is its digest, in the log and in the audit trail; the tables follow from
it, and a release cites those that it holds. The list holds true amounts, so its digest is hidden by a salt
that stays with whoever keeps the list: with a plain one, and the rows that others know, the rest could be
tried. The digest of a table is hidden in the log too: many are never published, and an area may withhold in
its own table what is shown there. Its salt becomes public with a release that holds the table, which proves
that it is the one that was made when the list was imported.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from aggregation.disclosure import Verdict, audit_delivery, cell_bounds, protect_delivery
from aggregation.facts import FUNDS_FACTS, Facts
from aggregation.tabulate import tabulate
from aggregation.tabulation import Tabulation
from hub.domain.cell_columns import Bounds, Cells
from hub.services.context import HubContext
from hub.services.grants.grant_file import Grant, read_grants
from hub.store.records import FUNDS, GrantTable
from protocol.catalogue import Catalogue
from protocol.errors import kim_error
from protocol.evidence import grants_name
from protocol.grid import delivery_grid
from protocol.keys import new_nonce
from protocol.observations import STATE_NUMBER, CellState
from protocol.periods import Period
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent, hidden_digest

_GRANTED: Final = "FUNDS_GRANTED"
_WITH_VALUE: Final = [STATE_NUMBER[state] for state in CellState if state.has_value]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a list.

    Attributes:
        areas: that it covers.
        rows: how many it has.
        withheld: cells withheld in all tables.
        listed: what the log says of it.
        salt: 64 hex digits; with the list it proves `listed`. The hub keeps neither.
    """

    areas: tuple[str, ...]
    rows: int
    withheld: int
    listed: str
    salt: str


def import_grants(context: HubContext, data: bytes, year: Period) -> Imported:
    """Protect and store the grants of a year.

    Args:
        context: the hub.
        data: bytes of the list (see `hub.services.grants.grant_file`).
        year: the year they were granted for.

    Raises:
        KimError: `bad_request` for a list that cannot be read, or a quarter; `period_closed`;
            `disclosure_unsafe` or `disclosure_unknown` if no safe table is found: nothing is stored then.
    """
    if year.quarter is not None:
        raise kim_error(
            "bad_request", Text("Bewilligt wird nach Jahren.", "Grants are by year."), pointer="/year"
        )
    with context.database.read() as unit:
        _require_open(unit.periods.is_closed(FUNDS, str(year)))
    grants = read_grants(data, context.catalogue)
    salt = new_nonce()
    listed = hidden_digest(hashlib.sha256(data).hexdigest(), salt=salt)
    tables: list[GrantTable] = []
    withheld = 0
    hidden: dict[str, str] = {}
    for area in sorted({grant.area for grant in grants}):
        cells = _protected(context.catalogue, year, [grant for grant in grants if grant.area == area])
        withheld += int(cells.withheld.sum())
        grid = delivery_grid(context.catalogue, FUNDS, year.freq)
        missing = ~np.isin(cells.states, _WITH_VALUE) & ~cells.withheld
        limits = Bounds(*cell_bounds(grid, cells.values, cells.withheld, context.catalogue, missing=missing))
        cells_sha256, own_salt = context.blobs.put(cells.to_bytes()), new_nonce()
        hidden[area] = hidden_digest(cells_sha256, salt=own_salt)
        tables.append(
            GrantTable(
                area=area,
                period=str(year),
                source_sha256=listed,
                cells_sha256=cells_sha256,
                bounds_sha256=context.blobs.put(limits.to_bytes()),
                salt=own_salt.hex(),
            )
        )
    now = context.clock.now()
    with context.database.write() as unit:
        _require_open(unit.periods.is_closed(FUNDS, str(year)))
        unit.grants.replace(str(year), tables, at=now)
        unit.audit(
            "grants.imported",
            str(year),
            at=now,
            detail={"listed": listed, "areas": [table.area for table in tables], "rows": len(grants)},
        )
        for event in _events(year, listed, hidden, at=now):
            unit.log(event)
    return Imported(tuple(table.area for table in tables), len(grants), withheld, listed, salt.hex())


def _events(year: Period, listed: str, hidden: Mapping[str, str], *, at: dt.datetime) -> Iterator[LogEvent]:
    """Yield what the log says (SPEC P-100): a list, which replaces those of the year, and what it gave."""
    yield LogEvent(
        at=at,
        kind=EventKind.GRANTS_IMPORTED,
        id=grants_name(str(year)),
        dataset=FUNDS,
        period=str(year),
        payload_sha256=listed,
    )
    for area, digest in hidden.items():
        yield LogEvent(
            at=at,
            kind=EventKind.GRANTS_TABLE,
            id=grants_name(str(year), area),
            area=area,
            dataset=FUNDS,
            period=str(year),
            payload_sha256=listed,
            out_sha256=digest,
        )


def _require_open(is_closed: bool) -> None:  # noqa: FBT001 -- the answer to one question
    if is_closed:
        raise kim_error("period_closed", pointer="/year")


def _protected(catalogue: Catalogue, year: Period, grants: Sequence[Grant]) -> Cells:
    """Return the table of one area, protected and proven to be."""
    table = _tabulated(catalogue, year, grants)
    protection = protect_delivery(catalogue, FUNDS, year, table)
    shown = table.collected & ~protection.withheld
    published = [int(value) if known else None for value, known in zip(table.values, shown, strict=True)]
    if audit_delivery(catalogue, FUNDS, year, published, table=table).verdict is not Verdict.SAFE:
        raise kim_error("disclosure_unsafe")
    values = np.where(shown, table.values, 0)
    state = np.select(
        [~table.collected, protection.withheld, values == 0],
        [STATE_NUMBER[s] for s in (CellState.NOT_DELIVERED, CellState.SUPPRESSED, CellState.ZERO)],
        default=STATE_NUMBER[CellState.VALUE],
    )
    return Cells(values, state.astype(np.uint8))


def _tabulated(catalogue: Catalogue, year: Period, grants: Sequence[Grant]) -> Tabulation:
    """Count what was granted; what was spent is nobody's here."""
    carrier = catalogue.indicator("FUNDS_SPENT").dimension_use("CARRIER")
    kind = next(code.id for code in carrier.codelist.published if code.parent) if carrier else ""
    facts = pa.table(
        {
            "year": pa.array([year.year] * len(grants), pa.int32()),
            "carrier_id": [grant.carrier for grant in grants],
            "BAUSTEIN": [grant.component for grant in grants],
            "COST": [grant.cost for grant in grants],
            # The list does not say it, and no table of what was granted asks for it.
            "CARRIER": [kind] * len(grants),
            "granted": [grant.cents for grant in grants],
            "spent": pa.array([0] * len(grants), pa.int64()),
        }
    ).cast(FUNDS_FACTS)
    counted = tabulate(Facts(funds=facts), catalogue=catalogue, dataset_id=FUNDS, periods=[year])[year]
    collected = np.zeros(len(counted), dtype=np.bool_)
    collected[delivery_grid(catalogue, FUNDS, year.freq).rows_of(_GRANTED)] = True
    return replace(counted, collected=collected)
