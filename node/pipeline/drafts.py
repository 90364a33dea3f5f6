"""One delivery before it is signed: protect, encode, decode again, audit, check.

Invariants: what is audited and checked are the decoded bytes, the ones that would leave; a draft exists only
if the audit's verdict is ``safe``. There is no switch around any of these steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aggregation.disclosure import (
    AuditReport,
    Delivered,
    Protection,
    Verdict,
    audit_delivery,
    protect_delivery,
)
from aggregation.tabulation import Tabulation
from node.clock import Clock, timestamp
from node.pipeline.figures import IntArray
from node.pipeline.stopwatch import Stopwatch
from node.settings import Settings
from node.version import PROGRAM, program_version
from protocol.canonical import assert_canonical, canonical_stream
from protocol.catalogue import Catalogue, RuleKind
from protocol.columns import OBS_VALUE, arrow_schema, schema_id, schema_sha256, submission_table
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.grid import CellGrid, grid_of
from protocol.keys import NONCE_BYTES
from protocol.observations import CellState
from protocol.periods import Period
from protocol.statement import CHUNK_BYTES, MEDIA_ARROW_STREAM, PayloadInfo, Software, SubmissionStatement
from protocol.submission_rules import check_submission
from protocol.texts import Text

_LISTED_CELLS: Final = 20
_NO_NONCE: Final = bytes(NONCE_BYTES)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every draft of one run shares.

    Attributes:
        settings: the node's configuration.
        catalogue: the catalogue in force.
        clock: for the date of the statement.
        stopwatch: told about stages ``protect`` and ``audit``.
    """

    settings: Settings
    catalogue: Catalogue
    clock: Clock
    stopwatch: Stopwatch


@dataclass(frozen=True, slots=True)
class Place:
    """Which delivery: dataset, period and place in the chain of revisions."""

    dataset_id: str
    period: Period
    revision: int = 1
    supersedes: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Draft:
    """A protected, audited delivery that nobody has signed.

    Attributes:
        place: which delivery.
        payload: the canonical bytes of the protected table.
        statement: everything that would be signed, but for the nonce.
        values: true cell values, in wire order.
        withheld: which cells are withheld, in wire order.
        reasons: why, by row, for the node's own eyes.
        report: the audit's outcome.
    """

    place: Place
    payload: bytes = field(repr=False)
    statement: SubmissionStatement
    values: IntArray = field(repr=False)
    withheld: NDArray[np.bool_] = field(repr=False)
    reasons: Mapping[int, str] = field(repr=False)
    report: AuditReport


def require_strict_enough(settings: Settings, catalogue: Catalogue) -> None:
    """Refuse a threshold below the catalogue's.

    Raises:
        KimError: ``config_invalid``.
    """
    floor = _floor(catalogue)
    if settings.min_contributors is not None and settings.min_contributors < floor:
        raise kim_error(
            "config_invalid",
            Text(
                f"[disclosure] min_contributors darf nicht kleiner als {floor} sein.",
                f"[disclosure] min_contributors must not be below {floor}.",
            ),
            pointer="/disclosure/min_contributors",
        )


def _floor(catalogue: Catalogue) -> int:
    return min(rule.min_contributors for rule in catalogue.rules.values() if rule.kind is RuleKind.FREQUENCY)


def grid_sha256(grid: CellGrid) -> str:
    """Return the digest of the cells of a grid: which figure stands where."""
    return hashlib.sha256("\n".join("\t".join(key) for key in grid.keys).encode()).hexdigest()


