"""What the states of a delivery are called; kept apart so that `status` loads nothing that computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocol.texts import Text

#: By the hub's states, the journal's own two, and the reasons for which nothing is signed.
STATES: Final[Mapping[str, Text]] = {
    "spooled": Text("im Ausgang", "in the outbox"),
    "refused": Text("nicht angenommen", "refused"),
    "announced": Text("angekündigt", "announced"),
    "uploading": Text("wird gesendet", "uploading"),
    "received": Text("eingegangen", "received"),
    "verifying": Text("in Prüfung", "verifying"),
    "accepted": Text("angenommen", "accepted"),
    "rejected": Text("abgelehnt", "rejected"),
    "superseded": Text("ersetzt", "superseded"),
    "held": Text("zurückgehalten", "held back"),
    "blocked": Text("bleibt im Haus", "stays in the house"),
}
