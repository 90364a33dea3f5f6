"""`kim-node rotate-ledger-key`: keep the figures of earlier deliveries with a new key."""

from __future__ import annotations

from node.cli.frame.session import Session
from protocol.nouns import DELIVERY
from protocol.texts import Text


def rotate_ledger_key(session: Session) -> int:
    """Encrypt the figures behind all deliveries with a new key and forget the old one.

    Args:
        session: the configured node.

    Returns:
        0.

    Raises:
        KimError: ``node_locked``, ``ledger_damaged``, ``ledger_outdated``, ``ledger_key_missing``,
            ``key_unreadable``, ``storage_full``.
    """
    with session.journal() as journal, journal.exclusive:
        deliveries = journal.renew_ledger_key()
    session.logbook.write("ledger.key.renewed", {"deliveries": deliveries})
    path = session.settings.ledger_key
    found = DELIVERY.counted(deliveries)
    session.console.result({"deliveries": deliveries, "key": str(path)})
    session.console.say(
        Text(
            f"Die Zahlen von {found.de} sind neu verschlüsselt, der Schlüssel liegt in {path}. "
            "Bitte jetzt sichern: Ältere Sicherungen des Journals sind nur mit dem alten Schlüssel lesbar.",
            f"The figures of {found.en} are encrypted anew, the key is in {path}. Please back "
            "up now: older backups of the journal can be read with the old key only.",
        )
    )
    return 0
