"""What becomes of each period: sign it, send the known statement again, or hold it back.

Invariants: periods are taken in order of time, each protected jointly with everything delivered before,
including what this very run adds; a pattern once published is kept; figures of a delivered period that have
changed are never delivered by this version (the difference of two versions could give people away).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from aggregation.disclosure import Delivered
from aggregation.tabulation import Tabulation
from node.journal import FAILED, DeliveryRecord, DeliveryState, Journal, LedgerEntry
from node.pipeline.drafts import Draft, Place, Workshop, grid_sha256, make_draft
from node.pipeline.figures import DATASETS, Figures, IntArray
from node.pipeline.sealing import says_the_same
from protocol.errors import KimError, kim_error
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.texts import Text

# A rejection with one of these codes said nothing about the figures: the same content may be signed anew.
_REJECTED_BY_CHANCE: Final = frozenset({"upload_expired", "internal", "key_revoked"})
_BLOCKING: Final = frozenset(
    {"disclosure_unsafe", "disclosure_unknown", "k_anonymity", "value_rule", "not_canonical"}
)


class Decision(StrEnum):
    """What happens to one delivery."""

    SIGN = "sign"
    RESEND = "resend"
    HELD = "held"
    BLOCKED = "blocked"
    NOT_ENDED = "not_ended"


@dataclass(frozen=True, slots=True)
class Prospect:
    """One delivery and what becomes of it.

    Attributes:
        dataset_id: dataflow.
        period: reporting period.
        decision: what happens.
        draft: what would be signed, for ``SIGN``.
        record: the known statement, for ``RESEND`` and ``HELD``.
        problem: why it is held or blocked.
        changed_cells: for ``HELD``, how many true values differ from the delivered ones.
        reasons: for a ``RESEND`` of what failed, why its cells are withheld, by row; a draft has its own.
    """

    dataset_id: str
    period: Period
    decision: Decision
    draft: Draft | None = None
    record: DeliveryRecord | None = None
    problem: KimError | None = None
    changed_cells: int = 0
    reasons: Mapping[int, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Prospects:
    """Decides period by period; what it decides to sign counts as delivered for the periods after it.

    Attributes:
        workshop: what the run shares.
        journal: what was delivered before.
        keyid: the key that would sign.
        redeliver: sign rejected deliveries anew even if nothing has changed.
    """

    workshop: Workshop
    journal: Journal
    keyid: str
    redeliver: bool = False
    _linked: dict[str, list[Delivered]] = field(default_factory=dict)

    def of(self, figures: Figures) -> Iterator[Prospect]:
        """Yield one prospect per period and dataset, in order of time.

        The caller spools a draft before asking for the next prospect, or never: then nothing is kept.

        Raises:
            KimError: ``spool_damaged``, or ``disclosure_unknown`` if the ledger does not fit the catalogue.
        """
        for (period, dataset_id), values in figures.counts.items():
            yield self._prospect(dataset_id, period, values)
        for period, problem in figures.not_ended.items():
            for dataset_id in DATASETS:
                yield Prospect(dataset_id, period, Decision.NOT_ENDED, problem=problem)

    def _prospect(self, dataset_id: str, period: Period, values: IntArray) -> Prospect:
        record = self.journal.latest(dataset_id, str(period))
        if record is not None and record.state not in FAILED:
            return self._delivered_before(record, period, values)
        linked = self._deliveries_of(dataset_id)
        place = Place(dataset_id, period)
        try:
            draft = make_draft(self.workshop, place, values=values, linked=linked)
        except KimError as error:
            if error.code not in _BLOCKING:
                raise
            return Prospect(dataset_id, period, Decision.BLOCKED, problem=error)
        linked.append(Delivered(dataset_id, period, Tabulation.of_counts(values), draft.withheld))
        if record is not None and self._stands(record, draft):
            # The bytes are the same, so the draft's reasons are those of the statement that exists.
            return Prospect(dataset_id, period, Decision.RESEND, record=record, reasons=draft.reasons)
        return Prospect(dataset_id, period, Decision.SIGN, draft=draft)

    def _delivered_before(self, record: DeliveryRecord, period: Period, values: IntArray) -> Prospect:
        entry = self.journal.true_values(record)
        delivered = np.frombuffer(entry.values, dtype="<i8")
        changed = int(np.count_nonzero(delivered != values)) if len(delivered) == len(values) else len(values)
        if changed == 0:
            return Prospect(record.dataset, period, Decision.RESEND, record=record)
        problem = kim_error(
            "correction_held",
            Text(
                f"{record.dataset} {record.period}: In {changed} von {len(values)} Zellen stünde jetzt ein "
                "anderer Wert als in der Lieferung.",
                f"{record.dataset} {record.period}: {changed} of {len(values)} cells would now have another "
                "value than in the delivery.",
            ),
        )
        return Prospect(
            record.dataset, period, Decision.HELD, record=record, problem=problem, changed_cells=changed
        )

    def _stands(self, record: DeliveryRecord, draft: Draft) -> bool:
        """Whether a delivery that failed is to be tried again with the statement that exists."""
        if record.state is DeliveryState.REJECTED and (self.redeliver or record.code in _REJECTED_BY_CHANCE):
            return False
        return says_the_same(self.journal.envelope(record), draft, keyid=self.keyid)

    def _deliveries_of(self, dataset_id: str) -> list[Delivered]:
        if dataset_id not in self._linked:
            expected = grid_sha256(grid_of(self.workshop.catalogue, dataset_id))
            self._linked[dataset_id] = [
                _delivered(dataset_id, entry, expected) for entry in self.journal.ledger(dataset_id)
            ]
        return self._linked[dataset_id]


def _delivered(dataset_id: str, entry: LedgerEntry, grid: str) -> Delivered:
    if entry.grid_sha256 != grid:
        raise kim_error(
            "disclosure_unknown",
            Text(
                "Frühere Lieferungen entstanden mit einem anderen Katalog und lassen sich nicht gemeinsam "
                "prüfen.",
                "Earlier deliveries were made with another catalogue and cannot be audited jointly.",
            ),
        )
    return Delivered(
        dataset_id,
        Period.parse(entry.period),
        Tabulation.of_counts(np.frombuffer(entry.values, dtype="<i8").astype(np.int64)),
        np.frombuffer(entry.withheld_mask, dtype=np.uint8).astype(np.bool_),
    )
