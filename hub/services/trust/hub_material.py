"""The hub's own public keys, as the officers are asked to sign them."""

import datetime as dt

from hub.services.transparency.signer import LogSigner
from hub.services.trust.sealing_keys import offered, sealing_keys_of
from hub.settings import HubSettings
from hub.store.files.sealing_keys import SealingLockedError, locked_out
from protocol.trust import SealingKey


def log_vkey(settings: HubSettings) -> str:
    """Return the verifier key of this hub's log; the key is made now if there is none yet.

    Raises:
        KimError: `key_missing` if something was signed with a key that is gone; `key_unreadable`.
    """
    return str(LogSigner.of(settings).verifier_key)


def sealing_keys(
    settings: HubSettings, known: tuple[SealingKey, ...], *, now: dt.datetime
) -> tuple[SealingKey, ...]:
    """Return the keys that deliveries are sealed with; the first one is made if there is none.

    Args:
        settings: of the hub.
        known: what officers have signed before.
        now: when a new key begins.

    Raises:
        KimError: `key_unreadable` if the hub's own keys cannot be read.
    """
    keys = sealing_keys_of(settings)
    try:
        if not keys.all():
            keys.add(at=now)
        return offered(keys, known)
    except SealingLockedError as error:
        raise locked_out(error) from error
