"""What becomes of each delivery that is due: sign it, send the known statement again, or hold it back.

Invariants: deliveries are taken in the order of the programme, each protected jointly with everything of its
area delivered before, including what this very run adds; a pattern once published is kept; figures of a
delivered period that have changed leave only where no rule of disclosure control looks (ADR 0013).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from aggregation.disclosure import Delivered
from aggregation.tabulation import Tabulation
from node.journal import FAILED, UNDER_WAY, DeliveryRecord, DeliveryState, Journal
from node.pipeline.corrections import Change, change_of
from node.pipeline.drafts import Draft, Place, Workshop, make_draft
from node.pipeline.figures import Figures
from node.pipeline.ledger import delivered, to_mask, to_tabulation
from node.pipeline.programme import Slot
from node.pipeline.sealing import says_the_same
from protocol.errors import KimError, kim_error
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
        slot: which delivery.
        decision: what happens.
        draft: what would be signed, for ``SIGN``.
        record: the known statement, for ``RESEND`` and ``HELD``; for ``SIGN`` the one to be superseded.
        problem: why it is held or blocked.
        changed_cells: how many true values differ from the delivered ones.
        reasons: for a ``RESEND`` of what failed, why its cells are withheld, by row; a draft has its own.
    """

    slot: Slot
    decision: Decision
    draft: Draft | None = None
    record: DeliveryRecord | None = None
    problem: KimError | None = None
    changed_cells: int = 0
    reasons: Mapping[int, str] = field(default_factory=dict, repr=False)

    @property
    def dataset_id(self) -> str:
        """Its dataflow."""
        return self.slot.dataset_id

    @property
    def period(self) -> Period:
        """Its reporting period."""
        return self.slot.period

    @property
    def area(self) -> str:
        """The region that its figures are about."""
        return self.slot.area


@dataclass(slots=True)
class Prospects:
    """Decides delivery by delivery; what it decides to sign counts as delivered for those after it.

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
        """Yield one prospect per delivery, in the order of the programme.

        The caller spools a draft before asking for the next prospect, or never: then nothing is kept.

        Raises:
            KimError: ``spool_damaged``, or ``disclosure_unknown`` if the ledger does not fit the catalogue.
        """
        for slot, table in figures.tables.items():
            yield self._prospect(slot, table)
        for slot, problem in figures.not_ended.items():
            yield Prospect(slot, Decision.NOT_ENDED, problem=problem)

    def _prospect(self, slot: Slot, table: Tabulation) -> Prospect:
        record = self.journal.latest(slot.dataset_id, str(slot.period), area=slot.area)
        if record is not None and record.state not in FAILED:
            return self._delivered_before(record, slot, table)
        linked = self._deliveries_of(slot.area)
        try:
            draft = make_draft(self.workshop, Place(slot), table=table, linked=linked)
        except KimError as error:
            if error.code not in _BLOCKING:
                raise
            return Prospect(slot, Decision.BLOCKED, problem=error)
        return self._to_be_signed(draft, failed=record)

    def _delivered_before(self, record: DeliveryRecord, slot: Slot, table: Tabulation) -> Prospect:
        entry = self.journal.true_figures(record)
        change = change_of(
            self.workshop.catalogue,
            slot,
            before=to_tabulation(entry.figures),
            now=table,
            withheld=to_mask(entry.withheld_mask),
        )
        if change.cells == 0:
            return Prospect(slot, Decision.RESEND, record=record)
        failed = self.journal.failed_since(record)
        dataset = self.workshop.catalogue.dataset(slot.dataset_id).name
        problem = _why_held(record, dataset, change, failed=None if self.redeliver else failed)
        if problem is None:
            place = Place(slot, record.revision + 1, record.statement_id, change.reason)
            linked, pattern = self._deliveries_of(slot.area), to_mask(entry.withheld_mask)
            try:
                # What is new gets a pattern; what was published keeps the one it has.
                kept = None if change.added else pattern
                draft = make_draft(self.workshop, place, table=table, linked=linked, pattern=kept)
                if (draft.withheld != pattern)[to_tabulation(entry.figures).collected].any():
                    raise kim_error("correction_held", _other_pattern(record, dataset))
            except KimError as error:
                if error.code not in _BLOCKING | {"correction_held"}:
                    raise
                problem = error
            else:
                return self._to_be_signed(draft, failed=failed, before=record, changed_cells=change.cells)
        return Prospect(slot, Decision.HELD, record=record, problem=problem, changed_cells=change.cells)

    def _to_be_signed(
        self,
        draft: Draft,
        *,
        failed: DeliveryRecord | None,
        before: DeliveryRecord | None = None,
        changed_cells: int = 0,
    ) -> Prospect:
        slot = draft.place.slot
        self._deliveries_of(slot.area).append(
            Delivered(slot.dataset_id, slot.period, draft.table, draft.withheld)
        )
        if failed is not None and self._stands(failed, draft):
            # The bytes are the same, so the draft's reasons are those of the statement that exists.
            return Prospect(slot, Decision.RESEND, record=failed, reasons=draft.reasons)
        return Prospect(slot, Decision.SIGN, draft=draft, record=before, changed_cells=changed_cells)

    def _stands(self, record: DeliveryRecord, draft: Draft) -> bool:
        """Whether a delivery that failed is to be tried again with the statement that exists."""
        if record.state is DeliveryState.REJECTED and (self.redeliver or record.code in _REJECTED_BY_CHANCE):
            return False
        return says_the_same(self.journal.envelope(record), draft, keyid=self.keyid)

    def _deliveries_of(self, area: str) -> list[Delivered]:
        if area not in self._linked:
            self._linked[area] = delivered(self.journal.ledger(area), self.workshop.catalogue)
        return self._linked[area]


def _other_pattern(record: DeliveryRecord, dataset: Text) -> Text:
    return Text(
        f"{dataset.de} {record.period}: Um das Ergänzte zu schützen, müssten schon veröffentlichte Zellen "
        "gesperrt werden.",
        f"{dataset.en} {record.period}: To protect what is added, cells would have to be withheld that are "
        "published already.",
    )


def _why_held(
    record: DeliveryRecord, dataset: Text, change: Change, *, failed: DeliveryRecord | None
) -> KimError | None:
    """Say why a correction is not delivered; None if nothing but the audit can keep it."""
    why: Text | None = None
    if change.protected:
        why = Text(
            f"{change.protected} davon schützt die Geheimhaltung",
            f"disclosure control protects {change.protected} of them",
        )
    elif record.state in UNDER_WAY:
        why = Text("der Hub hat über sie noch nicht entschieden", "the hub has not decided about it yet")
    elif failed is not None and failed.code == "period_closed":
        # Asking again would change nothing until the hub opens the period; --redeliver asks.
        why = Text("der Hub hat den Zeitraum geschlossen", "the hub has closed the period")
    if why is None:
        return None
    return kim_error(
        "correction_held",
        Text(
            f"{dataset.de} {record.period}: In {change.cells} von {change.of} Zellen stünde jetzt ein "
            f"anderer Wert als in der Lieferung; {why.de}.",
            f"{dataset.en} {record.period}: {change.cells} of {change.of} cells would now have another value "
            f"than in the delivery; {why.en}.",
        ),
    )
