"""Change the keys before they end, by the node's normal runs and without anybody there (SPEC P-154).

One step a run, each of them repeatable: make the keys that are to follow; have them vouched for by the one in
force; once they are entered, put them in the place of the old ones. Two files change then, one after the
other; the old and the new keys are valid together for a month, so any state in between works, and the next
run finishes it. Whether they are entered is said by the officers' directory; by the hub only on a node that
knows of no officers. A hub that refuses them ends the statement, not the keys.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from node.clock import Clock
from node.durable_files import replace_private_file, write_error
from node.enrolment.enrolling import Entered, conclude, following, following_keys, speaker_of
from node.hub_client import HubClient
from node.keystore import load_key
from node.settings import Settings
from protocol.dsse import parse_envelope, statement_id
from protocol.enrolment import PAYLOAD_TYPE_ROTATION, NodeKeys, make_rotation

#: How many days before their end keys are changed.
RENEWAL_DAYS: Final = 60


class Renewal(StrEnum):
    """What a run has done about the keys."""

    NOTHING = "nothing"
    WAITS = "waits"
    CHANGED = "changed"
    REFUSED = "refused"


def renew(
    settings: Settings,
    client: HubClient,
    *,
    days_left: int | None,
    entered: Entered,
    clock: Clock,
) -> Renewal:
    """Do the next step of a change of keys, if one is due or under way.

    Args:
        settings: of the node.
        client: the connection, signed with the key in force.
        days_left: how long that key is valid, if the hub has said so in this run.
        entered: whether the officers' directory has the new keys.
        clock: for the date of the statement.

    Raises:
        KimError: the hub's refusal; a failure of the connection; what is wrong with the files.
    """
    keys, under_way = following(settings), settings.rotation.exists()
    if keys is None and under_way:  # they are in their place: a run was ended before it could say so
        settings.rotation.unlink()
        return Renewal.CHANGED
    if keys is not None and entered(keys):
        return _change(settings, keys)
    if not under_way and (days_left is None or days_left >= RENEWAL_DAYS):
        return Renewal.NOTHING
    if not under_way:
        _prepare(settings, clock)
    envelope = parse_envelope(settings.rotation.read_bytes(), payload_type=PAYLOAD_TYPE_ROTATION)
    state = client.rotate(envelope.to_bytes(), statement_id=statement_id(envelope))
    if state == "refused":
        settings.rotation.unlink(missing_ok=True)
        return Renewal.REFUSED
    if state != "active":
        return Renewal.WAITS
    # What the hub says is one thing, what the officers have signed another: only that is relied on.
    keys = following(settings)
    return Renewal.WAITS if keys is None or entered(keys) is False else _change(settings, keys)


def _change(settings: Settings, keys: NodeKeys) -> Renewal:
    conclude(settings, keys)
    return Renewal.CHANGED


def _prepare(settings: Settings, clock: Clock) -> None:
    """Make the new keys and the statement that vouches for them; durable before anything is sent."""
    new = following_keys(settings)
    envelope = make_rotation(speaker_of(settings, clock), new, old=load_key(settings.key))
    try:
        replace_private_file(settings.rotation, envelope.to_bytes())
    except OSError as error:
        raise write_error(error, settings.rotation) from error
