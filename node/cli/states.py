"""What the states of a delivery are called; kept apart so that `status` loads nothing that computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

_IN_THE_OUTBOX: Final = frozenset({"spooled", "announced", "uploading"})


def outbox_note(states: Iterable[str]) -> Text | None:
    """Say how many deliveries lie in the outbox, by their states; None if there is none."""
    number = sum(state in _IN_THE_OUTBOX for state in states)
    if number == 0:
        return None
    if number == 1:
        return Text(
            "1 Lieferung liegt im Ausgang und geht nicht verloren; der nächste submit sendet sie.",
            "1 delivery lies in the outbox and is not lost; the next submit sends it.",
        )
    return Text(
        f"{number} Lieferungen liegen im Ausgang und gehen nicht verloren; der nächste submit sendet sie.",
        f"{number} deliveries lie in the outbox and are not lost; the next submit sends them.",
    )
