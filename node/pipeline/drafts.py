"""One delivery before it is signed: protect, encode, decode again, audit, check.

Invariants: what is audited and checked are the decoded bytes, the ones that would leave; a draft exists only
if the audit's verdict is ``safe``. There is no switch around any of these steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aggregation.disclosure import (
    AuditReport,
    Delivered,
    Verdict,
    audit_delivery,
    protect_delivery,
)
from aggregation.tabulation import Tabulation
from node.clock import Clock, timestamp
from node.pipeline.programme import Slot
from node.pipeline.stopwatch import Stopwatch
from node.settings import Settings
from node.version import PROGRAM, program_version
from protocol.canonical import assert_canonical, canonical_stream
from protocol.catalogue import Catalogue, Dataset, RuleKind
from protocol.columns import OBS_VALUE, arrow_schema, schema_id, schema_sha256, submission_table
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.grid import delivery_grid
from protocol.keys import NONCE_BYTES
from protocol.observations import CellState
from protocol.periods import Period
from protocol.statement import (
    CHUNK_BYTES,
    MAX_BREAK_CHARACTERS,
    MEDIA_ARROW_STREAM,
    SERIES_BREAK,
    PayloadInfo,
    Software,
    SubmissionStatement,
)
from protocol.submission_rules import check_submission
from protocol.texts import Text
from protocol.trust import SealingKey

_LISTED_CELLS: Final = 20
_NO_NONCE: Final = bytes(NONCE_BYTES)

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every draft of one run shares.

    Attributes:
        settings: the node's configuration.
        catalogue: the catalogue in force.
        clock: for the date of the statement.
        stopwatch: told about stages ``protect`` and ``audit``.
        sealing: the hub's key that deliveries are sealed with; None if they travel as they are.
    """

    settings: Settings
    catalogue: Catalogue
    clock: Clock
    stopwatch: Stopwatch
    sealing: SealingKey | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Which delivery, and where it stands in the chain of revisions.

    Attributes:
        slot: area, dataflow and period.
        revision: 1 for the first delivery.
        supersedes: statement id of the revision before, or None.
        reason: why there is a correction, one line for people, or None.
    """

    slot: Slot
    revision: int = 1
    supersedes: str | None = None
    reason: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Draft:
    """A protected, audited delivery that nobody has signed.

    Attributes:
        place: which delivery.
        payload: the canonical bytes of the protected table.
        statement: everything that would be signed, but for the nonce.
        table: the true figures, in wire order.
        withheld: which cells are withheld, in wire order.
        reasons: why, by row, for the node's own eyes.
        report: the audit's outcome.
    """

    place: Place
    payload: bytes = field(repr=False)
    statement: SubmissionStatement
    table: Tabulation = field(repr=False)
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


def smallest_minimum(dataset: Dataset, own: int | None) -> int:
    """Return the smallest number of persons, cases or carriers that any rule of a dataflow asks for.

    Args:
        dataset: the dataflow.
        own: the node's own minimum, which can only raise it.
    """
    rules = (indicator.rule for indicator in dataset.indicators)
    floor = min((rule.min_contributors for rule in rules if rule.kind is not RuleKind.NONE), default=1)
    return max(floor, own or 0)


def make_draft(
    workshop: Workshop,
    place: Place,
    *,
    table: Tabulation,
    linked: Sequence[Delivered],
    pattern: BoolArray | None = None,
) -> Draft:
    """Turn true figures into bytes that may leave.

    Args:
        workshop: what the run shares.
        place: which delivery.
        table: the true figures, in wire order.
        linked: everything this node delivered before for the area, any order.
        pattern: the withheld cells of the revision before, to be kept; None to find a pattern.

    Returns:
        The draft; its verdict is ``safe``.

    Raises:
        KimError: ``disclosure_unsafe`` or ``disclosure_unknown`` if it may not leave; ``k_anonymity``,
            ``value_rule`` or ``not_canonical`` if the decoded bytes break a rule of the protocol.
    """
    catalogue, slot = workshop.catalogue, place.slot
    grid = delivery_grid(catalogue, slot.dataset_id, slot.period.freq)
    # 1. Find a safe pattern, jointly with everything delivered before; what was published once is kept.
    reasons: Mapping[int, str] = {}
    if pattern is None:
        pattern, reasons = _protect(workshop, slot, table=table, linked=linked)
    # 2. Write the protected table in its one byte form ...
    payload = canonical_stream(
        submission_table(
            grid,
            ref_area=slot.area,
            period=slot.period,
            values=table.values,
            states=_states(table, pattern),
        )
    )
    # 3. ... and look at nothing but these bytes from here on.
    decoded = assert_canonical(payload, arrow_schema(grid.dataset))
    published: list[int | None] = decoded[OBS_VALUE].to_pylist()
    # 4. Prove, independently of step 1, that nobody can compute a sensitive cell from them.
    report = _audit(workshop, slot, published, table=table, linked=linked)
    # 5. Anything but "safe" stays here.
    if report.verdict is not Verdict.SAFE:
        raise _blocked(report)
    # 6. The rules that the hub will check again.
    statement = _statement(workshop, place, payload=payload, rows=decoded.num_rows)
    check_submission(decoded, statement, catalogue)
    return Draft(
        place=place,
        payload=payload,
        statement=statement,
        table=table,
        withheld=np.array([value is None for value in published], dtype=np.bool_) & table.collected,
        reasons=reasons,
        report=report,
    )


def _protect(
    workshop: Workshop, slot: Slot, *, table: Tabulation, linked: Sequence[Delivered]
) -> tuple[BoolArray, Mapping[int, str]]:
    with workshop.stopwatch.measuring("protect"):
        protection = protect_delivery(
            workshop.catalogue,
            slot.dataset_id,
            slot.period,
            table,
            linked=linked,
            min_contributors=workshop.settings.min_contributors,
        )
    withheld = protection.withheld & table.collected
    return withheld, {int(row): str(protection.reasons[row]) for row in np.flatnonzero(withheld)}


def _audit(
    workshop: Workshop,
    slot: Slot,
    published: Sequence[int | None],
    *,
    table: Tabulation,
    linked: Sequence[Delivered],
) -> AuditReport:
    with workshop.stopwatch.measuring("audit"):
        return audit_delivery(
            workshop.catalogue,
            slot.dataset_id,
            slot.period,
            published,
            table=table,
            linked=linked,
            min_contributors=workshop.settings.min_contributors,
        )


def _states(table: Tabulation, pattern: BoolArray) -> list[CellState]:
    def state(value: int, *, collected: bool, withheld: bool) -> CellState:
        if not collected:
            return CellState.NOT_DELIVERED
        if withheld:
            return CellState.SUPPRESSED
        return CellState.ZERO if value == 0 else CellState.VALUE

    cells = zip(table.values.tolist(), table.collected.tolist(), pattern.tolist(), strict=True)
    return [state(value, collected=collected, withheld=withheld) for value, collected, withheld in cells]


def _blocked(report: AuditReport) -> KimError:
    code = "disclosure_unsafe" if report.verdict is Verdict.UNSAFE else "disclosure_unknown"
    found = (*report.exposed, *report.undecided)[:_LISTED_CELLS]
    items = [ErrorItem(f"/cells/{'.'.join(item.key)}", code, item.text) for item in found]
    return kim_error(code, errors=items)


def _statement(workshop: Workshop, place: Place, *, payload: bytes, rows: int) -> SubmissionStatement:
    settings, slot = workshop.settings, place.slot
    dataset = workshop.catalogue.dataset(slot.dataset_id)
    series_break = break_text(settings.breaks, slot.period)
    return SubmissionStatement(
        aud=settings.hub.audience,
        node=settings.node,
        instance=settings.instance,
        area=slot.area,
        dataset=dataset.urn,
        period=str(slot.period),
        revision=place.revision,
        supersedes=place.supersedes,
        reason=place.reason,
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
        min_contributors=smallest_minimum(dataset, settings.min_contributors),
        software=Software(PROGRAM, program_version(), pa.__version__),
        created=timestamp(workshop.clock.now()),
        nonce=_NO_NONCE,
        ext=MappingProxyType({SERIES_BREAK: series_break} if series_break is not None else {}),
    )


def break_text(breaks: Mapping[Period, str], period: Period) -> str | None:
    """Return what changed in a period, so that its figures do not continue those before; None if nothing.

    Within a year a change in any of its quarters counts.
    """
    within = [text for at, text in sorted(breaks.items()) if at == period]
    if period.quarter is None and not within:
        within = [f"{at}: {text}" for at, text in sorted(breaks.items()) if at.year == period.year]
    return "; ".join(within)[:MAX_BREAK_CHARACTERS] or None
