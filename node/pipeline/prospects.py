"""What becomes of each delivery that is due: sign it, send the known statement again, or hold it back.

Invariants: deliveries are taken in the order of the programme, each protected jointly with everything of its
area delivered before, including what this very run adds; a pattern once published is kept; figures of a
delivered period that have changed leave where no rule of disclosure control looks (ADR 0013), where the
difference is safe, or where somebody chose to publish coarser (ADR 0023).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from aggregation.disclosure import Delivered
from aggregation.tabulation import Tabulation
from node.clock import local
from node.journal import FAILED, UNDER_WAY, CorrectionOption, DeliveryRecord, DeliveryState, Journal
from node.pipeline.corrections import Change, Offer, change_of, offer_of
from node.pipeline.drafts import Draft, Place, Workshop, make_draft
from node.pipeline.figures import Figures
from node.pipeline.ledger import delivered, to_bytes, to_mask, to_tabulation
from node.pipeline.programme import Slot
from node.pipeline.sealing import says_the_same
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import Text

# A rejection with one of these codes said nothing about the figures: the same content may be signed anew.
_REJECTED_BY_CHANCE: Final = frozenset(
    {"upload_expired", "upload_cancelled", "internal", "key_revoked", "node_suspended"}
)
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
        offer: for ``HELD``, what it would cost to publish the correction; None if it cannot be published.
    """

    slot: Slot
    decision: Decision
    draft: Draft | None = None
    record: DeliveryRecord | None = None
    problem: KimError | None = None
    changed_cells: int = 0
    reasons: Mapping[int, str] = field(default_factory=dict, repr=False)
    offer: Offer | None = None

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
            if record.state is DeliveryState.QUARANTINED:
                return self._signed_again(record, slot, table)
            return Prospect(slot, Decision.RESEND, record=record)
        failed = self.journal.failed_since(record)
        waits = _why_waiting(record, failed=None if self.redeliver else failed)
        if waits is not None:
            return self._held(record, slot, change, _problem(self._title(record), change, waits))
        place = Place(slot, record.revision + 1, record.statement_id, change.reason)
        if not change.protected:
            return self._where_no_rule_looks(record, place, table, change, failed=failed)
        if change.amounts or change.given_up:
            why = _AMOUNTS if change.amounts else _GIVEN_UP
            return self._held(record, slot, change, _problem(self._title(record), change, why))
        return self._protected_jointly(record, place, table, change, failed=failed)

    def _signed_again(self, record: DeliveryRecord, slot: Slot, table: Tabulation) -> Prospect:
        """Say the same figures under the same pattern with another key: nothing new is told (SPEC P-158)."""
        place = Place(slot, record.revision + 1, record.statement_id, _SIGNED_AGAIN)
        entry = self.journal.true_figures(record)
        linked, pattern = self._deliveries_of(slot.area), to_mask(entry.withheld_mask)
        try:
            draft = make_draft(self.workshop, place, table=table, linked=linked, pattern=pattern)
        except KimError as error:
            if error.code not in _BLOCKING:
                raise
            return Prospect(slot, Decision.BLOCKED, record=record, problem=error)
        return self._to_be_signed(draft, failed=self.journal.failed_since(record), before=record)

    def _where_no_rule_looks(
        self,
        record: DeliveryRecord,
        place: Place,
        table: Tabulation,
        change: Change,
        *,
        failed: DeliveryRecord | None,
    ) -> Prospect:
        """Correct under the pattern that is out; what is new gets one of its own (ADR 0013)."""
        entry = self.journal.true_figures(record)
        linked, pattern = self._deliveries_of(place.slot.area), to_mask(entry.withheld_mask)
        try:
            kept = None if change.added else pattern
            draft = make_draft(self.workshop, place, table=table, linked=linked, pattern=kept)
        except KimError as error:
            if error.code not in _BLOCKING:
                raise
            return self._held(record, place.slot, change, error)
        if (draft.withheld != pattern)[to_tabulation(entry.figures).collected].any():
            problem = kim_error("correction_held", _other_pattern(self._title(record)))
            return self._held(record, place.slot, change, problem)
        return self._to_be_signed(draft, failed=failed, before=record, changed_cells=change.cells)

    def _protected_jointly(
        self,
        record: DeliveryRecord,
        place: Place,
        table: Tabulation,
        change: Change,
        *,
        failed: DeliveryRecord | None,
    ) -> Prospect:
        """Correct jointly with what is out, if that takes nothing back, or somebody chose it (ADR 0023)."""
        slot, title = place.slot, self._title(record)
        try:
            draft = make_draft(self.workshop, place, table=table, linked=self._deliveries_of(slot.area))
        except KimError as error:
            if error.code not in _BLOCKING:
                raise
            return self._held(record, slot, change, _problem(title, change, _NO_PATTERN))
        entry = self.journal.true_figures(record)
        offer = offer_of(
            self.workshop.catalogue,
            slot,
            change,
            before=to_tabulation(entry.figures).collected & ~to_mask(entry.withheld_mask),
            now=draft.withheld,
            table=table,
            today=self._today,
        )
        if offer.further:
            why = self._why_not_coarser(slot, table, offer)
            if why is not None:
                return self._held(record, slot, change, _problem(title, change, why), offer=offer)
        return self._to_be_signed(draft, failed=failed, before=record, changed_cells=change.cells)

    def _why_not_coarser(self, slot: Slot, table: Tabulation, offer: Offer) -> Text | None:
        """Say why a correction is not published coarser; None if somebody decided so."""
        choice = self.journal.choices.newest(slot.dataset_id, str(slot.period), area=slot.area)
        if choice is None:
            return offer.text
        if choice.option is CorrectionOption.HOLD and choice.until is not None:
            until = date.fromisoformat(choice.until)
            return _until(until) if self._today < until else None
        same = choice.figures == self.journal.fingerprint(to_bytes(table))
        return None if same and offer.further <= choice.further_cells else offer.text

    def _held(
        self,
        record: DeliveryRecord,
        slot: Slot,
        change: Change,
        problem: KimError,
        *,
        offer: Offer | None = None,
    ) -> Prospect:
        return Prospect(
            slot, Decision.HELD, record=record, problem=problem, changed_cells=change.cells, offer=offer
        )

    def _title(self, record: DeliveryRecord) -> Text:
        name = self.workshop.catalogue.dataset(record.dataset).name
        return Text(f"{name.de} {record.period}", f"{name.en} {record.period}")

    @property
    def _today(self) -> date:
        return local(self.workshop.clock.now()).date()

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
        envelope = self.journal.envelope(record)
        return says_the_same(record, envelope, draft, workshop=self.workshop, keyid=self.keyid)

    def _deliveries_of(self, area: str) -> list[Delivered]:
        if area not in self._linked:
            self._linked[area] = delivered(self.journal.ledger(area), self.workshop.catalogue)
        return self._linked[area]


