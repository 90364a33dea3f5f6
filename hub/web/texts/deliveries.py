"""Words of the page of deliveries."""

from __future__ import annotations

from typing import Final

from hub.domain.states import AuditVerdict
from hub.services.statistics.deliveries import DeliveryState
from protocol.texts import Text

STATUS_TITLE: Final = Text("Stand der Lieferungen", "State of deliveries")
STATUS_SENTENCE: Final = Text(
    "{} von 54 Gebieten haben alles geliefert, Deckung {} der Bevölkerung",
    "{} of 54 areas have delivered everything, covering {} of the population",
)
STATUS_SENTENCE_ONE: Final = Text(
    "{} von 54 Gebieten hat alles geliefert, Deckung {} der Bevölkerung",
    "{} of 54 areas has delivered everything, covering {} of the population",
)
STATUS_WITHHELD: Final = Text(
    "{} der gelieferten Tabellenfelder sind geheim", "{} of delivered table cells are withheld"
)
STATUS_ALL: Final = Text("Alle 54 Gebiete", "All 54 areas")
STATUS_CAPTION: Final = Text(
    "Lieferungen der 54 Gebiete, {}; rechts die Zeiträume bis dahin",
    "Deliveries of the 54 areas, {}; on the right the periods up to then",
)
STATUS_EXPLAIN: Final = Text(
    "„Geliefert“ heißt: geprüft, angenommen und in dieser Veröffentlichung enthalten. Der geheime Anteil "
    "zählt alle Felder der gelieferten Tabellen.",
    "“Delivered” means: checked, accepted and contained in this release. The withheld share counts all "
    "cells of the delivered tables.",
)
STATUS_DUE: Final = Text("fällig bis {}", "due by {}")
STATUS_DUE_DAYS: Final = Text("Fällig: {}.", "Due: {}.")
STATUS_EARLIER: Final = Text("Bisherige Zeiträume", "Periods so far")
STATUS_ATTENTION: Final = Text("Was Aufmerksamkeit braucht", "What needs attention")
STATUS_NOTHING_OPEN: Final = Text("Alles Fällige ist geliefert.", "All that is due has been delivered.")
STATUS_MORE: Final = Text("und {} weitere", "and {} more")
STATUS_LEGEND: Final = Text("Zeichen", "Signs")
COLUMN_WITHHELD: Final = Text("geheim", "withheld")
COLUMN_FLOW: Final = Text("Datenfluss", "Dataflow")
ORDER_STATE: Final = Text("Stand", "state")
ORDER_WITHHELD: Final = Text("geheimer Anteil", "withheld share")

#: The one label that changes with the number of areas.
MISSING_MANY: Final = Text("fehlen", "missing")

#: Symbol and label of every delivery state: no colour and no symbol ever stands alone.
STATES: Final[dict[DeliveryState, tuple[str, Text]]] = {
    DeliveryState.DELIVERED: ("✓", Text("geliefert", "delivered")),
    DeliveryState.ACCEPTED: (
        "◕",
        Text("angenommen, noch nicht veröffentlicht", "accepted, not released yet"),
    ),
    DeliveryState.IN_CHECK: ("◔", Text("in Prüfung", "being checked")),
    DeliveryState.NOT_DUE: ("·", Text("noch nicht fällig", "not due yet")),
    DeliveryState.PARTIAL: ("◐", Text("teilweise geliefert", "partly delivered")),
    DeliveryState.MISSING: ("○", Text("fehlt", "missing")),
    DeliveryState.HELD: ("⊘", Text("zurückgestellt", "held back")),
    DeliveryState.REJECTED: ("✗", Text("abgelehnt", "rejected")),
}

#: What the hub's own audit of the withheld cells says of a delivery.
AUDIT: Final = Text("Prüfung des Hubs: {}", "The hub's audit: {}")
AUDITS: Final[dict[AuditVerdict, Text]] = {
    AuditVerdict.SAFE: Text("ohne Befund", "nothing found"),
    AuditVerdict.OPEN: Text("zurückgestellt", "held back"),
    AuditVerdict.CONFIRMED: Text("nach Rückfrage bestätigt", "confirmed after asking"),
    AuditVerdict.UNKNOWN: Text("nicht entschieden", "not decided"),
    AuditVerdict.BY_RULE: Text(
        "nicht entschieden, Grenzen nur aus den Regeln", "not decided, limits by rule only"
    ),
}
AUDIT_SUMMARY: Final = Text("Prüfung der Geheimhaltung durch den Hub: {}", "Disclosure audit by the hub: {}")
AUDIT_EXPLAIN: Final = Text(
    "Jedes Gebiet beweist vor dem Unterschreiben, dass aus seinen Lieferungen nichts Gesperrtes folgt. Der "
    "Hub prüft ohne die wahren Werte noch einmal, ob eine gesperrte Zelle errechenbar ist, einzeln und aus "
    "allen Lieferungen des Gebiets zusammen.",
    "Each area proves before it signs that nothing withheld follows from its deliveries. The hub audits once "
    "more, without the true values, whether a withheld cell can be computed, by itself and from all "
    "deliveries of the area together.",
)
MARK_UNDECIDED: Final = (
    "?",
    Text(
        "Prüfung des Hubs nicht entschieden; die des Gebiets liegt vor",
        "the hub's audit is not decided; the area's own is there",
    ),
)

#: Signs beside a delivery state.
MARK_REVISED: Final = ("r", Text("berichtigt (Fassung {})", "revised (version {})"))
MARK_BREAK: Final = ("B", Text("Zeitreihenbruch: {}", "Break in the series: {}"))
MARK_GRANTED: Final = (
    "H",
    Text(
        "vom Hub aus der Liste der Bewilligungsbehörde, nicht vom Gebiet geliefert",
        "by the hub from the granting authority's list, not delivered by the area",
    ),
)
BREAK_IN_AREA: Final = Text("Zeitreihenbruch in {} Gebiet: {}", "Break in the series of {} area: {}")
BREAK_IN_AREAS: Final = Text("Zeitreihenbruch in {} Gebieten: {}", "Break in the series of {} areas: {}")
MARK_CONFIRM: Final = ("!", Text("zu bestätigen: {}", "to confirm: {}"))
STATUS_CONFIRM: Final = Text("Zu bestätigen", "To confirm")
STATUS_CONFIRM_HINT: Final = Text(
    "Diese Zahlen passen nicht zueinander oder springen. Das kann stimmen; das Ministerium fragt im Gebiet "
    "nach und hält die Antwort fest.",
    "These figures do not fit together or jump. They may be right; the ministry asks the area and records "
    "the answer.",
)
LATE_SINCE: Final = Text("war fällig bis {}", "was due by {}")
LEGEND_REVISED: Final = ("r", Text("berichtigt", "revised"))
LEGEND_BREAK: Final = ("B", Text("Zeitreihenbruch", "break in the series"))
LEGEND_CONFIRM: Final = (
    "!",
    Text("Auffälligkeiten, nach denen das Ministerium fragt", "findings that the ministry asks about"),
)
