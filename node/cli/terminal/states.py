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
    "quarantined": Text("in Quarantäne", "in quarantine"),
    "held": Text("zurückgehalten", "held back"),
    "blocked": Text("bleibt im Haus", "stays in the house"),
}

_IN_THE_OUTBOX: Final = frozenset({"spooled", "announced", "uploading"})


#: Beside `accepted`: the hub's own audit holds the delivery back (SPEC P-65).
HELD_BACK: Final = Text("zurückgestellt", "held back")
HELD_BACK_REMEDY: Final = Text(
    "Läuft nicht die neueste Fassung von kim-node, sie einspielen und submit wiederholen; sonst mit dem "
    "Ministerium klären, ob die Zahlen stimmen: Es kann die Lieferung bestätigen.",
    "If this is not the newest kim-node, install that and repeat submit; else settle with the ministry "
    "whether the figures are right: it can confirm the delivery.",
)


def held_back_note(number: int) -> Text:
    """Say how many accepted deliveries count for nothing yet, and why."""
    why = Text(
        "Aus den Lieferungen des Gebiets zusammen lassen sich gesperrte Zellen errechnen.",
        "withheld cells can be computed from the area's deliveries together.",
    )
    if number == 1:
        return Text(
            f"AUDIT: Der Hub hat 1 Lieferung zurückgestellt, sie zählt noch nicht. {why.de}",
            f"AUDIT: the hub holds 1 delivery back, it does not count yet: {why.en}",
        )
    return Text(
        f"AUDIT: Der Hub hat {number} Lieferungen zurückgestellt, sie zählen noch nicht. {why.de}",
        f"AUDIT: the hub holds {number} deliveries back, they do not count yet: {why.en}",
    )


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
