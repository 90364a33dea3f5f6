"""Which signed requests were seen: a request is taken once, by whichever process of the hub it reaches."""

import datetime as dt

import sqlalchemy as sa

from hub.store import models

_T = models.request_nonce
_INSERT = _T.insert()


class Nonces:
    """The nonces of the last minutes, on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def claim(self, keyid: str, nonce: str, *, at: dt.datetime) -> None:
        """Note that a key used a nonce; IntegrityError if it did before."""
        self._connection.execute(_INSERT, {"keyid": keyid, "nonce": nonce, "seen_at": at})

    def forget(self, *, before: dt.datetime) -> int:
        """Remove what was seen before a moment; return how many."""
        return self._connection.execute(_T.delete().where(_T.c.seen_at < before)).rowcount
