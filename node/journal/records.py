"""What the journal keeps about a delivery, as values.

The *hub* owns the life of a submission; the journal observes it. Two states are the node's own: ``spooled``
(signed, not yet known to the hub) and ``refused`` (the hub turned the statement away before any figure left).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocol.submission_states import OPEN_UPLOAD, UNDECIDED, SubmissionState


class DeliveryState(StrEnum):
    """Where a delivery stands: the node's own two states, and those of the submission."""

    SPOOLED = "spooled"
    REFUSED = "refused"
    ANNOUNCED = SubmissionState.ANNOUNCED
    UPLOADING = SubmissionState.UPLOADING
    RECEIVED = SubmissionState.RECEIVED
    VERIFYING = SubmissionState.VERIFYING
    ACCEPTED = SubmissionState.ACCEPTED
    REJECTED = SubmissionState.REJECTED
    SUPERSEDED = SubmissionState.SUPERSEDED
    QUARANTINED = SubmissionState.QUARANTINED


UNDER_WAY: Final = frozenset({DeliveryState.SPOOLED, *map(DeliveryState, OPEN_UPLOAD | UNDECIDED)})
"""States in which the delivery is signed and nobody has decided yet."""

FIGURES_KNOWN: Final = frozenset(DeliveryState) - {DeliveryState.REFUSED}
"""States in which the figures are, were or may become known outside: the ledger counts them.

A rejected delivery is never published, but the hub has seen its bytes; a refused one never left.
"""

FAILED: Final = frozenset({DeliveryState.REFUSED, DeliveryState.REJECTED})
"""States in which the figures were not taken over; the same period may be delivered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigures:
    """True figures as bytes, one entry per cell in wire order: the arrays of a tabulation.

    Attributes:
        values: int64 little-endian, like all that follow.
        collected: one byte per cell, 1 where the municipality collects it.
        contributors: how many stand behind each cell.
        largest: absolute contribution of the largest of them.
        second: that of the second largest.
        gross: sum of all absolute contributions.
        share_cell: of every contributor's share of an amount the cell; empty for counts, and in deliveries
            that were made before shares were kept ...
        share_contributor: ... the number of the contributor within the delivery ...
        share_amount: ... and the amount.
    """

    values: bytes
    collected: bytes
    contributors: bytes
    largest: bytes
    second: bytes
    gross: bytes
    share_cell: bytes = b""
    share_contributor: bytes = b""
    share_amount: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A signed delivery about to be spooled.

    Attributes:
        statement_id: hex SHA-256 of the signed bytes; the name of the submission everywhere.
        area: region id that the figures are about.
        dataset: dataset id, for example ``CASES``.
        period: wire form.
        revision: number in the chain of revisions, from 1.
        envelope: the signed statement, as it is sent.
        payload: the protected table.
        payload_sha256: hex digest of ``payload``.
        audience: the hub it is signed for.
        catalogue_sha256: the catalogue it was made with.
        grid_sha256: which cells the values are aligned with.
        software: version of the program that made it.
        min_contributors: the threshold in force.
        cells: number of cells.
        withheld: number of withheld cells.
        sensitive: number of sensitive cells among them.
        verdict: the audit's verdict.
        figures: the true figures behind it.
        withheld_mask: one byte per cell, 1 where withheld.
        sent: what is sent in place of ``payload``, if it is sealed.
        sent_sha256: hex digest of ``sent``.
    """

    statement_id: str
    area: str
    dataset: str
    period: str
    revision: int
    envelope: bytes
    payload: bytes
    payload_sha256: str
    audience: str
    catalogue_sha256: str
    grid_sha256: str
    software: str
    min_contributors: int
    cells: int
    withheld: int
    sensitive: int
    verdict: str
    figures: LedgerFigures
    withheld_mask: bytes
    sent: bytes | None = None
    sent_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """A delivery as the journal knows it; the columns of table ``delivery``.

    Attributes are those of :class:`NewDelivery` without the bytes, and:
        number: row number; grows with time.
        envelope_sha256: name of the blob that holds the signed statement.
        state: where it stands.
        code: problem code of a refusal or rejection, or None.
        created: when it was spooled (UTC).
        changed: when ``state`` was last learned (UTC).
    """

    number: int
    statement_id: str
    area: str
    dataset: str
    period: str
    revision: int
    envelope_sha256: str
    payload_sha256: str
    sent_sha256: str | None
    audience: str
    catalogue_sha256: str
    grid_sha256: str
    software: str
    min_contributors: int
    cells: int
    withheld: int
    sensitive: int
    verdict: str
    state: DeliveryState
    code: str | None
    created: str
    changed: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The true figures of one delivery; they never leave this machine.

    Attributes:
        dataset: dataset id.
        period: wire form.
        figures: the true figures.
        withheld_mask: one byte per cell, 1 where withheld.
        grid_sha256: which cells the values are aligned with.
    """

    dataset: str
    period: str
    figures: LedgerFigures
    withheld_mask: bytes
    grid_sha256: str


@dataclass(frozen=True, slots=True)
class StayingDelivery:
    """What the last run that looked at it could not deliver.

    Attributes:
        area: region id.
        dataset: dataset id.
        period: wire form.
        decision: ``held`` (a correction) or ``blocked``.
        code: problem code.
        changed_cells: for a correction, number of cells that would have another value.
        since: when it was first found to stay for this reason (UTC).
    """

    area: str
    dataset: str
    period: str
    decision: str
    code: str | None
    changed_cells: int
    since: str


class CorrectionOption(StrEnum):
    """What somebody decided about a correction that gives something away, or takes something back."""

    HOLD = "hold"
    COARSER = "coarser"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionChoice:
    """A decision about a correction; decisions are only ever added, the newest counts.

    Attributes:
        area: region id.
        dataset: dataset id.
        period: wire form.
        option: what was decided.
        until: for ``hold``, the day from which the correction is delivered (ISO 8601); else None.
        figures: for ``coarser``, the fingerprint of the figures it was decided about; else None.
        further_cells: how many published cells it withholds; more need another decision.
        decided_by: who decided, one line.
        at: when (UTC).
    """

    area: str
    dataset: str
    period: str
    option: CorrectionOption
    until: str | None
    figures: str | None
    further_cells: int
    decided_by: str
    at: str


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """One change in the life of a delivery; events are only ever added."""

    at: str
    state: DeliveryState
    code: str | None