def _other_pattern(title: Text) -> Text:
    return Text(
        f"{title.de}: Um das Ergänzte zu schützen, müssten schon veröffentlichte Zellen gesperrt werden.",
        f"{title.en}: To protect what is added, cells would have to be withheld that are published already.",
    )


def _why_waiting(record: DeliveryRecord, *, failed: DeliveryRecord | None) -> Text | None:
    """Say what a correction waits for at the hub; None if nothing."""
    if record.state in UNDER_WAY:
        return Text("der Hub hat über sie noch nicht entschieden", "the hub has not decided about it yet")
    if failed is not None and failed.code == "period_closed":
        # Asking again would change nothing until the hub opens the period; --redeliver asks.
        return Text("der Hub hat den Zeitraum geschlossen", "the hub has closed the period")
    return None


def _problem(title: Text, change: Change, why: Text) -> KimError:
    return kim_error(
        "correction_held",
        Text(
            f"{title.de}: In {change.cells} von {change.of} Zellen stünde jetzt ein anderer Wert als in "
            f"der Lieferung; {change.protected} davon schützt die Geheimhaltung. {why.de}",
            f"{title.en}: {change.cells} of {change.of} cells would now have another value than in the "
            f"delivery; disclosure control protects {change.protected} of them. {why.en}",
        ),
    )


def _until(until: date) -> Text:
    return Text(
        f"Entschieden ist, sie bis zum {until:%d.%m.%Y} zu sammeln.",
        f"It is decided to collect corrections until {until:%Y-%m-%d}.",
    )


_AMOUNTS: Final = Text(
    "Beträge werden nicht berichtigt: Der Unterschied gehört jemandem.",
    "Amounts are not corrected: the difference is somebody's.",
)
_GIVEN_UP: Final = Text(
    "Was einmal erhoben und geliefert ist, wird nicht zurückgenommen.",
    "What was collected and delivered once is not taken back.",
)
_SIGNED_AGAIN: Final = "Neu unterschrieben: Der bisherige Schlüssel war in fremden Händen."
_NO_PATTERN: Final = Text(
    "Kein Sperrmuster schützt den Unterschied beider Fassungen; er wartet auf weitere Berichtigungen.",
    "No pattern protects the difference of the two vintages; it waits for further corrections.",
)
