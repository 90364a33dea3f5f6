"""Keep the pointer young: the hub signs snapshot and timestamp again long before they expire.

A node that sees an expired one knows that it is cut off from newer states, whoever answers it. So the hub
must not let them expire by itself, and must not make them live longer than that is worth.
"""

import datetime as dt
from typing import Final

from hub.services.trust.publishing import heal
from hub.services.trust.repository import SNAPSHOT_LIFE, TIMESTAMP_LIFE, Repository
from hub.store.unit_of_work import Database

#: Renewed once half of a life is over, so that an hour without the hub does no harm.
_PARTS: Final = 2


def renew(repository: Repository, database: Database, *, now: dt.datetime) -> bool:
    """Sign again what is half through its life; return whether anything was signed.

    Args:
        repository: of the hub; may be missing.
        database: of the hub.
        now: the machine's time.
    """
    if not repository.exists:
        return False
    with repository.alone():
        return _renew(repository, database, now=now)


def _renew(repository: Repository, database: Database, *, now: dt.datetime) -> bool:
    if heal(repository, database, now=now):
        return True
    if not repository.is_published:
        return False
    if repository.snapshot().signed.expires - now < SNAPSHOT_LIFE / _PARTS:
        repository.point_to(repository.targets().signed.version, now=now)
    elif repository.timestamp().signed.expires - now < TIMESTAMP_LIFE / _PARTS:
        repository.renew_timestamp(now=now)
    else:
        return False
    return True
