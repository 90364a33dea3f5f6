"""The hub's sealing keys as officers sign them: one after the other, with an overlap (SPEC P-135)."""

import datetime as dt
from pathlib import Path
from typing import Final

from hub.settings import HubSettings
from hub.store.files.sealing_keys import SealingKeys
from protocol.trust import SealingKey

#: How long a key is offered to nodes. A new one is made a month before; the old one opens what was sealed.
LIFE: Final = dt.timedelta(days=400)


def sealing_keys_of(settings: HubSettings) -> SealingKeys:
    """Return the keys in the hub's home folder."""
    unlock = settings.sealing_unlock_file
    return SealingKeys(settings.home / "sealing", unlock_file=Path(unlock) if unlock else None)


def offered(keys: SealingKeys, known: tuple[SealingKey, ...]) -> tuple[SealingKey, ...]:
    """Return the keys that officers are asked to sign: those that are not retired, the newest last.

    Args:
        keys: what the hub has.
        known: what officers have signed; a key keeps the life that they gave it.
    """
    by_kid = {key.kid: key for key in known}
    return tuple(
        by_kid.get(key.kid) or SealingKey(key.public_key, key.created, key.created + LIFE)
        for key in keys.all()
        if key.retired is None
    )
