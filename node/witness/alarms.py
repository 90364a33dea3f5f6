"""What a node tells its people about the hub's log (protocol 2.8): each alarm has a kind and a sentence.

Some are about a moment and stay written down (a contradiction does not go away); others follow from how
things stand now and vanish with their cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocol.texts import Text


class AlarmKind(StrEnum):
    """What is wrong."""

    CONTRADICTION = "contradiction"
    SHRUNK = "shrunk"
    FOREIGN_EVENT = "foreign_event"
    FOREIGN_KEY = "foreign_key"
    WRONG_RECEIPT = "wrong_receipt"
    NO_RECEIPT = "no_receipt"
    EVENT_MISSING = "event_missing"
    STALE = "stale"


_TITLES: Final = {
    AlarmKind.CONTRADICTION: Text(
        "Das Protokoll des Hubs widerspricht dem, was dieser Knoten gesehen hat.",
        "The log of the hub contradicts what this node has seen.",
    ),
    AlarmKind.SHRUNK: Text(
        "Das Protokoll des Hubs war kürzer als beim Kontakt davor.",
        "The log of the hub was shorter than at the contact before.",
    ),
    AlarmKind.FOREIGN_EVENT: Text(
        "Im Protokoll steht eine Lieferung dieses Knotens, die er nicht kennt.",
        "The log has a delivery of this node that it does not know.",
    ),
    AlarmKind.FOREIGN_KEY: Text(
        "Für diesen Knoten wurde ein Schlüssel eingetragen, den er nicht hat.",
        "A key was entered for this node that it does not have.",
    ),
    AlarmKind.WRONG_RECEIPT: Text(
        "Eine Quittung des Hubs hält der Prüfung nicht stand.",
        "A receipt of the hub does not stand up to verification.",
    ),
    AlarmKind.NO_RECEIPT: Text(
        "Für eine vollständige Lieferung fehlt die Eingangsquittung.",
        "A complete delivery has no receipt.",
    ),
    AlarmKind.EVENT_MISSING: Text(
        "Der Hub hat entschieden, aber das Protokoll belegt es nicht.",
        "The hub has decided, but the log does not prove it.",
    ),
    AlarmKind.STALE: Text(
        "Der letzte geprüfte Stand des Protokolls ist zu alt.",
        "The last verified state of the log is too old.",
    ),
}
_REMEDIES: Final = {
    AlarmKind.CONTRADICTION: Text(
        "Die genannte Datei aufheben und die Aufsicht verständigen: Ein ehrlicher Hub kann das nicht "
        "hervorbringen.",
        "Keep the file named and inform the supervisory body: an honest hub cannot produce this.",
    ),
    AlarmKind.SHRUNK: Text(
        "Bei der Stelle nachfragen, die den Hub betreibt: Er wurde auf einen alten Stand gesetzt, oder eine "
        "alte Antwort kam aus einem Zwischenspeicher.",
        "Ask the body that runs the hub: it was put back to an old state, or an old answer came out of a "
        "cache.",
    ),
    AlarmKind.FOREIGN_EVENT: Text(
        "Prüfen, ob jemand anderes den Schlüssel dieses Knotens hat (ein zweites System, eine alte "
        "Datensicherung); sonst den Schlüssel entziehen lassen.",
        "Find out whether somebody else has this node's key (a second system, an old backup); otherwise have "
        "the key revoked.",
    ),
    AlarmKind.FOREIGN_KEY: Text(
        "Das Ministerium unter der bekannten Nummer anrufen und den Schlüssel entziehen lassen, wenn ihn "
        "niemand hier angemeldet hat (ein zweites System, eine alte Datensicherung).",
        "Call the ministry on its known number and have the key revoked unless somebody here has asked for "
        "it (a second system, an old backup).",
    ),
    AlarmKind.WRONG_RECEIPT: Text(
        "Die genannte Datei aufheben und bei der Stelle nachfragen, die den Hub betreibt.",
        "Keep the file named and ask the body that runs the hub.",
    ),
    AlarmKind.NO_RECEIPT: Text(
        "kim-node status später noch einmal aufrufen; bleibt es dabei, beim Hub nachfragen.",
        "Run kim-node status again later; if this stays, ask the hub's people.",
    ),
    AlarmKind.EVENT_MISSING: Text(
        "kim-node status später noch einmal aufrufen; bleibt es dabei, beim Hub nachfragen.",
        "Run kim-node status again later; if this stays, ask the hub's people.",
    ),
    AlarmKind.STALE: Text(
        "kim-node status aufrufen, wenn der Hub erreichbar ist.",
        "Run kim-node status when the hub can be reached.",
    ),
}

#: Alarms after which somebody has to act at once: the command that shows them does not end with 0.
GRAVE: Final = frozenset(
    {
        AlarmKind.CONTRADICTION,
        AlarmKind.SHRUNK,
        AlarmKind.FOREIGN_EVENT,
        AlarmKind.FOREIGN_KEY,
        AlarmKind.WRONG_RECEIPT,
    }
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    Attributes:
        kind: what is wrong.
        at: since when, as the protocol writes instants.
        subject: what it is about: a statement id, a number of entries; empty if nothing in particular.
        file: name of the file with what proves it, in the witness's folder; empty if there is none.
    """

    kind: AlarmKind
    at: str
    subject: str = ""
    file: str = ""

    @property
    def title(self) -> Text:
        """What is wrong."""
        return _TITLES[self.kind]

    @property
    def remedy(self) -> Text:
        """What a person does about it."""
        return _REMEDIES[self.kind]

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same alarm as another one."""
        return self.kind.value, self.subject
