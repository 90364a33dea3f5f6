"""Words of the page that leads from a figure to the signed statements behind it."""

from __future__ import annotations

from typing import Final

from protocol.texts import Text

EVIDENCE_TITLE: Final = Text("Worauf diese Zahl beruht", "What this figure rests on")
EVIDENCE_LINK: Final = Text("Worauf beruht diese Zahl?", "What does this figure rest on?")
EVIDENCE_INTRO: Final = Text(
    "Jede Kommune unterschreibt, was sie liefert. Hier stehen die Lieferungen, aus denen diese Zahl gemacht "
    "ist, und wo das öffentliche Protokoll ihre Annahme belegt. Alles lässt sich ohne diesen Hub nachprüfen.",
    "Every municipality signs what it delivers. Listed here are the deliveries that this figure is made of, "
    "and "
    "where the public log proves their acceptance. All of it can be verified without this hub.",
)
EVIDENCE_TABLES: Final = Text("Tabellen der Veröffentlichung", "Tables of the release")
EVIDENCE_TABLE_LIST: Final = Text("Liste der Tabellen", "List of tables")
EVIDENCE_TABLE: Final = Text("Tabelle", "Table")
EVIDENCE_DELIVERIES: Final = Text("Unterschriebene Lieferungen", "Signed deliveries")
EVIDENCE_CAPTION: Final = Text("{} Lieferungen hinter dieser Zahl", "{} deliveries behind this figure")
EVIDENCE_CAPTION_ONE: Final = Text("1 Lieferung hinter dieser Zahl", "1 delivery behind this figure")
EVIDENCE_NONE: Final = Text(
    "Aus diesem Gebiet liegt in dieser Veröffentlichung keine Lieferung vor.",
    "This release holds no delivery from this area.",
)
EVIDENCE_PERIOD: Final = Text("Zeitraum", "Period")
EVIDENCE_STATEMENT: Final = Text("Lieferung", "Delivery")
EVIDENCE_REVISION: Final = Text("Fassung", "Revision")
EVIDENCE_NODE: Final = Text("Knoten", "Node")
EVIDENCE_RECEIVED: Final = Text("eingegangen", "received")
EVIDENCE_ACCEPTED: Final = Text("angenommen", "accepted")
EVIDENCE_INDEX: Final = Text("Protokoll", "Log")
EVIDENCE_RECEIPT: Final = Text("Quittung", "Receipt")
EVIDENCE_RECEIPT_OF: Final = Text("Quittung, {}, {}", "Receipt, {}, {}")
EVIDENCE_GRANTED: Final = Text(
    "aus der Liste der Bewilligungsbehörde, nicht von einem Knoten unterschrieben",
    "from the granting authority's list, not signed by a node",
)
EVIDENCE_UNLOGGED: Final = Text("älter als das Protokoll", "older than the log")
EVIDENCE_RELEASE: Final = Text(
    "Veröffentlichung {} steht im Protokoll an Stelle {}.", "Release {} stands in the log at position {}."
)
EVIDENCE_RELEASE_UNLOGGED: Final = Text(
    "Veröffentlichung {} ist älter als das Protokoll.", "Release {} is older than the log."
)
EVIDENCE_CHECK: Final = Text("Selbst nachprüfen", "Verify it yourself")
EVIDENCE_CHECK_TEXT: Final = Text(
    "Den Nachweis herunterladen und ohne Netz prüfen. Wessen Schlüssel gelten, sagen hub.json und "
    "directory.json; sie sind von den Schlüsselbeauftragten unterschrieben und gehören nicht von diesem Hub, "
    "sondern von ihnen geholt.",
    "Download the evidence and verify it offline. Whose keys hold is said by hub.json and directory.json; "
    "they "
    "are signed by the key officers, and are best fetched from them, not from this hub.",
)
EVIDENCE_OF_FIGURE: Final = Text("Nachweis zu dieser Zahl", "Evidence of this figure")
EVIDENCE_OF_RELEASE: Final = Text("Nachweis der ganzen Veröffentlichung", "Evidence of the whole release")
EVIDENCE_LIMIT: Final = Text(
    "Der Nachweis zeigt, woraus gerechnet wurde und dass nichts davon nachträglich geändert wurde. Ob der "
    "Hub "
    "richtig gerechnet hat, lässt sich mit den gelieferten Tabellen nachrechnen.",
    "The evidence shows what was computed from, and that nothing of it was changed later. Whether the hub "
    "computed correctly can be found out by computing again from the tables delivered.",
)