def make_draft(workshop: Workshop, place: Place, *, values: IntArray, linked: Sequence[Delivered]) -> Draft:
    """Turn true figures into bytes that may leave.

    Args:
        workshop: what the run shares.
        place: which delivery.
        values: true cell values, in wire order.
        linked: what this node delivered before for the dataset, any order.

    Returns:
        The draft; its verdict is ``safe``.

    Raises:
        KimError: ``disclosure_unsafe`` or ``disclosure_unknown`` if it may not leave; ``k_anonymity``,
            ``value_rule`` or ``not_canonical`` if the decoded bytes break a rule of the protocol.
    """
    catalogue = workshop.catalogue
    grid = grid_of(catalogue, place.dataset_id)
    # 1. Find a safe pattern, jointly with everything delivered before.
    protection = _protect(workshop, place, values=values, linked=linked)
    # 2. Write the protected table in its one byte form ...
    area, states = workshop.settings.area, _states(values, protection)
    payload = canonical_stream(
        submission_table(grid, ref_area=area, period=place.period, values=values, states=states)
    )
    # 3. ... and look at nothing but these bytes from here on.
    table = assert_canonical(payload, arrow_schema(grid.dataset))
    published: list[int | None] = table[OBS_VALUE].to_pylist()
    # 4. Prove, independently of step 1, that nobody can compute a sensitive cell from them.
    report = _audit(workshop, place, published, values=values, linked=linked)
    # 5. Anything but "safe" stays here.
    if report.verdict is not Verdict.SAFE:
        raise _blocked(report)
    # 6. The rules that the hub will check again.
    statement = _statement(workshop, place, payload=payload, rows=table.num_rows)
    check_submission(table, statement, catalogue)
    return Draft(
        place=place,
        payload=payload,
        statement=statement,
        values=values,
        withheld=np.array([value is None for value in published], dtype=np.bool_),
        reasons={int(row): str(protection.reasons[row]) for row in np.flatnonzero(protection.withheld)},
        report=report,
    )


def _protect(
    workshop: Workshop, place: Place, *, values: IntArray, linked: Sequence[Delivered]
) -> Protection:
    with workshop.stopwatch.measuring("protect"):
        return protect_delivery(
            workshop.catalogue,
            place.dataset_id,
            place.period,
            Tabulation.of_counts(values),
            linked=linked,
            min_contributors=workshop.settings.min_contributors,
        )


def _audit(
    workshop: Workshop,
    place: Place,
    published: Sequence[int | None],
    *,
    values: IntArray,
    linked: Sequence[Delivered],
) -> AuditReport:
    with workshop.stopwatch.measuring("audit"):
        return audit_delivery(
            workshop.catalogue,
            place.dataset_id,
            place.period,
            published,
            table=Tabulation.of_counts(values),
            linked=linked,
            min_contributors=workshop.settings.min_contributors,
        )


def _states(values: IntArray, protection: Protection) -> list[CellState]:
    return [
        CellState.SUPPRESSED if withheld else CellState.ZERO if value == 0 else CellState.VALUE
        for value, withheld in zip(values.tolist(), protection.withheld.tolist(), strict=True)
    ]


def _blocked(report: AuditReport) -> KimError:
    code = "disclosure_unsafe" if report.verdict is Verdict.UNSAFE else "disclosure_unknown"
    found = (*report.exposed, *report.undecided)[:_LISTED_CELLS]
    items = [ErrorItem(f"/cells/{'.'.join(item.key)}", code, item.text) for item in found]
    return kim_error(code, errors=items)


def _statement(workshop: Workshop, place: Place, *, payload: bytes, rows: int) -> SubmissionStatement:
    settings, dataset = workshop.settings, workshop.catalogue.dataset(place.dataset_id)
    return SubmissionStatement(
        aud=settings.hub.audience,
        node=settings.node,
        instance=settings.instance,
        area=settings.area,
        dataset=dataset.urn,
        period=str(place.period),
        revision=place.revision,
        supersedes=place.supersedes,
        reason=None,
        schema=schema_id(dataset),
        schema_sha256=schema_sha256(dataset),
        catalogue_sha256=workshop.catalogue.sha256,
        payload=PayloadInfo(
            media=MEDIA_ARROW_STREAM,
            size=len(payload),
            sha256=hashlib.sha256(payload).hexdigest(),
            rows=rows,
            chunk=CHUNK_BYTES,
        ),
        min_contributors=settings.min_contributors or _floor(workshop.catalogue),
        software=Software(PROGRAM, program_version(), pa.__version__),
        created=timestamp(workshop.clock.now()),
        nonce=_NO_NONCE,
    )
