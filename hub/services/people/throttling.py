"""Guessing is slowed down, and nobody can be locked out by it for good.

An attempt is counted *before* it is judged, and taken back if it was right: many attempts at once are not
cheaper than one after the other. An attempt that has to wait is neither judged nor counted, so a pause ends
when it was said to, whoever keeps knocking; the longest is a quarter of an hour.

Where somebody has logged in before, the browser carries a token (`person_device`), and its attempts are
counted apart: strangers who guess somebody's password do not stand in that person's way (OWASP, "slow down
online guessing attacks with device cookies"). Elsewhere attempts are counted per name and network, and, with
more patience, per name from everywhere. Names that do not exist are counted like others. A one-time link
(`kim-hub people reset`) and the provider's login go past all of it.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.domain.people import (
    ALLOWED_FROM_DEVICE,
    ALLOWED_FROM_EVERYWHERE,
    ALLOWED_FROM_NETWORK,
    MEMORY,
    pause_after,
)
from hub.services.people.desk import PeopleDesk
from hub.store.tables.people import Attempts
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.nouns import Noun
from protocol.texts import Text

_MINUTE: Final = Noun(Text("Minute", "minute"), Text("Minuten", "minutes"))


@dataclass(frozen=True, slots=True)
class Bucket:
    """Attempts that are counted together: their key, how many are free, and whether a success clears them."""

    key: str
    allowed: int
    cleared: bool = True


def buckets_of(
    desk: PeopleDesk, what: str, who: str, *, device: str | None, network: str
) -> Sequence[Bucket]:
    """Return where an attempt is counted.

    Args:
        desk: where people log in.
        what: `password` or `code`.
        who: the name that was given.
        device: digest of the browser's token, if that person has logged in there before.
        network: the address the request came from.
    """
    mac = desk.vault.mac
    if device is not None:
        return (Bucket(mac(what, "device", who, device), ALLOWED_FROM_DEVICE),)
    return (
        Bucket(mac(what, "network", who, _network(network)), ALLOWED_FROM_NETWORK),
        Bucket(mac(what, "name", who), ALLOWED_FROM_EVERYWHERE, cleared=False),
    )


def begin_attempt(desk: PeopleDesk, buckets: Sequence[Bucket]) -> None:
    """Count an attempt as failed until it is found right.

    Raises:
        KimError: `login_paused` if it has to wait; then nothing is counted.
    """
    now = desk.wall.now()
    with desk.database.write() as unit:
        unit.people.forget_attempts(before=now - MEMORY)
        known = {bucket.key: unit.people.attempts(bucket.key) for bucket in buckets}
        until = max(
            (found.blocked_until for found in known.values() if found and found.blocked_until), default=now
        )
        if until > now:
            minutes = _MINUTE.counted(-(-int((until - now).total_seconds()) // 60))
            raise kim_error(
                "login_paused",
                Text(
                    f"Zu viele Fehlversuche; der nächste ist in {minutes.de} möglich.",
                    f"Too many failed attempts; the next one is possible in {minutes.en}.",
                ),
            )
        for bucket in buckets:
            found = known[bucket.key]
            failures = (found.failures if found else 0) + 1
            pause = pause_after(failures, bucket.allowed)
            unit.people.set_attempts(bucket.key, Attempts(failures, now, now + pause if pause else None))


def attempt_was_right(unit: UnitOfWork, buckets: Sequence[Bucket]) -> None:
    """Take back what :func:`begin_attempt` counted.

    Where strangers are counted together with the person, only this one attempt is taken back.
    """
    unit.people.drop_attempts([bucket.key for bucket in buckets if bucket.cleared])
    for bucket in buckets:
        found = None if bucket.cleared else unit.people.attempts(bucket.key)
        if found is not None:
            unit.people.set_attempts(
                bucket.key, Attempts(found.failures - 1, found.last_at, blocked_until=None)
            )


def attempt_was_wrong(unit: UnitOfWork, buckets: Sequence[Bucket]) -> None:
    """Write what :func:`begin_attempt` counted once more, as it stands.

    What is wrong is written into the audit trail for names that exist only; so that the time of an answer
    does not tell them from others, something is written for those as well.
    """
    for bucket in buckets:
        found = unit.people.attempts(bucket.key)
        if found is not None:
            unit.people.set_attempts(bucket.key, found)


def _network(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)
