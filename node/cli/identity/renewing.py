"""What every run does about the node's own keys: say that they end, and change them in time.

Whatever goes wrong here, the deliveries of the run have been made: it is said and tried again next time.
"""

from __future__ import annotations

from typing import Final

from node.amounts import DAY
from node.cli.frame.session import Session
from node.cli.identity.trusting import trusted
from node.enrolment import Renewal, renew
from node.hub_client import HubClient, Notice
from protocol.enrolment import NodeKeys
from protocol.errors import KimError
from protocol.texts import Text
from protocol.trust import KeyStatus

#: From these days before the end on, a change that has not come about is somebody's business.
LATE_DAYS: Final = 30
URGENT_DAYS: Final = 7
_LATE: Final = Text(
    "Der Wechsel müsste längst unterschrieben sein. Bitte beim Ministerium nachfragen.",
    "The change should have been signed by now. Please ask the ministry.",
)
_CALL: Final = Text(
    "Danach nimmt der Hub nichts mehr an. Jetzt das Ministerium anrufen.",
    "After that the hub takes nothing any more. Call the ministry now.",
)
_SAID: Final = {
    Renewal.WAITS: Text(
        "Neue Schlüssel sind beim Hub angemeldet und warten auf zwei Unterschriften; es ist nichts zu tun.",
        "New keys are announced to the hub and wait for two signatures; there is nothing to do.",
    ),
    Renewal.CHANGED: Text(
        "Die Schlüssel dieses Knotens sind gewechselt; die alten sind gelöscht.",
        "The keys of this node are changed; the old ones are deleted.",
    ),
    Renewal.REFUSED: Text(
        "Der Schlüsselwechsel wurde abgelehnt. Bitte das Ministerium anrufen.",
        "The change of keys was refused. Please call the ministry.",
    ),
}


def look_after_keys(session: Session, client: HubClient) -> None:
    """Do the next step of a change of keys, if one is due or under way, and say so.

    Args:
        session: the configured node; its journal is locked.
        client: the connection of this run.
    """
    told = client.notice
    try:
        done = renew(
            session.settings,
            client,
            days_left=told.days if told else None,
            entered=lambda keys: has_entered(session, client, keys),
            clock=session.clock,
        )
    except KimError as error:
        session.logbook.write("keys.not_changed", {"code": error.code})
        session.console.warn(error.detail)
        done = Renewal.NOTHING
    if done is not Renewal.NOTHING:
        session.logbook.write("keys.renewal", {"state": done.value})
        session.console.warn(_SAID[done])
    show_notice(session, told)


def has_entered(session: Session, client: HubClient, keys: NodeKeys) -> bool | None:
    """Whether the directory that the officers signed has these keys for this node.

    Returns:
        None on a node that pinned no officers' root: a test bench, where the hub's word is all there is.

    Raises:
        KimError: what is wrong with the officers' repository, or a failure of the connection.
    """
    known = trusted(session, client)
    if known is None:
        return None
    entry = known.directory.node(session.settings.node)
    there = {key.keyid for key in entry.keys if key.status is not KeyStatus.REVOKED} if entry else set()
    return {keys.sign.keyid, keys.witness.keyid} <= there


def show_notice(session: Session, told: Notice | None) -> None:
    """Say when the key ends, if the hub has said so."""
    if told is None:
        return
    days = DAY.counted(told.days)
    session.console.warn(
        Text(
            f"Der Schlüssel dieses Knotens gilt noch {days.de}.",
            f"The key of this node is valid for another {days.en}.",
        )
    )
    if told.days < URGENT_DAYS:
        session.console.warn(_CALL)
    elif told.days < LATE_DAYS:
        session.console.warn(_LATE)
